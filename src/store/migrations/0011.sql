-- The audit trail: who had what done, when, from where, and what became of it. Triggers write it in the
-- transaction of the step itself, so that no writer can leave it out. JSON of others is taken over as
-- text and never parsed here: PostgreSQL refuses "\u0000" where it reads JSON, and that must not keep
-- the step from being recorded.

alter table interlock.intention add column delivery text;

create table interlock.audit (
  position bigint generated always as identity primary key,
  -- By the clock of the database, in milliseconds since 1970.
  at bigint not null default (extract(epoch from clock_timestamp()) * 1000)::bigint,
  kind text not null,
  repository text,
  subject text,
  actor text,
  -- comment, button, rerequest, interlock, local, codepipeline, delivery, start
  source text not null,
  -- Of the request, or of the execution at the engine.
  key text,
  delivery text,
  -- JSON.
  detail text not null default '{}',
  outcome text not null default ''
);
create index audit_at on interlock.audit (at);
create index audit_repository on interlock.audit (repository, position);

-- Rows are added, and deleted when they are a year old.
create function interlock.audit_keep() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.at < (extract(epoch from clock_timestamp()) * 1000)::bigint - 365 * 86400000::bigint then
      return old;
    end if;
  end if;
  raise exception 'interlock.audit is only added to, and rows are kept for a year';
end $$;
create trigger audit_keep before update or delete on interlock.audit
  for each row execute function interlock.audit_keep();
create trigger audit_keep_all before truncate on interlock.audit
  for each statement execute function interlock.audit_keep();

-- A request as it arrives, and what became of it.
create function interlock.audit_intention() returns trigger language plpgsql as $$
begin
  insert into interlock.audit (kind, repository, subject, actor, source, key, delivery, detail, outcome)
  select case when tg_op = 'INSERT' then 'command' else 'answer' end,
         owner || '/' || name, new.subject_key, new.actor, new.source, new.key, new.delivery,
         '{"commands":' || new.commands || ',"origin":' || coalesce(new.origin, 'null')
           || case when tg_op = 'INSERT' then ',"sha":' || coalesce(to_json(new.sha)::text, 'null')
                   else ',"role":' || coalesce(to_json(new.role)::text, 'null')
                        || ',"outcomes":' || new.outcome end || '}',
         case when tg_op = 'INSERT' then 'received'
              when new.outcome not like '%"kind":"refused"%' then 'done'
              when new.outcome like '%"kind":"done"%' then 'partly refused'
              else 'refused' end
    from interlock.subject where subject.key = new.subject_key;
  return null;
end $$;
create trigger audit_command after insert on interlock.intention
  for each row execute function interlock.audit_intention();
create trigger audit_answer after update of outcome on interlock.intention
  for each row when (new.outcome is distinct from old.outcome and new.outcome is not null)
  execute function interlock.audit_intention();

-- A step of an execution that a request asked for; the keys of what is done begin with the request's.
create function interlock.audit_asked(
  given interlock.execution, step text, act text, more text, what text) returns void
  language plpgsql as $$
declare
  request interlock.intention;
begin
  select * into request from interlock.intention
   where intention.key = split_part(act, '|', 1) order by position limit 1;
  insert into interlock.audit (kind, repository, subject, actor, source, key, delivery, detail, outcome)
  values (step, given.owner || '/' || given.name, given.subject_key,
          coalesce(request.actor, 'interlock'), coalesce(request.source, 'interlock'),
          request.key, request.delivery, interlock.audit_detail(given, more), coalesce(what, ''));
end $$;

create function interlock.audit_detail(given interlock.execution, more text) returns text
  language sql as $$
  select '{"execution":' || to_json(given.key)::text || ',"pipeline":' || to_json(given.pipeline)::text
    || ',"part":' || to_json(given.part)::text || ',"sha":' || to_json(given.sha)::text
    || ',"attempt":' || given.attempt
    || ',"engine_id":' || coalesce(to_json(given.engine_id)::text, 'null') || more || '}'
$$;

-- A step that the engine tells of.
create function interlock.audit_told(given interlock.execution, step text, more text, what text)
  returns void language sql as $$
  insert into interlock.audit (kind, repository, subject, source, key, detail, outcome)
  values (step, given.owner || '/' || given.name, given.subject_key,
          case when given.spec like '%"engine":"codepipeline"%' then 'codepipeline' else 'local' end,
          given.engine_id, interlock.audit_detail(given, more), what)
