"""The task queue. Tasks are nudges with an id; the database row is the job."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connectcare.settings")

app = Celery("connectcare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
