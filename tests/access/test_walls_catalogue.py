"""The catalogue of PostgreSQL says that the walls stand: asked of the database, not of the code."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

Connect = Callable[[str], psycopg.Connection]

#: Tables of the web's that hold something of a resident.
ABOUT_RESIDENTS = {
    "access_alert",
    "access_alertreview",
    "access_brokenglass",
    "access_carerelationship",
    "access_disclosurenotice",
    "access_disclosurerecipient",
    "access_lawfuldisclosure",
    "access_watch",
    "access_watchreason",
    "consent_canary",
    "consent_choice",
    "consent_choicedraft",
    "consent_probedue",
    "consent_proberesult",
    "consent_proofincident",
    "consent_ruling",
    "discharge_referral",
    "discharge_referralstep",
    "identity_resident",
    "identity_residentnhsnumber",
    "identity_residentplace",
    "identity_sourceperson",
    "notifications_notice",
    "records_entry",
    "records_entryreport",
    "subject_access_part",
    "subject_access_request",
}


def test_row_security_is_on_and_forced_on_every_table_about_residents(run_sql: Connect) -> None:
    rows = run_sql("admin").execute(
        "select relname from pg_class where relrowsecurity and relforcerowsecurity"
    )
    assert {name for (name,) in rows} == ABOUT_RESIDENTS


#: Everything that the web's login can reach without a wall, and why nobody is to be found in it.
NOT_ABOUT_A_RESIDENT = {
    "access_authenticator": "the apps by which staff confirm that it is them",
    "access_passkey": "the public halves of passkeys of staff",
    "access_launchhost": "systems that may send staff here, with their public keys",
    "access_logoutseen": "ids of sessions of staff that ended elsewhere",
    "access_provideridentity": "who staff are to the providers that they sign in by",
    "access_providersession": "which sessions of staff were begun by which elsewhere",
    "access_recoverycode": "digests of codes for staff whose app is lost",
    "audit_seal": "digests of the audit, which say nothing of what they are of",
    "auth_group": "the framework's; no page uses it",
    "auth_group_permissions": "the framework's; no page uses it",
    "auth_permission": "the framework's names of what may be done with a table",
    "axes_accessattempt": "by which names somebody tried to sign in",
    "axes_accessattemptexpiration": "until when such a try counts",
    "consent_reconciliation": "numbers of choices, and of feeds that were asked",
    "django_content_type": "the framework's names of tables",
    # Of a resident it holds the opaque id of the record that its own reader looks at, for as long
    # as the look lasts; that id opens nothing to anybody else.
    "django_session": "who is signed in, and what they act as and look at",
    "feeds_batch": "what came when, how much, and its state",
    "feeds_chunk": "written, and of what is there the ids alone",
    "feeds_delivery": "written, and of what is there the sizes alone",
    "feeds_extractrequest": "which source was asked for a full extract; not for whose choice",
    "feeds_feedkey": "digests of the keys of feeds",
    "feeds_feedmapping": "how a source's columns are read",
    "feeds_hold": "where something was held and why, and whether two are of one person",
    "feeds_tally": "how many items of a batch were taken, by kind",
    "guardian_groupobjectpermission": "the library's; no page uses it",
    "guardian_userobjectpermission": "who administers which organisation",
    "organisations_contact": "the registry",
    "organisations_feed": "the registry",
    "organisations_groupmembership": "the registry",
    "organisations_membership": "the registry",
    "organisations_organisation": "the registry",
    "organisations_proposal": "changes of the registry that wait for a second person",
    "organisations_registrychange": "the registry's history",
    "organisations_role": "the registry",
    "organisations_sharingagreement": "the registry",
    "organisations_site": "the registry",
    "organisations_staffmember": "the registry",
    "organisations_staffmember_groups": "the framework's; no page uses it",
    "organisations_staffmember_user_permissions": "the framework's; no page uses it",
    "organisations_team": "the registry",
}


def reached_by_web(run_sql: Connect) -> set[str]:
    """Every table and view of which the web's login has anything, be it one column to write."""
    rows = run_sql("admin").execute(
        """
        select case n.nspname when 'public' then '' else n.nspname || '.' end || c.relname
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm', 'p', 'f') and n.nspname !~ '^(pg_|information_schema)'
          and (has_table_privilege('connectcare_web', c.oid, 'select, insert, update, delete')
               or has_any_column_privilege(
                   'connectcare_web', c.oid, 'select, insert, update, references'))
        """
    )
    return {name for (name,) in rows}


def test_every_table_that_the_web_reaches_is_walled_or_about_nobody(run_sql: Connect) -> None:
    reached = reached_by_web(run_sql)
    assert len(reached) >= 20, "the walker found too few tables to be believed"
    assert ABOUT_RESIDENTS.isdisjoint(NOT_ABOUT_A_RESIDENT)
    assert reached - ABOUT_RESIDENTS == set(NOT_ABOUT_A_RESIDENT), (
        "wall it with forced row security, or say above why nobody is to be found in it"
    )
    assert all(NOT_ABOUT_A_RESIDENT.values())


def test_one_column_is_enough_to_be_found(run_sql: Connect) -> None:
    admin = run_sql("admin")
    admin.execute("create table about_somebody (whose bigint, words text)")
    admin.execute("grant select (words) on about_somebody to connectcare_web")
    found = admin.execute(
        "select has_table_privilege('connectcare_web', 'about_somebody', 'select'),"
        " has_any_column_privilege('connectcare_web', 'about_somebody', 'select')"
    ).fetchone()
    assert found == (False, True)
    admin.rollback()


def test_every_table_that_names_a_resident_is_walled_or_out_of_the_webs_reach(
    run_sql: Connect,
) -> None:
    rows = (
        run_sql("admin")
        .execute(
            """
        select distinct c.relname, has_table_privilege('connectcare_web', c.oid, 'select')
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
        join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
        where c.relkind in ('r', 'v', 'm', 'p')
          and (a.attname like '%resident%' or c.relname = 'identity_resident')
        """
        )
        .fetchall()
    )
    assert {name for name, readable in rows if readable} <= ABOUT_RESIDENTS
    assert len(rows) >= 8, "the walker found too few tables to be believed"
