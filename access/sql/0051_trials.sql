-- What agreements show to named testers alone, until it is shown to all (docs/adr/0043).

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Source → what it shows to this membership by name: a list of categories for each agreement in
-- force that names it, of its own organisation or of a group that this belongs to. Null where there
-- is none. Read in the same statement as the facts, so at the same snapshot; every change of an
-- agreement moves the rules' epoch.
create function access.trials(in_membership bigint) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select json_object_agg(shown.source, shown.trials)
    from (
        select coalesce(k.member_id, g.source_id) as source, json_agg(g.trial) as trials
        from public.organisations_sharingagreement g
        join public.organisations_membership m on m.id = in_membership
        left join public.organisations_groupmembership k on k.group_id = g.source_id
            and k.state = 'active' and k.valid_from <= statement_timestamp()
            and (k.valid_until is null or k.valid_until > statement_timestamp())
        where g.testers <> '{}' and in_membership = any (g.testers)
          and g.state = 'active' and g.valid_from <= statement_timestamp()
          and (g.valid_until is null or g.valid_until > statement_timestamp())
          and (g.recipient_id = m.organisation_id or exists (
                select from public.organisations_groupmembership r
                where r.group_id = g.recipient_id and r.member_id = m.organisation_id
                  and r.state = 'active' and r.valid_from <= statement_timestamp()
                  and (r.valid_until is null or r.valid_until > statement_timestamp())))
        group by coalesce(k.member_id, g.source_id)
    ) shown
$$;
revoke all on function access.trials(bigint) from public;
grant execute on function access.trials(bigint) to connectcare_web;

-- As before; now a tester is one whom something opens for personally, and what is on trial opens
-- for nobody else of that role.
create or replace function access.who_could_open(
    in_staff bigint, in_membership bigint, in_resident uuid, in_category integer, in_request uuid)
returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    asker record;
    found bigint;
begin
    select * into asker from access.membership_in_force(in_staff, in_membership);
    if asker is null or not 'explain-access' = any (asker.activities) then
        perform audit.record('access-explained', 'refused', 'activity-not-in-role', in_staff, null,
            in_membership, null, null, null, null, null, null, in_request, null);
        return null;
    end if;
    select r.id into found from public.identity_resident r
    where r.public_id = in_resident and access.may_know_of(r.id, asker.organisation_id);
    if found is null then
        perform audit.record('access-explained', 'refused', 'not-known', in_staff,
            asker.staff_name, in_membership, asker.role_code, asker.organisation_id,
            asker.organisation_name, null, null, null, in_request, null);
        return null;
    end if;
    perform access.glimpse_of_alerts(array[found]);
    perform audit.record('access-explained', 'done', '', in_staff, asker.staff_name,
        in_membership, asker.role_code, asker.organisation_id, asker.organisation_name,
        found, null, null, in_request, jsonb_build_object('category', in_category));
    return (
        with working as (
            select m.id, m.staff_id, m.organisation_id, m.team_id, m.role_id
            from public.organisations_membership m
            join public.organisations_staffmember s on s.id = m.staff_id and s.is_active
            where m.state = 'active' and m.valid_from <= statement_timestamp()
              and (m.valid_until is null or m.valid_until > statement_timestamp())
        ), posts as (
            select * from (
                select distinct on (w.organisation_id, w.team_id, w.role_id)
                    w.*, false as personal, null::uuid as sitting
                from working w order by w.organisation_id, w.team_id, w.role_id, w.id) as each_post
            union all
            select w.*, true, personally.sitting
            from (
                select c.membership_id, null::uuid as sitting
                from public.access_carerelationship c
                where c.resident_id = found and c.membership_id is not null
                  and c.valid_until > statement_timestamp()
                union
                select g.membership_id, g.sitting
                from public.access_brokenglass g
                where g.resident_id = found and g.ends_at > statement_timestamp()
                union
                -- What is disclosed elsewhere is between the officers there.
                select n.membership_id, null::uuid
                from public.access_lawfuldisclosure d
                join public.access_disclosurerecipient n on n.disclosure_id = d.id
                where d.resident_id = found and d.organisation_id = asker.organisation_id
                  and access.disclosure_in_force(d)
                union
                select unnest(g.testers), null::uuid
                from public.organisations_sharingagreement g
                where g.testers <> '{}' and g.state = 'active'
            ) as personally
            join working w on w.id = personally.membership_id
        )
        select jsonb_build_object('resident', found, 'posts', coalesce(jsonb_agg(
            jsonb_build_object(
                'organisation', o.id, 'organisation_name', o.name, 'kind', o.kind,
                'own', own, 'role', r.name, 'personal', p.personal,
                'team', case when own then coalesce(t.name, '') else '' end,
                'staff', case when own and p.personal then s.name else '' end,
                'facts', case when own or o.kind <> 'adult_social_care' then
                    access.read_facts(p.staff_id, p.id, in_resident, p.sitting) end,
                'trials', case when p.personal then access.trials(p.id) end)
            order by own desc, o.name, o.id, r.name, r.id, t.name, t.id, p.personal, s.name, p.id),
            '[]'))
        from posts p
        join public.organisations_organisation o on o.id = p.organisation_id
        join public.organisations_role r on r.id = p.role_id
        join public.organisations_staffmember s on s.id = p.staff_id
        left join public.organisations_team t on t.id = p.team_id
        cross join lateral (select o.id = asker.organisation_id as own) as whose
        -- Of another council, only what stands in the registry: no post of one person's.
        where own or o.kind <> 'adult_social_care' or not p.personal);
end $$;

reset role;
revoke create on schema access from connectcare_gate;
