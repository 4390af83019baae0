-- The one thing that the public form does: hand in a request. It answers the same, after the same
-- work, whoever is known: the web does not learn it, so that no page can tell it.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Keeps a request and, where it is an opt-out of oneself that fits one resident beyond doubt, opts
-- them out until a desk has verified it. Answers 'received' (also to a form that was sent before),
-- 'reference-taken', or 'too-many-here' and 'too-many': as many as one network address, and as all
-- together, may hand in within an hour. What is too much is not kept.
--
-- Requests are taken in one after another, so that many at once cannot pass uncounted.
create function access.receive_request(
    in_reference text, in_wants text, in_for_whom text, in_number text, in_birth_date date,
    in_family text, in_sealed bytea, in_explanation text, in_submission uuid, in_from bytea,
    in_per_address integer, in_per_hour integer, in_request uuid)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    holds boolean := in_wants = 'refuses' and in_for_whom = 'self' and in_number <> ''
        and in_family <> '' and consent.is_adult_in_care(in_birth_date);
    kept bigint;
    fits bigint[];
    who bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('public form', 0));
    if exists (select from public.consent_choicerequest where submission = in_submission) then
        return 'received';
    end if;
    if (select count(*) from public.consent_choicerequest r
        where r.received_from = in_from
          and r.received_at > clock_timestamp() - interval '1 hour') >= in_per_address then
        return 'too-many-here';
    end if;
    if (select count(*) from public.consent_choicerequest r
        where r.source = 'form'
          and r.received_at > clock_timestamp() - interval '1 hour') >= in_per_hour then
        return 'too-many';
    end if;
    if exists (select from public.consent_choicerequest where reference = in_reference)
       or exists (select from public.consent_choice where reference = in_reference) then
        return 'reference-taken';
    end if;
    insert into public.consent_choicerequest (
        reference, source, wants, for_whom, sealed, exact_key, near_key, may_hold, explanation,
        submission, received_from, received_at)
    values (
        in_reference, 'form', in_wants, in_for_whom, in_sealed,
        case when in_number <> ''
            then consent.request_key(in_number, in_birth_date, in_family) end,
        consent.request_key('', in_birth_date, in_family), holds, in_explanation, in_submission,
        in_from, clock_timestamp())
    returning id into kept;
    perform audit.record('choice-requested', 'done', in_wants, null, null, null, null, null, null,
        null, null, null, in_request, jsonb_build_object(
            'reference', in_reference, 'for_whom', in_for_whom));
    fits := consent.who_fits(in_number, in_birth_date, in_family);
    if holds and cardinality(fits) = 1
       and consent.would_hold(fits[1], clock_timestamp()) then
        who := fits[1];
    else
        -- Anybody grown up whose record nobody else is writing to.
        select e.resident_id into who
        from public.identity_residentepoch e
        join public.identity_resident r on r.id = e.resident_id
            and consent.is_adult_in_care(r.birth_date)
        where not exists (
            select from public.identity_merge m
            where m.merged_id = e.resident_id and m.undone_at is null)
        order by e.resident_id desc limit 1
        for update of e skip locked;
        holds := false;
    end if;
    begin
        perform consent.hold(kept, who, holds);
    exception when others then
        if holds then
            raise;
        end if;
    end;
    return 'received';
end $$;

revoke all on function access.receive_request(
    text, text, text, text, date, text, bytea, text, uuid, bytea, integer, integer, uuid)
    from public;
grant execute on function access.receive_request(
    text, text, text, text, date, text, bytea, text, uuid, bytea, integer, integer, uuid)
    to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
