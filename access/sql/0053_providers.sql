-- Who staff are to OpenID providers. Signing in begins and ends sessions; whose account a subject is
-- is said by functions alone, which ask again whether an administrator of theirs wanted it.

revoke all on access_provideridentity, access_linkcode, access_providersession, access_logoutseen
    from connectcare_pipeline, connectcare_web;
grant select, insert, delete on access_provideridentity to connectcare_pipeline;
grant usage on sequence access_provideridentity_id_seq to connectcare_pipeline;

grant select on access_provideridentity to connectcare_web;
grant select, insert, delete on access_providersession, access_logoutseen to connectcare_web;
grant update (session_key) on access_providersession to connectcare_web;
grant usage on sequence access_providersession_id_seq, access_logoutseen_id_seq
    to connectcare_web;

grant select, insert, delete on access_provideridentity to connectcare_gate;
grant select, insert, delete on access_linkcode to connectcare_gate;
grant usage on sequence access_provideridentity_id_seq, access_linkcode_id_seq
    to connectcare_gate;

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Whether somebody administers an organisation where a person has a role, and is not that person.
-- Whoever has a privileged role there is the registry's to link: an administrator of one
-- organisation does not say by what those sign in who look after privacy.
create function access.may_link(in_staff bigint, in_membership bigint, in_person bigint)
returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select case
        when not exists (
            select from public.organisations_membership m
            where m.staff_id = in_person and m.state = 'active'
              and (m.valid_until is null or m.valid_until > statement_timestamp())
              and organisations.administers(in_staff, in_membership, m.organisation_id))
            then 'not-allowed'
        when in_person = in_staff then 'own'
        when exists (
            select from public.organisations_membership m
            join public.organisations_role r on r.id = m.role_id
            where m.staff_id = in_person and m.state = 'active'
              and (m.valid_until is null or m.valid_until > statement_timestamp())
              and organisations.privileged(r.activities::text[]))
          and not exists (
            select from organisations.acting(in_staff, in_membership) a
            where 'manage-registry' = any (a.activities))
            then 'registrys'
        end
$$;

-- Keeps the digest of a code that links a person to whoever has it. A former one is good for
-- nothing.
create function access.make_link_code(
    in_staff bigint, in_membership bigint, in_request uuid, in_person uuid, in_digest bytea,
    in_life interval)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    person public.organisations_staffmember;
    outcome text;
begin
    select * into person from public.organisations_staffmember s where s.public_id = in_person;
    outcome := case when person.id is null then 'not-allowed'
                    else access.may_link(in_staff, in_membership, person.id) end;
    if outcome is null and not person.is_active then
        outcome := 'suspended';
    end if;
    if outcome is not null then
        perform organisations.noted(in_staff, in_membership, in_request, 'refused', outcome,
            jsonb_build_object('staff', person.id));
        return outcome;
    end if;
    delete from public.access_linkcode where staff_id = person.id;
    insert into public.access_linkcode (staff_id, made_by_id, digest, until)
    values (person.id, in_staff, in_digest,
            statement_timestamp() + least(in_life, interval '14 days'));
    perform organisations.noted(in_staff, in_membership, in_request, 'done', 'link-code-made',
        jsonb_build_object('staff', person.id));
    return 'made';
end $$;

-- Links a subject by a code, which is gone with it. Answers whose account it is; null if the code is
-- none, or the subject or the person is linked already.
create function access.use_link_code(
    in_digest bytea, in_issuer text, in_subject text, in_request uuid)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    code public.access_linkcode;
    person public.organisations_staffmember;
begin
    delete from public.access_linkcode
    where digest = in_digest and until > statement_timestamp() returning * into code;
    if code.id is null then
        return null;
    end if;
    select * into person from public.organisations_staffmember s
    where s.id = code.staff_id and s.is_active;
    if person.id is null then
        return null;
    end if;
    insert into public.access_provideridentity (issuer, subject, staff_id)
    values (in_issuer, in_subject, person.id)
    on conflict do nothing;
    if not found then
        return null;
    end if;
    perform audit.record('factor-changed', 'done', 'provider-linked', person.id, person.name,
        null, null, null, null, null, null, null, in_request,
        jsonb_build_object('code_by', code.made_by_id));
    return person.id;
end $$;

-- Takes off what links a person to a provider. Answers the word of what was done.
create function access.unlink(
    in_staff bigint, in_membership bigint, in_request uuid, in_person uuid, in_issuer text)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    person public.organisations_staffmember;
    outcome text;
begin
    select * into person from public.organisations_staffmember s where s.public_id = in_person;
    outcome := case when person.id is null then 'not-allowed'
                    else access.may_link(in_staff, in_membership, person.id) end;
    if outcome is null then
        delete from public.access_provideridentity p
        where p.staff_id = person.id and p.issuer = in_issuer;
        outcome := case when found then 'unlinked' else 'not-linked' end;
    end if;
    perform organisations.noted(in_staff, in_membership, in_request,
        case outcome when 'unlinked' then 'done' else 'refused' end,
        case outcome when 'unlinked' then 'provider-unlinked' else outcome end,
        jsonb_build_object('staff', person.id));
    return outcome;
end $$;

revoke all on function
    access.may_link(bigint, bigint, bigint),
    access.make_link_code(bigint, bigint, uuid, uuid, bytea, interval),
    access.use_link_code(bytea, text, text, uuid),
    access.unlink(bigint, bigint, uuid, uuid, text)
    from public;
grant execute on function
    access.make_link_code(bigint, bigint, uuid, uuid, bytea, interval),
    access.use_link_code(bytea, text, text, uuid),
    access.unlink(bigint, bigint, uuid, uuid, text),
    access.may_link(bigint, bigint, bigint)
    to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
