-- What somebody is to be told, once for each place. A row stays as long as its subject, or it would be told again.
create table interlock.notice (
  target text not null,
  key text not null,
  subject_key text not null references interlock.subject (key) on delete cascade,
  content text not null,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'given_up')),
  attempts integer not null default 0,
  next_at bigint not null,
  -- What the last try came to.
  why text not null default '',
  primary key (key, target)
);
create index notice_waiting on interlock.notice (next_at) where state = 'waiting';
create index notice_subject on interlock.notice (subject_key);

-- For what the release before this one came to.
create index execution_released on interlock.execution (owner, name, pipeline, ended_at)
  where part = 'release' and ended_at is not null;
