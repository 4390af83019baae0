-- A letter is owed from the moment that its choice is recorded, and one function says whether it
-- may go by post. The web's login reaches neither table: it has what functions of the gate answer.

revoke all on consent_letter, consent_postnote from connectcare_web;
revoke update, delete on consent_postnote from connectcare_pipeline;
revoke delete on consent_letter from connectcare_pipeline;
grant select, insert, update on consent_letter to connectcare_gate;
grant select, insert on consent_postnote to connectcare_gate;
grant usage on sequence consent_letter_id_seq, consent_postnote_id_seq to connectcare_gate;
grant select on identity_verifiedaddress to connectcare_gate;

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('consent_letter', 'resident_id', 'counts', '[]',
    'It stands with its choice. To whom it goes is asked of the survivor when it is made.'),
('consent_postnote', 'resident_id', 'counts', '[]',
    'What an adviser was told is never changed; consent.letter_standing asks everyone who is one '
    'person, and what is unsafe for one is unsafe for all.');

create trigger post_notes_are_only_added before update or delete on consent_postnote
    for each row execute function audit.refuse_change();
create trigger nothing_new_is_merged_away after insert on consent_postnote
    referencing new table as changed
    for each statement execute function identity.refuse_merged_away();

grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

-- Whoever answers, or takes an answer back, is owed one letter. Nobody answered where nobody could
-- be asked, and nothing changed.
create function consent.owe_letter() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if new.answer <> 'could-not-be-asked' then
        insert into public.consent_letter (choice_id, resident_id, desk_id)
        values (new.id, new.resident_id, coalesce(new.council_id, (
            select m.organisation_id from public.organisations_membership m
            where m.id = new.recorded_as_id)));
    end if;
    return null;
end $$;

-- How a letter to a resident from a desk stands at this statement: why it may not go by post
-- (empty: it may), a digest of the address that it may go to, and whether in large print.
--
-- Of the survivor's record, and as strictly as any record of the same person asks. A council whose
-- use of the NHS number is refused is not told the address that came by that number: it writes to
-- the one in its own system.
create function consent.letter_standing(in_resident bigint, in_desk bigint)
returns table (why text, made_for bytea, in_large_print boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    with person as (
        select array_agg(together) as ids from identity.same_person(in_resident) together
    ), noted as (
        select distinct on (n.resident_id) n.post from public.consent_postnote n, person
        where n.resident_id = any (person.ids) order by n.resident_id, n.id desc
    ), told as (
        select coalesce(bool_or(r.protection <> 'U'), true) as protected,
            coalesce(bool_or(r.deceased), true) as died
        from public.identity_resident r, person where r.id = any (person.ids)
    ), address as (
        select sha256(convert_to(array_to_string(v.lines || v.postcode, e'\n'), 'utf8')) as mark
        from public.identity_verifiedaddress v
        where v.resident_id = identity.survivor_of(in_resident)
          and array_to_string(v.lines, '') <> ''
    ), reason as (
        select case
            when told.protected then 'protected'
            when told.died then 'died'
            when exists (select from noted where post = 'do-not-send') then 'post-unsafe'
            when exists (
                select from consent.refusals(in_resident, statement_timestamp()) c
                where c.kind = 'nhs-number' and c.council_id = in_desk) then 'own-address'
            when not exists (select from address) then 'no-address'
            else '' end as why
        from told
    )
    select reason.why,
        case when reason.why = '' then (select mark from address) end,
        exists (select from noted where post = 'large-print')
    from reason
$$;

-- What was recorded before this is owed its letter too. (As the gate: row security hides the
-- choices from the owner.)
insert into public.consent_letter (choice_id, resident_id, desk_id)
select c.id, c.resident_id, coalesce(c.council_id, m.organisation_id)
from public.consent_choice c
left join public.organisations_membership m on m.id = c.recorded_as_id
where c.answer <> 'could-not-be-asked';

grant execute on function consent.owe_letter() to connectcare_owner;
grant execute on function consent.letter_standing(bigint, bigint) to connectcare_pipeline;
reset role;
revoke create on schema consent from connectcare_gate;

create trigger letter_is_owed after insert on consent_choice
    for each row execute function consent.owe_letter();
