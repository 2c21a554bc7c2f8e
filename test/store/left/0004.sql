-- What a database holds that was last written by migration 4.

insert into interlock.rollback
  (key, subject_key, owner, name, pipeline, stage, execution_key, from_sha, to_sha, sha, actor,
   spec, engine_id, state, why, created_at, ended_at)
values
  ('comment:1|shop||', 'pull:octo/shop#1', 'octo', 'shop', 'shop', 'Production', 'run-1',
   'a', null, 'b', 'mia', '{"engine":"codepipeline"}',
   '22222222-2222-4333-8444-555555555555', 'running', '', 1500, null);
