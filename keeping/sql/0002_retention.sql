-- How long is kept what a source holds of a person, and how it goes: by a rule, past every hold,
-- confirmed by two officers of its controller, looked at once more in the moment it goes.
-- Nobody deletes an entry but with a share that was confirmed: a trigger refuses it.

revoke all on keeping_retentionrule, keeping_retentionhold, keeping_listedshare, keeping_stub
    from public, connectcare_web, connectcare_pipeline;
grant select on keeping_retentionrule, keeping_retentionhold, keeping_listedshare, keeping_stub
    to connectcare_pipeline;
grant select, insert, update on keeping_retentionrule, keeping_retentionhold, keeping_listedshare
    to connectcare_gate;
grant select, insert on keeping_stub to connectcare_gate;
grant update (files) on keeping_stub to connectcare_gate;
grant usage on all sequences in schema public to connectcare_gate;

create function keeping.refuse_change_of_stub() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'UPDATE' and to_jsonb(old) - 'files' = to_jsonb(new) - 'files' and old.files is null
    then
        return new;
    end if;
    raise exception 'a stub is what is left: it is not changed' using errcode = 'CC002';
end $$;
create trigger stubs_are_only_added before update or delete on keeping_stub
    for each row execute function keeping.refuse_change_of_stub();
grant execute on function keeping.refuse_change_of_stub() to connectcare_gate;

insert into identity_tableaboutresident (table_name, column_name, on_merge, unique_with, why)
values ('keeping_retentionhold', 'resident_id', 'counts', '[]',
    'A hold on one record holds whatever it is joined with: identity.same_person is asked.');

insert into keeping_retentionrule
    (source_kind, controller_id, starts, years, child_until, because)
values
('adult_social_care', null, 'last-seen', 8, 25,
    'Records Management Code, adult social care: 8 years after support ended or last seen; a child''s until the 25th birthday, the 26th if 17 at the end'),
('nhs_trust', null, 'last-seen', 8, 25,
    'Records Management Code, adult health: 8 years after discharge or last seen; a child''s until the 25th birthday, the 26th if 17 at the end'),
('out_of_hours', null, 'last-seen', 8, 25,
    'Records Management Code, adult health: 8 years after last seen; a child''s until the 25th birthday, the 26th if 17 at the end'),
('gp_practice', null, 'death', 10, null,
    'Records Management Code, GP records: 10 years after death');

grant create on schema keeping to connectcare_gate;
set local role connectcare_gate;

-- The clock of each source's share of a person (or of one): when it started, by which rule, when it
-- is over. No row where it has not started or cannot be told: care goes on, a date of birth or of
-- death is missing, nothing says when they were last seen. Asked with the pipeline's own rights: the
-- gate reads no entry.
create function keeping.clocks(in_person bigint default null)
returns table (source_person_id bigint, resident_id bigint, controller_id bigint, rule_id bigint,
    started date, due date, entries bigint, held boolean)
language sql stable set search_path = pg_catalog, pg_temp as $$
    with shares as (
        select p.id, p.resident_id, p.source_id, o.kind, r.birth_date, r.deceased_on,
            coalesce(p.version, p.arrived) as told
        from public.identity_sourceperson p
        join public.organisations_organisation o on o.id = p.source_id
        join public.identity_resident r on r.id = p.resident_id
        where (in_person is null or p.id = in_person) and p.identifier not like 'destroyed %'
    ), seen as (
        select e.source_person_id as id, count(*) as entries,
            max(greatest(e.effective, e.ends, e.recorded)) as last,
            -- A service or admission without an end goes on.
            bool_or(e.ends is null and e.status = 'current'
                and e.category in (2, 13)) as goes_on
        from public.records_entry e
        where in_person is null or e.source_person_id = in_person
        group by e.source_person_id
    ), clocks as (
        select s.*, coalesce(seen.entries, 0) as entries, rule.id as rule_id, rule.years,
            rule.child_until,
            case rule.starts when 'death' then s.deceased_on
                 else (coalesce(seen.last, s.told) at time zone 'Europe/London')::date end as started
        from shares s
        left join seen on seen.id = s.id
        cross join lateral (
            select * from public.keeping_retentionrule k
            where k.source_kind = s.kind and k.valid_until is null
              and (k.controller_id is null or k.controller_id = s.source_id)
            order by k.controller_id nulls last limit 1) rule
        where not coalesce(seen.goes_on, false)
          and not exists (
              select from public.access_carerelationship c
              where c.resident_id = s.resident_id and c.organisation_id = s.source_id
                and (c.valid_until is null or c.valid_until > now()))
    ), ages as (
        select c.*, extract(year from age(c.started, c.birth_date))::integer as age
        from clocks c
        where c.started is not null and c.started <= current_date
          -- Whether they were a child is not known: it does not go.
          and (c.child_until is null or c.birth_date is not null)
    )
    select a.id, a.resident_id, a.source_id, a.rule_id, a.started,
        case when a.child_until is not null and a.age < 18
             then (a.birth_date + make_interval(
                 years => a.child_until + case when a.age = 17 then 1 else 0 end))::date
             else (a.started + make_interval(years => a.years))::date end,
        a.entries,
        exists (
            select from public.keeping_retentionhold h
            where h.valid_from <= now() and (h.valid_until is null or h.valid_until > now())
              and (h.controller_id is null or h.controller_id = a.source_id)
              and (h.resident_id is null
                   or h.resident_id in (select identity.same_person(a.resident_id))))
    from ages a
