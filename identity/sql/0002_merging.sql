-- Merge and un-merge, and pairs that are never joined. docs/adr/0009 says why it is so.
--
-- A merge moves rows from one resident to another and notes each; un-merging moves them back. The
-- functions are the gate's: no login can write a merge, or what it moved, by itself.

revoke insert, update, delete on identity_merge, identity_movedrow, identity_tableaboutresident,
    identity_numberstatuschange from connectcare_pipeline;
revoke update, delete on identity_separatedpair, identity_questionnote from connectcare_pipeline;

grant select, insert, update on identity_merge to connectcare_gate;
grant select, insert on identity_movedrow, identity_separatedpair, identity_numberstatuschange,
    identity_questionnote to connectcare_gate;
grant select on identity_tableaboutresident, identity_placeholdernumber to connectcare_gate;
grant select, insert, update on identity_linkquestion to connectcare_gate;
grant update (known_to_all, protection, deceased, deceased_on, interpreter_needed)
    on identity_resident to connectcare_gate;
grant update (resident_id, link) on identity_sourceperson to connectcare_gate;
grant insert, update (resident_id, valid_until, ended_because) on identity_residentnhsnumber
    to connectcare_gate;
grant usage on sequence identity_merge_id_seq, identity_movedrow_id_seq,
    identity_separatedpair_id_seq, identity_numberstatuschange_id_seq, identity_questionnote_id_seq,
    identity_linkquestion_id_seq, identity_residentnhsnumber_id_seq to connectcare_gate;

create policy gate_merges on identity_resident for update to connectcare_gate using (true);
create policy gate_merges on identity_sourceperson for update to connectcare_gate using (true);
create policy gate_merges on identity_residentnhsnumber for update to connectcare_gate using (true);
create policy gate_writes on identity_residentnhsnumber for insert to connectcare_gate
    with check (true);

create trigger history_is_only_added before update or delete on identity_numberstatuschange
    for each row execute function audit.refuse_change();
create trigger pairs_are_only_added before update or delete on identity_separatedpair
    for each row execute function audit.refuse_change();
create trigger notes_are_only_added before update or delete on identity_questionnote
    for each row execute function audit.refuse_change();
create trigger moved_rows_are_only_added before update or delete on identity_movedrow
    for each row execute function audit.refuse_change();

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('identity_sourceperson', 'resident_id', 'moves', '[]',
    'A source person is linked, never merged away; its entries go with it.'),
('identity_residentnhsnumber', 'resident_id', 'moves', '[]',
    'A number that was theirs leads to the survivor. At most one stays live.'),
('identity_linkquestion', 'resident_id', 'moves', '["reason"]', 'The question is about them still.'),
('identity_linkquestion', 'candidate_id', 'moves', '[]', 'The survivor is now the candidate.'),
('identity_residentplace', 'resident_id', 'stays', '[]',
    'Each has one. The survivor''s is shown; the other comes back with its resident.'),
('identity_residentepoch', 'resident_id', 'stays', '[]', 'Each has one, and both are moved.'),
('identity_merge', 'survivor_id', 'stays', '[]', 'It is the history of the merge itself.'),
('identity_merge', 'merged_id', 'stays', '[]', 'It is the history of the merge itself.'),
('identity_separatedpair', 'former_id', 'stays', '[]', 'Asked for everyone who is one person.'),
('identity_separatedpair', 'current_id', 'stays', '[]', 'Asked for everyone who is one person.'),
('audit_event', 'resident_id', 'stays', '[]',
    'What has happened is not changed. Readers ask for identity.same_person.'),
('audit_event', 'residents', 'stays', '[]',
    'What has happened is not changed. Readers ask for identity.same_person.');

grant create on schema identity to connectcare_gate;
grant usage on schema identity to connectcare_pipeline;
set local role connectcare_gate;

-- ── Who is one person ───────────────────────────────────────────────────────────────────────

-- Whose record holds what was a resident's: themselves, or the last one they were merged into.
create function identity.survivor_of(in_resident bigint) returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with recursive up (id, steps) as (
        select in_resident, 0
        union all
        select m.survivor_id, up.steps + 1 from up
        join public.identity_merge m on m.merged_id = up.id and m.undone_at is null
    )
    select id from up order by steps desc limit 1
