-- What a database holds that was last written by migration 9.

insert into interlock.execution
  (key, subject_key, owner, name, pipeline, part, sha, attempt, cause, spec, state, created_at, branch, landed)
select 'run-6', key, 'octo', 'shop', 'shop', 'release', 'd', 2, 'start', '{"engine":"local"}', 'intended', 4000,
       branch, position
  from interlock.subject where kind = 'commit' order by position limit 1;
