-- A feed brings answers about its own council alone, and none of a day that has not come.

grant create on schema consent to connectcare_gate;
set local role connectcare_gate;

create function consent.check_choice_of_feed() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (
        select from public.organisations_feed f
        where f.id = new.recorded_by_feed_id and f.organisation_id = new.council_id) then
        raise exception 'a feed brings answers about its own council'
            using errcode = 'check_violation', constraint = 'choice_of_feed_is_its_councils';
    end if;
    if new.asked_on > consent.day_of(new.recorded_at) then
        raise exception 'nobody has been asked on a day that has not come'
            using errcode = 'check_violation', constraint = 'choice_of_feed_was_asked';
    end if;
    return null;
end $$;
grant execute on function consent.check_choice_of_feed() to connectcare_owner;
reset role;
revoke create on schema consent from connectcare_gate;

create trigger feed_is_its_councils after insert on consent_choice
    for each row when (new.recorded_by_feed_id is not null)
    execute function consent.check_choice_of_feed();
