"""``bin/provision``: the one command that makes the database logins on a server of your own."""

from __future__ import annotations

import argparse
from pathlib import Path

from launcher.errors import LauncherError

DESCRIPTION = """\
Makes Connect Care's database and its logins (owner, gate, web, pipeline, sealer, backup) on a
PostgreSQL 18 server, or puts their rights right. Safe to repeat. Reads from the environment:

  DATABASE_ADMIN_URL     an administrator's address: a superuser, or one with CREATEDB, CREATEROLE
                         and BYPASSRLS
  DATABASE_<LOGIN>_URL   optional: a login's address (OWNER, WEB, PIPELINE, SEALER, BACKUP), whose
                         password that login is then given

Each may be given as NAME_FILE, the path of a file that holds it. Passwords of the other logins are
taken from the credentials file where it has them, else made up and written there.
"""


def main(arguments: list[str]) -> int:
    """Provision as the options and the environment say."""
    parser = argparse.ArgumentParser(
        prog="bin/provision",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--database", default="connectcare", help="its name (connectcare)")
    parser.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="where to keep the addresses of logins that were not given (written with mode 0600)",
    )
    options = parser.parse_args(arguments)

    from launcher.given import value_of
    from launcher.private import read_env, write_env
    from launcher.provision import LOGINS, as_environment, passwords_in, provision, variable

    admin_url = value_of("DATABASE_ADMIN_URL")
    if admin_url is None:
        raise LauncherError(
            "DATABASE_ADMIN_URL is not set. Give an administrator's address of the server in it, "
            "or the path of a file that holds it in DATABASE_ADMIN_URL_FILE."
        )
    given = {variable(login): value_of(variable(login)) or "" for login in LOGINS}
    known = read_env(options.credentials) if options.credentials else {}
    passwords = passwords_in(known) | passwords_in(given)
    if options.credentials is None and len(passwords) < len(LOGINS):
        missing = ", ".join(variable(login) for login in LOGINS if login not in passwords)
        msg = (
            f"No address is given for {missing}. Give them, or name a file for made-up ones: "
            "--credentials FILE."
        )
        raise LauncherError(msg)
    urls = provision(admin_url, options.database, passwords=passwords)
    if options.credentials is not None:
        write_env(options.credentials, as_environment(urls))
    return 0
