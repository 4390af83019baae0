-- Lawful disclosures, and what ends after a death.
--
-- A disclosure opens what is withheld to the memberships that it names, for its categories, while
-- it is in force. An opening that has any stands on its basis and on them: every statement asks
-- for each by its primary key. Whatever else the rule asks (role, agreement, link, sensitive
-- entries) holds of a disclosure as it does of a care relationship (docs/adr/0016).

revoke all on access_lawfuldisclosure, access_disclosurerecipient, access_disclosurenotice
    from connectcare_web;
revoke insert, update, delete on access_lawfuldisclosure, access_disclosurerecipient
    from connectcare_pipeline;
revoke insert, delete on access_disclosurenotice from connectcare_pipeline;
grant select, insert on access_lawfuldisclosure, access_disclosurerecipient to connectcare_gate;
grant insert on access_disclosurenotice to connectcare_gate;
grant update (confirmed_by_id, confirmed_at, ended_by_id, ended_at, ended_words)
    on access_lawfuldisclosure to connectcare_gate;
grant usage on sequence access_lawfuldisclosure_id_seq, access_disclosurerecipient_id_seq
    to connectcare_gate;

do $$
declare
    walled text;
begin
    foreach walled in array array[
        'access_lawfuldisclosure', 'access_disclosurerecipient', 'access_disclosurenotice'] loop
        execute format('alter table %I enable row level security', walled);
        execute format('alter table %I force row level security', walled);
        execute format(
            'create policy gate on %I to connectcare_gate using (true) with check (true)', walled);
    end loop;
end $$;

-- What a merge of residents does with them (identity/sql/0002_merging.sql).
insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('access_lawfuldisclosure', 'resident_id', 'stays', '[]',
    'Two officers disclosed what was known of that one. Of more, they decide anew.');

create trigger epoch_moves_on_insert after insert on access_lawfuldisclosure
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_rows();
create trigger epoch_moves_on_update after update on access_lawfuldisclosure
    referencing old table as before_change new table as changed
    for each statement execute function identity.move_epochs_of_both();
create trigger epoch_moves_on_delete after delete on access_lawfuldisclosure
    referencing old table as changed
    for each statement execute function identity.move_epochs_of_rows();

-- Nothing of a disclosure is edited: it is confirmed once, and ended once.
create function access.only_followed() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'UPDATE'
       and (to_jsonb(old) - array['confirmed_by_id', 'confirmed_at', 'ended_by_id', 'ended_at',
                                  'ended_words'])
         = (to_jsonb(new) - array['confirmed_by_id', 'confirmed_at', 'ended_by_id', 'ended_at',
                                  'ended_words'])
       and (old.confirmed_at is null or (old.confirmed_by_id, old.confirmed_at)
            = (new.confirmed_by_id, new.confirmed_at))
       and old.ended_at is null
    then
        return new;
    end if;
    raise exception 'a disclosure is not changed: % is refused', tg_op
        using errcode = 'insufficient_privilege',
              hint = 'End it, and propose another one.';
end $$;
create trigger disclosures_are_only_followed before update or delete on access_lawfuldisclosure
    for each row execute function access.only_followed();
create trigger recipients_are_only_named before update or delete on access_disclosurerecipient
    for each row execute function audit.refuse_change();

-- A death that is noted, corrected or withdrawn changes when care relationships end.
create function access.death_changes_relationships() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.access_relationshipdue (resident_id) values (new.id)
    on conflict do nothing;
    return null;
end $$;
create trigger death_changes_relationships
    after update of deceased, deceased_on, deceased_since on identity_resident for each row
    when ((old.deceased, old.deceased_on, old.deceased_since)
          is distinct from (new.deceased, new.deceased_on, new.deceased_since))
    execute function access.death_changes_relationships();

grant create on schema access to connectcare_gate;
revoke all on function access.only_followed(), access.death_changes_relationships() from public;
alter function access.only_followed() owner to connectcare_gate;
alter function access.death_changes_relationships() owner to connectcare_gate;
set local role connectcare_gate;

-- ── The basis of an opening ─────────────────────────────────────────────────────────────────

-- Whether a disclosure is in force at this statement: begun, not over, not ended, and confirmed by
-- a second officer or, made by one out of hours, not yet due to be.
create function access.disclosure_in_force(in_disclosure public.access_lawfuldisclosure)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select in_disclosure.valid_from <= statement_timestamp()
       and in_disclosure.valid_until > statement_timestamp()
       and in_disclosure.ended_at is null
       and (in_disclosure.confirmed_at is not null
            or coalesce(in_disclosure.confirm_by > statement_timestamp(), false))
