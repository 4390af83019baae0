-- Deaths by their notice: informal ('1', told by a source), formal ('2', by the registrar), withdrawn
-- ('U'). Whatever writes a resident, these hold:
--
-- * a death told without saying how it is known is an informal one of a source;
-- * a formal notice is followed by nothing but a withdrawal: no informal one takes its place, and no
--   silence does. A merge undone gives back what was, so the gate may;
-- * a day that is known says more than a part of it, which then goes.
create or replace function identity.note_death() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if not new.deceased then
        new.deceased_since := null;
        new.deceased_on_part := '';
        new.death_said_by := '';
        if new.death_notice <> 'U' then
            new.death_notice := '';
        end if;
    else
        if new.death_notice not in ('1', '2') then
            new.death_notice := '1';
        end if;
        if new.death_said_by = '' then
            new.death_said_by := 'feed';
        end if;
        if new.deceased_on is not null then
            new.deceased_on_part := '';
        end if;
        if tg_op = 'UPDATE' and old.deceased then
            new.deceased_since := coalesce(new.deceased_since, old.deceased_since);
        else
            new.deceased_since := coalesce(new.deceased_since, statement_timestamp());
        end if;
    end if;
    if tg_op = 'UPDATE' and old.death_notice = '2' and new.death_notice not in ('2', 'U')
       and current_user <> 'connectcare_gate' then
        raise exception 'a death that the registrar has told ends by a withdrawal alone'
            using errcode = 'check_violation', constraint = 'formal_death_is_withdrawn';
    end if;
    return new;
end $$;

drop trigger death_is_noted on identity_resident;
create trigger death_is_noted
    before insert or update of deceased, deceased_on, deceased_on_part, deceased_since,
        death_notice, death_said_by
    on identity_resident for each row execute function identity.note_death();

grant update (deceased_on_part, death_notice, death_said_by) on identity_resident
    to connectcare_gate;

grant create on schema identity to connectcare_gate;
set local role connectcare_gate;

-- The death that holds for two who are joined: a formal one before an informal one, and of two alike
-- the one whose date says more. A withdrawal is no death: it holds where neither has died.
create function identity.death_of_both(
    one public.identity_resident, other public.identity_resident) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object('deceased', r.deceased, 'deceased_on', r.deceased_on,
        'deceased_on_part', r.deceased_on_part, 'death_notice', r.death_notice,
        'death_said_by', r.death_said_by)
    from unnest(array[one, other]) with ordinality as r
    order by r.deceased desc, array_position(array['2', '1', 'U', ''], r.death_notice::text),
        r.deceased_on is not null desc, length(r.deceased_on_part) desc, r.ordinality
    limit 1
$$;

revoke all on function
    identity.death_of_both(public.identity_resident, public.identity_resident) from public;

-- The fields of a resident that a merge may change. A death is one of them: what is known of it goes
-- back together, or stays together where anything of it was changed since.
create or replace function identity.merged_fields(in_resident bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select jsonb_build_object('known_to_all', r.known_to_all, 'protection', r.protection,
        'death', identity.death_of_both(r, r), 'interpreter_needed', r.interpreter_needed)
    from public.identity_resident r where r.id = in_resident
$$;

create or replace function identity.set_merged_fields(in_resident bigint, in_fields jsonb)
returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.identity_resident set
        known_to_all = (in_fields ->> 'known_to_all')::boolean,
        protection = in_fields ->> 'protection',
        deceased = (death.held ->> 'deceased')::boolean,
        deceased_on = (death.held ->> 'deceased_on')::date,
        deceased_on_part = coalesce(death.held ->> 'deceased_on_part', ''),
        death_notice = coalesce(death.held ->> 'death_notice', ''),
        death_said_by = coalesce(death.held ->> 'death_said_by', ''),
        interpreter_needed = (in_fields ->> 'interpreter_needed')::boolean
    -- A merge that was made before notices were kept has the fields of a death beside the others.
    from (select coalesce(in_fields -> 'death', in_fields)) as death (held)
    where id = in_resident
$$;

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

-- What a source that is linked said since is not lost with a merge: a protection, an interpreter, and
-- a death unless the Personal Demographics Service has withdrawn it.
create or replace function identity.heed_sources(in_resident bigint) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.identity_resident r set
        protection = heeded.protection,
        deceased = heeded.deceased,
        deceased_on = heeded.deceased_on,
        interpreter_needed = heeded.interpreter_needed
    from (
        select r.id,
            case when 'V' = any (said.protections) or r.protection = 'V' then 'V'
                 when 'R' = any (said.protections) or r.protection = 'R' then 'R'
                 else 'U' end as protection,
            r.deceased or (said.deceased and r.death_notice <> 'U') as deceased,
            case when r.deceased then r.deceased_on
                 when r.death_notice <> 'U' then said.deceased_on end as deceased_on,
            r.interpreter_needed or said.interpreter as interpreter_needed
        from public.identity_resident r, (
            select array_agg(p.said ->> 'protection') as protections,
                coalesce(bool_or((p.said ->> 'deceased')::boolean), false) as deceased,
                min((p.said ->> 'deceased_on')::date) as deceased_on,
                coalesce(bool_or((p.said ->> 'interpreter_needed')::boolean), false) as interpreter
            from public.identity_sourceperson p
            where p.resident_id = in_resident and p.link <> 'in-doubt'
        ) as said
        where r.id = in_resident
    ) as heeded
    where r.id = heeded.id
      and (r.protection, r.deceased, r.deceased_on, r.interpreter_needed) is distinct from
          (heeded.protection, heeded.deceased, heeded.deceased_on, heeded.interpreter_needed)
$$;

reset role;
revoke create on schema identity from connectcare_gate;
