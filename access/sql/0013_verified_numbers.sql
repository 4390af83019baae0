-- Verified NHS numbers go back to the source whose persons they are.
--
-- One function decides who is given; a file (for the pipeline) and an address (for a member whose
-- role has the activity) ask it. Connect Care opt-outs do not matter here: the number is the
-- source's own business. An objection to a council's use of the number does.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- A source's own persons whose link is beyond doubt, with the verified number of each, or NULL
-- where the Personal Demographics Service has withdrawn it; those after in_after, in order.
-- Nobody who objects to this source's use of the number, at this statement.
--
-- changed is the latest of whatever can bring somebody into the answer or alter what it says: a
-- number's status, what was sent, a trace, a decision, a merge, a choice. It may be later than
-- the number's own change, and never earlier.
create function access.numbers_of_source(in_source bigint, in_since timestamptz, in_after bigint)
returns table (id bigint, identifier text, resident bigint, number text, changed timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select p.id, p.identifier, p.resident_id, live.number, latest.changed
    from public.identity_sourceperson p
    left join public.identity_residentnhsnumber live
        on live.resident_id = p.resident_id and live.valid_until is null and live.status = '01'
    cross join lateral (
        select max(n.valid_until) as withdrawn from public.identity_residentnhsnumber n
        where n.resident_id = p.resident_id and n.ended_because = 'invalidated') past
    cross join lateral (
        select greatest(
            p.updated, past.withdrawn, live.valid_from,
            (select max(h.at) from public.identity_numberstatuschange h
             where h.number_id = live.id),
            (select max(t.finished) from public.identity_trace t where t.source_person_id = p.id),
            (select max(q.settled) from public.identity_linkquestion q
             where q.source_person_id = p.id or q.resident_id = p.resident_id),
            (select max(greatest(m.at, m.undone_at)) from public.identity_merge m
             where p.resident_id in (m.survivor_id, m.merged_id)),
            (select max(greatest(c.recorded_at, c.effective_from, r.recorded_at, r.effective_from))
             from identity.who_spoke(p.resident_id) w
             join public.consent_choice c on c.resident_id = w.speaker
             left join public.consent_ruling r on r.choice_id = c.id
             where c.kind = 'nhs-number' and c.council_id = in_source)) as changed) latest
    where p.source_id = in_source
      and p.id > coalesce(in_after, 0)
      and p.link = 'linked' and p.replaced_by_id is null
      and (live.number is not null or past.withdrawn is not null)
      -- An open question of who this is, is a doubt; that a number was withdrawn is not.
      and (live.number is null or not exists (
          select from public.identity_linkquestion q
          where q.settled is null and q.reason <> 'invalidated'
            and (q.source_person_id = p.id or q.resident_id = p.resident_id)))
      and (in_since is null or latest.changed >= in_since)
      and not exists (
          select from consent.refusals(p.resident_id, statement_timestamp()) c
          where c.kind = 'nhs-number' and c.council_id = in_source)
    order by p.id
$$;

-- As much of it as in_limit allows, as JSON, with everybody in it written to the audit. as_of is
-- what to ask with next time: an hour early, so that what commits late is not missed.
create function access.give_numbers(
    in_source bigint, in_since timestamptz, in_after bigint, in_limit integer, in_how text,
    in_staff bigint, in_membership bigint, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    given jsonb;
    people bigint[];
    last bigint;
    more boolean;
    source record;
    asker record;
begin
    select o.id, o.name, o.ods_code into source
    from public.organisations_organisation o where o.id = in_source;
    select * into asker from access.membership_in_force(in_staff, in_membership);
    with found as (
        select * from access.numbers_of_source(in_source, in_since, in_after) limit in_limit + 1
    ), page as (
        select * from found order by id limit in_limit
    )
    select coalesce(jsonb_agg(jsonb_build_object(
               'identifier', page.identifier, 'number', page.number, 'changed', page.changed)
               order by page.id), '[]'),
           coalesce(array_agg(distinct page.resident), '{}'), max(page.id),
           (select count(*) from found) > count(*)
    into given, people, last, more
    from page;
    perform audit.record('numbers-given', 'done', in_how, in_staff, asker.staff_name,
        in_membership, asker.role_code, source.id, source.name, null, people, null, in_request,
        jsonb_build_object('count', jsonb_array_length(given), 'changes_only',
                           in_since is not null));
    return jsonb_build_object(
        'source', source.ods_code, 'numbers', given, 'next', case when more then last end,
        'as_of', statement_timestamp() - interval '1 hour');
end $$;

-- For a member, of the acting membership's own organisation and no other. NULL: may not.
create function access.read_verified_numbers(
    in_staff bigint, in_membership bigint, in_since timestamptz, in_after bigint,
    in_limit integer, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'read-verified-numbers' = any (asker.activities) then
        perform audit.record('numbers-given', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    return access.give_numbers(asker.organisation_id, in_since, in_after, in_limit, 'address',
        in_staff, in_membership, in_request);
end $$;

-- For a file that goes to the source, by the pipeline: all at once.
create function access.verified_numbers_for_file(in_source bigint, in_since timestamptz)
returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select access.give_numbers(in_source, in_since, null, 2147483646, 'file', null, null, null)
$$;

revoke all on function access.numbers_of_source(bigint, timestamptz, bigint),
    access.give_numbers(bigint, timestamptz, bigint, integer, text, bigint, bigint, uuid),
    access.read_verified_numbers(bigint, bigint, timestamptz, bigint, integer, uuid),
    access.verified_numbers_for_file(bigint, timestamptz) from public;
grant execute on function
    access.read_verified_numbers(bigint, bigint, timestamptz, bigint, integer, uuid)
    to connectcare_web;
grant execute on function access.verified_numbers_for_file(bigint, timestamptz)
    to connectcare_pipeline;

reset role;
revoke create on schema access from connectcare_gate;
