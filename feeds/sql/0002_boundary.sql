-- Whoever objected to a council's use of the NHS number, and does so no more, is missing in what was
-- stopped meanwhile: the council is asked for a full extract, in the transaction of the choice.

revoke insert, delete on feeds_extractrequest from connectcare_pipeline;
grant select (id, source_id, due, asked, answered_id) on feeds_extractrequest to connectcare_web;
grant insert on feeds_extractrequest to connectcare_gate;
grant usage on sequence feeds_extractrequest_id_seq to connectcare_gate;

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('feeds_stoppedcase', 'resident_id', 'moves', '[]',
    'A case number is one person''s, whoever they are found to be.');
grant update (resident_id) on feeds_stoppedcase to connectcare_gate;
grant select on feeds_stoppedcase to connectcare_gate;

create schema feeds;
revoke all on schema feeds from public;
grant usage, create on schema feeds to connectcare_gate;
set local role connectcare_gate;

create function feeds.ask_for_extract() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (
        select from public.consent_choice c
        where c.resident_id in (select identity.same_person(new.resident_id))
          and c.kind = 'nhs-number' and c.council_id = new.council_id
          and c.answer = 'refuses' and c.id < new.id) then
        insert into public.feeds_extractrequest (source_id, choice_id, due)
        values (new.council_id, new.id, new.effective_from);
    end if;
    return null;
end $$;
grant execute on function feeds.ask_for_extract() to connectcare_owner;
reset role;
revoke create on schema feeds from connectcare_gate;

create trigger objection_may_end after insert on consent_choice
    for each row when (new.kind = 'nhs-number' and new.answer in ('consents', 'withdrawn'))
    execute function feeds.ask_for_extract();
