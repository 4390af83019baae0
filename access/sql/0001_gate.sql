-- The gate: what a transaction of the web's login may know, decided live at every statement.
--
-- All functions are owned by connectcare_gate, which cannot log in, has no policy on the entry
-- table, and is a member of nothing. docs/adr/0001 says why.

create schema access;
revoke all on schema access from public;
grant usage, create on schema access to connectcare_gate;
grant usage on schema access to connectcare_web;

revoke all on access_opening, access_glimpse from connectcare_pipeline;
grant select, insert on access_opening, access_glimpse to connectcare_gate;
grant usage on sequence access_opening_id_seq, access_glimpse_id_seq to connectcare_gate;
grant select on access_carerelationship to connectcare_gate;
-- Only for writing the gate's own events and asking its own functions.
grant usage on schema audit, consent, identity to connectcare_gate;

create trigger epoch_moves_on_insert after insert on access_carerelationship
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_rows();
create trigger epoch_moves_on_update after update on access_carerelationship
    referencing old table as before_change new table as changed
    for each statement execute function identity.move_epochs_of_both();
create trigger epoch_moves_on_delete after delete on access_carerelationship
    referencing old table as changed
    for each statement execute function identity.move_epochs_of_rows();

-- ── Who asks ────────────────────────────────────────────────────────────────────────────────

-- The membership, if it is this staff member's and it, its role, its organisation, its team and
-- the staff member are all in force at this statement; else no row.
create function access.membership_in_force(in_staff bigint, in_membership bigint)
returns table (
    organisation_id bigint, organisation_name text, organisation_kind text, team_id bigint,
    serves_whole_site boolean, role_code text, activities text[], staff_name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select o.id, o.name, o.kind, t.id, coalesce(t.serves_whole_site, false), r.code,
        r.activities::text[], s.name
    from public.organisations_membership m
    join public.organisations_staffmember s on s.id = m.staff_id and s.is_active
    join public.organisations_organisation o on o.id = m.organisation_id
        and o.state = 'active' and o.valid_from <= statement_timestamp()
        and (o.valid_until is null or o.valid_until > statement_timestamp())
    join public.organisations_role r on r.id = m.role_id
        and r.state = 'active' and r.valid_from <= statement_timestamp()
        and (r.valid_until is null or r.valid_until > statement_timestamp())
    left join public.organisations_team t on t.id = m.team_id
    where m.id = in_membership and m.staff_id = in_staff
      and m.state = 'active' and m.valid_from <= statement_timestamp()
      and (m.valid_until is null or m.valid_until > statement_timestamp())
      and (m.team_id is null or (
          t.state = 'active' and t.valid_from <= statement_timestamp()
          and (t.valid_until is null or t.valid_until > statement_timestamp())))
$$;

-- Whether a relationship is in force for a membership at this statement: of its organisation,
-- and of its team unless the relationship is with the whole organisation or the team serves all
-- of a trust's site.
create function access.relationship_in_force(
    in_relationship bigint, in_resident bigint, in_organisation bigint, in_team bigint,
    in_whole_site boolean) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.access_carerelationship c
        where c.id = in_relationship and c.resident_id = in_resident
          and c.organisation_id = in_organisation
          and (c.team_id is null or c.team_id = in_team
               or (in_whole_site and c.kind in ('admission', 'attendance')))
          and c.valid_from <= statement_timestamp()
          and (c.valid_until is null or c.valid_until > statement_timestamp()))
$$;

-- ── The opening of this transaction ─────────────────────────────────────────────────────────

-- Which resident this transaction opened, if any. The transaction's start guards against ids
-- that begin again after a restore into a new cluster.
create function access.opened_resident() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select o.resident_id from public.access_opening o
    where o.transaction = pg_current_xact_id_if_assigned() and o.began = transaction_timestamp()
$$;

-- The keys that this transaction may read at this statement; NULL if nothing is open, or
-- anything that its decision stood on has changed. Asked by the policy at every statement.
create function access.keys_in_force() returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select array(
        select key from unnest(o.keys) as key
        where not exists (
            select from consent.refusals(o.resident_id, statement_timestamp()) r
            where r.council_id = key / 64
              and (r.kind = 'nhs-number'
                   or (r.kind = 'social-care-sharing' and r.council_id <> m.organisation_id))))
    from public.access_opening o
    join public.organisations_rulesepoch rules on rules.epoch = o.rules_epoch
    join public.identity_residentepoch epoch
        on epoch.resident_id = o.resident_id and epoch.epoch = o.resident_epoch
    cross join lateral access.membership_in_force(o.staff_id, o.membership_id) m
    where o.transaction = pg_current_xact_id_if_assigned()
      and o.began = transaction_timestamp()
      -- Under repeatable read a choice that commits elsewhere would stay unseen.
      and current_setting('transaction_isolation') = 'read committed'
      and 'read-records' = any (m.activities)
      and access.relationship_in_force(
          o.relationship_id, o.resident_id, m.organisation_id, m.team_id, m.serves_whole_site)
      and not exists (
          select from consent.refusals(o.resident_id, statement_timestamp()) r
          where r.kind = 'connect-care'
             or (r.kind = 'nhs-number' and r.council_id = m.organisation_id))
$$;

