-- What events told last of each branch and pull request, which GitHub may not show yet.
create table interlock.told (
  owner text not null,
  name text not null,
  -- `branch:<name>` or `pull:<number>`
  what text not null,
  -- JSON; null until the transaction that adds the row has written it.
  bound text,
  -- When it arrived, in milliseconds since 1970, and its place in the order of the store.
  at bigint not null,
  heard bigint not null,
  primary key (owner, name, what)
);
create index told_at on interlock.told (at);
