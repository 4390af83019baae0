-- The record under watch: until a watch ends, the record opens only to who has said in this sitting
-- why they open it. It narrows, and says nothing of itself to who could not open the record anyway
-- (docs/adr/0046).

revoke all on access_watch, access_watchreason from connectcare_web;
revoke insert, update, delete on access_watch, access_watchreason from connectcare_pipeline;
grant select, insert on access_watch, access_watchreason to connectcare_gate;
grant update (resident_id) on access_watch, access_watchreason to connectcare_gate;
grant update (ended_at, ended_by_id, ended_words) on access_watch to connectcare_gate;
grant usage on sequence access_watch_id_seq, access_watchreason_id_seq to connectcare_gate;
alter table access_watch enable row level security;
alter table access_watch force row level security;
create policy gate on access_watch to connectcare_gate using (true) with check (true);
alter table access_watchreason enable row level security;
alter table access_watchreason force row level security;
create policy gate on access_watchreason to connectcare_gate using (true) with check (true);
insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('access_watch', 'resident_id', 'moves', '[]', 'The one person''s record is under watch.'),
('access_watchreason', 'resident_id', 'moves', '[]', 'It was given for the one person.');

create trigger epoch_moves_on_insert after insert on access_watch
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_rows();
create trigger epoch_moves_on_update after update on access_watch
    referencing old table as before_change new table as changed
    for each statement execute function identity.move_epochs_of_both();
create trigger epoch_moves_on_delete after delete on access_watch
    referencing old table as changed
    for each statement execute function identity.move_epochs_of_rows();
create trigger epoch_moves_on_insert after insert on access_watchreason
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_rows();
create trigger epoch_moves_on_update after update on access_watchreason
    referencing old table as before_change new table as changed
    for each statement execute function identity.move_epochs_of_both();
create trigger epoch_moves_on_delete after delete on access_watchreason
    referencing old table as changed
    for each statement execute function identity.move_epochs_of_rows();

do $$
declare
    guarded text;
begin
    foreach guarded in array array['access_watch', 'access_watchreason'] loop
        execute format(
            'create trigger nothing_new_is_merged_away_on_insert after insert on %1$I '
            'referencing new table as changed '
            'for each statement execute function identity.refuse_merged_away();'
            'create trigger nothing_new_is_merged_away_on_update after update on %1$I '
            'referencing old table as before_change new table as changed '
            'for each statement execute function identity.refuse_merged_away()', guarded);
    end loop;
end $$;

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- ── What the rule and the wall ask ──────────────────────────────────────────────────────────

-- Whether a membership has said why in a sitting, since a watch began. Never called from outside.
create function access.watch_is_answered(
    in_resident bigint, in_began timestamptz, in_membership bigint, in_sitting uuid)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.access_watchreason said
        where said.resident_id = in_resident and said.membership_id = in_membership
          and said.sitting = in_sitting and said.given >= in_began)
$$;

-- Whether a record waits for a reader's word at this statement: a watch in force, no reason since it
-- began, and no glass that this sitting broke, which has its reason. Never called from outside.
create function access.waits_for_words(
    in_resident bigint, in_membership bigint, in_sitting uuid, in_breaks_glass boolean)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.access_watch w
        where w.resident_id = in_resident and w.ended_at is null
          and w.began <= statement_timestamp() and w.ends_at > statement_timestamp()
          and not access.watch_is_answered(w.resident_id, w.began, in_membership, in_sitting)
          and not (in_breaks_glass and exists (
              select from public.access_brokenglass g
              where g.resident_id = in_resident and g.membership_id = in_membership
                and g.sitting = in_sitting and g.ended_at is null
                and g.began <= statement_timestamp() and g.ends_at > statement_timestamp())))
$$;

