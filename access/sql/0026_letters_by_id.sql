-- Letters are opened by their ids: a page says which, so that one that was printed already is not
-- printed again with the others unless somebody asks for it.

drop function access.open_letters(bigint, bigint, uuid, integer, uuid);

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- What was made of these letters of the desk, still sealed. Asked at this statement whether each
-- may go as it was made; one that may not is made anew, and is not in the answer. in_to_print: they
-- are printed now, to be posted.
create function access.open_letters(
    in_staff bigint, in_membership bigint, in_letters uuid[], in_to_print boolean,
    in_request uuid)
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
        where l.public_id = any (in_letters) and l.content is not null
          and access.is_letter_of_desk(l.desk_id, asker.organisation_id, asker.organisation_kind)
        order by l.id for update) as part;
    select array_agg(l.id), array_agg(distinct identity.survivor_of(l.resident_id))
    into good, whose
    from public.consent_letter l
    cross join lateral consent.letter_standing(l.resident_id, l.desk_id) s
    where l.id = any (asked)
      and case when l.state in ('sent', 'told') then s.why not in ('protected', 'post-unsafe')
               else s.why = l.held_because and s.made_for is not distinct from l.made_for end;
    good := coalesce(good, '{}');
    perform access.make_letters_anew(array(
        select one from unnest(asked) one where not one = any (good)));
    update public.consent_letter l set taken = statement_timestamp()
    where in_to_print and l.id = any (good) and l.state = 'ready';
    perform audit.record('letters-opened', 'done',
        case when in_to_print then 'to-print' else 'to-read' end, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        null, whose, null, in_request, jsonb_build_object('letters', to_jsonb(good)));
    return query
        select l.public_id, c.reference::text, l.state::text, l.in_large_print, l.content, l.pdf,
            l.large_pdf
        from public.consent_letter l join public.consent_choice c on c.id = l.choice_id
        where l.id = any (good) order by l.id;
end $$;

revoke all on function access.open_letters(bigint, bigint, uuid[], boolean, uuid) from public;
grant execute on function access.open_letters(bigint, bigint, uuid[], boolean, uuid)
    to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
