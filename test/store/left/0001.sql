-- What a database holds that was last written by migration 1.

insert into interlock.repository (owner, name, installation, present)
values ('octo', 'shop', 7, true), ('octo', 'gone', 8, false);

insert into interlock.tip (owner, name, branch, sha, heard_at)
values ('octo', 'shop', 'main', 'dddddddddddddddddddddddddddddddddddddddd', 1000);

insert into interlock.delivery (guid, event, action, received_at, outcome)
values ('11111111-1111-1111-1111-111111111111', 'pull_request', 'opened', 1000, 'look'),
       ('22222222-2222-2222-2222-222222222222', 'star', null, 1001, 'ignored: unknown_event');

insert into interlock.subject
  (key, kind, owner, name, number, branch, sha, head, before, base,
   open, created_at, heard_at, touched_at, due_at, failures, verdict, verdict_sha)
values
  ('pull:octo/shop#1', 'pull', 'octo', 'shop', 1, null, null,
   'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', null, 'main',
   true, 1000, 1500, 2000, 9000, 2, 'in_progress', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
  ('commit:octo/shop@dddddddddddddddddddddddddddddddddddddddd:main', 'commit', 'octo', 'shop', null,
   'main', 'dddddddddddddddddddddddddddddddddddddddd', 'dddddddddddddddddddddddddddddddddddddddd',
   'cccccccccccccccccccccccccccccccccccccccc', null,
   true, 1000, 1000, 1000, null, 0, null, null),
  ('repository:octo/shop', 'repository', 'octo', 'shop', null, null, null, null, null, null,
   true, 1000, 1000, 1000, null, 0, null, null);

insert into interlock.snapshot (subject_key, content, taken_at)
values ('pull:octo/shop#1', '{"facts":{"now":2000},"decision":{"sha":null}}', 2000);

insert into interlock.intention
  (subject_key, key, source, actor, comment, commands, sha, received_at, role, outcome)
values
  ('pull:octo/shop#1', 'comment:3000000000', 'comment', 'ada', 3000000000, '[{"kind":"status"}]',
   'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1200, 'write', '[{"kind":"done","text":"Told."}]'),
  ('pull:octo/shop#1', 'delivery:1', 'rerequest', 'eve', null, '[{"kind":"verify","sha":null}]',
   null, 1300, null, null);

insert into interlock.execution
  (key, subject_key, owner, name, pipeline, part, sha, attempt, cause, spec, engine_id, state,
   why, stages, created_at, ended_at, stop_reason, retries)
values
  ('run-1', 'pull:octo/shop#1', 'octo', 'shop', 'shop', 'verify',
   'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'auto',
   '{"engine":"local","stages":[{"name":"test","run":"npm test","reports":[],"timeout_ms":1000}],"deadline_ms":5000}',
   'engine-1', 'running', '',
   '[{"name":"test","state":"running","startedAt":1500,"endedAt":null,"why":"","output":"\u0000","reports":[]}]',
   1400, null, null, '[]');

insert into interlock.check_run
  (owner, name, sha, check_name, subject_key, id, content, in_progress, sent_at, intended)
values
  ('octo', 'shop', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'interlock', 'pull:octo/shop#1',
   9000000000,
   '{"sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","name":"interlock","externalId":"pull:octo/shop#1","state":{"status":"in_progress"},"title":"Waiting","summary":"","text":"","annotations":[],"actions":[]}',
   true, 1600, null);

insert into interlock.answer (subject_key, intention_key, pull, id, body)
values ('pull:octo/shop#1', 'comment:3000000000', 1, 8000000000, 'Told.');

insert into interlock.reading (key, etag, read_at, content)
values ('plan|octo/shop|', 'W/"1"', 1500, '{"kind":"absent"}');

insert into interlock.local_run
  (token, request, instance, beat_at, state, why, stages, created_at, ended_at, process,
   stop_requested, retries, workspace)
values
  ('run-1', '{"branch":"main","pull":1}', 'one', 1500, 'running', '', '[]', 1400, null,
   '{"group":12,"startedAt":"99"}', null, '[]', '/tmp/work');
