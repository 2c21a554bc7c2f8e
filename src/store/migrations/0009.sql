-- Where the commit of a release landed, so that the releases of a branch are found in their order by an index.
alter table interlock.execution add column branch text;
alter table interlock.execution add column landed bigint;
update interlock.execution
   set branch = subject.branch, landed = subject.position
  from interlock.subject
 where subject.key = execution.subject_key and subject.kind = 'commit';
create index execution_landed on interlock.execution (owner, name, branch, pipeline, landed)
  where part = 'release' and branch is not null;

create index pipeline_run_place on interlock.pipeline_run (place, started_at);
-- Of runs of earlier versions the place is not known.
create index pipeline_run_placeless on interlock.pipeline_run (started_at) where place is null;

-- Landed commits that wait, and open pull requests by their base.
create index subject_landing on interlock.subject (owner, name, branch, position)
  where kind = 'commit' and open;
create index subject_into on interlock.subject (owner, name, base) where kind = 'pull' and open;
create index subject_restless on interlock.subject (position)
  where open and kind <> 'repository' and (verdict is null or verdict = 'in_progress');

-- They come from a sequence, so they differ anyway. With an index of their own they tempted the planner to go
-- through all repositories in their order until it had found enough of one.
alter table interlock.subject drop constraint subject_position_key;
alter table interlock.execution drop constraint execution_position_key;
