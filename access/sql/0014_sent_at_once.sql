-- Sent twice at once it is done once, also where the second is the first to have the lock: what is
-- in force is asked as of the statement's beginning, and what another wrote while this one waited
-- for the lock may begin a moment after that.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- As before (0003_glass.sql): glass of this sitting that is not over is enough.
create or replace function access.break_glass(
    in_staff bigint, in_membership bigint, in_sitting uuid, in_resident uuid, in_reason text,
    in_words text, in_lasts interval, in_reference text, in_request uuid)
returns table (outcome text, alert_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    resident bigint;
    refused text;
    glass bigint;
    alert bigint;
begin
    if in_lasts <= interval '0' or in_lasts > interval '24 hours' then
        raise exception 'glass is broken for more than nothing and at most 24 hours'
            using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('access glass', in_membership));
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id into resident from public.identity_resident r where r.public_id = in_resident;
    refused := access.why_not_restricted(in_staff, in_membership, resident, 'break-glass');
    if refused is not null then
        perform audit.record('refusal', 'refused', refused, in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            resident, null, null, in_request, jsonb_build_object('asked', 'break-glass'));
        return query select refused, null::bigint;
        return;
    end if;
    if access.has_relationship(in_staff, in_membership, resident, false) or exists (
        select from public.access_brokenglass g
        where g.resident_id = resident and g.membership_id = in_membership
          and g.sitting = in_sitting and g.ended_at is null
          and g.ends_at > statement_timestamp())
    then
        return query select 'not-needed', null::bigint;
        return;
    end if;
    insert into public.access_brokenglass (
        resident_id, membership_id, sitting, reason, words, began, ends_at)
    values (resident, in_membership, in_sitting, in_reason, btrim(in_words),
        statement_timestamp(), statement_timestamp() + in_lasts)
    returning id into glass;
    insert into public.access_alert (
        reference, kind, organisation_id, membership_id, resident_id, glass_id, raised, outcome)
    values (in_reference, 'break-glass', asker.organisation_id, in_membership, resident, glass,
        statement_timestamp(), '')
    returning id into alert;
    perform audit.record('glass-broken', 'done', in_reason, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        resident, null, null, in_request,
        jsonb_build_object('glass', glass, 'alert', alert, 'reference', in_reference,
            'ends_at', statement_timestamp() + in_lasts));
    return query select 'broken', alert;
end $$;

-- As before (0003_glass.sql): a declaration for the same person that is not over is enough.
create or replace function access.declare_relationship(
    in_staff bigint, in_membership bigint, in_resident uuid, in_kind text, in_for bigint,
    in_reason text, in_words text, in_lasts interval, in_reference text, in_request uuid)
returns table (outcome text, alert_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    receiver record;
    resident bigint;
    refused text;
    made bigint;
    alert bigint;
begin
    if in_kind not in ('self-declared', 'granted-by-colleague', 'express-consent')
       or (in_kind = 'granted-by-colleague') <> (in_for <> in_membership) then
        raise exception 'a colleague is let in, and everything else is declared for oneself'
            using errcode = 'invalid_parameter_value';
    end if;
    if in_lasts <= interval '0' or in_lasts > interval '90 days' then
        raise exception 'a declared relationship lasts more than nothing and at most 90 days'
            using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('access declaration', in_for));
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id into resident from public.identity_resident r where r.public_id = in_resident;
    refused := access.why_not_restricted(in_staff, in_membership, resident, 'declare-care');
    select m.id, m.staff_id, m.team_id into receiver from public.organisations_membership m
    where m.id = in_for and m.organisation_id = asker.organisation_id;
    if refused is null and (receiver.id is null or (in_for <> in_membership and (
            receiver.staff_id = in_staff
            or access.why_not_restricted(
                receiver.staff_id, receiver.id, resident, 'read-records') is not null))) then
        refused := 'no-such-colleague';
    end if;
    if refused is null and in_for <> in_membership
       and not access.has_relationship(in_staff, in_membership, resident, true) then
        refused := 'no-relationship';
    end if;
    if refused is not null then
        perform audit.record('refusal', 'refused', refused, in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            resident, null, null, in_request, jsonb_build_object('asked', in_kind));
        return query select refused, null::bigint;
        return;
    end if;
    if access.has_relationship(receiver.staff_id, in_for, resident, false) or exists (
        select from public.access_carerelationship c
        where c.resident_id = resident and c.membership_id = in_for
          and c.valid_until > statement_timestamp())
    then
        return query select 'not-needed', null::bigint;
        return;
    end if;
    insert into public.access_carerelationship (
        resident_id, organisation_id, team_id, kind, evidence, valid_from, valid_until, derived,
        membership_id, declared_by_id, reason, words)
    values (resident, asker.organisation_id, receiver.team_id, in_kind,
        'declared ' || uuidv7(), statement_timestamp(), statement_timestamp() + in_lasts, false,
        in_for, in_membership, in_reason, btrim(in_words))
    returning id into made;
    if in_kind = 'self-declared' then
        insert into public.access_alert (
            reference, kind, organisation_id, membership_id, resident_id, relationship_id, raised,
            outcome)
        values (in_reference, 'self-declared', asker.organisation_id, in_membership, resident,
            made, statement_timestamp(), '')
        returning id into alert;
    end if;
    perform audit.record('relationship-declared', 'done', in_kind, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        resident, null, null, in_request,
        jsonb_build_object('relationship', made, 'for', in_for, 'reason', in_reason,
            'alert', alert, 'until', statement_timestamp() + in_lasts));
    return query select 'declared', alert;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
