"""A worker as in earnest, whose transactions are short: so that many moments are between two.

Run with the environment of a pipeline worker; ends when it is killed.
"""

from __future__ import annotations

import os

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connectcare.settings")
    import django

    django.setup()
    from connectcare.celery import app
    from feeds import ready

    ready.CHUNK_ITEMS = 20
    app.worker_main(
        [
            *("worker", "--pool", "prefork", "--concurrency", "1", "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--queues", "ordinary,urgent"),
        ]
    )
