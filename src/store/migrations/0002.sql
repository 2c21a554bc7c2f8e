create table interlock.pipeline_run (
  token text primary key,
  request text not null,
  -- AWS's own; null until AWS has answered.
  execution_id text unique,
  started_at bigint not null,
  heard_count bigint not null default 0,
  -- The newest of what was told, one a line.
  heard text not null default '',
  acts text not null default '[]'
);
create index pipeline_run_started_at on interlock.pipeline_run (started_at);
