-- The audit's own rules: who may write an event, and that nobody changes one.
-- audit/ is the lowest part of the house, so the privileges that hold for every later table
-- stand here too.

alter default privileges in schema public
    grant select, insert, update, delete on tables to connectcare_pipeline;
alter default privileges in schema public
    grant usage, select on sequences to connectcare_pipeline;
alter default privileges in schema public grant select on tables to connectcare_backup;
alter default privileges in schema public grant select on sequences to connectcare_backup;
alter default privileges revoke execute on functions from public;

create schema audit;
revoke all on schema audit from public;
grant usage, create on schema audit to connectcare_gate;
grant usage on schema audit to connectcare_web, connectcare_pipeline;

revoke all on audit_event from public, connectcare_web, connectcare_pipeline;
grant select on audit_event to connectcare_backup, connectcare_sealer;
grant insert, select on audit_event to connectcare_gate;
grant usage on sequence audit_event_id_seq to connectcare_gate;

create function audit.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'what has happened is not changed: % on % is refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege',
              hint = 'Record what corrects it as an event or choice of its own.';
end $$;

create trigger events_are_only_added before update or delete on audit_event
    for each row execute function audit.refuse_change();
create trigger events_are_never_emptied before truncate on audit_event
    for each statement execute function audit.refuse_change();

-- The one way for a login to write an event. Answers its public id.
create function audit.record(
    in_action text, in_outcome text, in_reason text,
    in_staff bigint, in_staff_name text, in_membership bigint, in_role text,
    in_organisation bigint, in_organisation_name text,
    in_resident bigint, in_residents bigint[], in_look uuid, in_request uuid, in_detail jsonb
) returns uuid
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.audit_event (
        action, outcome, reason, staff_id, staff_name, membership_id, role_code,
        organisation_id, organisation_name, resident_id, residents, look, request, detail)
    values (
        in_action, in_outcome, in_reason, in_staff, coalesce(in_staff_name, ''), in_membership,
        coalesce(in_role, ''), in_organisation, coalesce(in_organisation_name, ''),
        in_resident, coalesce(in_residents, '{}'), in_look, in_request, coalesce(in_detail, '{}'))
    returning public_id
$$;
grant execute on function audit.record(text, text, text, bigint, text, bigint, text, bigint, text,
    bigint, bigint[], uuid, uuid, jsonb) to connectcare_web, connectcare_pipeline;
alter function audit.record(text, text, text, bigint, text, bigint, text, bigint, text, bigint,
    bigint[], uuid, uuid, jsonb) owner to connectcare_gate;
revoke create on schema audit from connectcare_gate;
grant execute on function audit.refuse_change() to connectcare_gate, connectcare_web,
    connectcare_pipeline;
