-- The moment at which the name was found to belong to another repository; 0 where it never was. Leases of
-- subjects begin there, so that none from before holds a subject of the same key.
alter table interlock.repository add column replaced bigint not null default 0;
