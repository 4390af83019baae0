-- Choices are not moved by a merge: they count for the survivor where they were said, and the
-- strictest of both hold (docs/adr/0009).

insert into identity_tableaboutresident
    (table_name, column_name, on_merge, unique_with, why) values
('consent_choice', 'resident_id', 'counts', '[]',
    'What was said is never changed; consent.refusals asks everyone who is one person.');

create trigger nothing_new_is_merged_away after insert on consent_choice
    referencing new table as changed
    for each statement execute function identity.refuse_merged_away();

grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

-- The refusals of a resident that are in force at a moment. Of each set of identity.who_spoke, for
-- each kind and council, the latest answer whose time has come, leaving out those where nobody
-- could be asked; of two answers for one moment the refusal. What one set refuses is refused.
create or replace function consent.refusals(in_resident bigint, in_at timestamptz)
returns table (kind text, council_id bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select distinct latest.kind, latest.council_id
    from (
        select distinct on (w.person, w.merge, c.kind, c.council_id)
            c.kind, c.council_id, c.answer
        from identity.who_spoke(in_resident) w
        join public.consent_choice c on c.resident_id = w.speaker
            and c.recorded_at >= w.since and c.recorded_at < w.before
        where c.answer <> 'could-not-be-asked'
          and c.effective_from <= in_at
        order by w.person, w.merge, c.kind, c.council_id, c.effective_from desc,
            (c.answer = 'refuses') desc, c.id desc
    ) latest
    where latest.answer = 'refuses'
$$;

reset role;
revoke create on schema consent from connectcare_gate;
