"""Make the database and its logins, as an administrator of the server. Safe to repeat.

Six roles, none a member of another login, each with its own address (DESIGN.md, "The rule"):

========  =======  ==========================================================================
owner     login    owns the database and everything the migrations make
gate      none     owns the functions through which records are opened; nobody signs in as it
web       login    the pages; owns nothing, bypasses nothing
pipeline  login    imports and background work; bypasses row security, which COPY cannot pass
sealer    login    seals the audit
backup    login    reads everything, for dumps; bypasses row security
========  =======  ==========================================================================

The only membership is that the owner may *set* (not inherit) the gate, so that migrations can hand
functions over to it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from launcher.errors import LauncherError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    Connection = psycopg.Connection[tuple[object, ...]]

OLDEST_SERVER = 180000
LOCK_KEY = 4_316_018_299_150_007
"""Provisioning runs one at a time on a server; the number is arbitrary and ours."""


@dataclass(frozen=True)
class Role:
    """One of the six roles."""

    name: str
    login: bool = True
    bypass_rls: bool = False

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in the database."""
        return sql.Identifier(f"connectcare_{self.name}")


OWNER = Role("owner")
GATE = Role("gate", login=False)
WEB = Role("web")
PIPELINE = Role("pipeline", bypass_rls=True)
SEALER = Role("sealer")
BACKUP = Role("backup", bypass_rls=True)
ROLES = (OWNER, GATE, WEB, PIPELINE, SEALER, BACKUP)
LOGINS = tuple(role.name for role in ROLES if role.login)
"""The names in DATABASE_<LOGIN>_URL, in lower case."""
USERS = (WEB, PIPELINE, SEALER, BACKUP)
"""The logins that use what the owner makes."""


def provision(
    admin_url: str, database: str, *, passwords: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Make the roles and the database where they are missing, and put their rights right.

    ``passwords`` maps a login's name (see LOGINS) to its password; one that is missing is made up
    and *replaces* the one the role had, so callers that share a server pass them all.

    Returns each login's name with its address. Raises LauncherError where the server is too old or
    the administrator may not do this.
    """
    words = {name: secrets.token_urlsafe(24) for name in LOGINS} | dict(passwords or {})
    unknown = words.keys() - set(LOGINS)
    if unknown:
        msg = f"No such login: {', '.join(sorted(unknown))}. There are: {', '.join(LOGINS)}."
        raise LauncherError(msg)
    try:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            _check_server(connection)
            connection.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            for role in ROLES:
                _make_role(connection, role, words.get(role.name))
            _tidy_memberships(connection)
            with _acting_for_owner(connection):
                _make_database(connection, database)
                with psycopg.connect(admin_url, dbname=database, autocommit=True) as inside:
                    _grant(inside, database)
    except psycopg.errors.InsufficientPrivilege as error:
        msg = (
            "The administrator in DATABASE_ADMIN_URL may not make the logins. It must be a "
            "superuser, or hold CREATEDB, CREATEROLE and BYPASSRLS. The server said: "
            f" {error.diag.message_primary}"
        )
        raise LauncherError(msg) from error
    except psycopg.OperationalError as error:
        msg = f"No connection to the server in DATABASE_ADMIN_URL. It said: {str(error).strip()}"
        raise LauncherError(msg) from error
    return {name: login_url(admin_url, database, name, words[name]) for name in LOGINS}


def login_url(admin_url: str, database: str, login: str, password: str) -> str:
    """Return a login's address on the administrator's server."""
    parts = {
        key: str(value) for key, value in conninfo_to_dict(admin_url).items() if value is not None
    }
    for own in ("user", "password", "dbname", "passfile"):
        parts.pop(own, None)
    host = quote(parts.pop("host", ""), safe="")
    port = f":{parts.pop('port')}" if "port" in parts else ""
    options = f"?{urlencode(parts)}" if parts else ""
    user = f"connectcare_{login}:{quote(password, safe='')}"
    return f"postgresql://{user}@{host}{port}/{quote(database, safe='')}{options}"


def variable(login: str) -> str:
    """Return the environment variable that holds a login's address.

    >>> variable("web")
    'DATABASE_WEB_URL'
    """
    return f"DATABASE_{login.upper()}_URL"


def as_environment(urls: Mapping[str, str]) -> dict[str, str]:
    """Return the logins' addresses under the names that the settings read."""
    return {variable(login): url for login, url in urls.items()}


def passwords_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the passwords in an environment's addresses, by login; absent ones are left out."""
    found = {}
    for login in LOGINS:
        password = urlsplit(environment.get(variable(login), "")).password
        if password:
            found[login] = unquote(password)
    return found


def _check_server(connection: Connection) -> None:
    if connection.info.server_version < OLDEST_SERVER:
        major = connection.info.server_version // 10000
        msg = f"Connect Care needs PostgreSQL 18; this server is {major}."
        raise LauncherError(msg)


def _make_role(connection: Connection, role: Role, password: str | None) -> None:
    exists = connection.execute(
        "SELECT FROM pg_roles WHERE rolname = %s", [role.identifier.as_string().strip('"')]
    ).fetchone()
    if exists is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(role.identifier))
    attributes = sql.SQL(" ").join(
        [
            sql.SQL("LOGIN" if role.login else "NOLOGIN"),
            sql.SQL("BYPASSRLS" if role.bypass_rls else "NOBYPASSRLS"),
            sql.SQL("NOCREATEDB NOCREATEROLE INHERIT"),
        ]
    )
    connection.execute(sql.SQL("ALTER ROLE {} WITH {}").format(role.identifier, attributes))
    if _is_superuser(connection):  # only a superuser may name these, even to deny them
        denial = sql.SQL("ALTER ROLE {} WITH NOSUPERUSER NOREPLICATION").format(role.identifier)
        connection.execute(denial)
    # The verifier is sent, not the password, so that no server's log can hold it.
    verifier: sql.Composable = sql.SQL("NULL")
    if password is not None:
        user = role.identifier.as_string().strip('"')
        digest = connection.pgconn.encrypt_password(
            password.encode(), user.encode(), b"scram-sha-256"
        )
        verifier = sql.Literal(digest.decode())
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role.identifier, verifier))


