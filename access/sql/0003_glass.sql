-- Broken glass, declared relationships and the alerts that tell of them.
--
-- An opening stands on one basis: a care relationship, or glass that this membership broke in this
-- sitting. Every statement asks for the basis by its primary key. Glass replaces a relationship
-- and nothing else: whatever withholds, withholds from broken glass as well (docs/adr/0008).

revoke all on access_brokenglass, access_alert, access_alertreview from connectcare_web;
revoke insert, update, delete on access_brokenglass from connectcare_pipeline;
grant select, insert on access_brokenglass, access_alert, access_alertreview
    to connectcare_gate;
grant update (ended_at) on access_brokenglass to connectcare_gate;
grant update (outcome, closed) on access_alert to connectcare_gate;
grant insert on access_carerelationship to connectcare_gate;
grant usage on sequence access_brokenglass_id_seq, access_alert_id_seq,
    access_alertreview_id_seq, access_carerelationship_id_seq to connectcare_gate;

create policy gate_declares on access_carerelationship for insert to connectcare_gate
    with check (not derived);
alter table access_brokenglass enable row level security;
alter table access_brokenglass force row level security;
create policy gate on access_brokenglass to connectcare_gate using (true) with check (true);
alter table access_alert enable row level security;
alter table access_alert force row level security;
create policy gate on access_alert to connectcare_gate using (true) with check (true);
alter table access_alertreview enable row level security;
alter table access_alertreview force row level security;
create policy gate on access_alertreview to connectcare_gate using (true) with check (true);

create trigger epoch_moves_on_insert after insert on access_brokenglass
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_rows();
create trigger epoch_moves_on_update after update on access_brokenglass
    referencing old table as before_change new table as changed
    for each statement execute function identity.move_epochs_of_both();
create trigger epoch_moves_on_delete after delete on access_brokenglass
    referencing old table as changed
    for each statement execute function identity.move_epochs_of_rows();
create trigger reviews_are_only_added before update or delete on access_alertreview
    for each row execute function audit.refuse_change();

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- ── The basis of an opening ─────────────────────────────────────────────────────────────────

-- Whether a relationship is in force for a membership at this statement: of its organisation;
-- where it was declared, of this very membership; else of its team, of the whole organisation, or
-- of a site that the team serves.
create function access.relationship_in_force(
    in_relationship bigint, in_resident bigint, in_membership bigint, in_organisation bigint,
    in_team bigint, in_whole_site boolean) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.access_carerelationship c
        where c.id = in_relationship and c.resident_id = in_resident
          and c.organisation_id = in_organisation
          and case when c.membership_id is not null then c.membership_id = in_membership
                   else c.team_id is null or c.team_id = in_team
                        or (in_whole_site and c.kind in ('admission', 'attendance')) end
          and c.valid_from <= statement_timestamp()
          and (c.valid_until is null or c.valid_until > statement_timestamp()))
$$;

-- Whether glass is broken for a membership in a sitting at this statement.
create function access.glass_in_force(
    in_glass bigint, in_resident bigint, in_membership bigint, in_sitting uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from public.access_brokenglass g
        where g.id = in_glass and g.resident_id = in_resident
          and g.membership_id = in_membership and g.sitting = in_sitting
          and g.began <= statement_timestamp() and g.ends_at > statement_timestamp()
          and g.ended_at is null)
$$;

-- As before; now of either basis. What it stands on that is unknown stands on nothing.
create or replace function access.keys_in_force() returns bigint[]
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
      and case o.basis
          when 'relationship' then access.relationship_in_force(
              o.basis_id, o.resident_id, o.membership_id, m.organisation_id, m.team_id,
              m.serves_whole_site)
          when 'break-glass' then 'break-glass' = any (m.activities) and access.glass_in_force(
              o.basis_id, o.resident_id, o.membership_id, o.sitting)
          else false end
      and not exists (
          select from consent.refusals(o.resident_id, statement_timestamp()) r
          where r.kind = 'connect-care'
             or (r.kind = 'nhs-number' and r.council_id = m.organisation_id))
$$;

