-- A draft of a choice is its own membership's. What it holds of a resident is sealed, but whose it
-- is and when it was written are not: the web's login has those of the one membership that it says
-- it asks for (consent/drafts.py), and none for one that records no choices any more.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whether this transaction asks for the drafts of a membership that still records choices.
create function access.is_draft_of(in_staff bigint, in_membership bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select current_setting('connectcare.drafts_of', true) = in_staff || '/' || in_membership
       and exists (
           select from access.memberships_in_force m
           where m.membership_id = in_membership and m.staff_id = in_staff
             and 'record-choices' = any (m.activities))
$$;
revoke all on function access.is_draft_of(bigint, bigint) from public;
grant execute on function access.is_draft_of(bigint, bigint) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;

alter table consent_choicedraft enable row level security;
alter table consent_choicedraft force row level security;
create policy own on consent_choicedraft to connectcare_web
    using (access.is_draft_of(staff_id, membership_id))
    with check (access.is_draft_of(staff_id, membership_id));
