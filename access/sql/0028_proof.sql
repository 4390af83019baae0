-- Incidents of the proof of effect, for privacy officers, and its state, for health checks.

-- What was found is told with the choice that it is of, to whoever that is told to.
create policy glimpsed on consent_probedue for select to connectcare_web
    using (choice_id in (
        select c.id from consent_choice c
        where c.resident_id in (select access.glimpsed_with_choices())));
create policy glimpsed on consent_proberesult for select to connectcare_web
    using (choice_id in (
        select c.id from consent_choice c
        where c.resident_id in (select access.glimpsed_with_choices())));
grant select on consent_probedue, consent_proberesult to connectcare_web;

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Who may review, if they may; a refusal is recorded.
create function access.incident_officer(
    in_staff bigint, in_membership bigint, in_request uuid)
returns table (organisation_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'review-alerts' = any (asker.activities) then
        perform audit.record('incidents-read', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return;
    end if;
    return query select asker.organisation_id;
end $$;

-- The incidents, open ones first and of closed ones the latest; NULL if not for this reader. Of a
-- choice its reference alone: neither whose it is nor of which kind.
create function access.read_incidents(in_staff bigint, in_membership bigint, in_request uuid)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    if not exists (select from access.incident_officer(in_staff, in_membership, in_request)) then
        return null;
    end if;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    perform audit.record('incidents-read', 'done', '', in_staff, asker.staff_name, in_membership,
        asker.role_code, asker.organisation_id, asker.organisation_name, null, null, null,
        in_request, null);
    return (
        select coalesce(jsonb_agg(told.incident order by told.closed nulls first, told.raised desc),
                        '[]')
        from (
            select i.closed, i.raised, jsonb_build_object(
                'id', i.public_id, 'reference', i.reference, 'choice', c.reference,
                'canary', exists (select from public.consent_canary k
                                  where k.resident_id = c.resident_id),
                'raised', i.raised, 'shown', f.shown, 'closed', i.closed, 'words', i.words,
                'closed_by', s.name, 'outcome', l.outcome, 'asked_at', l.at,
                'proven', l.outcome = 'holds' and l.id > f.id) as incident
            from public.consent_proofincident i
            join public.consent_choice c on c.id = i.choice_id
            join public.consent_proberesult f on f.id = i.found_id
            left join public.organisations_membership m on m.id = i.closed_by_id
            left join public.organisations_staffmember s on s.id = m.staff_id
            cross join lateral (
                select r.id, r.outcome, r.at from public.consent_proberesult r
                where r.choice_id = i.choice_id order by r.id desc limit 1) l
            order by i.closed nulls first, i.raised desc limit 100) told);
end $$;

-- Closes an incident, once the latest probe of its choice found nothing shown. Answers 'closed', or
-- why not: 'not-known', 'closed-already', 'not-proven'.
create function access.close_incident(
    in_staff bigint, in_membership bigint, in_incident uuid, in_words text, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    incident record;
begin
    if not exists (select from access.incident_officer(in_staff, in_membership, in_request)) then
        return 'not-known';
    end if;
    select * into incident from public.consent_proofincident i
    where i.public_id = in_incident for update;
    if incident is null then
        return 'not-known';
    elsif incident.closed is not null then
        return 'closed-already';
    elsif not exists (
        select from (
            select r.id, r.outcome from public.consent_proberesult r
            where r.choice_id = incident.choice_id order by r.id desc limit 1) latest
        where latest.id > incident.found_id and latest.outcome = 'holds') then
        return 'not-proven';
    end if;
    update public.consent_proofincident
    set closed = clock_timestamp(), closed_by_id = in_membership, words = btrim(in_words)
    where id = incident.id;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    perform audit.record('incident-closed', 'done', '', in_staff, asker.staff_name, in_membership,
        asker.role_code, asker.organisation_id, asker.organisation_name, null, null, null,
        in_request, jsonb_build_object('reference', incident.reference));
    return 'closed';
end $$;

-- How many incidents are open, how many choices wait longer than they should, whether there are
-- canaries, and when all of them were last found to hold. Counts and a time: nobody's data.
create function access.proof_state()
returns table (incidents bigint, late bigint, canaries bigint, canaries_held timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select
        (select count(*) from public.consent_proofincident where closed is null),
        (select count(*) from public.consent_probedue
         where why in ('recorded', 'repeated') and due < statement_timestamp() - interval '10 minutes'),
        (select count(*) from public.consent_canary),
        (select min(held.at) from public.consent_canary k
         join public.consent_choice c on c.resident_id = k.resident_id and c.answer = 'refuses'
         cross join lateral (
             select coalesce(max(latest.at) filter (where latest.outcome = 'holds'), '-infinity') as at
             from (
                 select r.at, r.outcome from public.consent_proberesult r
                 where r.choice_id = c.id order by r.id desc limit 1) latest) held)
$$;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'access' and p.proname in (
                'incident_officer', 'read_incidents', 'close_incident', 'proof_state') loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name <> 'incident_officer' then
            execute format('grant execute on function %s to connectcare_web', f.signature);
        end if;
    end loop;
end $$;

reset role;
revoke create on schema access from connectcare_gate;