def _tidy_memberships(connection: Connection) -> None:
    """Take away every membership among or of the six, then give the one there is to be."""
    names = [f"connectcare_{role.name}" for role in ROLES]
    rows = connection.execute(
        """
        SELECT g.rolname, m.rolname, a.rolname
        FROM pg_auth_members am
        JOIN pg_roles g ON g.oid = am.roleid
        JOIN pg_roles m ON m.oid = am.member
        JOIN pg_roles a ON a.oid = am.grantor
        WHERE m.rolname = ANY(%s) AND (g.rolname, m.rolname) <> (%s, %s)
        """,
        [names, "connectcare_gate", "connectcare_owner"],
    ).fetchall()
    for granted, member, grantor in rows:
        connection.execute(
            sql.SQL("REVOKE {} FROM {} GRANTED BY {}").format(
                sql.Identifier(str(granted)),
                sql.Identifier(str(member)),
                sql.Identifier(str(grantor)),
            )
        )
    connection.execute(
        sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE, ADMIN FALSE").format(
            GATE.identifier, OWNER.identifier
        )
    )


def _acting_for_owner(connection: Connection) -> AbstractContextManager[None]:
    """Let an administrator who is no superuser act for the owner meanwhile (managed servers)."""
    from contextlib import contextmanager

    @contextmanager
    def acting() -> Iterator[None]:
        if _is_superuser(connection):
            yield
            return
        owner = OWNER.identifier
        connection.execute(
            sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(owner)
        )
        try:
            yield
        finally:
            connection.execute(
                sql.SQL("REVOKE {} FROM CURRENT_USER GRANTED BY CURRENT_USER").format(owner)
            )

    return acting()


def _is_superuser(connection: Connection) -> bool:
    return connection.info.parameter_status("is_superuser") == "on"


def _make_database(connection: Connection, database: str) -> None:
    name = sql.Identifier(database)
    if (
        connection.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone()
        is None
    ):
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
            ).format(name, OWNER.identifier)
        )
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, OWNER.identifier))


def _grant(inside: Connection, database: str) -> None:
    """Give rights on the database and its schema; runs connected to that database."""
    users = sql.SQL(", ").join(role.identifier for role in USERS)
    names = {
        "database": sql.Identifier(database),
        "owner": OWNER.identifier,
        "gate": GATE.identifier,
        "backup": BACKUP.identifier,
        "users": users,
    }
    available = "SELECT FROM pg_available_extensions WHERE name = 'btree_gist'"
    if inside.execute(available).fetchone() is not None:
        # Periods that may not overlap need it; its maker stays the administrator.
        inside.execute("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public")
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {owner}",
        "GRANT CONNECT ON DATABASE {database} TO {users}",
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {users}",
        # A function can be handed only to a role that may create in its schema.
        "GRANT USAGE, CREATE ON SCHEMA public TO {gate}",
        # A dump must read what later migrations make, too.
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {backup}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON SEQUENCES TO {backup}",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {backup}",
    ):
        inside.execute(sql.SQL(statement).format(**names))