$$;

-- The categories that these disclosures open to a membership at this statement.
create function access.disclosed_categories(
    in_disclosures bigint[], in_resident bigint, in_membership bigint) returns integer[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(array_agg(distinct category::integer), '{}')
    from public.access_lawfuldisclosure d
    join public.access_disclosurerecipient r
        on r.disclosure_id = d.id and r.membership_id = in_membership
    cross join lateral unnest(d.categories) as category
    where d.id = any (in_disclosures) and d.resident_id = in_resident
      and access.disclosure_in_force(d)
$$;

-- As before; now of any basis, with what disclosures open besides it. What a choice withholds
-- comes out for a disclosed category alone. After a death the bases of care hold for as long as
-- the opening's decision says, by the wall clock in London, and the others go on.
create or replace function access.keys_in_force() returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select array(
        select key from unnest(o.keys) as key
        where (key % 64 / 2)::integer = any (disclosed.categories)
           or (o.basis <> 'lawful-disclosure' and not refused.everything
               and key / 64 <> all (refused.councils)))
    from public.access_opening o
    join public.organisations_rulesepoch rules on rules.epoch = o.rules_epoch
    join public.identity_residentepoch epoch
        on epoch.resident_id = o.resident_id and epoch.epoch = o.resident_epoch
    join public.identity_resident person on person.id = o.resident_id
    cross join lateral access.membership_in_force(o.staff_id, o.membership_id) m
    cross join lateral (
        select
            coalesce(bool_or(r.kind = 'connect-care'
                or (r.kind = 'nhs-number' and r.council_id = m.organisation_id)), false)
                as everything,
            coalesce(array_agg(r.council_id) filter (where r.kind = 'nhs-number'
                or (r.kind = 'social-care-sharing' and r.council_id <> m.organisation_id)), '{}')
                as councils
        from consent.refusals(o.resident_id, statement_timestamp()) r) refused
    cross join lateral (
        select case when o.disclosures = '{}' then '{}'
                    else access.disclosed_categories(o.disclosures, o.resident_id, o.membership_id)
               end as categories
        -- Asked once, and not for every key.
        offset 0) disclosed
    where o.transaction = pg_current_xact_id_if_assigned()
      and o.began = transaction_timestamp()
      -- Under repeatable read a choice that commits elsewhere would stay unseen.
      and current_setting('transaction_isolation') = 'read committed'
      and 'read-records' = any (m.activities)
      and case o.basis
          when 'relationship' then access.relationship_in_force(
              o.basis_id, o.resident_id, o.membership_id, m.organisation_id, m.team_id,
              m.serves_whole_site)
          when 'break-glass' then 'break-glass' = any (m.activities) and access.glass_in_force(
              o.basis_id, o.resident_id, o.membership_id, o.sitting)
          when 'after-death' then 'read-after-death' = any (m.activities)
              and person.deceased and o.basis_id = o.resident_id
          when 'lawful-disclosure' then disclosed.categories <> '{}'
          else false end
      and (not person.deceased or o.basis in ('after-death', 'lawful-disclosure')
           or statement_timestamp() < coalesce(
               ((person.deceased_on + 1)::timestamp + o.after_death) at time zone 'Europe/London',
               person.deceased_since + extract(epoch from o.after_death) * interval '1 second'))
      and (not refused.everything or disclosed.categories <> '{}')
$$;

-- Everything that the rule asks about, at one statement's snapshot, the epochs with it. NULL
-- parts are facts that do not exist. Bounded: the relationships in force of one organisation (of
-- declared ones one's own), the glass of this sitting, the disclosures that name this membership
-- and are not over, the sources that take part or hold something. What is asked of every source is asked once for all of them.
create or replace function access.read_facts(
    in_staff bigint, in_membership bigint, in_resident uuid, in_sitting uuid default null)
returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with asked as (
        select m.id, m.state, m.valid_from, m.valid_until, m.staff_id, m.organisation_id,
            m.team_id, m.role_id
        from public.organisations_membership m
        where m.id = in_membership and m.staff_id = in_staff
    ), person as (
        select r.* from public.identity_resident r where r.public_id = in_resident
    ), links as (
        select p.source_id, bool_and(p.link = 'linked') as linked, array_agg(p.id) as ids
        from public.identity_sourceperson p join person on person.id = p.resident_id
        group by p.source_id
    ), sources as (
        select o.* from public.organisations_organisation o
        where o.kind <> 'group'
          and (o.participates or o.id in (select source_id from links)
               or o.id = (select organisation_id from asked))
    ), groups as (
        select k.member_id, k.group_id from public.organisations_groupmembership k
        where k.state = 'active' and k.valid_from <= statement_timestamp()
          and (k.valid_until is null or k.valid_until > statement_timestamp())
          and (k.member_id in (select id from sources)
               or k.member_id = (select organisation_id from asked))
    ), agreed as (
        -- An agreement with a group is one with its members of the day.
        select shown.source, array_agg(distinct shown.category) as categories
        from (
            select coalesce(k.member_id, g.source_id) as source, category
            from public.organisations_sharingagreement g
            cross join lateral unnest(g.categories) as category
            left join groups k on k.group_id = g.source_id
            where g.state = 'active' and g.valid_from <= statement_timestamp()
              and (g.valid_until is null or g.valid_until > statement_timestamp())
              and (g.recipient_id = (select organisation_id from asked)
                   or g.recipient_id in (
                      select m.group_id from groups m
                      where m.member_id = (select organisation_id from asked)))
        ) shown
        group by shown.source
    ), sent as (
        select f.organisation_id,
            array_agg(distinct category) filter (
                where f.state = 'active' and f.valid_from <= statement_timestamp()
                  and (f.valid_until is null or f.valid_until > statement_timestamp())
            ) as categories,
            min(f.last_received) filter (
                where f.state = 'active' and f.expected_every is not null
                  and f.last_received + f.expected_every < statement_timestamp()
            ) as late_since,
            max(f.last_received) as updated
        from public.organisations_feed f
        left join lateral unnest(f.categories) as category on true
        where f.organisation_id in (select id from sources)
        group by f.organisation_id
    )
    select jsonb_build_object(
        'at', statement_timestamp(),
        'rules_epoch', (select epoch from public.organisations_rulesepoch where id = 1),
        'resident_epoch', (select e.epoch from public.identity_residentepoch e
                           join person on person.id = e.resident_id),
        'staff', (select jsonb_build_object('id', s.id, 'name', s.name, 'active', s.is_active)
                  from public.organisations_staffmember s where s.id = in_staff),
        'membership', (
            select jsonb_build_object(
                'id', a.id,
                'period', jsonb_build_object('state', a.state, 'from', a.valid_from,
                                             'until', a.valid_until),
                'organisation', (
                    select jsonb_build_object('id', o.id, 'name', o.name, 'kind', o.kind,
                        'period', jsonb_build_object('state', o.state, 'from', o.valid_from,
                                                     'until', o.valid_until))
                    from public.organisations_organisation o where o.id = a.organisation_id),
                'team', (
                    select jsonb_build_object('id', t.id, 'whole_site', t.serves_whole_site,
                        'period', jsonb_build_object('state', t.state, 'from', t.valid_from,
                                                     'until', t.valid_until))
                    from public.organisations_team t where t.id = a.team_id),
                'role', (
                    select jsonb_build_object('code', r.code, 'name', r.name,
                        'categories', r.categories, 'activities', r.activities,
                        'period', jsonb_build_object('state', r.state, 'from', r.valid_from,
                                                     'until', r.valid_until))
                    from public.organisations_role r where r.id = a.role_id))
            from asked a),
        'resident', (
            select jsonb_build_object('id', p.id, 'known_to_all', p.known_to_all,
                'protection', p.protection, 'deceased', p.deceased,
                'deceased_on', p.deceased_on, 'deceased_since', p.deceased_since,
                'may_be_known', (select access.may_know_of(p.id, a.organisation_id)
                                 from asked a))
            from person p),
        'links', (select coalesce(jsonb_object_agg(source_id, linked), '{}') from links),
        'refusals', (
            select coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'council', c.council_id)),
                            '[]')
            from person p, consent.refusals(p.id, statement_timestamp()) c),
        'relationships', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', c.id, 'kind', c.kind, 'team', c.team_id, 'from', c.valid_from,
                'until', c.valid_until, 'membership', c.membership_id)
                order by c.valid_from desc, c.id desc), '[]')
            from person p
            join public.access_carerelationship c on c.resident_id = p.id
                and (c.membership_id is null or c.membership_id = in_membership)
                and (c.valid_until is null or c.valid_until > statement_timestamp())
            join asked a on a.organisation_id = c.organisation_id),
        'glasses', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', g.id, 'began', g.began, 'ends_at', g.ends_at, 'ended_at', g.ended_at)
                order by g.ends_at desc, g.id desc), '[]')
            from person p
            join public.access_brokenglass g on g.resident_id = p.id and g.sitting = in_sitting
            join asked a on a.id = g.membership_id),
        'disclosures', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', d.id, 'categories', d.categories, 'from', d.valid_from,
                'until', d.valid_until, 'confirmed', d.confirmed_at,
                'confirm_by', d.confirm_by, 'ended', d.ended_at)
                order by d.valid_until desc, d.id desc), '[]')
            from person p
            join public.access_lawfuldisclosure d on d.resident_id = p.id
                and d.ended_at is null and d.valid_until > statement_timestamp()
            join public.access_disclosurerecipient r on r.disclosure_id = d.id
            join asked a on a.id = r.membership_id),
        'sources', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', o.id, 'name', o.name, 'kind', o.kind, 'area', o.area,
                'duty_phone', o.duty_phone,
                'sends', to_jsonb(coalesce(sent.categories, '{}')),
                'late_since', sent.late_since,
                'updated', sent.updated,
                'agreed', to_jsonb(coalesce(agreed.categories, '{}')))
                order by o.name, o.id), '[]')
            from sources o
            left join agreed on agreed.source = o.id
            left join sent on sent.organisation_id = o.id))
