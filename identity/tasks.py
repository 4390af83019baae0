"""Nudges of the work list's jobs. The rows are the jobs: losing one of these costs seconds."""

from __future__ import annotations

from celery import shared_task

from identity import retrying


@shared_task(name="identity.tasks.sweep_questions")  # type: ignore[untyped-decorator]  # Celery has no types
def sweep_questions() -> None:
    """Carry out what was decided, and try again what somebody asked to be tried again."""
    for question in retrying.questions_to_carry_out():
        retrying.carry_out(question)
    for question in retrying.questions_to_try_again():
        retrying.try_again(question)