$$;

create function interlock.audit_execution() returns trigger language plpgsql as $$
declare
  asked text;
begin
  if tg_op = 'INSERT' then
    perform interlock.audit_asked(new, 'start', new.cause, '', 'intended');
    return null;
  end if;
  if new.engine_id is distinct from old.engine_id and new.engine_id is not null then
    perform interlock.audit_asked(new, 'start', new.cause, '', 'started');
  end if;
  -- A person's stop names the person; the newest request of that person to stop is the one.
  asked := (select intention.key from interlock.intention
             where subject_key = new.subject_key and 'person:' || actor = new.stop_reason
               and commands like '%"kind":"stop"%' order by position desc limit 1);
  if new.stop_reason is distinct from old.stop_reason and new.stop_reason is not null then
    perform interlock.audit_asked(
      new, 'stop', asked, ',"reason":' || to_json(new.stop_reason)::text, 'asked');
  end if;
  if new.stop_refused is distinct from old.stop_refused and new.stop_refused is not null then
    perform interlock.audit_asked(
      new, 'stop', asked, ',"why":' || to_json(new.stop_refused)::text, 'refused');
  end if;
  if new.retries is distinct from old.retries then
    perform interlock.audit_act(new, 'retry', new.retries);
  end if;
  if new.approvals is distinct from old.approvals then
    perform interlock.audit_act(new, 'approval', new.approvals);
  end if;
  if new.marks is distinct from old.marks then
    perform interlock.audit_told(new, 'outside', ',"marks":' || new.marks, 'found');
  end if;
  if new.state is distinct from old.state and new.state not in ('intended', 'running') then
    perform interlock.audit_told(new, 'end', ',"why":' || to_json(new.why)::text, new.state);
  end if;
  return null;
end $$;

-- The last of the acts. Quotes inside of texts are escaped, so that these patterns find none of them.
create function interlock.audit_act(given interlock.execution, step text, acts text) returns void
  language sql as $$
  select interlock.audit_asked(
    given, step, substring(acts from '.*"key":"([^"\\]*)"'),
    ',"act":' || coalesce(substring(acts from '.*(\{"key":.*)\]$'), 'null'),
    substring(acts from '.*"state":"([a-z]*)"'))
$$;

create trigger audit_start after insert on interlock.execution
  for each row execute function interlock.audit_execution();
create trigger audit_execution after update on interlock.execution
  for each row when (
    new.engine_id is distinct from old.engine_id or new.stop_reason is distinct from old.stop_reason
    or new.stop_refused is distinct from old.stop_refused or new.retries is distinct from old.retries
    or new.approvals is distinct from old.approvals or new.marks is distinct from old.marks
    or new.state is distinct from old.state)
  execute function interlock.audit_execution();

create function interlock.audit_rollback() returns trigger language plpgsql as $$
declare
  request interlock.intention;
begin
  select * into request from interlock.intention
   where intention.key = split_part(new.key, '|', 1) order by position limit 1;
  insert into interlock.audit (kind, repository, subject, actor, source, key, delivery, detail, outcome)
  values ('rollback', new.owner || '/' || new.name, new.subject_key, new.actor,
          coalesce(request.source, 'interlock'), request.key, request.delivery,
          '{"pipeline":' || to_json(new.pipeline)::text || ',"stage":' || to_json(new.stage)::text
            || ',"from":' || to_json(new.from_sha)::text
            || ',"to":' || coalesce(to_json(coalesce(new.sha, new.to_sha))::text, 'null')
            || ',"engine_id":' || coalesce(to_json(new.engine_id)::text, 'null')
            || ',"why":' || to_json(new.why)::text || '}',
          new.state);
  return null;
end $$;
create trigger audit_rollback after insert on interlock.rollback
  for each row execute function interlock.audit_rollback();
create trigger audit_rollback_change after update on interlock.rollback
  for each row when (new.state is distinct from old.state)
  execute function interlock.audit_rollback();

-- A comment that was told too late to be a command, which leaves nothing else.
create function interlock.audit_delivery() returns trigger language plpgsql as $$
begin
  insert into interlock.audit (kind, source, delivery, outcome)
  values ('command', 'delivery', new.guid, new.outcome);
  return null;
end $$;
create trigger audit_delivery after insert on interlock.delivery
  for each row when (new.outcome = 'ignored: old_comment')
  execute function interlock.audit_delivery();
