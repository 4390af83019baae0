-- As before; and an event says from where its request came, if the connection was told so for this
-- very request (audit/came_from.py).

grant create on schema audit to connectcare_gate;
set local role connectcare_gate;

create or replace function audit.record(
    in_action text, in_outcome text, in_reason text,
    in_staff bigint, in_staff_name text, in_membership bigint, in_role text,
    in_organisation bigint, in_organisation_name text,
    in_resident bigint, in_residents bigint[], in_look uuid, in_request uuid, in_detail jsonb
) returns uuid
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
    insert into public.audit_event (
        action, outcome, reason, staff_id, staff_name, membership_id, role_code,
        organisation_id, organisation_name, resident_id, residents, look, request, detail)
    values (
        in_action, in_outcome, in_reason, in_staff, coalesce(in_staff_name, ''), in_membership,
        coalesce(in_role, ''), in_organisation, coalesce(in_organisation_name, ''),
        in_resident, coalesce(in_residents, '{}'), in_look, in_request,
        coalesce(in_detail, '{}') || case
            when split_part(current_setting('connectcare.came_from', true), ' ', 1)
                = in_request::text
            then jsonb_build_object(
                'from', split_part(current_setting('connectcare.came_from', true), ' ', 2))
            else '{}' end)
    returning public_id
$$;

reset role;
revoke create on schema audit from connectcare_gate;
