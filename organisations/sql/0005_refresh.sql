-- Putting organisations right by what the national directory publishes.
--
-- Only what it knows better: a practice's name, postcode, telephone number, and that a body has
-- closed. It never adds an organisation or brings one back: that widens.

grant update on organisations_organisation, organisations_groupmembership to connectcare_gate;

grant create on schema organisations to connectcare_gate;
set local role connectcare_gate;

-- Puts right what differs, and answers each difference. ``in_rows``: code, name, postcode, phone
-- (empty where nothing is published), closed (whether), closed_on (its last day, if it is known).
create function organisations.put_right(in_rows jsonb)
returns table (code text, called text, part text, was text, is_now text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    published record;
    held public.organisations_organisation;
    ends timestamptz;
begin
    for published in
        select r.* from jsonb_to_recordset(in_rows) as r(
            code text, name text, postcode text, phone text, closed boolean, closed_on date)
        order by r.code
    loop
        select * into held from public.organisations_organisation o
        where o.ods_code = published.code for update;
        continue when held.id is null;
        code := held.ods_code;
        called := held.name;
        -- The participants have the names of the public notice.
        if held.kind = 'gp_practice' and published.name <> '' and published.name <> held.name then
            update public.organisations_organisation set name = published.name where id = held.id;
            part := 'name'; was := held.name; is_now := published.name;
            return next;
        end if;
        if published.postcode <> '' and published.postcode <> held.postcode then
            update public.organisations_organisation set postcode = published.postcode
            where id = held.id;
            part := 'postcode'; was := held.postcode; is_now := published.postcode;
            return next;
        end if;
        if held.kind = 'gp_practice' and published.phone <> '' and published.phone <> held.phone
        then
            update public.organisations_organisation set phone = published.phone
            where id = held.id;
            part := 'telephone'; was := held.phone; is_now := published.phone;
            return next;
        end if;
        if published.closed and held.state = 'active' then
            ends := greatest(held.valid_from + interval '1 microsecond', coalesce(
                ((published.closed_on + 1)::timestamp at time zone 'Europe/London'),
                statement_timestamp()));
            continue when held.valid_until <= ends;
            update public.organisations_organisation
            set valid_until = ends,
                state = case when ends <= statement_timestamp() then 'ended' else state end
            where id = held.id;
            update public.organisations_groupmembership m
            set valid_until = greatest(m.valid_from + interval '1 microsecond', ends),
                state = case when ends <= statement_timestamp() then 'ended' else m.state end
            where m.member_id = held.id and m.state = 'active'
              and (m.valid_until is null or m.valid_until > ends);
            part := 'closes'; was := '';
            is_now := ((ends - interval '1 microsecond') at time zone 'Europe/London')::date::text;
            return next;
        end if;
    end loop;
end $$;

-- The same, asked by an administrator of the registry. Anybody else: nothing, and an event.
create function organisations.refresh(
    in_staff bigint, in_membership bigint, in_request uuid, in_why text, in_rows jsonb)
returns table (code text, called text, part text, was text, is_now text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    differences integer;
begin
    if not organisations.manages_registry(in_staff, in_membership) or length(btrim(in_why)) < 3
    then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused',
            'not-allowed', '{}');
        return;
    end if;
    perform organisations.says_who(in_staff, in_why);
    return query select p.* from organisations.put_right(in_rows) p;
    get diagnostics differences = row_count;
    perform organisations.noted(in_staff, in_membership, in_request, 'done',
        'organisations-refreshed', jsonb_build_object('differences', differences));
    perform organisations.says_who(null, null);
end $$;

revoke all on all functions in schema organisations from public;
grant execute on function organisations.put_right(jsonb) to connectcare_pipeline;
grant execute on function organisations.refresh(bigint, bigint, uuid, text, jsonb)
    to connectcare_web;
reset role;
revoke create on schema organisations from connectcare_gate;
