"""The task queues. Tasks are nudges with an id; the database row is the job."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_after_setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connectcare.settings")

app = Celery("connectcare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_after_setup.connect  # type: ignore[untyped-decorator]  # Celery has no types
def refuse_to_be_silent(instance: Any, **_: Any) -> None:
    """Start no production worker of urgent tasks that could tell nobody.

    :raises SystemExit: with what to do, if it has no mail server.
    """
    from django.conf import settings

    from connectcare import timetable
    from connectcare.mail import NO_SERVER

    served = instance.app.amqp.queues.consume_from
    if settings.PRODUCTION and not settings.EMAIL_HOST and timetable.URGENT_QUEUE in served:
        raise SystemExit(
            f"error: {NO_SERVER}. This worker would tell no privacy officer of an alert. Set "
            f"EMAIL_HOST, or let it serve the other queue only: --queues={timetable.ORDINARY_QUEUE}"
        )
