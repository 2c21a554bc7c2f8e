-- What was taken of an installation's budget at GitHub within the last minute: pairs of a time and points.
create table interlock.spending (
  installation bigint primary key,
  taken jsonb not null
);
