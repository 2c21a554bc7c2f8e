-- Counted up by each lease: what an older lease still writes is refused.
alter table interlock.subject add column epoch bigint not null default 0;
