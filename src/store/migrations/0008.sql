-- One order for what is heard and what is read, whatever the clocks of the replicas say.
create sequence interlock.moment;
-- The number of the last event about it: what was read before then may be old.
alter table interlock.subject add column heard bigint not null default 0;
-- The number of the moment at which it was begun. Of older readings it is not known.
alter table interlock.reading add column moment bigint not null default 0;
