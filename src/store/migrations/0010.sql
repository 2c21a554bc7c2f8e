-- What was taken of an installation's budget at GitHub within the last minute: pairs of a time and points.
-- Lost in a crash, which does no harm, and no wait for the disk with each taking.
create unlogged table interlock.spending (
  installation bigint primary key,
  taken jsonb not null
);