$$;

drop function access.open_record(bigint, bigint, bigint, uuid, bigint, bigint[], bigint, bigint,
    jsonb, uuid, text, uuid);
-- Writes the opening of this transaction with its audit event, and the glimpse of the resident.
-- Answers whether it holds: false if anything that the decision stood on has changed since its
-- facts were read, which is recorded as a refusal and opens nothing.
create function access.open_record(
    in_staff bigint, in_membership bigint, in_resident bigint, in_look uuid,
    in_basis_id bigint, in_keys bigint[], in_resident_epoch bigint, in_rules_epoch bigint,
    in_decision jsonb, in_request uuid, in_basis text default 'relationship',
    in_sitting uuid default null, in_disclosures bigint[] default '{}',
    in_after_death interval default interval '0') returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    insert into public.access_opening (
        began, look, resident_id, staff_id, membership_id, basis, basis_id, sitting,
        disclosures, after_death, keys, resident_epoch, rules_epoch, decision)
    values (
        transaction_timestamp(), in_look, in_resident, in_staff, in_membership, in_basis,
        in_basis_id, in_sitting, in_disclosures, in_after_death, in_keys, in_resident_epoch, in_rules_epoch, in_decision);
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
        in_resident, null, in_look, in_request, in_decision);
    raise log 'connectcare opening: resident % membership % look %',
        in_resident, in_membership, in_look;
    return true;
