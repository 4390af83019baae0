-- By which names a source knew somebody whose record was destroyed: digests, with a secret of the
-- database's own, so that a copy of them tells of nobody. What is sent of them again stays out.
revoke all on feeds_destroyedperson from public, connectcare_web, connectcare_pipeline;
grant select, insert, update on feeds_destroyedperson to connectcare_gate;
grant usage on sequence feeds_destroyedperson_id_seq to connectcare_gate;

create table feeds.destroyed_secret (
    one boolean primary key default true check (one),
    secret bytea not null
);
insert into feeds.destroyed_secret (secret)
values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
grant select on feeds.destroyed_secret to connectcare_gate, connectcare_backup;
grant usage on schema feeds to connectcare_pipeline, connectcare_backup;

grant create on schema feeds to connectcare_gate;
set local role connectcare_gate;

create function feeds.destroyed_key(in_source bigint, in_name text) returns bytea
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select sha256(s.secret || sha256(s.secret || convert_to(in_source || '|' || in_name, 'utf8')))
    from feeds.destroyed_secret s
$$;

-- Of these names of a source's: who was destroyed, the last moment that went, and when it went.
create function feeds.destroyed_among(in_source bigint, in_names text[])
returns table (name text, until timestamptz, since timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select n.name, d.until, d.since
    from (select distinct unnest(in_names) as name) n
    join public.feeds_destroyedperson d
        on d.source_id = in_source and d.digest = feeds.destroyed_key(in_source, n.name)
    where exists (select from public.feeds_destroyedperson any_of where any_of.source_id = in_source)
$$;

grant execute on function feeds.destroyed_among(bigint, text[]) to connectcare_pipeline;
reset role;
revoke create on schema feeds from connectcare_gate;
