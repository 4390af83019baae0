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
    "consent_canary",
    "consent_choice",
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
}


def test_row_security_is_on_and_forced_on_every_table_about_residents(run_sql: Connect) -> None:
    rows = run_sql("admin").execute(
        "select relname from pg_class where relrowsecurity and relforcerowsecurity"
    )
    assert {name for (name,) in rows} == ABOUT_RESIDENTS


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
