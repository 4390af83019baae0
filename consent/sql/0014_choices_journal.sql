-- Each choice is written down outside the database as well, by the sealer, within about a second of
-- its commit: a database that is put back from a backup is told by it what was chosen since
-- (docs/adr/0049). What still waits to be written down stands here.
revoke all on consent_choicetojournal from public, connectcare_web, connectcare_pipeline;
grant select on consent_choicetojournal to connectcare_backup;
grant select, insert, delete on consent_choicetojournal to connectcare_gate;

grant usage on schema consent to connectcare_sealer;
grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

create function consent.note_for_journal() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into public.consent_choicetojournal (choice_id) values (new.id);
    return null;
end $$;

-- What waits, with all that a choice needs to find its person and its recorder again: everyone who
-- is one person with the resident, their numbers and the sources' persons. No password. Sealed by
-- the caller before it is written anywhere.
create function consent.choices_to_journal(in_most integer)
returns table (choice_id bigint, said jsonb)
language sql stable security definer
set search_path = pg_catalog, pg_temp set row_security = on as $$
    select c.id, jsonb_build_object(
        'choice', to_jsonb(c) - 'id',
        'id', c.id,
        'council', (select o.ods_code from public.organisations_organisation o
            where o.id = c.council_id),
        'withdraws', (select w.public_id from public.consent_choice w where w.id = c.withdraws_id),
        'staff', (select jsonb_build_object('id', s.id, 'public_id', s.public_id,
                'username', s.username, 'name', s.name)
            from public.organisations_staffmember s where s.id = c.recorded_by_id),
        'membership', (select to_jsonb(m) from public.organisations_membership m
            where m.id = c.recorded_as_id),
        'persons', (select jsonb_agg(jsonb_build_object(
                'resident', to_jsonb(r),
                'numbers', (select coalesce(jsonb_agg(to_jsonb(n)), '[]')
                    from public.identity_residentnhsnumber n where n.resident_id = r.id),
                'sources', (select coalesce(jsonb_agg(to_jsonb(p)), '[]')
                    from public.identity_sourceperson p where p.resident_id = r.id)) order by r.id)
            from public.identity_resident r
            where r.id in (select identity.same_person(c.resident_id))))
    from public.consent_choicetojournal waiting
    join public.consent_choice c on c.id = waiting.choice_id
    order by c.id limit in_most
$$;

create function consent.journalled(in_choices bigint[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    delete from public.consent_choicetojournal where choice_id = any (in_choices)
$$;

-- What was chosen before there was a journal is written down too. (As the gate: row security hides
-- the choices from the owner.)
insert into public.consent_choicetojournal (choice_id) select c.id from public.consent_choice c;

grant execute on function consent.note_for_journal() to connectcare_owner;
grant execute on function consent.choices_to_journal(integer), consent.journalled(bigint[])
    to connectcare_sealer;
reset role;
revoke create on schema consent from connectcare_gate;

create trigger choice_is_journalled after insert on consent_choice
    for each row execute function consent.note_for_journal();
