-- Caldicott guardians adjust which categories a role reads, through the same drafts (docs/adr/0033):
-- what a role may do, and every agreement, stay with the registry's administrators. Of the two
-- people whom more takes, one administers the registry: an organisation, which appoints its own
-- guardians, cannot by itself open more of everybody's records to everybody's staff.

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- As before; now also what adjusts what others read.
create or replace function organisations.privileged(in_activities text[]) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select in_activities && array[
        'read-after-death', 'disclose-lawfully', 'review-alerts', 'explain-access', 'read-audit',
        'tell-who-looked', 'adjust-roles', 'resolve-identity', 'manage-registry',
        'manage-organisation', 'read-verified-numbers', 'load-feeds', 'trace-feeds']
$$;

-- Whether they act as one who adjusts roles, and a draft changes of a role what it reads alone.
create function organisations.adjusts(
    in_staff bigint, in_membership bigint, in_kind text, in_wanted jsonb, in_former jsonb)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select in_kind = 'role'
        and coalesce((in_wanted -> 'activities') = (in_former -> 'activities'), false)
        and exists (
            select from organisations.acting(in_staff, in_membership) a
            where 'adjust-roles' = any (a.activities))
$$;

-- As before; and a draft of what a role reads is theirs too who adjust roles.
create or replace function organisations.may_settle(
    in_proposal public.organisations_proposal, in_staff bigint, in_membership bigint)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select organisations.manages_registry(in_staff, in_membership)
        or organisations.adjusts(in_staff, in_membership, (in_proposal).kind,
            (in_proposal).wanted, (in_proposal).former)
        or ((in_proposal).organisation_id is not null
            and organisations.administers(in_staff, in_membership, (in_proposal).organisation_id)
            and not exists (
                select from public.organisations_role r
                where r.id = ((in_proposal).wanted ->> 'role')::bigint
                  and organisations.regional(r.activities::text[])))
$$;

-- As before; and of the two whom a draft of a role takes, one administers the registry.
create or replace function organisations.against_confirming(
    in_proposal public.organisations_proposal, in_staff bigint, in_membership bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case
        when (in_proposal).id is null then 'not-known'
        when not organisations.may_settle(in_proposal, in_staff, in_membership) then 'not-allowed'
        when in_staff in ((in_proposal).proposed_by_id, (in_proposal).about_id) then 'own'
        when (in_proposal).confirmed_at is not null or (in_proposal).withdrawn_at is not null
          or (in_proposal).proposed_at < statement_timestamp() - interval '30 days' then 'over'
        when (in_proposal).kind = 'role'
          and not organisations.manages_registry(in_staff, in_membership)
          and not exists (
            select from public.organisations_membership m
            where m.staff_id = (in_proposal).proposed_by_id
              and organisations.manages_registry(m.staff_id, m.id)) then 'needs-registry'
        end
$$;

-- As before; now also by those who adjust what roles read.
create or replace function organisations.draft(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_kind text,
    in_wanted jsonb, out outcome text, out proposal uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    former jsonb;
    done record;
    one bigint;
begin
    perform organisations.one_at_a_time();
    former := organisations.held_now(in_kind, in_wanted);
    outcome := case
        when not organisations.manages_registry(in_staff, in_membership)
          and not organisations.adjusts(in_staff, in_membership, in_kind, in_wanted, former)
            then 'not-allowed'
        when length(btrim(in_why)) < 3 then 'why-missing'
        when former is null then 'not-known'
        when in_kind = 'role' and exists (
            select from public.organisations_membership m
            where m.staff_id = in_staff and m.role_id = (in_wanted ->> 'role')::bigint
              and m.state = 'active'
              and (m.valid_until is null or m.valid_until > statement_timestamp())) then 'own'
        when in_kind = 'agreement' then organisations.against_testers(in_staff, in_wanted) end;
    outcome := case
        when outcome is not null then outcome
        when (in_wanted ->> 'until')::timestamptz
            <= greatest((in_wanted ->> 'from')::timestamptz, statement_timestamp()) then 'dates'
        when (in_wanted - array['source', 'recipient', 'role', 'from']) = former then 'same'
        end;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            in_wanted - array['purpose', 'legal_basis', 'assessment', 'document']);
        return;
    end if;
    perform organisations.says_who(in_staff, in_why);
    insert into public.organisations_proposal (
        kind, wanted, former, why, proposed_by_id, proposed_at)
    values (in_kind, in_wanted, former, btrim(in_why), in_staff, statement_timestamp())
    returning id, public_id into one, proposal;
    outcome := 'proposed';
    if not organisations.widens(in_kind, in_wanted, former) then
        outcome := 'done';
        select * into done from organisations.apply_draft(in_kind, in_wanted - 'from');
        update public.organisations_proposal
        set applied_at = done.applied, made = done.made where id = one;
    end if;
    perform organisations.noted(in_staff, in_membership, in_request, 'done',
        in_kind || '-' || case outcome when 'done' then 'narrowed' else 'drafted' end,
        jsonb_build_object('proposal', proposal)
            || (in_wanted - array['purpose', 'legal_basis', 'assessment', 'document']));
    perform organisations.says_who(null, null);
end $$;

revoke all on all functions in schema organisations from public;
reset role;
revoke create on schema organisations from connectcare_gate;