end $$;

-- ── Proposing, confirming, ending ───────────────────────────────────────────────────────────

-- Proposes a disclosure: the row, its recipients, the notice that a second officer is asked, and
-- its event. Recipients are memberships in force of the officer's own organisation whose roles
-- read records, and never the officer. With in_confirm_by it opens at once (out of hours).
-- Answers 'proposed' or a reason code, which is recorded. Sent twice it is proposed once.
create function access.propose_disclosure(
    in_staff bigint, in_membership bigint, in_resident uuid, in_ground text, in_words text,
    in_categories integer[], in_recipients bigint[], in_until timestamptz,
    in_confirm_by timestamptz, in_submission uuid, in_reference text, in_request uuid)
returns table (outcome text, disclosure_id bigint, public_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    resident bigint;
    refused text;
    made record;
begin
    if cardinality(in_recipients) not between 1 and 20 then
        raise exception 'a disclosure names at least one recipient and at most twenty'
            using errcode = 'invalid_parameter_value';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('access disclosure', in_membership));
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id into resident from public.identity_resident r where r.public_id = in_resident;
    refused := case
        when asker is null or not 'disclose-lawfully' = any (asker.activities)
            then 'activity-not-in-role'
        when resident is null or not access.may_know_of(resident, asker.organisation_id)
            then 'resident-not-known'
        when exists (
            select from unnest(in_recipients) as named (id)
            left join public.organisations_membership m on m.id = named.id
            left join lateral access.membership_in_force(m.staff_id, m.id) f on true
            where f.organisation_id is null or f.organisation_id <> asker.organisation_id
               or not 'read-records' = any (f.activities) or m.staff_id = in_staff)
            then 'no-such-recipient'
        end;
    if refused is not null then
        perform audit.record('disclosure-proposed', 'refused', refused, in_staff,
            asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, resident, null, null, in_request, null);
        return query select refused, null::bigint, null::uuid;
        return;
    end if;
    select d.id, d.public_id into made from public.access_lawfuldisclosure d
    where d.submission = in_submission and d.proposed_by_id = in_membership;
    if found then
        return query select 'proposed', made.id, made.public_id;
        return;
    end if;
    insert into public.access_lawfuldisclosure as d (
        reference, submission, resident_id, organisation_id, ground, words, categories,
        valid_from, valid_until, proposed_by_id, confirm_by)
    values (in_reference, in_submission, resident, asker.organisation_id, in_ground,
        btrim(in_words), in_categories, statement_timestamp(), in_until, in_membership,
        in_confirm_by)
    returning d.id, d.public_id into made;
    insert into public.access_disclosurerecipient (disclosure_id, membership_id)
    select made.id, id from unnest(in_recipients) as id group by id;
    insert into public.access_disclosurenotice (disclosure_id) values (made.id);
    perform audit.record('disclosure-proposed', 'done', in_ground, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        resident, null, null, in_request,
        jsonb_build_object('disclosure', made.id, 'reference', in_reference,
            'categories', in_categories, 'recipients', in_recipients, 'until', in_until,
            'confirm_by', in_confirm_by));
    return query select 'proposed', made.id, made.public_id;