drop function access.relationship_in_force(bigint, bigint, bigint, bigint, boolean);
-- Everything that the rule asks about, at one statement's snapshot, the epochs with it. NULL
-- parts are facts that do not exist. Bounded: the relationships in force of one organisation (of
-- declared ones one's own), the glass of this sitting, the sources that take part or hold
-- something. What is asked of every source is asked once for all of them.
create function access.read_facts(
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
                'deceased_on', p.deceased_on,
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

-- Writes the opening of this transaction with its audit event, and the glimpse of the resident.
-- Answers whether it holds: false if anything that the decision stood on has changed since its
-- facts were read, which is recorded as a refusal and opens nothing.
create function access.open_record(
    in_staff bigint, in_membership bigint, in_resident bigint, in_look uuid,
    in_basis_id bigint, in_keys bigint[], in_resident_epoch bigint, in_rules_epoch bigint,
    in_decision jsonb, in_request uuid, in_basis text default 'relationship',
    in_sitting uuid default null) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    insert into public.access_opening (
        began, look, resident_id, staff_id, membership_id, basis, basis_id, sitting, keys,
        resident_epoch, rules_epoch, decision)
    values (
        transaction_timestamp(), in_look, in_resident, in_staff, in_membership, in_basis,
        in_basis_id, in_sitting, in_keys, in_resident_epoch, in_rules_epoch, in_decision);
    if not access.still_open() then
        perform audit.record('refusal', 'refused', 'changed-meanwhile', in_staff,
            asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, in_resident, null, in_look, in_request, null);
        return false;
    end if;
    insert into public.access_glimpse (began, resident_id, with_place, with_number, with_choices)
    values (transaction_timestamp(), in_resident, true, true, false);
    perform audit.record('opening', 'done', in_basis, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        in_resident, null, in_look, in_request, in_decision);
    raise log 'connectcare opening: resident % membership % look %',
        in_resident, in_membership, in_look;
    return true;
end $$;

-- ── What opens a restricted record ──────────────────────────────────────────────────────────

-- Why a membership may not open a restricted record on its own word, as a reason code; NULL if it
-- may. Refusals, unknown residents and missing activities are asked here, live, whatever the
-- caller decided.
create function access.why_not_restricted(
    in_staff bigint, in_membership bigint, in_resident bigint, in_activity text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case
        when m.organisation_id is null or not 'read-records' = any (m.activities)
             or not in_activity = any (m.activities) then 'activity-not-in-role'
        when in_resident is null or not access.may_know_of(in_resident, m.organisation_id)
            then 'resident-not-known'
        when exists (select from consent.refusals(in_resident, statement_timestamp()) r
                     where r.kind = 'connect-care') then 'opted-out'
        when exists (select from consent.refusals(in_resident, statement_timestamp()) r
                     where r.kind = 'nhs-number' and r.council_id = m.organisation_id)
            then 'council-may-not-use-number'
        end
    from (select 1) as always
    left join access.membership_in_force(in_staff, in_membership) m on true
$$;

-- Whether any relationship is in force for a membership. "Evidence only" leaves out what was
-- declared.
create function access.has_relationship(
    in_staff bigint, in_membership bigint, in_resident bigint, in_evidence_only boolean)
returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from access.membership_in_force(in_staff, in_membership) m
        join public.access_carerelationship c on c.resident_id = in_resident
            and c.organisation_id = m.organisation_id and (c.derived or not in_evidence_only)
        where access.relationship_in_force(
            c.id, in_resident, in_membership, m.organisation_id, m.team_id, m.serves_whole_site))
$$;

-- Breaks glass: the row, its alert and its event. Answers what came of it ('broken',
-- 'not-needed', or a reason code of a refusal, which is recorded), and the alert to be told of.
-- Sent twice it is broken once, and ends when the first one does.
create function access.break_glass(
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
          and access.glass_in_force(g.id, resident, in_membership, in_sitting))
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

-- Ends the glass that a staff member broke in a sitting; how many were ended.
create function access.end_sitting(in_staff bigint, in_sitting uuid, in_request uuid)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    ended record;
    how_many integer := 0;
begin
    for ended in
        update public.access_brokenglass g set ended_at = statement_timestamp()
        from public.organisations_membership m
        join public.organisations_staffmember s on s.id = m.staff_id
        join public.organisations_role r on r.id = m.role_id
        join public.organisations_organisation o on o.id = m.organisation_id
        where g.sitting = in_sitting and m.id = g.membership_id and m.staff_id = in_staff
          and g.ended_at is null and g.ends_at > statement_timestamp()
        returning g.id, g.resident_id, g.membership_id, s.name as staff_name, r.code as role_code,
            o.id as organisation_id, o.name as organisation_name
    loop
        perform audit.record('glass-ended', 'done', 'sitting-ended', in_staff, ended.staff_name,
            ended.membership_id, ended.role_code, ended.organisation_id, ended.organisation_name,
            ended.resident_id, null, null, in_request, jsonb_build_object('glass', ended.id));
        how_many := how_many + 1;
    end loop;
    return how_many;
end $$;

-- How often a staff member's password was wrong when asked once more, within a time. Whoever asks
-- waits for their other tries to be done, so that many at once cannot pass uncounted.
create function access.failed_confirmations(in_staff bigint, in_within interval) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('access confirmation', in_staff));
    return (
        select count(*) from public.audit_event e
        where e.staff_id = in_staff and e.at > clock_timestamp() - in_within
          and e.action = 'refusal' and e.reason = 'not-confirmed');
end $$;

-- Declares a relationship: one's own involvement, the resident's consent, or a colleague's part
-- (in_for, of the same organisation, let in by someone whom evidence connects with the resident).
-- The row, its event, and of one's own word an alert. Answers as access.break_glass does.
create function access.declare_relationship(
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
    if access.has_relationship(receiver.staff_id, in_for, resident, false) then
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

-- ── The privacy officers' queue ─────────────────────────────────────────────────────────────

-- One alert in words for its officers: who, as what, why and until when. Never called from outside.
create function access.alert_as_json(in_alert bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'id', a.public_id, 'reference', a.reference, 'kind', a.kind, 'raised', a.raised,
        'resident', a.resident_id, 'outcome', a.outcome, 'closed', a.closed,
        'notified', a.notified, 'staff', s.id, 'staff_name', s.name, 'role', r.name,
        'team', coalesce(t.name, ''), 'reason', coalesce(g.reason, c.reason),
        'words', coalesce(g.words, c.words),
        'until', coalesce(g.ended_at, g.ends_at, c.valid_until))
    from public.access_alert a
    join public.organisations_membership m on m.id = a.membership_id
    join public.organisations_staffmember s on s.id = m.staff_id
    join public.organisations_role r on r.id = m.role_id
    left join public.organisations_team t on t.id = m.team_id
    left join public.access_brokenglass g on g.id = a.glass_id
    left join public.access_carerelationship c on c.id = a.relationship_id
    where a.id = in_alert
$$;

-- Lets this transaction see who residents are (no place, and no number of those who opted out).
create function access.glimpse_of_alerts(in_residents bigint[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.access_glimpse (began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), id, false,
        not exists (select from consent.refusals(id, statement_timestamp()) c
                    where c.kind = 'connect-care'), false
    from unnest(in_residents) as id
$$;

-- The alerts of the reader's own organisation, a part of them: those that wait, oldest first, or
-- those that are closed, latest first. With everyone named in the audit. NULL: may not.
create function access.read_alerts(
    in_staff bigint, in_membership bigint, in_closed boolean, in_limit integer, in_offset integer,
    in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    shown bigint[];
    residents bigint[];
    total bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'review-alerts' = any (asker.activities) then
        perform audit.record('alerts-read', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    select count(*) into total from public.access_alert a
    where a.organisation_id = asker.organisation_id and (a.closed is not null) = in_closed;
    select array_agg(id), array_agg(distinct resident_id) into shown, residents from (
        select a.id, a.resident_id from public.access_alert a
        where a.organisation_id = asker.organisation_id and (a.closed is not null) = in_closed
        order by case when in_closed then null else a.raised end, a.closed desc, a.id
        limit in_limit offset in_offset) as part;
    perform access.glimpse_of_alerts(coalesce(residents, '{}'));
    perform audit.record('alerts-read', 'done', case when in_closed then 'closed' else 'open' end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, null, residents, null, in_request,
        jsonb_build_object('shown', coalesce(cardinality(shown), 0)));
    return jsonb_build_object('total', total, 'alerts', coalesce((
        select jsonb_agg(access.alert_as_json(id) order by nth)
        from unnest(shown) with ordinality as part (id, nth)), '[]'));
end $$;

-- One alert with all that an officer compares: how often the reader opened the record since, what
-- care the organisation's own systems show, and the reviews so far. NULL: none, or not theirs.
create function access.read_alert(
    in_staff bigint, in_membership bigint, in_alert uuid, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select a.*, m.staff_id into found from public.access_alert a
    join public.organisations_membership m on m.id = a.membership_id
    where a.public_id = in_alert and a.organisation_id = asker.organisation_id;
    if found.id is null or not 'review-alerts' = any (asker.activities) then
        perform audit.record('alerts-read', 'refused', 'not-known', in_staff, asker.staff_name,
            in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
            null, null, null, in_request, null);
        return null;
    end if;
    perform access.glimpse_of_alerts(array[found.resident_id]);
    perform audit.record('alerts-read', 'done', 'one', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found.resident_id, null, null, in_request,
        jsonb_build_object('alert', found.id, 'reference', found.reference));
    return access.alert_as_json(found.id) || jsonb_build_object(
        'openings', (
            select jsonb_build_object('count', count(*), 'first', min(e.at), 'last', max(e.at))
            from public.audit_event e
            where e.staff_id = found.staff_id and e.resident_id = found.resident_id
              and e.action = 'opening' and e.at >= found.raised),
        'care', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'kind', c.kind, 'team', coalesce(t.name, ''), 'from', c.valid_from,
                'until', c.valid_until) order by c.valid_from desc), '[]')
            from public.access_carerelationship c
            left join public.organisations_team t on t.id = c.team_id
            where c.resident_id = found.resident_id and c.derived
              and c.organisation_id = found.organisation_id),
        'reviews', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'outcome', v.outcome, 'words', v.words, 'at', v.at,
                'by', coalesce(s.name, '')) order by v.at, v.id), '[]')
            from public.access_alertreview v
            left join public.organisations_membership m on m.id = v.membership_id
            left join public.organisations_staffmember s on s.id = m.staff_id
            where v.alert_id = found.id));