$$;

-- Put a share on the review list, unless it is on it, or kept for longer. Whether it was put there.
create function keeping.note_due(in_controller bigint, in_person bigint, in_rule bigint,
    in_started date, in_due date, in_entries bigint) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if in_due > current_date or exists (
        select from public.keeping_listedshare l
        where l.source_person_id = in_person
          and (l.state in ('listed', 'approved', 'confirmed', 'bytes-wait', 'destroyed')
               or (l.state = 'kept' and l.kept_until > current_date))) then
        return false;
    end if;
    insert into public.keeping_listedshare
        (controller_id, source_person_id, rule_id, started, due, entries)
    values (in_controller, in_person, in_rule, in_started, in_due, in_entries)
    on conflict do nothing;
    return found;
end $$;

-- What an officer decides of shares of their own organisation: 'approve', 'confirm' (somebody else
-- than who approved), 'keep' (with a reason and a date). Answers how many it was of; NULL: may not.
create function keeping.decide(in_staff bigint, in_membership bigint, in_what text,
    in_shares uuid[], in_words text, in_until date, in_request uuid) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    done bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return null;
    end if;
    if in_what = 'keep' then
        update public.keeping_listedshare l
        set state = 'kept', kept_until = in_until, kept_because = in_words
        where l.public_id = any (in_shares) and l.controller_id = asker.organisation_id
          and l.state in ('listed', 'approved', 'confirmed') and in_until > current_date
          and in_until <= current_date + interval '20 years' and in_words <> '';
    elsif in_what = 'approve' then
        update public.keeping_listedshare l
        set state = 'approved', approved_by = in_staff
        where l.public_id = any (in_shares) and l.controller_id = asker.organisation_id
          and l.state = 'listed';
    elsif in_what = 'confirm' then
        update public.keeping_listedshare l
        set state = 'confirmed', confirmed_by = in_staff
        where l.public_id = any (in_shares) and l.controller_id = asker.organisation_id
          and l.state = 'approved' and l.approved_by <> in_staff;
    else
        return null;
    end if;
    get diagnostics done = row_count;
    perform audit.record('retention-changed', 'done', in_what, in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name, null, null,
        null, in_request, jsonb_build_object('shares', done, 'until', in_until,
            'references', to_jsonb(in_shares)));
    return done;
end $$;

-- The review list of an officer's own organisation, oldest first, and how many there are. NULL: may
-- not. Of whom nothing: by reference, and by what the controller's own list (a file) has.
create function keeping.review_list(in_staff bigint, in_membership bigint, in_limit integer,
    in_offset integer, in_request uuid) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    answer jsonb;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'disclose-lawfully' = any (asker.activities) then
        return null;
    end if;
    with open_shares as (
        select l.*, k.because, (l.approved_by = in_staff) as mine
        from public.keeping_listedshare l
        join public.keeping_retentionrule k on k.id = l.rule_id
        where l.controller_id = asker.organisation_id and l.state in ('listed', 'approved')
    ), part as (
        select * from open_shares order by due, id limit in_limit offset in_offset
    )
    select jsonb_build_object(
        'total', (select count(*) from open_shares),
        'shares', coalesce((select jsonb_agg(jsonb_build_object(
            'id', p.public_id, 'started', p.started, 'due', p.due, 'entries', p.entries,
            'state', p.state, 'because', p.because, 'mine', coalesce(p.mine, false))
            order by p.due, p.id) from part p), '[]'))
    into answer;
    perform audit.record('retention-read', 'done', '', in_staff, asker.staff_name, in_membership,
        asker.role_code, asker.organisation_id, asker.organisation_name, null, null, null,
        in_request, jsonb_build_object('shares', jsonb_array_length(answer -> 'shares')));
    return answer;
end $$;

