-- The questions of the wall, asked in fewer steps: what each of them asks is not changed
-- (docs/adr/0013). Conditions that several functions ask stand in a view, which PostgreSQL plans
-- together with what asks it; a function within a function it starts anew at each statement. The
-- views are the gate's own, nobody else may read them, and they run with the rights of who asks.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- ── Who asks ────────────────────────────────────────────────────────────────────────────────

-- The memberships that are in force at this statement: they themselves, their role, their
-- organisation, their team and their staff member.
create view access.memberships_in_force with (security_invoker = true) as
    select m.id as membership_id, m.staff_id, o.id as organisation_id,
        o.name::text as organisation_name, o.kind::text as organisation_kind, t.id as team_id,
        coalesce(t.serves_whole_site, false) as serves_whole_site, r.code::text as role_code,
        r.activities::text[] as activities, s.name::text as staff_name
    from public.organisations_membership m
    join public.organisations_staffmember s on s.id = m.staff_id and s.is_active
    join public.organisations_organisation o on o.id = m.organisation_id
        and o.state = 'active' and o.valid_from <= statement_timestamp()
        and (o.valid_until is null or o.valid_until > statement_timestamp())
    join public.organisations_role r on r.id = m.role_id
        and r.state = 'active' and r.valid_from <= statement_timestamp()
        and (r.valid_until is null or r.valid_until > statement_timestamp())
    left join public.organisations_team t on t.id = m.team_id
    where m.state = 'active' and m.valid_from <= statement_timestamp()
      and (m.valid_until is null or m.valid_until > statement_timestamp())
      and (m.team_id is null or (
          t.state = 'active' and t.valid_from <= statement_timestamp()
          and (t.valid_until is null or t.valid_until > statement_timestamp())));

-- The membership, if it is this staff member's and in force at this statement; else no row.
create or replace function access.membership_in_force(in_staff bigint, in_membership bigint)
returns table (
    organisation_id bigint, organisation_name text, organisation_kind text, team_id bigint,
    serves_whole_site boolean, role_code text, activities text[], staff_name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select m.organisation_id, m.organisation_name, m.organisation_kind, m.team_id,
        m.serves_whole_site, m.role_code, m.activities, m.staff_name
    from access.memberships_in_force m
    where m.membership_id = in_membership and m.staff_id = in_staff
$$;

-- The relationships that are in force at this statement, each with every membership that it is of:
-- of its organisation; where it was declared, that very one; else of its team, of the whole
-- organisation, or of a site that the team serves. Whether the membership is in force is asked
-- besides.
create view access.relationships_in_force with (security_invoker = true) as
    select c.id, c.resident_id, c.derived, m.id as membership_id
    from public.access_carerelationship c
    join public.organisations_membership m on m.organisation_id = c.organisation_id
    left join public.organisations_team t on t.id = m.team_id
    where case when c.membership_id is not null then c.membership_id = m.id
               else c.team_id is null or c.team_id = m.team_id
                    or (t.serves_whole_site and c.kind in ('admission', 'attendance')) end
      and c.valid_from <= statement_timestamp()
      and (c.valid_until is null or c.valid_until > statement_timestamp());

-- Whether any relationship is in force for a membership. "Evidence only" leaves out what was
-- declared.
create or replace function access.has_relationship(
    in_staff bigint, in_membership bigint, in_resident bigint, in_evidence_only boolean)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from access.memberships_in_force m
        join access.relationships_in_force c on c.membership_id = m.membership_id
        where m.membership_id = in_membership and m.staff_id = in_staff
          and c.resident_id = in_resident and (c.derived or not in_evidence_only))
$$;

-- ── The opening of this transaction ─────────────────────────────────────────────────────────

-- The keys that this transaction may read at this statement; NULL if nothing is open, or anything
-- that its decision stood on has changed. Asked by the policy at every statement, and all of it at
-- that statement's snapshot. What a choice withholds comes out for a disclosed category alone.
-- After a death the bases of care hold for as long as the opening's decision says, by the wall
-- clock in London, and the others go on.
create or replace function access.keys_in_force() returns bigint[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    opened record;
    everything boolean;
    councils bigint[];
    disclosed integer[] := '{}';
begin
    select o.resident_id, o.membership_id, o.basis, o.keys, o.disclosures, m.organisation_id
    into opened
    from public.access_opening o
    join public.organisations_rulesepoch rules on rules.epoch = o.rules_epoch
    join public.identity_residentepoch epoch
        on epoch.resident_id = o.resident_id and epoch.epoch = o.resident_epoch
    join public.identity_resident person on person.id = o.resident_id
    join access.memberships_in_force m
        on m.membership_id = o.membership_id and m.staff_id = o.staff_id
    where o.transaction = pg_current_xact_id_if_assigned()
      and o.began = transaction_timestamp()
      -- Under repeatable read a choice that commits elsewhere would stay unseen.
      and current_setting('transaction_isolation') = 'read committed'
      and 'read-records' = any (m.activities)
      and case o.basis
          when 'relationship' then exists (
              select from access.relationships_in_force c
              where c.id = o.basis_id and c.resident_id = o.resident_id
                and c.membership_id = o.membership_id)
          when 'break-glass' then 'break-glass' = any (m.activities) and access.glass_in_force(
              o.basis_id, o.resident_id, o.membership_id, o.sitting)
          when 'after-death' then 'read-after-death' = any (m.activities)
              and person.deceased and o.basis_id = o.resident_id
          when 'lawful-disclosure' then o.disclosures <> '{}'
          else false end
      and (not person.deceased or o.basis in ('after-death', 'lawful-disclosure')
           or statement_timestamp() < coalesce(
               ((person.deceased_on + 1)::timestamp + o.after_death) at time zone 'Europe/London',
               person.deceased_since + extract(epoch from o.after_death) * interval '1 second'));
    if not found then
        return null;
    end if;
    select coalesce(bool_or(r.kind = 'connect-care'
            or (r.kind = 'nhs-number' and r.council_id = opened.organisation_id)), false),
        coalesce(array_agg(r.council_id) filter (where r.kind = 'nhs-number'
            or (r.kind = 'social-care-sharing' and r.council_id <> opened.organisation_id)), '{}')
    into everything, councils
    from consent.refusals(opened.resident_id, statement_timestamp()) r;
    if opened.disclosures <> '{}' then
        disclosed := access.disclosed_categories(
            opened.disclosures, opened.resident_id, opened.membership_id);
    end if;
    if disclosed = '{}' and (everything or opened.basis = 'lawful-disclosure') then
        return null;
    elsif opened.basis <> 'lawful-disclosure' and not everything and councils = '{}' then
        return opened.keys;
    end if;
    return array(
        select key from unnest(opened.keys) as key
        where (key % 64 / 2)::integer = any (disclosed)
           or (opened.basis <> 'lawful-disclosure' and not everything
               and key / 64 <> all (councils)));
end $$;

-- The gate's last question before a response leaves: does all that was granted still hold?
create or replace function access.still_open() returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- What is in force is a part of what was granted, so equal counts are equal sets.
    return coalesce((
        select cardinality(access.keys_in_force()) = cardinality(o.keys) from public.access_opening o
        where o.transaction = pg_current_xact_id_if_assigned()
          and o.began = transaction_timestamp()), false);
end $$;

drop function access.relationship_in_force(bigint, bigint, bigint, bigint, bigint, boolean);

reset role;
revoke create on schema access from connectcare_gate;
