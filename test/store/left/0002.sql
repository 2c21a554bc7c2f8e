-- What a database holds that was last written by migration 2.

insert into interlock.pipeline_run
  (token, request, execution_id, started_at, heard_count, heard, acts)
values
  ('run-2', '{"kind":"start","start":{"branch":"main","pull":1},"source":"Source","variables":{}}',
   '11111111-2222-4333-8444-555555555555', 1400, 2, E'execution STARTED\nstage Source STARTED\n',
   '[{"kind":"closed","stage":"Production","reason":"Stopped"}]'),
  ('run-3', '{"kind":"start","start":{"branch":"main","pull":1},"source":"Source","variables":{}}',
   null, 1500, 0, '', '[]');