end $$;

-- A disclosure of the asker's own organisation, locked for what is done to it; no row otherwise.
create function access.disclosure_for(
    in_staff bigint, in_membership bigint, in_disclosure uuid)
returns setof public.access_lawfuldisclosure
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select d.* from public.access_lawfuldisclosure d
    join access.membership_in_force(in_staff, in_membership) m
        on m.organisation_id = d.organisation_id and 'disclose-lawfully' = any (m.activities)
    where d.public_id = in_disclosure
    for update of d
$$;

-- Confirms a disclosure. Answers 'confirmed', or why not: 'not-known', 'own' (one officer is not
-- two), 'named' (nobody confirms what is disclosed to them), 'over' (ended, past, or not confirmed
-- in time), 'done' (it is confirmed already).
create function access.confirm_disclosure(
    in_staff bigint, in_membership bigint, in_disclosure uuid, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    of_it public.access_lawfuldisclosure;
    answer text;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select * into of_it from access.disclosure_for(in_staff, in_membership, in_disclosure);
    answer := case
        when of_it.id is null then 'not-known'
        when exists (select from public.organisations_membership m
                     where m.id = of_it.proposed_by_id and m.staff_id = in_staff) then 'own'
        when exists (select from public.access_disclosurerecipient r
                     join public.organisations_membership m on m.id = r.membership_id
                     where r.disclosure_id = of_it.id and m.staff_id = in_staff) then 'named'
        when of_it.ended_at is not null or of_it.valid_until <= clock_timestamp()
             or (of_it.confirmed_at is null and of_it.confirm_by <= clock_timestamp())
            then 'over'
        when of_it.confirmed_at is not null then 'done'
        else 'confirmed' end;
    if answer = 'confirmed' then
        update public.access_lawfuldisclosure
        set confirmed_by_id = in_membership, confirmed_at = clock_timestamp()
        where id = of_it.id;
    end if;
    perform audit.record('disclosure-confirmed',
        case answer when 'confirmed' then 'done' else 'refused' end,
        case answer when 'confirmed' then of_it.ground else answer end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, of_it.resident_id, null, null, in_request,
        jsonb_build_object('disclosure', of_it.id, 'reference', of_it.reference));
    return answer;
end $$;

-- Ends a disclosure, whether it was confirmed or waits. Answers 'ended', 'not-known' or 'over'.
create function access.end_disclosure(
    in_staff bigint, in_membership bigint, in_disclosure uuid, in_words text, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    of_it public.access_lawfuldisclosure;
    answer text;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select * into of_it from access.disclosure_for(in_staff, in_membership, in_disclosure);
    answer := case
        when of_it.id is null then 'not-known'
        when of_it.ended_at is not null or of_it.valid_until <= clock_timestamp() then 'over'
        else 'ended' end;
    if answer = 'ended' then
        update public.access_lawfuldisclosure
        set ended_by_id = in_membership, ended_at = clock_timestamp(), ended_words = btrim(in_words)
        where id = of_it.id;
    end if;
    perform audit.record('disclosure-ended',
        case answer when 'ended' then 'done' else 'refused' end,
        case answer when 'ended' then of_it.ground else answer end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, of_it.resident_id, null, null, in_request,
        jsonb_build_object('disclosure', of_it.id, 'reference', of_it.reference));
    return answer;
end $$;

-- ── Reading disclosures ─────────────────────────────────────────────────────────────────────

-- One disclosure in words for its officers. Never called from outside.
create function access.disclosure_as_json(in_disclosure bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', d.public_id, 'reference', d.reference, 'resident', d.resident_id,
        'ground', d.ground, 'words', d.words, 'categories', d.categories,
        'from', d.valid_from, 'until', d.valid_until, 'confirm_by', d.confirm_by,
        'proposed_by', proposer.name, 'proposed_by_staff', proposer.id,
        'confirmed_by', coalesce(confirmer.name, ''), 'confirmed_at', d.confirmed_at,
        'ended_by', coalesce(ender.name, ''), 'ended_at', d.ended_at, 'ended_words', d.ended_words,
        'recipients', (
            select jsonb_agg(jsonb_build_object('staff', s.id, 'name', s.name, 'role', r.name,
                'team', coalesce(t.name, '')) order by s.name, m.id)
            from public.access_disclosurerecipient n
            join public.organisations_membership m on m.id = n.membership_id
            join public.organisations_staffmember s on s.id = m.staff_id
            join public.organisations_role r on r.id = m.role_id
            left join public.organisations_team t on t.id = m.team_id
            where n.disclosure_id = d.id))
    from public.access_lawfuldisclosure d
    join public.organisations_membership p on p.id = d.proposed_by_id
    join public.organisations_staffmember proposer on proposer.id = p.staff_id
    left join public.organisations_membership c on c.id = d.confirmed_by_id
    left join public.organisations_staffmember confirmer on confirmer.id = c.staff_id
    left join public.organisations_membership e on e.id = d.ended_by_id
    left join public.organisations_staffmember ender on ender.id = e.staff_id
    where d.id = in_disclosure
$$;

-- The disclosures of the reader's own organisation, a part of them, the newest first: those that
-- wait or are in force, or those that are over. With everyone named in the audit. NULL: may not.
create function access.read_disclosures(
    in_staff bigint, in_membership bigint, in_over boolean, in_limit integer, in_offset integer,
    in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    shown bigint[];
    residents bigint[];
    total bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        perform audit.record('disclosures-read', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    with of_theirs as (
        select d.id, d.resident_id, count(*) over () as counted
        from public.access_lawfuldisclosure d
        where d.organisation_id = asker.organisation_id
          and in_over = (d.ended_at is not null or d.valid_until <= statement_timestamp()
                         or (d.confirmed_at is null
                             and coalesce(d.confirm_by <= statement_timestamp(), false)))
        order by d.id desc limit in_limit offset in_offset)
    select array_agg(id order by id desc), array_agg(distinct resident_id), max(counted)
    into shown, residents, total from of_theirs;
    perform access.glimpse_of_alerts(coalesce(residents, '{}'));
    perform audit.record('disclosures-read', 'done', case when in_over then 'over' else 'open' end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, null, residents, null, in_request,
        jsonb_build_object('shown', coalesce(cardinality(shown), 0)));
    return jsonb_build_object('total', coalesce(total, 0), 'disclosures', coalesce((
        select jsonb_agg(access.disclosure_as_json(id) order by nth)
        from unnest(shown) with ordinality as part (id, nth)), '[]'));
end $$;

-- One disclosure of the reader's own organisation. NULL: none, or not theirs.
create function access.read_disclosure(
    in_staff bigint, in_membership bigint, in_disclosure uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    of_it public.access_lawfuldisclosure;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select d.* into of_it from public.access_lawfuldisclosure d
    where d.public_id = in_disclosure and d.organisation_id = asker.organisation_id;
    if of_it.id is null or not 'disclose-lawfully' = any (asker.activities) then
        perform audit.record('disclosures-read', 'refused', 'not-known', in_staff,
            asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, null, null, null, in_request, null);
        return null;
    end if;
    perform access.glimpse_of_alerts(array[of_it.resident_id]);
    perform audit.record('disclosures-read', 'done', 'one', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        of_it.resident_id, null, null, in_request,
        jsonb_build_object('disclosure', of_it.id, 'reference', of_it.reference));
    return access.disclosure_as_json(of_it.id);
end $$;

-- Who works where, and for each post the facts that the rule would be asked about: one post for
-- every organisation, team and role with a membership in force, and one more for each membership
-- that something opens for personally (what was declared, broken glass, a disclosure). Audited, with the
-- category that was asked about; the resident is glimpsed without place. NULL: may not.
--
-- What an officer may not learn does not come out. Of another council's adult social care no
-- facts do: that it supports somebody is social care information, and a refusal must not show. Of
-- another organisation neither teams nor names of staff do.
create or replace function access.who_could_open(
    in_staff bigint, in_membership bigint, in_resident uuid, in_category integer, in_request uuid)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'explain-access' = any (asker.activities) then
        perform audit.record('access-explained', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    select r.id into found from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    if found is null then
        perform audit.record('access-explained', 'refused', 'not-known', in_staff,
            asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, null, null, null, in_request, null);
        return null;
    end if;
    perform access.glimpse_of_alerts(array[found]);
    perform audit.record('access-explained', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found, null, null, in_request, jsonb_build_object('category', in_category));
    return (
        with working as (
            select m.id, m.staff_id, m.organisation_id, m.team_id, m.role_id
            from public.organisations_membership m
            join public.organisations_staffmember s on s.id = m.staff_id and s.is_active
            where m.state = 'active' and m.valid_from <= statement_timestamp()
              and (m.valid_until is null or m.valid_until > statement_timestamp())
        ), posts as (
            select * from (
                select distinct on (w.organisation_id, w.team_id, w.role_id)
                    w.*, false as personal, null::uuid as sitting
                from working w order by w.organisation_id, w.team_id, w.role_id, w.id) as each_post
            union all
            select w.*, true, personally.sitting
            from (
                select c.membership_id, null::uuid as sitting
                from public.access_carerelationship c
                where c.resident_id = found and c.membership_id is not null
                  and c.valid_until > statement_timestamp()
                union
                select g.membership_id, g.sitting
                from public.access_brokenglass g
                where g.resident_id = found and g.ends_at > statement_timestamp()
                union
                -- What is disclosed elsewhere is between the officers there.
                select n.membership_id, null::uuid
                from public.access_lawfuldisclosure d
                join public.access_disclosurerecipient n on n.disclosure_id = d.id
                where d.resident_id = found and d.organisation_id = asker.organisation_id
                  and access.disclosure_in_force(d)
            ) as personally
            join working w on w.id = personally.membership_id
        )
        select jsonb_build_object('resident', found, 'posts', coalesce(jsonb_agg(
            jsonb_build_object(
                'organisation', o.id, 'organisation_name', o.name, 'kind', o.kind,
                'own', own, 'role', r.name, 'personal', p.personal,
                'team', case when own then coalesce(t.name, '') else '' end,
                'staff', case when own and p.personal then s.name else '' end,
                'facts', case when own or o.kind <> 'adult_social_care' then
                    access.read_facts(p.staff_id, p.id, in_resident, p.sitting) end)
            order by own desc, o.name, o.id, r.name, r.id, t.name, t.id, p.personal, s.name, p.id),
            '[]'))
        from posts p
        join public.organisations_organisation o on o.id = p.organisation_id
        join public.organisations_role r on r.id = p.role_id
        join public.organisations_staffmember s on s.id = p.staff_id
        left join public.organisations_team t on t.id = p.team_id
        cross join lateral (select o.id = asker.organisation_id as own) as whose
        -- Of another council, only what stands in the registry: no post of one person's.
        where own or o.kind <> 'adult_social_care' or not p.personal);
end $$;

-- The web may call these of the new ones, and no others.
do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                'disclosure_in_force', 'disclosed_categories', 'disclosure_for',
                'disclosure_as_json', 'open_record', 'propose_disclosure', 'confirm_disclosure',
                'end_disclosure', 'read_disclosures', 'read_disclosure') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name not in ('disclosure_in_force', 'disclosed_categories', 'disclosure_for',
                          'disclosure_as_json') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