end $$;

-- Writes what an officer found. Answers 'reviewed', or why not: 'not-known', 'own' (nobody reviews
-- themselves), 'closed' (it is done already).
create function access.review_alert(
    in_staff bigint, in_membership bigint, in_alert uuid, in_outcome text, in_words text,
    in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found record;
    answer text;
begin
    if in_outcome not in ('correct', 'not-correct', 'investigate', 'escalate')
       or length(btrim(in_words)) = 0 then
        raise exception 'a review has one of the outcomes, and words'
            using errcode = 'invalid_parameter_value';
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    select a.*, m.staff_id into found from public.access_alert a
    join public.organisations_membership m on m.id = a.membership_id
    where a.public_id = in_alert and a.organisation_id = asker.organisation_id
    for update of a;
    answer := case
        when found.id is null or not 'review-alerts' = any (asker.activities) then 'not-known'
        when found.staff_id = in_staff then 'own'
        when found.closed is not null then 'closed'
        else 'reviewed' end;
    if answer = 'reviewed' then
        insert into public.access_alertreview (alert_id, outcome, words, membership_id)
        values (found.id, in_outcome, btrim(in_words), in_membership);
        update public.access_alert set outcome = in_outcome,
            closed = case when in_outcome = 'investigate' then null else statement_timestamp() end
        where id = found.id;
    end if;
    perform audit.record('alert-reviewed',
        case answer when 'reviewed' then 'done' else 'refused' end,
        case answer when 'reviewed' then in_outcome else answer end,
        in_staff, asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
        asker.organisation_name, found.resident_id, null, null, in_request,
        jsonb_build_object('alert', found.id, 'reference', found.reference));
    return answer;
end $$;

-- The web may call these and no others.
do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name not in (
            'membership_in_force', 'relationship_in_force', 'may_know_of', 'glass_in_force',
            'why_not_restricted', 'has_relationship', 'alert_as_json', 'glimpse_of_alerts') then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
