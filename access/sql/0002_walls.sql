-- Row security on every table about a resident that the web's login can reach, forced, so that
-- not even their owner reads past it. The gate's functions read them through policies of their
-- own; the pipeline and the backup bypass row security and cannot be reached from a browser.

alter table identity_resident enable row level security;
alter table identity_resident force row level security;
create policy gate on identity_resident for select to connectcare_gate using (true);
create policy glimpsed on identity_resident for select to connectcare_web
    using (id in (select access.glimpsed()));

alter table identity_residentplace enable row level security;
alter table identity_residentplace force row level security;
create policy gate on identity_residentplace for select to connectcare_gate using (true);
create policy glimpsed on identity_residentplace for select to connectcare_web
    using (resident_id in (select access.glimpsed_with_place()));

alter table identity_residentnhsnumber enable row level security;
alter table identity_residentnhsnumber force row level security;
create policy gate on identity_residentnhsnumber for select to connectcare_gate using (true);
create policy glimpsed on identity_residentnhsnumber for select to connectcare_web
    using (resident_id in (select access.glimpsed_with_number()));

alter table identity_sourceperson enable row level security;
alter table identity_sourceperson force row level security;
create policy gate on identity_sourceperson for select to connectcare_gate using (true);

alter table consent_choice enable row level security;
alter table consent_choice force row level security;
create policy gate on consent_choice for select to connectcare_gate using (true);
create policy glimpsed on consent_choice for select to connectcare_web
    using (resident_id in (select access.glimpsed_with_choices()));
create policy said on consent_choice for insert to connectcare_web
    with check (resident_id in (select access.glimpsed_with_choices()));
grant select, insert on consent_choice to connectcare_web;
grant usage on sequence consent_choice_id_seq to connectcare_web;

alter table access_carerelationship enable row level security;
alter table access_carerelationship force row level security;
create policy gate on access_carerelationship for select to connectcare_gate using (true);