-- Everything that the rule asks about, at one statement's snapshot, the epochs with it: for one
-- reader, and of each resident in their order. NULL parts are facts that do not exist. Bounded: the
-- relationships in force of one organisation (of declared ones one's own), the glass of this
-- sitting, the watches in force, the disclosures that name this membership and are not over, the
-- sources that take part or hold something; a source that is not of every resident says so. What
-- is asked of every source is asked once for all of them.
create or replace function access.read_facts(
    in_staff bigint, in_membership bigint, in_residents uuid[], in_sitting uuid default null)
returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
    with asked as (
        select m.id, m.state, m.valid_from, m.valid_until, m.staff_id, m.organisation_id,
            m.team_id, m.role_id
        from public.organisations_membership m
        where m.id = in_membership and m.staff_id = in_staff
    ), wanted as (
        select u.nth, r.id, r.known_to_all, r.protection, r.deceased, r.deceased_on,
            r.deceased_since
        from (select * from unnest(in_residents) with ordinality as u (public_id, nth)
              -- All of them; the planner takes it for one, and plans for one.
              limit cardinality(in_residents)) u
        left join public.identity_resident r on r.public_id = u.public_id
    ), sources as (
        select o.*, coalesce(o.participates
                or o.id = (select organisation_id from asked), false) as everywhere
        from public.organisations_organisation o
        where o.kind <> 'group'
          and (o.participates
               or o.id in (select p.source_id from public.identity_sourceperson p
                           where p.resident_id = any (array(select id from wanted)))
               or o.id = (select organisation_id from asked))
    ), groups as (
        select k.member_id, k.group_id from public.organisations_groupmembership k
        where k.state = 'active' and k.valid_from <= statement_timestamp()
          and (k.valid_until is null or k.valid_until > statement_timestamp())
          and (k.member_id in (select id from sources)
               or k.member_id = (select organisation_id from asked))
    ), agreed as (
        -- An agreement with a group is one with its members of the day.
        select shown.source, json_agg(shown.categories) as categories
        from (
            select coalesce(k.member_id, g.source_id) as source, g.categories
            from public.organisations_sharingagreement g
            left join groups k on k.group_id = g.source_id
            where g.state = 'active' and g.valid_from <= statement_timestamp()
              and (g.valid_until is null or g.valid_until > statement_timestamp())
              -- Said so that the index of the recipients serves it.
              and g.recipient_id = any (array(
                  select organisation_id from asked
                  union all
                  select m.group_id from groups m
                  where m.member_id = (select organisation_id from asked)))
        ) shown
        group by shown.source
    ), sent as (
        select f.organisation_id,
            json_agg(f.categories) filter (
                where f.state = 'active' and f.valid_from <= statement_timestamp()
                  and (f.valid_until is null or f.valid_until > statement_timestamp())
            ) as categories,
            min(f.last_received) filter (
                where f.state = 'active' and f.expected_every is not null
                  and f.last_received + f.expected_every < statement_timestamp()
            ) as late_since,
            max(f.last_received) as updated
        from public.organisations_feed f
        where f.organisation_id in (select id from sources)
        group by f.organisation_id
    )
    select json_build_object(
        'at', statement_timestamp(),
        'rules_epoch', (select epoch from public.organisations_rulesepoch where id = 1),
        'staff', (select json_build_object('id', s.id, 'name', s.name, 'active', s.is_active)
                  from public.organisations_staffmember s where s.id = in_staff),
        'membership', (
            select json_build_object(
                'id', a.id,
                'period', json_build_object('state', a.state, 'from', a.valid_from,
                                             'until', a.valid_until),
                'organisation', (
                    select json_build_object('id', o.id, 'name', o.name, 'kind', o.kind,
                        'period', json_build_object('state', o.state, 'from', o.valid_from,
                                                     'until', o.valid_until))
                    from public.organisations_organisation o where o.id = a.organisation_id),
                'team', (
                    select json_build_object('id', t.id, 'whole_site', t.serves_whole_site,
                        'period', json_build_object('state', t.state, 'from', t.valid_from,
                                                     'until', t.valid_until))
                    from public.organisations_team t where t.id = a.team_id),
                'role', (
                    select json_build_object('code', r.code, 'name', r.name,
                        'categories', r.categories, 'activities', r.activities,
                        'period', json_build_object('state', r.state, 'from', r.valid_from,
                                                     'until', r.valid_until))
                    from public.organisations_role r where r.id = a.role_id))
            from asked a),
        'residents', (
            select coalesce(json_agg(json_build_object(
                'resident_epoch', (select e.epoch from public.identity_residentepoch e
                                   where e.resident_id = p.id),
                'resident', case when p.id is not null then json_build_object(
                    'id', p.id, 'known_to_all', p.known_to_all, 'protection', p.protection,
                    'deceased', p.deceased, 'deceased_on', p.deceased_on,
                    'deceased_since', p.deceased_since,
                    'may_be_known', (select access.may_know_of(p.id, a.organisation_id)
                                     from asked a)) end,
                'links', (
                    select coalesce(json_object_agg(l.source_id, l.linked), '{}')
                    from (select s.source_id, bool_and(s.link = 'linked') as linked
                          from public.identity_sourceperson s where s.resident_id = p.id
                          group by s.source_id) l),
                'refusals', (
                    select coalesce(json_agg(json_build_object(
                        'kind', c.kind, 'council', c.council_id)), '[]')
                    from consent.refusals(p.id, statement_timestamp()) c
                    where p.id is not null),
                'relationships', (
                    select coalesce(json_agg(json_build_object(
                        'id', c.id, 'kind', c.kind, 'team', c.team_id, 'from', c.valid_from,
                        'until', c.valid_until, 'membership', c.membership_id)
                        order by c.valid_from desc, c.id desc), '[]')
                    from public.access_carerelationship c
                    join asked a on a.organisation_id = c.organisation_id
                    where c.resident_id = p.id
                      and (c.membership_id is null or c.membership_id = in_membership)
                      and (c.valid_until is null or c.valid_until > statement_timestamp())),
                'glasses', (
                    select coalesce(json_agg(json_build_object(
                        'id', g.id, 'began', g.began, 'ends_at', g.ends_at,
                        'ended_at', g.ended_at)
                        order by g.ends_at desc, g.id desc), '[]')
                    from public.access_brokenglass g
                    join asked a on a.id = g.membership_id
                    where g.resident_id = p.id and g.sitting = in_sitting),
                'disclosures', (
                    select coalesce(json_agg(json_build_object(
                        'id', d.id, 'categories', d.categories, 'from', d.valid_from,
                        'until', d.valid_until, 'confirmed', d.confirmed_at,
                        'confirm_by', d.confirm_by, 'ended', d.ended_at)
                        order by d.valid_until desc, d.id desc), '[]')
                    from public.access_lawfuldisclosure d
                    join public.access_disclosurerecipient r on r.disclosure_id = d.id
                    join asked a on a.id = r.membership_id
                    where d.resident_id = p.id
                      and d.ended_at is null and d.valid_until > statement_timestamp()),
                'watches', (
                    select coalesce(json_agg(json_build_object(
                        'id', w.id, 'began', w.began, 'ends_at', w.ends_at,
                        'answered', access.watch_is_answered(
                            w.resident_id, w.began, in_membership, in_sitting))
                        order by w.id), '[]')
                    from public.access_watch w
                    where w.resident_id = p.id
                      and w.ended_at is null and w.ends_at > statement_timestamp()))
                order by p.nth), '[]')
            from wanted p),
        'sources', (
            select coalesce(json_agg(json_build_object(
                'id', o.id, 'everywhere', o.everywhere, 'name', o.name, 'kind', o.kind,
                'area', o.area, 'duty_phone', o.duty_phone,
                'sends', coalesce(sent.categories, '[]'),
                'late_since', sent.late_since,
                'updated', sent.updated,
                'agreed', coalesce(agreed.categories, '[]'))
                order by o.name, o.id), '[]')
            from sources o
            left join agreed on agreed.source = o.id
            left join sent on sent.organisation_id = o.id))
$$;

-- Writes the opening of this transaction with its audit event, and the glimpse of the resident.
-- Answers whether it holds: false if anything that the decision stood on has changed since its
-- facts were read, which is recorded as a refusal and opens nothing.
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
    -- Of a record that is not watched no more is asked than whether it is.
    select m.*, exists (select from public.access_watch w
                        where w.resident_id = in_resident and w.ended_at is null)
        and access.waits_for_words(in_resident, in_membership, in_sitting,
            'break-glass' = any (m.activities)) as waits
    into asker from access.membership_in_force(in_staff, in_membership) m;
    -- Nothing is opened, so that no later statement of this transaction is shown anything.
    if asker.waits then
        perform audit.record('refusal', 'refused', 'watched', in_staff,
            asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, in_resident, null, in_look, in_request, null);
        return false;
    end if;
    insert into public.access_opening (
        began, look, resident_id, staff_id, membership_id, basis, basis_id, sitting,
        disclosures, after_death, keys, resident_epoch, rules_epoch, decision)
    values (
        transaction_timestamp(), in_look, in_resident, in_staff, in_membership, in_basis,
        in_basis_id, in_sitting, in_disclosures, in_after_death, in_keys, in_resident_epoch,
        in_rules_epoch, in_decision)
    returning public_id into reference;
    -- At a snapshot of its own, so that it sees what was committed since the facts were read.
    if access.keys_in_force() is distinct from in_keys then
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

-- ── Readers ─────────────────────────────────────────────────────────────────────────────────

-- A reader says why they open a record under watch, for this sitting: the reason, the alert to the
-- officers of their organisation, and the event. Answers 'said' with the alert, 'not-needed', or
-- why not ('activity-not-in-role', 'resident-not-known'). What a choice withholds is not opened by
-- it, and is asked elsewhere: the answer would tell of the choice.
create function access.say_why(
    in_staff bigint, in_membership bigint, in_sitting uuid, in_resident uuid, in_words text,
    in_reference text, in_request uuid)
returns table (outcome text, alert_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    resident bigint;
    refused text;
    said bigint;
    alert bigint;
begin
    -- The form sent twice says it once.
    perform pg_advisory_xact_lock(hashtextextended('access say why', in_membership));
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id into resident from public.identity_resident r where r.public_id = in_resident;
    refused := case
        when asker is null or not 'read-records' = any (asker.activities)
            then 'activity-not-in-role'
        when in_sitting is null or resident is null
             or not access.may_know_of(resident, asker.organisation_id)
            then 'resident-not-known' end;
    if refused is not null then
        perform audit.record('refusal', 'refused', refused, in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            resident, null, null, in_request, jsonb_build_object('asked', 'say-why'));
        return query select refused, null::bigint;
        return;
    end if;
    if not access.waits_for_words(resident, in_membership, in_sitting, true) then
        return query select 'not-needed', null::bigint;
        return;
    end if;
    insert into public.access_watchreason (resident_id, membership_id, sitting, words, given)
    values (resident, in_membership, in_sitting, btrim(in_words), statement_timestamp())
    returning id into said;
    insert into public.access_alert (
        reference, kind, organisation_id, membership_id, resident_id, watch_reason_id, raised,
        outcome)
    values (in_reference, 'watched', asker.organisation_id, in_membership, resident, said,
        statement_timestamp(), '')
    returning id into alert;
    perform audit.record('record-watched', 'done', 'said-why', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        resident, null, null, in_request,
        jsonb_build_object('alert', alert, 'reference', in_reference));
    return query select 'said', alert;
end $$;

-- ── Officers ────────────────────────────────────────────────────────────────────────────────

-- Puts a record under watch until a moment, for readers everywhere. Answers 'begun', 'already'
-- (this organisation watches it), or 'not-known'.
create function access.begin_watch(
    in_staff bigint, in_membership bigint, in_resident uuid, in_words text,
    in_ends_at timestamptz, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    resident bigint;
    answer text;
    made bigint;
begin
    if in_ends_at <= statement_timestamp()
       or in_ends_at > statement_timestamp() + interval '184 days' then
        raise exception 'a record is watched for more than nothing and at most 184 days'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id into resident from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    perform pg_advisory_xact_lock(hashtextextended('access watch', resident));
    answer := case
        when asker is null or not 'review-alerts' = any (asker.activities) or resident is null
            then 'not-known'
        when exists (
            select from public.access_watch w
            where w.resident_id = resident and w.organisation_id = asker.organisation_id
              and w.ended_at is null and w.ends_at > statement_timestamp()) then 'already'
        else 'begun' end;
    if answer = 'begun' then
        insert into public.access_watch (
            resident_id, organisation_id, membership_id, words, began, ends_at)
        values (resident, asker.organisation_id, in_membership, btrim(in_words),
            statement_timestamp(), in_ends_at)
        returning id into made;
    end if;
    perform audit.record('record-watched',
        case answer when 'begun' then 'done' else 'refused' end, answer, in_staff,
        asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, resident, null, null, in_request,
        jsonb_build_object('watch', made, 'until', in_ends_at));
    return answer;
end $$;

-- Ends a watch of the officer's own organisation before its time. Answers 'ended' or 'not-known'.
create function access.end_watch(
    in_staff bigint, in_membership bigint, in_watch uuid, in_words text, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
    answer text;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select w.* into found from public.access_watch w
    where w.public_id = in_watch and w.organisation_id = asker.organisation_id
      and w.ended_at is null and w.ends_at > statement_timestamp()
    for update;
    answer := case when found.id is null or not 'review-alerts' = any (asker.activities)
        then 'not-known' else 'ended' end;
    if answer = 'ended' then
        update public.access_watch set ended_at = statement_timestamp(),
            ended_by_id = in_membership, ended_words = btrim(in_words)
        where id = found.id;
    end if;
    perform audit.record('record-watched',
        case answer when 'ended' then 'done' else 'refused' end, answer, in_staff,
        asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, found.resident_id, null, null, in_request,
        jsonb_build_object('watch', found.id));
    return answer;
end $$;

-- The records that the officer's own organisation has under watch now, those that end first first;
-- or whether one resident's is. Those named are glimpsed, and that it was read is an event.
-- NULL: may not, or no such resident.
create function access.read_watches(
    in_staff bigint, in_membership bigint, in_resident uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    whom bigint;
    shown bigint[];
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select r.id into whom from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    if asker is null or not 'review-alerts' = any (asker.activities)
       or (in_resident is not null and whom is null) then
        perform audit.record('alerts-read', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return null;
    end if;
    select coalesce(array_agg(w.id order by w.ends_at, w.id), '{}') into shown
    from public.access_watch w
    where w.organisation_id = asker.organisation_id
      and w.ended_at is null and w.ends_at > statement_timestamp()
      and (whom is null or w.resident_id = whom);
    perform access.glimpse_of_alerts(array(
        select distinct w.resident_id from public.access_watch w where w.id = any (shown)
        union select whom where whom is not null));
    perform audit.record('alerts-read', 'done', 'watches', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        whom, array(select distinct w.resident_id from public.access_watch w
                    where w.id = any (shown)), null, in_request,
        jsonb_build_object('shown', cardinality(shown)));
    return jsonb_build_object(
        'resident', whom,
        'protection', (select r.protection from public.identity_resident r where r.id = whom),
        'watches', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'id', w.public_id, 'resident', w.resident_id, 'protection', p.protection,
                'words', w.words, 'began', w.began, 'ends_at', w.ends_at, 'by', s.name,
                'opened', (select count(*) from public.access_watchreason said
                           where said.resident_id = w.resident_id and said.given >= w.began
                             and said.membership_id in (
                                 select m.id from public.organisations_membership m
                                 where m.organisation_id = asker.organisation_id)))
                order by part.nth), '[]')
            from unnest(shown) with ordinality as part (id, nth)
            join public.access_watch w on w.id = part.id
            join public.identity_resident p on p.id = w.resident_id
            join public.organisations_membership m on m.id = w.membership_id
            join public.organisations_staffmember s on s.id = m.staff_id));
end $$;

-- As before, with what a reader said of why they open a record under watch.
create or replace function access.alert_as_json(in_alert bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', a.public_id, 'reference', a.reference, 'kind', a.kind, 'raised', a.raised,
        'resident', a.resident_id, 'protection', coalesce(p.protection, 'U'),
        'outcome', a.outcome, 'closed', a.closed, 'notified', a.notified, 'staff', s.id,
        'staff_name', s.name, 'role', r.name, 'team', coalesce(t.name, ''),
        'reason', coalesce(g.reason, c.reason),
        'words', coalesce(g.words, c.words, said.words, nullif(a.asked, ''), ''),
        'opened_by', c.kind, 'until', coalesce(g.ended_at, g.ends_at, c.valid_until),
        'searching', a.searching, 'rule', a.rule, 'found', a.found, 'due', a.due,
        'escalated', a.escalated, 'owner', coalesce(of.name, ''))
    from public.access_alert a
    left join public.identity_resident p on p.id = a.resident_id
    join public.organisations_membership m on m.id = a.membership_id
    join public.organisations_staffmember s on s.id = m.staff_id
    join public.organisations_role r on r.id = m.role_id
    left join public.organisations_team t on t.id = m.team_id
    left join public.access_brokenglass g on g.id = a.glass_id
    left join public.access_carerelationship c on c.id = a.relationship_id
    left join public.access_watchreason said on said.id = a.watch_reason_id
    left join public.organisations_membership om on om.id = a.owner_id
    left join public.organisations_staffmember of on of.id = om.staff_id
    where a.id = in_alert
$$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                 'watch_is_answered', 'waits_for_words', 'say_why', 'begin_watch', 'end_watch',
                 'read_watches') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name not in ('watch_is_answered', 'waits_for_words') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
