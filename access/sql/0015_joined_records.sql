-- Whose record holds what a reader asked for under an old id: for the page that leads there.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

-- The id that pages show of whoever a resident was joined with; NULL if they were not, or if the
-- reader's organisation may not know of that one.
create function access.now_known_as(
    in_staff bigint, in_membership bigint, in_resident uuid) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select now_is.public_id
    from public.identity_resident asked
    join public.identity_resident now_is
        on now_is.id = identity.survivor_of(asked.id) and now_is.id <> asked.id
    cross join lateral access.membership_in_force(in_staff, in_membership) m
    where asked.public_id = in_resident and access.may_know_of(now_is.id, m.organisation_id)
$$;
revoke all on function access.now_known_as(bigint, bigint, uuid) from public;
grant execute on function access.now_known_as(bigint, bigint, uuid) to connectcare_web;

reset role;
revoke create on schema access from connectcare_gate;
