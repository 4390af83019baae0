-- The history of the registry, by triggers: bulk and raw SQL leave it as the pages do.
--
-- Who acts, and why, stands in two settings of the transaction, which the registry's own functions
-- and organisations/actions.py set. What writes without them is in the history under its login.

revoke all on organisations_registrychange from connectcare_web;
revoke insert, update, delete on organisations_registrychange from connectcare_pipeline;
grant select on organisations_registrychange to connectcare_web;
grant select, insert on organisations_registrychange to connectcare_gate;
grant usage on sequence organisations_registrychange_id_seq to connectcare_gate;

create trigger history_is_only_added before update or delete on organisations_registrychange
    for each row execute function audit.refuse_change();
create trigger history_is_never_emptied before truncate on organisations_registrychange
    for each statement execute function audit.refuse_change();

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- One row for each row that is made, changed or removed. The first argument is the kind of row;
-- the others are columns that change with the portal's running and say nothing of who may what.
create function organisations.keep_history() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    passing constant text[] := tg_argv[1:];
    former jsonb := '{}';
    latter jsonb := '{}';
    one jsonb;
    acting bigint := nullif(current_setting('connectcare.staff', true), '')::bigint;
begin
    if tg_op <> 'INSERT' then
        former := to_jsonb(old) - passing;
    end if;
    if tg_op <> 'DELETE' then
        latter := to_jsonb(new) - passing;
    end if;
    one := case tg_op when 'DELETE' then former else latter end;
    if tg_op = 'UPDATE' then
        select coalesce(jsonb_object_agg(key, former -> key), '{}'),
               coalesce(jsonb_object_agg(key, value), '{}')
        into former, latter
        from jsonb_each(latter) where former -> key is distinct from value;
        if latter = '{}' then
            return null;
        end if;
    end if;
    insert into public.organisations_registrychange (
        at, login, staff_id, staff_name, why, what, row, organisation_id, change, before, after)
    values (
        statement_timestamp(), session_user, acting,
        coalesce((select s.name from public.organisations_staffmember s where s.id = acting), ''),
        coalesce(current_setting('connectcare.why', true), ''),
        tg_argv[0], (one ->> 'id')::bigint,
        case tg_argv[0]
            when 'organisation' then (one ->> 'id')::bigint
            when 'group-member' then (one ->> 'member_id')::bigint
            when 'agreement' then (one ->> 'source_id')::bigint
            when 'administrator' then (one ->> 'object_pk')::bigint
            else (one ->> 'organisation_id')::bigint end,
        case tg_op when 'INSERT' then 'made' when 'UPDATE' then 'changed' else 'removed' end,
        case when former ? 'password' then former || '{"password": "not kept"}' else former end,
        case when latter ? 'password' then latter || '{"password": "not kept"}' else latter end);
    return null;
end $$;

create function organisations.refuse_emptying() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'the registry is not emptied: TRUNCATE on % would leave no history',
        tg_table_name
        using errcode = 'insufficient_privilege', hint = 'Delete the rows, each with its history.';
end $$;

-- Who acts in this transaction, and why, as the history is to say it. Nobody: null.
create function organisations.says_who(in_staff bigint, in_why text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform set_config('connectcare.staff', coalesce(in_staff::text, ''), true);
    perform set_config('connectcare.why', coalesce(in_why, ''), true);
end $$;

revoke all on function organisations.keep_history(), organisations.refuse_emptying(),
    organisations.says_who(bigint, text) from public;
grant execute on function organisations.keep_history(), organisations.refuse_emptying()
    to connectcare_owner;
grant execute on function organisations.says_who(bigint, text) to connectcare_pipeline;
reset role;
grant usage on schema organisations to connectcare_pipeline;
revoke create on schema organisations from connectcare_gate;

do $$
declare
    kept record;
begin
    for kept in
        select * from (values
            ('organisations_organisation', 'organisation', ''),
            ('organisations_groupmembership', 'group-member', ''),
            ('organisations_team', 'team', ''),
            ('organisations_role', 'role', ''),
            ('organisations_membership', 'membership', ''),
            ('organisations_sharingagreement', 'agreement', ''),
            ('organisations_feed', 'feed', 'last_received'),
            ('organisations_staffmember', 'staff', 'last_login'),
            ('organisations_staffmember_groups', 'framework-right', ''),
            ('organisations_staffmember_user_permissions', 'framework-right', ''),
            ('auth_group_permissions', 'framework-right', ''),
            ('guardian_userobjectpermission', 'administrator', ''),
            ('guardian_groupobjectpermission', 'framework-right', '')
        ) as t (name, what, passing)
    loop
        execute format(
            'create trigger history after insert or update or delete on %I '
            'for each row execute function organisations.keep_history(%L, %L)',
            kept.name, kept.what, kept.passing);
        execute format(
            'create trigger history_cannot_be_skipped before truncate on %I '
            'for each statement execute function organisations.refuse_emptying()', kept.name);
    end loop;
end $$;
