-- Choices are only added, and one function says which refusals are in force.

create schema consent;
revoke all on schema consent from public;
grant usage, create on schema consent to connectcare_gate;

revoke update, delete on consent_choice from connectcare_pipeline;
grant select on consent_choice to connectcare_gate;

create trigger choices_are_only_added before update or delete on consent_choice
    for each row execute function audit.refuse_change();
create trigger choices_are_never_emptied before truncate on consent_choice
    for each statement execute function audit.refuse_change();
create trigger epoch_moves after insert on consent_choice
    referencing new table as changed
    for each statement execute function identity.move_epochs_of_rows();

-- The refusals of a resident that are in force at a moment: for each kind and council the latest
-- answer whose time has come, leaving out those where nobody could be asked. Of two answers for
-- one moment the refusal holds.
create function consent.refusals(in_resident bigint, in_at timestamptz)
returns table (kind text, council_id bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select latest.kind, latest.council_id
    from (
        select distinct on (c.kind, c.council_id) c.kind, c.council_id, c.answer
        from public.consent_choice c
        where c.resident_id = in_resident
          and c.answer <> 'could-not-be-asked'
          and c.effective_from <= in_at
        order by c.kind, c.council_id, c.effective_from desc, (c.answer = 'refuses') desc,
            c.id desc
    ) latest
    where latest.answer = 'refuses'
$$;
grant execute on function consent.refusals(bigint, timestamptz) to connectcare_pipeline;
alter function consent.refusals(bigint, timestamptz) owner to connectcare_gate;
revoke create on schema consent from connectcare_gate;
grant usage on schema consent to connectcare_pipeline;
