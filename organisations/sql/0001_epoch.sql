-- The rules' epoch moves with every change that can change a decision.

insert into organisations_rulesepoch (id, epoch) values (1, 1);
grant select on organisations_rulesepoch to connectcare_gate;
grant update on organisations_rulesepoch to connectcare_gate;
revoke insert, update, delete on organisations_rulesepoch from connectcare_pipeline;

create schema organisations;
revoke all on schema organisations from public;
grant usage, create on schema organisations to connectcare_gate;

create function organisations.move_epoch() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update public.organisations_rulesepoch set epoch = epoch + 1 where id = 1;
    return null;
end $$;
alter function organisations.move_epoch() owner to connectcare_gate;
-- Whoever makes a trigger needs the right to its function; only the function's owner can give it.
set local role connectcare_gate;
grant execute on function organisations.move_epoch() to connectcare_owner;
reset role;
revoke create on schema organisations from connectcare_gate;

do $$
declare
    watched text;
begin
    foreach watched in array array[
        'organisation', 'groupmembership', 'team', 'role', 'membership', 'sharingagreement'
    ] loop
        execute format(
            'create trigger rules_epoch after insert or update or delete on organisations_%s '
            'for each statement execute function organisations.move_epoch()', watched);
    end loop;
end $$;
-- Signing in writes last_login, and each delivery writes last_received: no rule depends on them.
create trigger rules_epoch after insert or delete or update of is_active
    on organisations_staffmember
    for each statement execute function organisations.move_epoch();
create trigger rules_epoch after insert or delete
    or update of organisation_id, categories, state, valid_from, valid_until
    on organisations_feed
    for each statement execute function organisations.move_epoch();

grant select on organisations_organisation, organisations_groupmembership, organisations_team,
    organisations_role, organisations_membership, organisations_sharingagreement,
    organisations_staffmember, organisations_feed
    to connectcare_gate, connectcare_web;
grant update (last_login, password) on organisations_staffmember to connectcare_web;
