-- The openings since a moment with what they kept, a page at a time: what a drafted change of the
-- registry would have changed is decided from them (access/effects.py). For the pipeline, which may
-- read no opening; and nothing but when it was and what was decided.

grant create on schema access to connectcare_gate;
set local role connectcare_gate;

create function access.kept_openings(in_since timestamptz, in_after bigint, in_most integer)
returns table (id bigint, began timestamptz, decision text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select o.id, o.began, o.decision::text from public.access_opening o
    where o.began >= in_since and o.id > in_after
    order by o.id limit in_most
$$;

revoke all on function access.kept_openings(timestamptz, bigint, integer) from public;
grant execute on function access.kept_openings(timestamptz, bigint, integer)
    to connectcare_pipeline;

reset role;
revoke create on schema access from connectcare_gate;
