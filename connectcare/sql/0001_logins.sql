-- What the web's login needs of the framework's own tables.

grant select, insert, update, delete on django_session to connectcare_web;
grant select on django_content_type, auth_permission, auth_group, auth_group_permissions,
    organisations_staffmember_groups, organisations_staffmember_user_permissions,
    guardian_userobjectpermission, guardian_groupobjectpermission to connectcare_web;

-- Tables made before the default privileges of audit/sql/0001_events.sql.
grant select, insert, update, delete on django_session, django_content_type, auth_permission,
    auth_group, auth_group_permissions, organisations_staffmember_groups,
    organisations_staffmember_user_permissions, guardian_userobjectpermission,
    guardian_groupobjectpermission to connectcare_pipeline;
grant usage, select on sequence guardian_userobjectpermission_id_seq,
    guardian_groupobjectpermission_id_seq, auth_permission_id_seq, django_content_type_id_seq
    to connectcare_pipeline;
grant select on all tables in schema public to connectcare_backup;
grant select on all sequences in schema public to connectcare_backup;
