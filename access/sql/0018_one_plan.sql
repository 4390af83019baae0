-- One plan for the facts of however many residents, and as quick a one for one as before. PostgreSQL
-- cannot know how many a list names, guesses ten, and finds it worth its while to plan each call
-- anew for the true number: that took more than twice what the answer takes (docs/adr/0013).

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- Everything that the rule asks about, at one statement's snapshot, the epochs with it: for one
-- reader, and of each resident in their order. NULL parts are facts that do not exist. Bounded: the
-- relationships in force of one organisation (of declared ones one's own), the glass of this
-- sitting, the disclosures that name this membership and are not over, the sources that take part
-- or hold something; a source that is not of every resident says so. What is asked of every source
-- is asked once for all of them.
create or replace function access.read_facts(
    in_staff bigint, in_membership bigint, in_residents uuid[], in_sitting uuid default null)
returns json
language sql stable security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan as $$
    with asked as (
        select m.id, m.state, m.valid_from, m.valid_until, m.staff_id, m.organisation_id,
            m.team_id, m.role_id
        from public.organisations_membership m
        where m.id = in_membership and m.staff_id = in_staff
    ), wanted as (
        select u.nth, r.id, r.known_to_all, r.protection, r.deceased, r.deceased_on,
            r.deceased_since
        from (select * from unnest(in_residents) with ordinality as u (public_id, nth)
              -- All of them; the planner takes it for one, and plans for one.
              limit cardinality(in_residents)) u
        left join public.identity_resident r on r.public_id = u.public_id
    ), sources as (
        select o.*, coalesce(o.participates
                or o.id = (select organisation_id from asked), false) as everywhere
        from public.organisations_organisation o
        where o.kind <> 'group'
          and (o.participates
               or o.id in (select p.source_id from public.identity_sourceperson p
                           where p.resident_id = any (array(select id from wanted)))
               or o.id = (select organisation_id from asked))
    ), groups as (
        select k.member_id, k.group_id from public.organisations_groupmembership k
        where k.state = 'active' and k.valid_from <= statement_timestamp()
          and (k.valid_until is null or k.valid_until > statement_timestamp())
          and (k.member_id in (select id from sources)
               or k.member_id = (select organisation_id from asked))
    ), agreed as (
        -- An agreement with a group is one with its members of the day.
        select shown.source, json_agg(shown.categories) as categories
        from (
            select coalesce(k.member_id, g.source_id) as source, g.categories
            from public.organisations_sharingagreement g
            left join groups k on k.group_id = g.source_id
            where g.state = 'active' and g.valid_from <= statement_timestamp()
              and (g.valid_until is null or g.valid_until > statement_timestamp())
              -- Said so that the index of the recipients serves it.
              and g.recipient_id = any (array(
                  select organisation_id from asked
                  union all
                  select m.group_id from groups m
                  where m.member_id = (select organisation_id from asked)))
        ) shown
        group by shown.source
    ), sent as (
        select f.organisation_id,
            json_agg(f.categories) filter (
                where f.state = 'active' and f.valid_from <= statement_timestamp()
                  and (f.valid_until is null or f.valid_until > statement_timestamp())
            ) as categories,
            min(f.last_received) filter (
                where f.state = 'active' and f.expected_every is not null
                  and f.last_received + f.expected_every < statement_timestamp()
            ) as late_since,
            max(f.last_received) as updated
        from public.organisations_feed f
        where f.organisation_id in (select id from sources)
        group by f.organisation_id
    )
    select json_build_object(
        'at', statement_timestamp(),
        'rules_epoch', (select epoch from public.organisations_rulesepoch where id = 1),
        'staff', (select json_build_object('id', s.id, 'name', s.name, 'active', s.is_active)
                  from public.organisations_staffmember s where s.id = in_staff),
        'membership', (
            select json_build_object(
                'id', a.id,
                'period', json_build_object('state', a.state, 'from', a.valid_from,
                                             'until', a.valid_until),
                'organisation', (
                    select json_build_object('id', o.id, 'name', o.name, 'kind', o.kind,
                        'period', json_build_object('state', o.state, 'from', o.valid_from,
                                                     'until', o.valid_until))
                    from public.organisations_organisation o where o.id = a.organisation_id),
                'team', (
                    select json_build_object('id', t.id, 'whole_site', t.serves_whole_site,
                        'period', json_build_object('state', t.state, 'from', t.valid_from,
                                                     'until', t.valid_until))
                    from public.organisations_team t where t.id = a.team_id),
                'role', (
                    select json_build_object('code', r.code, 'name', r.name,
                        'categories', r.categories, 'activities', r.activities,
                        'period', json_build_object('state', r.state, 'from', r.valid_from,
                                                     'until', r.valid_until))
                    from public.organisations_role r where r.id = a.role_id))
            from asked a),
        'residents', (
            select coalesce(json_agg(json_build_object(
                'resident_epoch', (select e.epoch from public.identity_residentepoch e
                                   where e.resident_id = p.id),
                'resident', case when p.id is not null then json_build_object(
                    'id', p.id, 'known_to_all', p.known_to_all, 'protection', p.protection,
                    'deceased', p.deceased, 'deceased_on', p.deceased_on,
                    'deceased_since', p.deceased_since,
                    'may_be_known', (select access.may_know_of(p.id, a.organisation_id)
                                     from asked a)) end,
                'links', (
                    select coalesce(json_object_agg(l.source_id, l.linked), '{}')
                    from (select s.source_id, bool_and(s.link = 'linked') as linked
                          from public.identity_sourceperson s where s.resident_id = p.id
                          group by s.source_id) l),
                'refusals', (
                    select coalesce(json_agg(json_build_object(
                        'kind', c.kind, 'council', c.council_id)), '[]')
                    from consent.refusals(p.id, statement_timestamp()) c
                    where p.id is not null),
                'relationships', (
                    select coalesce(json_agg(json_build_object(
                        'id', c.id, 'kind', c.kind, 'team', c.team_id, 'from', c.valid_from,
                        'until', c.valid_until, 'membership', c.membership_id)
                        order by c.valid_from desc, c.id desc), '[]')
                    from public.access_carerelationship c
                    join asked a on a.organisation_id = c.organisation_id
                    where c.resident_id = p.id
                      and (c.membership_id is null or c.membership_id = in_membership)
                      and (c.valid_until is null or c.valid_until > statement_timestamp())),
                'glasses', (
                    select coalesce(json_agg(json_build_object(
                        'id', g.id, 'began', g.began, 'ends_at', g.ends_at,
                        'ended_at', g.ended_at)
                        order by g.ends_at desc, g.id desc), '[]')
                    from public.access_brokenglass g
                    join asked a on a.id = g.membership_id
                    where g.resident_id = p.id and g.sitting = in_sitting),
                'disclosures', (
                    select coalesce(json_agg(json_build_object(
                        'id', d.id, 'categories', d.categories, 'from', d.valid_from,
                        'until', d.valid_until, 'confirmed', d.confirmed_at,
                        'confirm_by', d.confirm_by, 'ended', d.ended_at)
                        order by d.valid_until desc, d.id desc), '[]')
                    from public.access_lawfuldisclosure d
                    join public.access_disclosurerecipient r on r.disclosure_id = d.id
                    join asked a on a.id = r.membership_id
                    where d.resident_id = p.id
                      and d.ended_at is null and d.valid_until > statement_timestamp()))
                order by p.nth), '[]')
            from wanted p),
        'sources', (
            select coalesce(json_agg(json_build_object(
                'id', o.id, 'everywhere', o.everywhere, 'name', o.name, 'kind', o.kind,
                'area', o.area, 'duty_phone', o.duty_phone,
                'sends', coalesce(sent.categories, '[]'),
                'late_since', sent.late_since,
                'updated', sent.updated,
                'agreed', coalesce(agreed.categories, '[]'))
                order by o.name, o.id), '[]')
            from sources o
            left join agreed on agreed.source = o.id
            left join sent on sent.organisation_id = o.id))
$$;

reset role;
revoke create on schema access from connectcare_gate;
