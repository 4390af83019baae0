"""Addresses of ``records``. They name a resident by an opaque id, and nothing else of anyone."""

from django.urls import path

from records import views, views_finding, views_printing, views_reporting

urlpatterns = [
    path("record/open", views.open_record, name="open-record"),
    path("record/<uuid:resident>", views.record, name="record"),
    path("record/<uuid:resident>/item/<uuid:item>", views.record_item, name="record-item"),
    path("record/<uuid:resident>/print", views_printing.print_record, name="print-record"),
    path("record/<uuid:resident>/find", views_finding.find_in_record, name="find-in-record"),
    path(
        "record/<uuid:resident>/item/<uuid:item>/report",
        views_reporting.report_entry,
        name="report-entry",
    ),
    path("reports", views_reporting.reports, name="reports"),
    path("reports/<uuid:report>", views_reporting.report, name="report"),
    path(
        "record/<uuid:resident>/item/<uuid:item>/over-time",
        views.results_over_time,
        name="results-over-time",
    ),
    # Before the sections, none of which is called so.
    path("record/<uuid:resident>/timeline", views.timeline, name="timeline"),
    path("record/<uuid:resident>/<slug:category>", views.record_section, name="record-section"),
]
