-- Letters that confirm choices, for the desk that prints and posts them, and for the page that
-- says how a resident may be written to. Each function checks the membership, answers for its own
-- desk alone, and writes to the audit.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whether a letter is a membership's to handle. One without a desk came by the public form: it is
-- an NHS trust's.
create function access.is_letter_of_desk(in_desk bigint, in_organisation bigint, in_kind text)
returns boolean
language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(in_desk = in_organisation, in_kind = 'nhs_trust')
$$;

-- A letter that changed under way is made anew: nothing of what was made may be printed.
create function access.make_letters_anew(in_letters bigint[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.consent_letter l
    set state = 'to-make', held_because = '', looked_at = null, made = null, made_for = null,
        content = null, pdf = null, large_pdf = null, taken = null
    where l.id = any (in_letters) and l.state in ('to-make', 'held', 'ready')
$$;

-- The desk of this membership's letters, or no row where it may not: refusals are written.
create function access.letter_desk(
    in_staff bigint, in_membership bigint, in_request uuid, in_action text)
returns table (organisation_id bigint, organisation_name text, organisation_kind text,
    role_code text, staff_name text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'send-letters' = any (asker.activities) then
        perform audit.record(in_action, 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return;
    end if;
    return query select asker.organisation_id, asker.organisation_name, asker.organisation_kind,
        asker.role_code, asker.staff_name;
end $$;

-- What waits at the desk, oldest first. Of those that are held it is said whose they are: they are
-- glimpsed by name.
create function access.read_letters(
    in_staff bigint, in_membership bigint, in_limit integer, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    whose bigint[];
    answer jsonb;
begin
    select * into asker
    from access.letter_desk(in_staff, in_membership, in_request, 'letters-read');
    if asker is null then
        return null;
    end if;
    with waiting as (
        select l.* from public.consent_letter l
        where l.state in ('to-make', 'held', 'ready')
          and access.is_letter_of_desk(
              l.desk_id, asker.organisation_id, asker.organisation_kind)
        order by l.id limit in_limit
    )
    select coalesce(jsonb_agg(jsonb_build_object(
               'id', w.public_id, 'reference', c.reference, 'kind', c.kind, 'answer', c.answer,
               'recorded', c.recorded_at, 'state', w.state, 'why', w.held_because,
               'printed', w.taken, 'in_large_print', w.in_large_print,
               'made', w.content is not null,
               'resident', case when w.state = 'held' then identity.survivor_of(w.resident_id) end)
               order by w.id), '[]'),
           coalesce(array_agg(distinct identity.survivor_of(w.resident_id))
               filter (where w.state = 'held'), '{}')
    into answer, whose
    from waiting w join public.consent_choice c on c.id = w.choice_id;
    insert into public.access_glimpse (
        began, resident_id, with_place, with_number, with_choices)
    select transaction_timestamp(), id, false, false, false from unnest(whose) as id;
    perform audit.record('letters-read', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request, jsonb_build_object('count', jsonb_array_length(answer)));
    return answer;
end $$;

-- What was made of the desk's letters, still sealed: of one, or of all that are ready. Asked at
-- this statement whether each may go as it was made; one that may not is made anew.
create function access.open_letters(
    in_staff bigint, in_membership bigint, in_letter uuid, in_limit integer, in_request uuid)
returns table (id uuid, reference text, state text, in_large_print boolean, content bytea,
    pdf bytea, large_pdf bytea)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    asked bigint[];
    good bigint[];
    whose bigint[];
begin
    select * into asker
    from access.letter_desk(in_staff, in_membership, in_request, 'letters-opened');
    if asker is null then
        return;
    end if;
    select array_agg(part.id) into asked from (
        select l.id from public.consent_letter l
        where access.is_letter_of_desk(l.desk_id, asker.organisation_id, asker.organisation_kind)
          and case when in_letter is null then l.state = 'ready' else l.public_id = in_letter end
          and l.content is not null
        order by l.id limit in_limit for update) as part;
    select array_agg(l.id), array_agg(distinct identity.survivor_of(l.resident_id))
    into good, whose
    from public.consent_letter l
    cross join lateral consent.letter_standing(l.resident_id, l.desk_id) s
    where l.id = any (asked)
      and case when l.state in ('sent', 'told') then s.why not in ('protected', 'post-unsafe')
               else s.why = l.held_because and s.made_for is not distinct from l.made_for end;
    perform access.make_letters_anew(array(
        select one from unnest(asked) one where not one = any (coalesce(good, '{}'))));
    update public.consent_letter l set taken = statement_timestamp()
    where l.id = any (good) and l.state = 'ready';
    perform audit.record('letters-opened', 'done',
        case when in_letter is null then 'all' else 'one' end, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request,
        jsonb_build_object('letters', to_jsonb(coalesce(good, '{}'))));
    return query
        select l.public_id, c.reference::text, l.state::text, l.in_large_print, l.content, l.pdf,
            l.large_pdf
        from public.consent_letter l join public.consent_choice c on c.id = l.choice_id
        where l.id = any (good) order by l.id;
end $$;

-- Letters that somebody printed and says were posted. One whose address, or whose reason to be
-- held, changed since it was printed is not: it is told back, to be taken out of the pile.
create function access.letters_sent(
    in_staff bigint, in_membership bigint, in_letters uuid[], in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    asked bigint[];
    good bigint[];
    whose bigint[];
begin
    select * into asker
    from access.letter_desk(in_staff, in_membership, in_request, 'letters-sent');
    if asker is null then
        return null;
    end if;
    select array_agg(part.id) into asked from (
        select l.id from public.consent_letter l
        where l.public_id = any (in_letters)
          and access.is_letter_of_desk(l.desk_id, asker.organisation_id, asker.organisation_kind)
          and l.state in ('to-make', 'held', 'ready')
        order by l.id for update) as part;
    select array_agg(l.id), array_agg(distinct identity.survivor_of(l.resident_id))
    into good, whose
    from public.consent_letter l
    cross join lateral consent.letter_standing(l.resident_id, l.desk_id) s
    where l.id = any (asked) and l.state = 'ready' and l.taken is not null
      and s.why = '' and s.made_for = l.made_for;
    good := coalesce(good, '{}');
    update public.consent_letter l
    set state = 'sent', finished = statement_timestamp(), finished_as_id = in_membership
    where l.id = any (good);
    perform access.make_letters_anew(array(
        select l.id from public.consent_letter l
        where l.id = any (asked) and not l.id = any (good) and l.state = 'ready'));
    perform audit.record('letters-sent', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request, jsonb_build_object('letters', to_jsonb(good)));
    return (
        select jsonb_build_object(
            'sent', coalesce(jsonb_agg(c.reference order by l.id)
                             filter (where l.id = any (good)), '[]'),
            'kept_back', coalesce(jsonb_agg(c.reference order by l.id)
                                  filter (where not l.id = any (good)), '[]'))
        from public.consent_letter l join public.consent_choice c on c.id = l.choice_id
        where l.id = any (asked));
end $$;

-- A letter that is held was dealt with another way; whether it was held.
create function access.settle_letter(
    in_staff bigint, in_membership bigint, in_letter uuid, in_how text, in_request uuid)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    settled record;
begin
    select * into asker
    from access.letter_desk(in_staff, in_membership, in_request, 'letter-settled');
    if asker is null then
        return false;
    end if;
    update public.consent_letter l
    set state = 'told', told_how = in_how, finished = statement_timestamp(),
        finished_as_id = in_membership
    where l.public_id = in_letter and l.state = 'held'
      and access.is_letter_of_desk(l.desk_id, asker.organisation_id, asker.organisation_kind)
    returning l.id, l.resident_id into settled;
    if settled is null then
        return false;
    end if;
    perform audit.record('letter-settled', 'done', in_how, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        identity.survivor_of(settled.resident_id), null, null, in_request,
        jsonb_build_object('letter', settled.id));
    return true;
end $$;

-- How a resident may be written to, for the transaction that glimpsed them with their choices, and
-- how the letter of each of their choices stands.
create function access.letters_of_resident(in_resident bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object(
        'letters', coalesce((
            select jsonb_agg(jsonb_build_object(
                'choice', l.choice_id, 'state', l.state, 'why', l.held_because,
                'finished', l.finished, 'how', l.told_how) order by l.id desc)
            from public.consent_letter l
            where l.resident_id in (select identity.same_person(in_resident))), '[]'),
        'post', (
            select jsonb_build_object('post', n.post, 'because', n.because, 'at', n.at)
            from public.consent_postnote n
            where n.resident_id in (select identity.same_person(in_resident))
            order by n.id desc limit 1))
    where in_resident in (select access.glimpsed_with_choices())
$$;

-- Note how a resident may be written to, in the transaction that glimpsed them with their choices.
-- What was made of their letters and has not left is made anew.
create function access.note_post(
    in_staff bigint, in_membership bigint, in_resident bigint, in_post text, in_because text,
    in_request uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if not access.may_record_choice(in_resident, null, in_staff, in_membership) then
        perform audit.record('post-noted', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return false;
    end if;
    insert into public.consent_postnote (resident_id, post, because, by_id)
    values (in_resident, in_post, in_because, in_membership);
    perform access.make_letters_anew(array(
        select l.id from public.consent_letter l
        where l.resident_id in (select identity.same_person(in_resident))));
    perform audit.record('post-noted', 'done', in_post, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        in_resident, null, null, in_request, null);
    return true;
end $$;

revoke all on function access.is_letter_of_desk(bigint, bigint, text),
    access.make_letters_anew(bigint[]), access.letter_desk(bigint, bigint, uuid, text),
    access.read_letters(bigint, bigint, integer, uuid),
    access.open_letters(bigint, bigint, uuid, integer, uuid),
    access.letters_sent(bigint, bigint, uuid[], uuid),
    access.settle_letter(bigint, bigint, uuid, text, uuid),
    access.letters_of_resident(bigint),
    access.note_post(bigint, bigint, bigint, text, text, uuid) from public;
grant execute on function access.read_letters(bigint, bigint, integer, uuid),
    access.open_letters(bigint, bigint, uuid, integer, uuid),
    access.letters_sent(bigint, bigint, uuid[], uuid),
    access.settle_letter(bigint, bigint, uuid, text, uuid),
    access.letters_of_resident(bigint),
    access.note_post(bigint, bigint, bigint, text, text, uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
