-- Which refusals are in force where nobody said anything, without looking for what was said: quick
-- as well where a council waits for a yes (docs/adr/0013).

grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

-- The refusals of a resident that are in force at a moment: what any set refuses is refused. A
-- council that shares only after a yes, and has none in force, is refused its social care.
create or replace function consent.refusals(in_resident bigint, in_at timestamptz)
returns table (kind text, council_id bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- Most residents never said anything, and were never one with anybody who may have.
    if not exists (select from public.consent_choice c where c.resident_id = in_resident)
       and not exists (select from public.identity_merge m where m.survivor_id = in_resident)
       and not exists (select from public.identity_merge m where m.merged_id = in_resident)
    then
        return query
            select 'social-care-sharing', o.id
            from public.organisations_organisation o
            where o.sharing_default = 'only-after-yes';
        return;
    end if;
    return query
        with counted as materialized (
            select c.kind::text as kind, c.council_id, c.answer
            from consent.counting(in_resident, in_at) c
            where c.place = 1)
        select c.kind, c.council_id from counted c where c.answer = 'refuses'
        union
        select 'social-care-sharing', o.id
        from public.organisations_organisation o
        where o.sharing_default = 'only-after-yes'
          and not exists (
              select from counted c
              where c.kind = 'social-care-sharing' and c.council_id = o.id);
end $$;

reset role;
revoke create on schema consent from connectcare_gate;