-- The gate's last question before a response leaves: does all that was granted still hold?
create function access.still_open() returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    -- What is in force is a part of what was granted, so equal counts are equal sets.
    select coalesce((
        select cardinality(access.keys_in_force()) = cardinality(o.keys) from public.access_opening o
        where o.transaction = pg_current_xact_id_if_assigned()
          and o.began = transaction_timestamp()), false)
$$;

-- ── Glimpses ────────────────────────────────────────────────────────────────────────────────

create function access.glimpsed() returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select g.resident_id from public.access_glimpse g
    where g.transaction = pg_current_xact_id_if_assigned() and g.began = transaction_timestamp()
$$;

create function access.glimpsed_with_number() returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select g.resident_id from public.access_glimpse g
    where g.transaction = pg_current_xact_id_if_assigned() and g.began = transaction_timestamp()
      and g.with_number
$$;

-- The place is asked live: neither a protected resident's nor one's who opted out meanwhile.
create function access.glimpsed_with_place() returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select g.resident_id from public.access_glimpse g
    join public.identity_resident r on r.id = g.resident_id and r.protection = 'U'
    where g.transaction = pg_current_xact_id_if_assigned() and g.began = transaction_timestamp()
      and g.with_place
      and not exists (
          select from consent.refusals(g.resident_id, statement_timestamp()) c
          where c.kind = 'connect-care')
$$;

create function access.glimpsed_with_choices() returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select g.resident_id from public.access_glimpse g
    where g.transaction = pg_current_xact_id_if_assigned() and g.began = transaction_timestamp()
      and g.with_choices
$$;

-- Whether a membership's organisation may know that a resident exists: known beyond doubt, or
-- the organisation's own source person.
create function access.may_know_of(in_resident bigint, in_organisation bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.identity_resident r where r.id = in_resident and r.known_to_all)
    or exists (
        select from public.identity_sourceperson p
        where p.resident_id = in_resident and p.source_id = in_organisation)
$$;

-- Finds residents by NHS number, or by family name (folded) and birth date with, at will, the
-- beginning of the given names (folded). Writes the event with everyone found, and the glimpse.
-- Answers at most in_limit + 1 ids: one more than the limit says "add more".
create function access.find_residents(
    in_staff bigint, in_membership bigint, in_request uuid,
    in_number text, in_family text, in_birth_date date, in_given text, in_limit integer)
returns setof bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'find-residents' = any (asker.activities) then
        perform audit.record('search', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return;
    end if;
    if in_number is not null then
        select array_agg(n.resident_id) into found
        from public.identity_residentnhsnumber n
        where n.number = in_number and n.valid_until is null
          and access.may_know_of(n.resident_id, asker.organisation_id);
    elsif coalesce(in_family, '') <> '' and in_birth_date is not null then
        select array_agg(id) into found from (
            select r.id from public.identity_resident r
            where r.family_folded = in_family and r.birth_date = in_birth_date
              and (coalesce(in_given, '') = '' or starts_with(r.given_folded, in_given))
              and access.may_know_of(r.id, asker.organisation_id)
            order by r.given_folded, r.id limit in_limit + 1) as matching;
    else
        raise exception 'a search needs an NHS number, or a family name with a birth date'
            using errcode = 'invalid_parameter_value';
    end if;
    found := coalesce(found, '{}');
    -- A list that is too long is not shown, so it is nobody's glimpse.
    if cardinality(found) <= in_limit then
        insert into public.access_glimpse
            (began, resident_id, with_place, with_number, with_choices)
        select transaction_timestamp(), id, true,
            in_number is not null or not exists (
                select from consent.refusals(id, statement_timestamp()) c
                where c.kind = 'connect-care'),
            false
        from unnest(found) as id;
        perform audit.record('search', 'done', case when in_number is null then 'name' else 'number' end,
            in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, null, found, null, in_request,
            jsonb_build_object('found', cardinality(found)));
    else
        perform audit.record('search', 'done', 'too-many',
            in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, null, null, null, in_request,
            jsonb_build_object('found', cardinality(found)));
    end if;
    return query select unnest(found);
end $$;

-- One resident, by the id that pages show: for the pages that say who it is and nothing more.
-- Answers the resident's own id, or NULL where this membership may not know of them.
create function access.glimpse_resident(
    in_staff bigint, in_membership bigint, in_request uuid, in_resident uuid, in_activity text)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found bigint;
begin
    if in_activity not in ('find-residents', 'read-records', 'record-choices') then
        raise exception 'no glimpse is given for this activity'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not in_activity = any (asker.activities) then
        perform audit.record('glimpse', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    select r.id into found from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    if found is null then
        perform audit.record('glimpse', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return null;
    end if;
    insert into public.access_glimpse (began, resident_id, with_place, with_number, with_choices)
    values (transaction_timestamp(), found, true,
        not exists (select from consent.refusals(found, statement_timestamp()) c
                    where c.kind = 'connect-care'),
        in_activity = 'record-choices');
    perform audit.record('glimpse', 'done', in_activity, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found, null, null, in_request, null);
    return found;
end $$;

-- ── Facts and openings ──────────────────────────────────────────────────────────────────────

-- Facts are read and openings written by functions of 0003_glass.sql, which knows every
-- basis that an opening may have.

-- The gate owns them all; the web may call these and no others.
do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name not in ('membership_in_force', 'relationship_in_force', 'may_know_of') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
        execute format('alter function %s owner to connectcare_gate', f.signature);
    end loop;
end $$;
revoke create on schema access from connectcare_gate;
