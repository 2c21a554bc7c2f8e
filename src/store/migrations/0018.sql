-- Whether what a rollback is about is before the stage where the plan ends: its commit is still there then.
alter table interlock.rollback add stays boolean not null default false;
