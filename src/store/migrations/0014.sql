-- Events of a repository whose name or id is known of another one: kept until GitHub has said whose it is.
create table interlock.withheld (
  position bigint generated always as identity primary key,
  -- In the order of the store, as the moment at which GitHub is asked.
  moment bigint not null default nextval('interlock.moment'),
  owner text not null,
  name text not null,
  id bigint not null,
  owner_id bigint,
  installation bigint not null,
  -- JSON: the delivery.
  content text not null,
  received_at bigint not null
);
create index withheld_name on interlock.withheld (owner, name);
create index withheld_id on interlock.withheld (id);
create index repository_id on interlock.repository (id);

-- A repository that was renamed keeps its history: whatever names it follows.
alter table interlock.subject drop constraint subject_owner_name_fkey,
  add foreign key (owner, name) references interlock.repository (owner, name) on update cascade;
alter table interlock.snapshot drop constraint snapshot_subject_key_fkey,
  add foreign key (subject_key) references interlock.subject (key) on delete cascade on update cascade;
alter table interlock.intention drop constraint intention_subject_key_fkey,
  add foreign key (subject_key) references interlock.subject (key) on delete cascade on update cascade;
alter table interlock.execution drop constraint execution_subject_key_fkey,
  add foreign key (subject_key) references interlock.subject (key) on delete cascade on update cascade;
alter table interlock.check_run drop constraint check_run_subject_key_fkey,
  add foreign key (subject_key) references interlock.subject (key) on delete cascade on update cascade;
alter table interlock.answer drop constraint answer_subject_key_fkey,
  add foreign key (subject_key) references interlock.subject (key) on delete cascade on update cascade;
alter table interlock.notice drop constraint notice_subject_key_fkey,
  add foreign key (subject_key) references interlock.subject (key) on delete cascade on update cascade;
create index check_run_subject on interlock.check_run (subject_key);
