-- A report is of an entry's source person, and follows that person when a link changes, as the entry
-- does: two records taken apart take their reports along, and a source's officers are shown a resident
-- of whom they hold a person themselves.

alter table records_entryreport add column source_person_id bigint;
update records_entryreport w set source_person_id = e.source_person_id, resident_id = e.resident_id
from records_entry e
where e.source_id = w.source_id and e.category = w.category and e.identifier = w.identifier;
alter table records_entryreport alter column source_person_id set not null;
alter table records_entryreport add constraint report_of_source_person
    foreign key (source_person_id, resident_id, source_id)
    references identity_sourceperson (id, resident_id, source_id) on update cascade;
create index report_by_source_person on records_entryreport (source_person_id);

revoke update (resident_id) on records_entryreport from connectcare_gate;
update identity_tableaboutresident
set on_merge = 'follows', why = 'A report goes with the source person of its entry.'
where table_name = 'records_entryreport';

drop policy reported on records_entryreport;
create policy reported on records_entryreport for insert to connectcare_web with check (
    answer = '' and notified is null
    and resident_id = (select access.opened_resident())
    and membership_id = (select access.opened_by())
    and exists (
        select from records_entry e
        where e.resident_id = records_entryreport.resident_id
          and e.public_id = records_entryreport.entry_public_id
          and e.grant_key = records_entryreport.grant_key
          and e.source_id = records_entryreport.source_id
          and e.source_person_id = records_entryreport.source_person_id
          and e.category = records_entryreport.category
          and e.identifier = records_entryreport.identifier));
