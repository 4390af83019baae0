-- A merge, undone: a death that came with it goes back, by whatever version it was noted, and what a
-- source says of a date is kept. A doubt about where somebody stands outlives a merge.

grant create on schema identity to connectcare_gate;
set local role connectcare_gate;

-- The fields that a merge noted, as merges note them now. One that was made before notices were kept
-- has the death beside the others, which was a source's informal word then.
create function identity.noted_fields(in_fields jsonb) returns jsonb
language sql immutable security definer set search_path = pg_catalog, pg_temp as $$
    select case when in_fields ? 'death' then in_fields
        else in_fields - '{deceased,deceased_on}'::text[] || jsonb_build_object('death',
            jsonb_build_object(
                'deceased', in_fields -> 'deceased', 'deceased_on', in_fields -> 'deceased_on',
                'deceased_on_part', '',
                'death_notice', case when (in_fields ->> 'deceased')::boolean then '1' else '' end,
                'death_said_by',
                case when (in_fields ->> 'deceased')::boolean then 'feed' else '' end)) end
$$;

revoke all on function identity.noted_fields(jsonb) from public;

-- Joins a resident with another. Answers 'merged' with the merge, or why not:
-- 'same' (they are one already), 'not-known', 'merged-already' (one of them is part of another),
-- 'separated', 'known-one-stays' (the other way round, so that who is known beyond doubt stays),
-- 'two-verified-numbers' (only the demographics service can say that those are one person's).
create or replace function identity.merge(
    in_survivor bigint, in_merged bigint, in_cause text, in_words text, in_membership bigint,
    in_request uuid) returns table (outcome text, merge_id bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    one public.identity_resident;
    other public.identity_resident;
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
        'death', identity.death_of_both(one, other),
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
    -- one who is merged; and whoever stood alone is known with the other. Whoever is in doubt in the
    -- record that they are in stays so: whether they belong there, this has not said.
    if (fields ->> 'known_to_all')::boolean then
        for row in select p.id, p.link, p.resident_id from public.identity_sourceperson p
                   where (p.resident_id = in_survivor and p.link = 'alone')
                      or (p.resident_id = in_merged and p.link <> 'linked'
                          and not exists (
                              select from public.identity_linkquestion q
                              where q.source_person_id = p.id and q.candidate_id = in_merged
                                and p.link = 'in-doubt'
                                and (q.settled is null or q.split_due))) loop
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
create or replace function identity.unmerge(
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
            when now_is = identity.noted_fields(was.after -> 'survivor') -> key
            then identity.noted_fields(was.before -> 'survivor') -> key
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

-- What a source that is linked said since is not lost with a merge: a protection, an interpreter, and
-- a death unless the Personal Demographics Service has withdrawn it. Its date too, or what part of it
-- is known, unless a registrar has told the death.
create or replace function identity.heed_sources(in_resident bigint) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.identity_resident r set
        protection = heeded.protection,
        deceased = heeded.deceased,
        deceased_on = heeded.deceased_on,
        deceased_on_part = heeded.deceased_on_part,
        interpreter_needed = heeded.interpreter_needed
    from (
        select r.id,
            case when 'V' = any (said.protections) or r.protection = 'V' then 'V'
                 when 'R' = any (said.protections) or r.protection = 'R' then 'R'
                 else 'U' end as protection,
            told.death as deceased,
            case when told.dated then coalesce(r.deceased_on, said.deceased_on)
                 else r.deceased_on end as deceased_on,
            case when not told.dated then r.deceased_on_part
                 when coalesce(r.deceased_on, said.deceased_on) is not null then ''
                 -- A month says more than a year.
                 when length(said.deceased_on_part) > length(r.deceased_on_part)
                     then said.deceased_on_part
                 else r.deceased_on_part end as deceased_on_part,
            r.interpreter_needed or said.interpreter as interpreter_needed
        from public.identity_resident r, (
            select array_agg(p.said ->> 'protection') as protections,
                coalesce(bool_or((p.said ->> 'deceased')::boolean), false) as deceased,
                min((p.said ->> 'deceased_on')::date) as deceased_on,
                coalesce((array_agg(p.said ->> 'deceased_on_part' order by
                    length(p.said ->> 'deceased_on_part') desc, p.said ->> 'deceased_on_part')
                    filter (where p.said ->> 'deceased_on_part' <> ''))[1], '') as deceased_on_part,
                coalesce(bool_or((p.said ->> 'interpreter_needed')::boolean), false) as interpreter
            from public.identity_sourceperson p
            where p.resident_id = in_resident and p.link <> 'in-doubt'
        ) as said, lateral (
            select r.deceased or (said.deceased and r.death_notice <> 'U') as death
        ) as believed, lateral (
            -- The registrar's date is followed by no source's.
            select believed.death, believed.death and r.death_notice <> '2' as dated
        ) as told
        where r.id = in_resident
    ) as heeded
    where r.id = heeded.id
      and (r.protection, r.deceased, r.deceased_on, r.deceased_on_part, r.interpreter_needed)
          is distinct from (heeded.protection, heeded.deceased, heeded.deceased_on,
              heeded.deceased_on_part, heeded.interpreter_needed)
$$;

reset role;
revoke create on schema identity from connectcare_gate;