-- A share, nobody else's until this transaction ends.
create function keeping.take(in_share bigint) returns public.keeping_listedshare
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    select * from public.keeping_listedshare l where l.id = in_share for update
$$;

create function keeping.not_due_any_more(in_share bigint) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    update public.keeping_listedshare set state = 'returned'
    where id = in_share and state = 'confirmed'
$$;

-- What is left of a share: the stub, the digests of the names by which its source knew the person,
-- and the event. Refused of any that two officers did not confirm.
create function keeping.leave_stub(in_share bigint, in_whose uuid, in_resident bigint,
    in_started date, in_names text[], in_until timestamptz, in_counts jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    share public.keeping_listedshare;
    controller record;
begin
    update public.keeping_listedshare set state = 'bytes-wait'
    where id = in_share and state = 'confirmed' returning * into share;
    if share.id is null then
        raise exception 'two officers confirm a share before it goes' using errcode = 'CC002';
    end if;
    select o.kind, o.name into controller
    from public.organisations_organisation o where o.id = share.controller_id;
    insert into public.feeds_destroyedperson (source_id, digest, until)
    select distinct share.controller_id, feeds.destroyed_key(share.controller_id, name), in_until
    from unnest(in_names) name
    on conflict (source_id, digest) do update
        set until = greatest(feeds_destroyedperson.until, excluded.until), since = now();
    insert into public.keeping_stub (share_id, controller_id, whose, kind, rule_id, started,
        approved_by, confirmed_by, counts)
    values (share.id, share.controller_id, in_whose, controller.kind, share.rule_id, in_started,
        share.approved_by, share.confirmed_by, in_counts);
    perform audit.record('records-destroyed', 'done', '', null, '', null, '', share.controller_id,
        controller.name, in_resident, null, null, null, in_counts || jsonb_build_object(
            'share', share.public_id, 'rule', share.rule_id, 'started', in_started,
            'approved_by', share.approved_by, 'confirmed_by', share.confirmed_by));
end $$;

-- No entry is ever deleted but with a share that two officers confirmed, whoever deletes it.
create function keeping.only_what_is_confirmed_goes() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (
        select from public.keeping_listedshare l
        where l.source_person_id = old.source_person_id and l.state = 'confirmed') then
        raise exception 'an entry is destroyed with its share, once two officers confirmed it'
            using errcode = 'CC002', hint = 'See manage.py retention --help.';
    end if;
    return old;
end $$;
grant execute on function keeping.only_what_is_confirmed_goes() to connectcare_owner;

-- Destroy a share that two officers confirmed, in one transaction: its entries with what hangs on
-- them, the source's person, its care relationships that are over, and of the resident what nobody
-- else needs. Answers 'gone', or 'returned' where it is not due any more. With the pipeline's own
-- rights, which reads and deletes past row security; only what is confirmed goes all the same.
--
-- What residents chose stays, with what finds them again: their name, birth date and numbers.
create function keeping.destroy_share(in_share bigint) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
    share public.keeping_listedshare;
    person public.identity_sourceperson;
    clock record;
    last_told timestamptz;
    gone jsonb := '{}';
    gone_now bigint;
    whose uuid;
begin
    share := keeping.take(in_share);
    if share.state is distinct from 'confirmed' then
        return share.state;
    end if;
    select * into person from public.identity_sourceperson p
    where p.id = share.source_person_id for update;
    select * into clock from keeping.clocks(share.source_person_id);
    if person.id is null or clock.due is null or clock.held or clock.due > current_date then
        perform keeping.not_due_any_more(in_share);
        return 'returned';
    end if;
    select r.public_id into whose from public.identity_resident r where r.id = person.resident_id;
    -- As feeds/destroyed.py reads what is sent again.
    select coalesce(max(coalesce(greatest(e.effective, e.ends), e.version)), now()) into last_told
    from public.records_entry e where e.source_person_id = person.id;

    delete from public.records_entryreport t
    using public.records_entry e
    where e.source_person_id = person.id and e.resident_id = t.resident_id
      and e.public_id = t.entry_public_id;
    get diagnostics gone_now = row_count;
    gone := gone || jsonb_build_object('reports', gone_now);
    delete from public.feeds_course c
    using public.records_entry e
    where e.source_person_id = person.id and c.source_id = e.source_id
      and c.identifier = e.identifier;
    get diagnostics gone_now = row_count;
    gone := gone || jsonb_build_object('courses', gone_now);
    delete from public.records_entry e where e.source_person_id = person.id;
    get diagnostics gone_now = row_count;
    gone := gone || jsonb_build_object('entries', gone_now);
    delete from public.access_carerelationship c
    where c.resident_id = person.resident_id and c.organisation_id = person.source_id
      and c.from_feeds and c.valid_until <= now()
      and not exists (
          select from public.identity_sourceperson other
          where other.resident_id = person.resident_id and other.source_id = person.source_id
            and other.id <> person.id);
    get diagnostics gone_now = row_count;
    gone := gone || jsonb_build_object('relationships', gone_now);
    begin
        delete from public.identity_sourceperson p where p.id = person.id;
    exception when foreign_key_violation then
        -- A question or a joined record names it: the row stays, and says nothing any more.
        update public.identity_sourceperson p
        set identifier = 'destroyed ' || share.public_id, local_identifiers = '{}',
            nhs_number_sent = '', nhs_number_status_sent = '', number_claimed = '', version = null,
            fingerprint = '', said = '{}', registered_practice = false
        where p.id = person.id;
    end;
    if not exists (
        select from public.identity_sourceperson p
        where p.resident_id in (select identity.same_person(person.resident_id))
          and p.identifier not like 'destroyed %') then
        delete from public.identity_residentplace r where r.resident_id = person.resident_id;
        get diagnostics gone_now = row_count;
        gone := gone || jsonb_build_object('places', gone_now);
    end if;
    perform keeping.leave_stub(in_share, whose, person.resident_id, clock.started,
        array[person.identifier] || person.local_identifiers, last_told, gone);
    return 'gone';
end $$;

-- Its raw bytes are out of so many files: nothing is left but the stub.
create function keeping.bytes_are_gone(in_share bigint, in_files integer) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.keeping_listedshare set state = 'destroyed'
    where id = in_share and state = 'bytes-wait';
    if found then
        update public.keeping_stub set files = in_files where share_id = in_share;
    end if;
end $$;

-- A rule of the schedule is ended and followed by another; a hold is set, or ended.
create function keeping.set_rule(in_kind text, in_controller bigint, in_years integer,
    in_child_until integer, in_because text, in_by text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    made bigint;
    starts_by text;
begin
    select k.starts into starts_by from public.keeping_retentionrule k
    where k.source_kind = in_kind and k.controller_id is null order by k.id limit 1;
    update public.keeping_retentionrule set valid_until = now()
    where source_kind = in_kind and controller_id is not distinct from in_controller
      and valid_until is null;
    insert into public.keeping_retentionrule (source_kind, controller_id, starts, years,
        child_until, because, set_by)
    values (in_kind, in_controller, coalesce(starts_by, 'last-seen'), in_years, in_child_until,
        in_because, in_by)
    returning id into made;
    perform audit.record('retention-changed', 'done', 'rule', null, in_by, null, '', in_controller,
        '', null, null, null, null, jsonb_build_object('rule', made, 'years', in_years));
    return made;
end $$;

create function keeping.set_hold(in_reason text, in_words text, in_controller bigint,
    in_resident bigint, in_by text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    made bigint;
begin
    insert into public.keeping_retentionhold (reason, words, controller_id, resident_id, set_by)
    values (in_reason, in_words, in_controller, in_resident, in_by) returning id into made;
    perform audit.record('retention-changed', 'done', 'hold', null, in_by, null, '', in_controller,
        '', in_resident, null, null, null, jsonb_build_object('hold', made, 'reason', in_reason));
    return made;
end $$;

create function keeping.end_hold(in_hold bigint, in_by text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.keeping_retentionhold set valid_until = now()
    where id = in_hold and valid_until is null;
    if not found then
        return false;
    end if;
    perform audit.record('retention-changed', 'done', 'hold-ended', null, in_by, null, '', null,
        '', null, null, null, null, jsonb_build_object('hold', in_hold));
    return true;
end $$;

grant execute on function keeping.clocks(bigint), keeping.take(bigint),
    keeping.note_due(bigint, bigint, bigint, date, date, bigint),
    keeping.not_due_any_more(bigint), keeping.destroy_share(bigint),
    keeping.leave_stub(bigint, uuid, bigint, date, text[], timestamptz, jsonb), keeping.bytes_are_gone(bigint, integer),
    keeping.set_rule(text, bigint, integer, integer, text, text),
    keeping.set_hold(text, text, bigint, bigint, text), keeping.end_hold(bigint, text)
    to connectcare_pipeline;
grant execute on function keeping.decide(bigint, bigint, text, uuid[], text, date, uuid),
    keeping.review_list(bigint, bigint, integer, integer, uuid) to connectcare_web;
reset role;
revoke create on schema keeping from connectcare_gate;

create trigger only_what_is_confirmed_goes before delete on records_entry
    for each row execute function keeping.only_what_is_confirmed_goes();