$$;

-- Everyone who is one person with a resident, themselves among them. For whatever asks about a
-- resident's past: the audit, openings, choices.
create function identity.same_person(in_resident bigint) returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with recursive together (id) as (
        select identity.survivor_of(in_resident)
        union all
        select m.merged_id from together
        join public.identity_merge m on m.survivor_id = together.id and m.undone_at is null
    )
    select id from together
$$;

-- Whether two residents are never to be brought together: a pair of theirs, or of those whom they
-- are one person with. Every proposer asks this one function, and so do the triggers below.
create function identity.separated(in_one bigint, in_other bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from identity.same_person(in_one) a
        cross join identity.same_person(in_other) b
        join public.identity_separatedpair p
            on (p.former_id = a and p.current_id = b) or (p.former_id = b and p.current_id = a))
$$;

-- A list without those whose current record stands in it too: for whatever shows several at once.
create function identity.without_separated(in_residents bigint[]) returns bigint[]
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(array_agg(one.id order by one.nth), '{}')
    from unnest(in_residents) with ordinality as one (id, nth)
    where not exists (
        select from public.identity_separatedpair p
        where p.former_id in (select identity.same_person(one.id))
          and exists (
              select from unnest(in_residents) as other (id)
              where p.current_id in (select identity.same_person(other.id))))
$$;

-- Who speaks for a resident's choices, and of which time: for consent.refusals. Each set
-- (person, merge) is asked by itself, and what any of them refuses is refused.
--
-- The resident, and each who was merged into them, keeps what they said. Whoever was merged is
-- also heard through what was said of the survivor since. Once a merge is undone, what was said of
-- the survivor while it stood counts for the other until they are asked again: it may have been
-- they who said it. Not a definer and without settings, so that PostgreSQL can expand it inline.
create function identity.who_spoke(in_resident bigint)
returns table (person bigint, merge bigint, speaker bigint, since timestamptz, before timestamptz)
language sql stable as $$
    with recursive sets (person, speaker, since) as (
        select in_resident, in_resident, '-infinity'::timestamptz
        union
        select m.merged_id, heard.speaker, heard.since
        from sets join public.identity_merge m
            on m.survivor_id = sets.person and m.undone_at is null
        cross join lateral (values
            (m.merged_id, '-infinity'::timestamptz),
            (sets.speaker, greatest(sets.since, m.at))) as heard (speaker, since)
    )
    select sets.person, 0::bigint, sets.speaker, sets.since, 'infinity'::timestamptz from sets
    union all
    select distinct undone.merged_id, undone.id, heard.speaker, heard.since, heard.before
    from sets join public.identity_merge undone
        on undone.merged_id = sets.person and undone.undone_at is not null
    cross join lateral (values
        (undone.survivor_id, undone.at, undone.undone_at),
        (undone.merged_id, undone.undone_at, 'infinity'::timestamptz)
    ) as heard (speaker, since, before)
$$;

-- ── Merging ─────────────────────────────────────────────────────────────────────────────────

-- The key of the lock that whoever receives persons takes for a number (identity.actions._lock).
create function identity.number_lock(in_number text) returns bigint
language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
    select ('x' || encode(substr(sha256(convert_to('number ' || in_number, 'utf8')), 1, 8), 'hex')
        )::bit(64)::bigint
$$;

