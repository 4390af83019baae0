"""Wiring only: settings, addresses, the task queue, the template environment."""

from connectcare.celery import app as celery_app

__all__ = ["celery_app"]
