-- How a landed commit came to its branch: 'first' where the branch was seen for the first time with it,
-- 'known' where it was the tip already. Null for whatever came after a known tip.
alter table interlock.subject add column arrival text check (arrival in ('first', 'known'));

-- The newest commit of the branch that may be in production: nothing that it contains is released after it.
alter table interlock.tip add column floor text;
update interlock.tip set floor = sha;

-- By which the repository is known at GitHub whatever it is called. Null while GitHub has not said.
alter table interlock.repository add column id bigint;
alter table interlock.repository add column owner_id bigint;
alter table interlock.repository add column default_branch text;

-- The last plan that came into a branch by a pull request whose gate had passed.
create table interlock.gated_plan (
  owner text not null,
  name text not null,
  branch text not null,
  blob text not null,
  primary key (owner, name, branch)
);