-- Holds everything about residents still, in the order in which deliveries take it: numbers,
-- source persons, epochs.
create function identity.hold_still(in_residents bigint[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    key bigint;
begin
    for key in select distinct identity.number_lock(n.number)
               from public.identity_residentnhsnumber n
               where n.resident_id = any (in_residents) order by 1 loop
        perform pg_advisory_xact_lock(key);
    end loop;
    perform from public.identity_sourceperson p
    where p.resident_id = any (in_residents) order by p.id for update;
    perform from public.identity_residentepoch e
    where e.resident_id = any (in_residents) order by e.resident_id for update;
end $$;

-- Writes an event about residents with who did it, by their membership; of the system's own doing
-- without one.
create function identity.record_event(
    in_action text, in_reason text, in_membership bigint, in_resident bigint,
    in_residents bigint[], in_request uuid, in_detail jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    actor record;
begin
    select m.id, s.id as staff, s.name, r.code, o.id as organisation, o.name as organisation_name
    into actor
    from (select 1) as always
    left join public.organisations_membership m on m.id = in_membership
    left join public.organisations_staffmember s on s.id = m.staff_id
    left join public.organisations_role r on r.id = m.role_id
    left join public.organisations_organisation o on o.id = m.organisation_id;
    perform audit.record(in_action, 'done', in_reason, actor.staff, actor.name, actor.id,
        actor.code, actor.organisation, actor.organisation_name, in_resident, in_residents, null,
        in_request, in_detail);
end $$;

-- The fields of a resident that a merge may change.
create function identity.merged_fields(in_resident bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object('known_to_all', r.known_to_all, 'protection', r.protection,
        'deceased', r.deceased, 'deceased_on', r.deceased_on,
        'interpreter_needed', r.interpreter_needed)
    from public.identity_resident r where r.id = in_resident
$$;

create function identity.set_merged_fields(in_resident bigint, in_fields jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.identity_resident set
        known_to_all = (in_fields ->> 'known_to_all')::boolean,
        protection = in_fields ->> 'protection',
        deceased = (in_fields ->> 'deceased')::boolean,
        deceased_on = (in_fields ->> 'deceased_on')::date,
        interpreter_needed = (in_fields ->> 'interpreter_needed')::boolean
    where id = in_resident
$$;

-- Notes that a merge changes a row, with what its columns were.
create function identity.note_moved(
    in_merge bigint, in_table text, in_row bigint, in_before jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.identity_movedrow (merge_id, table_name, row_id, before)
    values (in_merge, in_table, in_row, in_before)
$$;

-- Joins a resident with another. Answers 'merged' with the merge, or why not:
-- 'same' (they are one already), 'not-known', 'merged-already' (one of them is part of another),
-- 'separated', 'known-one-stays' (the other way round, so that who is known beyond doubt stays),
-- 'two-verified-numbers' (only the demographics service can say that those are one person's).
create function identity.merge(
    in_survivor bigint, in_merged bigint, in_cause text, in_words text, in_membership bigint,
    in_request uuid) returns table (outcome text, merge_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one record;
    other record;
    kept record;
    lost record;
    made bigint;
    mapped record;
    row record;
    clash text;
    fields jsonb;
    moved_rows bigint;
begin
    if in_survivor = in_merged then
        return query select 'same', null::bigint;
        return;
    end if;
    perform identity.hold_still(array[in_survivor, in_merged]);
    select * into one from public.identity_resident where id = in_survivor;
    select * into other from public.identity_resident where id = in_merged;
    if one.id is null or other.id is null then
        return query select 'not-known', null::bigint;
        return;
    end if;
    if identity.survivor_of(in_survivor) = identity.survivor_of(in_merged) then
        return query select 'same', null::bigint;
        return;
    end if;
    if exists (select from public.identity_merge m
               where m.merged_id in (in_survivor, in_merged) and m.undone_at is null) then
        return query select 'merged-already', null::bigint;
        return;
    end if;
    if identity.separated(in_survivor, in_merged) then
        return query select 'separated', null::bigint;
        return;
    end if;
    if other.known_to_all and not one.known_to_all then
        return query select 'known-one-stays', null::bigint;
        return;
    end if;
    select * into kept from public.identity_residentnhsnumber
    where resident_id = in_survivor and valid_until is null;
    select * into lost from public.identity_residentnhsnumber
    where resident_id = in_merged and valid_until is null;
    if kept.status = '01' and lost.status = '01' and in_cause <> 'superseded' then
        return query select 'two-verified-numbers', null::bigint;
        return;
    end if;

    -- The most careful of both holds: known, protected, died, interpreter.
    fields := jsonb_build_object(
        'known_to_all', one.known_to_all or other.known_to_all,
        'protection', case when 'V' in (one.protection, other.protection) then 'V'
                           when 'R' in (one.protection, other.protection) then 'R' else 'U' end,
        'deceased', one.deceased or other.deceased,
        'deceased_on', coalesce(one.deceased_on, other.deceased_on),
        'interpreter_needed', one.interpreter_needed or other.interpreter_needed);
    insert into public.identity_merge (
        survivor_id, merged_id, cause, words, by_id, at, before, after, undone_words)
    values (in_survivor, in_merged, in_cause, btrim(in_words), in_membership,
        statement_timestamp(),
        jsonb_build_object('survivor', identity.merged_fields(in_survivor),
                           'merged', identity.merged_fields(in_merged)),
        jsonb_build_object('survivor', fields), '')
    returning id into made;
    perform identity.set_merged_fields(in_survivor, fields);
    update public.identity_resident set known_to_all = false where id = in_merged;

    -- Numbers: at most one stays live, and the other is kept as past.
    if kept.id is not null and lost.id is not null then
        if lost.status = '01' and kept.status <> '01' then
            perform identity.note_moved(made, 'identity_residentnhsnumber', kept.id,
                '{"valid_until": null, "ended_because": ""}');
            update public.identity_residentnhsnumber
            set valid_until = statement_timestamp(), ended_because = 'replaced'
            where id = kept.id;
        else
            perform identity.note_moved(made, 'identity_residentnhsnumber', lost.id,
                jsonb_build_object('valid_until', null, 'ended_because', '',
                                   'resident_id', in_merged));
            update public.identity_residentnhsnumber
            set valid_until = statement_timestamp(),
                ended_because = case in_cause when 'superseded' then 'superseded' else 'merged' end
            where id = lost.id;
        end if;
    end if;

    -- A person who decided, or a number that agrees, has settled whatever was in doubt about the
    -- one who is merged; and whoever stood alone is known with the other.
    if (fields ->> 'known_to_all')::boolean then
        for row in select p.id, p.link, p.resident_id from public.identity_sourceperson p
                   where (p.resident_id = in_merged and p.link <> 'linked')
                      or (p.resident_id = in_survivor and p.link = 'alone') loop
            perform identity.note_moved(made, 'identity_sourceperson', row.id,
                jsonb_build_object('link', row.link)
                || case when row.resident_id = in_merged
                        then jsonb_build_object('resident_id', in_merged) else '{}' end);
            update public.identity_sourceperson set link = 'linked' where id = row.id;
        end loop;
    end if;

    -- Questions whether the two are one are answered.
    for row in select q.id from public.identity_linkquestion q
               left join public.identity_sourceperson p on p.id = q.source_person_id
               where q.settled is null
                 and (coalesce(q.resident_id, p.resident_id), q.candidate_id)
                     in ((in_merged, in_survivor), (in_survivor, in_merged)) loop
        perform identity.note_moved(made, 'identity_linkquestion', row.id, (
            select jsonb_build_object('settled', null, 'decision', '', 'decided_by_id', null)
                || case when q.resident_id = in_merged
                        then jsonb_build_object('resident_id', in_merged) else '{}' end
                || case when q.candidate_id = in_merged
                        then jsonb_build_object('candidate_id', in_merged) else '{}' end
            from public.identity_linkquestion q where q.id = row.id));
        update public.identity_linkquestion
        set settled = statement_timestamp(), decision = case in_cause
                when 'number-agrees' then 'agrees-now' else 'same' end,
            decided_by_id = in_membership,
            -- Both sides are one resident now, and no question compares one with itself.
            candidate_id = case when resident_id is null then in_survivor else null end
        where id = row.id;
    end loop;

    -- Everything else that is theirs.
    for mapped in select * from public.identity_tableaboutresident
                  where on_merge = 'moves' order by id loop
        select coalesce(string_agg(format('and held.%1$I = t.%1$I', name), ' '), '') into clash
        from jsonb_array_elements_text(mapped.unique_with) as name;
        if clash <> '' then
            clash := format('and not exists (select from public.%I held where held.%I = $2 %s)',
                mapped.table_name, mapped.column_name, clash);
        end if;
        execute format(
            'insert into public.identity_movedrow (merge_id, table_name, row_id, before) '
            'select $3, %1$L, t.id, jsonb_build_object(%2$L, $1) from public.%1$I t '
            'where t.%2$I = $1 %3$s order by t.id '
            'on conflict (merge_id, table_name, row_id) do nothing',
            mapped.table_name, mapped.column_name, clash)
            using in_merged, in_survivor, made;
        execute format(
            'update public.%1$I t set %2$I = $2 from public.identity_movedrow moved '
            'where moved.merge_id = $3 and moved.table_name = %1$L and moved.row_id = t.id '
            'and moved.before ? %2$L and t.%2$I = $1',
            mapped.table_name, mapped.column_name)
            using in_merged, in_survivor, made;
    end loop;
    perform identity.move_epochs(array[in_survivor, in_merged]);
    select count(*) into moved_rows from public.identity_movedrow m where m.merge_id = made;
    perform identity.record_event('residents-merged', in_cause, in_membership, in_survivor,
        array[in_survivor, in_merged], in_request,
        jsonb_build_object('merge', made, 'rows', moved_rows));
    return query select 'merged', made;
end $$;

-- Undoes a merge: every row that it changed is as it was, unless something else changed it since.
-- Answers 'undone', or why not: 'not-known', 'undone-already', 'later-first' (a later merge stands
-- on this one: undo that first).
create function identity.unmerge(
    in_merge bigint, in_words text, in_membership bigint, in_request uuid) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    was record;
    mapped record;
    row record;
    numbers text[];
begin
    select * into was from public.identity_merge where id = in_merge;
    if was.id is null then
        return 'not-known';
    end if;
    perform identity.hold_still(array[was.survivor_id, was.merged_id]);
    select * into was from public.identity_merge where id = in_merge for update;
    if was.undone_at is not null then
        return 'undone-already';
    end if;
    if exists (select from public.identity_merge later
               where later.undone_at is null and later.id > was.id
                 and was.survivor_id in (later.survivor_id, later.merged_id)) then
        return 'later-first';
    end if;
    update public.identity_merge
    set undone_at = statement_timestamp(), undone_by_id = in_membership,
        undone_words = btrim(in_words)
    where id = in_merge;

    for mapped in select * from public.identity_tableaboutresident
                  where on_merge = 'moves' order by id loop
        execute format(
            'update public.%1$I t set %2$I = $1 from public.identity_movedrow moved '
            'where moved.merge_id = $3 and moved.table_name = %1$L and moved.row_id = t.id '
            'and moved.before ? %2$L and t.%2$I is not distinct from $2',
            mapped.table_name, mapped.column_name)
            using was.merged_id, was.survivor_id, in_merge;
    end loop;
    update public.identity_sourceperson p set link = moved.before ->> 'link'
    from public.identity_movedrow moved
    where moved.merge_id = in_merge and moved.table_name = 'identity_sourceperson'
      and moved.row_id = p.id and moved.before ? 'link' and p.link = 'linked';
    update public.identity_residentnhsnumber n set valid_until = null, ended_because = ''
    from public.identity_movedrow moved
    where moved.merge_id = in_merge and moved.table_name = 'identity_residentnhsnumber'
      and moved.row_id = n.id and moved.before ? 'ended_because'
      and n.valid_until = was.at
      and not exists (select from public.identity_residentnhsnumber live
                      where live.resident_id = n.resident_id and live.valid_until is null);
    update public.identity_linkquestion q
    set settled = null, decision = '', decided_by_id = null,
        candidate_id = coalesce((moved.before ->> 'candidate_id')::bigint, case
            when q.resident_id is null then was.survivor_id
            when q.resident_id = was.merged_id then was.survivor_id else was.merged_id end)
    from public.identity_movedrow moved
    where moved.merge_id = in_merge and moved.table_name = 'identity_linkquestion'
      and moved.row_id = q.id and moved.before ? 'settled' and q.settled = was.at;

    -- Whoever was sent since with a number that goes back, goes with it.
    select coalesce(array_agg(n.number), '{}') into numbers
    from public.identity_residentnhsnumber n
    join public.identity_movedrow moved on moved.row_id = n.id
        and moved.table_name = 'identity_residentnhsnumber' and moved.merge_id = in_merge
    where n.resident_id = was.merged_id;
    update public.identity_sourceperson p set resident_id = was.merged_id
    where p.resident_id = was.survivor_id and p.arrived > was.at
      and regexp_replace(p.nhs_number_sent, '\D', '', 'g') = any (numbers);

    -- Fields go back where nothing changed them since; what a source that stays has said stays.
    perform identity.set_merged_fields(was.survivor_id, (
        select jsonb_object_agg(key, case
            when now_is = was.after -> 'survivor' -> key then was.before -> 'survivor' -> key
            else now_is end)
        from jsonb_each(identity.merged_fields(was.survivor_id)) as field (key, now_is)));
    perform identity.set_merged_fields(was.merged_id, was.before -> 'merged');
    perform identity.heed_sources(was.survivor_id);
    perform identity.heed_sources(was.merged_id);

    perform identity.move_epochs(array[was.survivor_id, was.merged_id]);
    perform identity.record_event('residents-unmerged', was.cause, in_membership, was.survivor_id,
        array[was.survivor_id, was.merged_id], in_request, jsonb_build_object('merge', was.id));
    return 'undone';
end $$;

-- A protection, a death and an interpreter are taken from any source that is linked: what a source
-- of this resident said since is not lost with a merge.
create function identity.heed_sources(in_resident bigint) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.identity_resident r set
        protection = case when 'V' = any (said.protections) or r.protection = 'V' then 'V'
                          when 'R' = any (said.protections) or r.protection = 'R' then 'R'
                          else 'U' end,
        deceased = r.deceased or said.deceased,
        deceased_on = coalesce(r.deceased_on, said.deceased_on),
        interpreter_needed = r.interpreter_needed or said.interpreter
    from (
        select array_agg(p.said ->> 'protection') as protections,
            coalesce(bool_or((p.said ->> 'deceased')::boolean), false) as deceased,
            min((p.said ->> 'deceased_on')::date) as deceased_on,
            coalesce(bool_or((p.said ->> 'interpreter_needed')::boolean), false) as interpreter
        from public.identity_sourceperson p
        where p.resident_id = in_resident and p.link <> 'in-doubt'
    ) as said
    where r.id = in_resident
      and (r.protection, r.deceased, r.deceased_on, r.interpreter_needed) is distinct from (
        case when 'V' = any (said.protections) or r.protection = 'V' then 'V'
             when 'R' = any (said.protections) or r.protection = 'R' then 'R' else 'U' end,
        r.deceased or said.deceased, coalesce(r.deceased_on, said.deceased_on),
        r.interpreter_needed or said.interpreter)
$$;

-- ── What may never be ───────────────────────────────────────────────────────────────────────

-- Nothing new is anybody's who was merged away: whoever writes it waits for the merge, and is told.
create function identity.refuse_merged_away() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    given bigint[];
begin
    if tg_op = 'INSERT' then
        given := array(select distinct resident_id from changed);
    else
        given := array(
            select distinct c.resident_id from changed c join before_change b on b.id = c.id
            where c.resident_id <> b.resident_id);
    end if;
    perform from public.identity_residentepoch e
    where e.resident_id = any (given) order by e.resident_id for share;
    if exists (select from public.identity_merge m
               where m.merged_id = any (given) and m.undone_at is null) then
        raise exception 'this resident is part of another one: write to the survivor'
            using errcode = 'check_violation', constraint = 'nothing_new_is_merged_away';
    end if;
    return null;
end $$;

create function identity.refuse_separated_link() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if identity.separated(old.resident_id, new.resident_id) then
        raise exception 'these two residents are kept apart'
            using errcode = 'check_violation', constraint = 'separated_are_not_joined';
    end if;
    return new;
end $$;

create function identity.refuse_separated_merge() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if identity.separated(new.survivor_id, new.merged_id) then
        raise exception 'these two residents are kept apart'
            using errcode = 'check_violation', constraint = 'separated_are_not_joined';
    end if;
    return new;
end $$;

create function identity.refuse_separated_question() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if new.settled is null and identity.separated(new.candidate_id, coalesce(new.resident_id, (
            select p.resident_id from public.identity_sourceperson p
            where p.id = new.source_person_id))) then
        raise exception 'these two residents are kept apart: neither is proposed for the other'
            using errcode = 'check_violation', constraint = 'separated_are_not_proposed';
    end if;
    return new;
end $$;

-- Separating brings what was proposed to an end, and is refused for two who are one already.
create function identity.refuse_separating_one() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform identity.hold_still(
        array[identity.survivor_of(new.former_id), identity.survivor_of(new.current_id)]);
    if identity.survivor_of(new.former_id) = identity.survivor_of(new.current_id) then
        raise exception 'these two are joined: undo the merge before they are kept apart'
            using errcode = 'check_violation', constraint = 'one_is_not_separated';
    end if;
    update public.identity_linkquestion q set candidate_id = null
    from public.identity_linkquestion same
    left join public.identity_sourceperson p on p.id = same.source_person_id
    where q.id = same.id and q.candidate_id is not null and (
        (q.candidate_id in (select identity.same_person(new.former_id))
         and coalesce(q.resident_id, p.resident_id)
             in (select identity.same_person(new.current_id)))
        or (q.candidate_id in (select identity.same_person(new.current_id))
            and coalesce(q.resident_id, p.resident_id)
                in (select identity.same_person(new.former_id))));
    return new;
end $$;

-- Every status that a number had, and on whose word.
create function identity.keep_status() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.identity_numberstatuschange
        (number_id, status, said_by, given_by, entered_as_id)
    values (new.id, new.status, new.said_by, new.given_by, new.entered_as_id);
    return null;
end $$;

insert into public.identity_numberstatuschange (number_id, status, said_by, given_by, at)
select n.id, n.status, n.said_by, n.given_by, n.valid_from
from public.identity_residentnhsnumber n order by n.id;

do $$
declare
    f record;
begin
    for f in select p.oid::regprocedure as signature, p.proname as name
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname = 'identity' loop
        execute format('revoke all on function %s from public', f.signature);
        if f.name in ('survivor_of', 'same_person', 'separated', 'without_separated', 'merge',
                      'record_event',
                      'unmerge') then
            execute format('grant execute on function %s to connectcare_pipeline', f.signature);
        end if;
        if f.name in ('refuse_merged_away', 'refuse_separated_link', 'refuse_separated_merge',
                      'refuse_separated_question', 'refuse_separating_one', 'keep_status') then
            execute format('grant execute on function %s to connectcare_owner', f.signature);
        end if;
    end loop;
end $$;
reset role;
revoke create on schema identity from connectcare_gate;

create trigger separated_are_not_joined before update of resident_id on identity_sourceperson
    for each row when (old.resident_id is distinct from new.resident_id)
    execute function identity.refuse_separated_link();
create trigger separated_are_not_joined before insert on identity_merge
    for each row execute function identity.refuse_separated_merge();
create trigger separated_are_not_proposed
    before insert or update of candidate_id, settled on identity_linkquestion
    for each row when (new.candidate_id is not null)
    execute function identity.refuse_separated_question();
create trigger one_is_not_separated before insert on identity_separatedpair
    for each row execute function identity.refuse_separating_one();
create trigger history_begins after insert on identity_residentnhsnumber
    for each row execute function identity.keep_status();
create trigger history_goes_on after update on identity_residentnhsnumber
    for each row when ((old.status, old.said_by, old.given_by, old.entered_as_id)
        is distinct from (new.status, new.said_by, new.given_by, new.entered_as_id))
    execute function identity.keep_status();

do $$
declare
    guarded text;
begin
    -- Named to run after the triggers that move epochs, so that it waits where they wait.
    foreach guarded in array array['identity_sourceperson', 'identity_residentnhsnumber'] loop
        execute format(
            'create trigger nothing_new_is_merged_away_on_insert after insert on %1$I '
            'referencing new table as changed '
            'for each statement execute function identity.refuse_merged_away();'
            'create trigger nothing_new_is_merged_away_on_update after update on %1$I '
            'referencing old table as before_change new table as changed '
            'for each statement execute function identity.refuse_merged_away()', guarded);
    end loop;
end $$;
