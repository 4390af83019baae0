-- Who administers an organisation has a role there that says so, and it is in force now. The object
-- permission comes with the role, which may begin later or end by its date: it alone says nothing
-- about today.

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- As before; and a role there is in force at this moment. organisations/delegation.py says the same
-- for the pages.
create or replace function organisations.administers(
    in_staff bigint, in_membership bigint, in_organisation bigint) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from organisations.acting(in_staff, in_membership) a
        where 'manage-registry' = any (a.activities)
           or ('manage-organisation' = any (a.activities)
               and exists (
                select from public.guardian_userobjectpermission g
                join public.auth_permission p on p.id = g.permission_id
                    and p.codename = 'administer'
                join public.django_content_type c on c.id = p.content_type_id
                    and c.app_label = 'organisations' and c.model = 'organisation'
                where g.user_id = in_staff and g.object_pk = in_organisation::text)
               and exists (
                select from public.organisations_membership m
                join public.organisations_role r on r.id = m.role_id
                where m.staff_id = in_staff and m.organisation_id = in_organisation
                  and 'manage-organisation' = any (r.activities)
                  and organisations.in_force(m.state, m.valid_from, m.valid_until)
                  and organisations.in_force(r.state, r.valid_from, r.valid_until))))
$$;

reset role;
revoke create on schema organisations from connectcare_gate;
