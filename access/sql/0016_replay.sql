-- An opening keeps the facts that its decision stood on, so that it can be decided anew; its event
-- keeps what was decided, the opening's reference, and the digest of what the opening keeps, so
-- that the sealed audit would show a change of it (docs/adr/0018).

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- What the event of an opening says of what the opening keeps.
create function access.digest_of(in_decision jsonb) returns text
language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
    select encode(sha256(convert_to(in_decision::text, 'UTF8')), 'hex')
$$;

-- As before; the event leaves out what the opening keeps, and names it.
create or replace function access.open_record(
    in_staff bigint, in_membership bigint, in_resident bigint, in_look uuid,
    in_basis_id bigint, in_keys bigint[], in_resident_epoch bigint, in_rules_epoch bigint,
    in_decision jsonb, in_request uuid, in_basis text default 'relationship',
    in_sitting uuid default null, in_disclosures bigint[] default '{}',
    in_after_death interval default interval '0') returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    reference uuid;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    insert into public.access_opening (
        began, look, resident_id, staff_id, membership_id, basis, basis_id, sitting,
        disclosures, after_death, keys, resident_epoch, rules_epoch, decision)
    values (
        transaction_timestamp(), in_look, in_resident, in_staff, in_membership, in_basis,
        in_basis_id, in_sitting, in_disclosures, in_after_death, in_keys, in_resident_epoch,
        in_rules_epoch, in_decision)
    returning public_id into reference;
    if not access.still_open() then
        perform audit.record('refusal', 'refused', 'changed-meanwhile', in_staff,
            asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, in_resident, null, in_look, in_request, null);
        return false;
    end if;
    insert into public.access_glimpse (
        began, resident_id, staff_id, membership_id, with_place, with_number, with_choices)
    values (transaction_timestamp(), in_resident, in_staff, in_membership, true,
        access.number_may_be_shown(in_resident, asker.organisation_id), false);
    perform audit.record('opening', 'done', in_basis, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        in_resident, null, in_look, in_request,
        in_decision - '{sections,facts}'::text[] || jsonb_build_object(
            'opening', reference, 'digest', access.digest_of(in_decision)));
    raise log 'connectcare opening: resident % membership % look %',
        in_resident, in_membership, in_look;
    return true;
end $$;

-- What was kept of one decision, by the reference of its opening, or of the event of a refusal:
-- (kind, decision, what the columns beside it say, whether the event has its digest; a refusal
-- lies in its event). No row: there is none. For the pipeline, which may read neither.
create function access.read_kept_decision(in_reference uuid)
returns table (kind text, decision jsonb, basis text, basis_id bigint, keys bigint[],
               digest_holds boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select 'opening', o.decision, o.basis, o.basis_id, o.keys, exists (
        select from public.audit_event e
        where e.transaction = o.transaction and e.action = 'opening'
          and e.detail ->> 'opening' = o.public_id::text
          and e.detail ->> 'digest' = access.digest_of(o.decision))
    from public.access_opening o where o.public_id = in_reference
    union all
    select 'refusal', e.detail, null, null, '{}', true
    from public.audit_event e
    where e.public_id = in_reference and e.action = 'refusal' and e.detail ? 'facts'
$$;

revoke all on function access.digest_of(jsonb), access.read_kept_decision(uuid) from public;
grant execute on function access.read_kept_decision(uuid) to connectcare_pipeline;

reset role;
revoke create on schema access from connectcare_gate;
