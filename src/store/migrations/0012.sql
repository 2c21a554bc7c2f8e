-- Part of the keys of attempts: of another value after a restore, so that no key is used twice. One row.
create table interlock.generation (
  one boolean primary key default true check (one),
  value text not null
);
insert into interlock.generation (value) values (left(replace(gen_random_uuid()::text, '-', ''), 12));
