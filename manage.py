#!/usr/bin/env python
"""Django's commands, each with the database login that it needs and no more."""

import os
import sys

#: Commands that do not read a record and need more than the web's login.
LOGIN_OF_COMMAND = {
    "migrate": "owner",
    "makemigrations": "owner",
    "showmigrations": "owner",
    "sqlmigrate": "owner",
    "dbshell": "web",
    "trace_feed": "pipeline",
    "verified_numbers": "pipeline",
    "import_feed": "pipeline",
    "watch_folder": "pipeline",
    "mllp_listen": "web",  # what listens to others keeps what they send, and reads nothing
    "add_feed": "pipeline",
    "load_registry": "pipeline",
    "make_demo_region": "pipeline",
    "load_region": "pipeline",
    "demo_people": "pipeline",
    "changepassword": "pipeline",
}


def main() -> None:
    """Run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connectcare.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    os.environ.setdefault("CONNECTCARE_LOGIN", LOGIN_OF_COMMAND.get(command, "web"))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
