"""Addresses of ``access``: signing in, the start, what is restricted, alerts, who could see."""

from django.urls import path

from access import (
    views,
    views_alerts,
    views_disclosures,
    views_joining,
    views_letters,
    views_numbers,
    views_questions,
    views_readers,
    views_restricted,
    views_tracing,
)

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("role", views.choose_membership, name="choose-membership"),
    path("residents/<uuid:resident>/emergency", views_restricted.emergency, name="emergency"),
    path(
        "residents/<uuid:resident>/emergency/reason",
        views_restricted.break_glass,
        name="break-glass",
    ),
    path("residents/<uuid:resident>/involved", views_restricted.involved, name="declare-care"),
    path("residents/<uuid:resident>/agreed", views_restricted.agreed, name="declare-consent"),
    path("residents/<uuid:resident>/colleague", views_restricted.colleague, name="let-in"),
    path("residents/<uuid:resident>/who", views_readers.who_could_see, name="who-could-see"),
    path("api/verified-numbers", views_numbers.verified_numbers, name="verified-numbers"),
    path("alerts", views_alerts.alerts, name="alerts"),
    path("alerts/<uuid:alert>", views_alerts.alert, name="alert"),
    path("identity/questions", views_questions.questions, name="identity-questions"),
    path("identity/questions/<uuid:question>", views_questions.question, name="identity-question"),
    path("identity/questions/<uuid:question>/join", views_questions.join_asked, name="join-asked"),
    path(
        "identity/questions/<uuid:question>/separate",
        views_questions.separate_asked,
        name="separate-asked",
    ),
    path(
        "identity/questions/<uuid:question>/note",
        views_questions.note_question,
        name="note-question",
    ),
    path(
        "identity/questions/<uuid:question>/retry",
        views_questions.retry_question,
        name="retry-question",
    ),
    path("tracing", views_tracing.tracing, name="tracing"),
    path("tracing/source", views_tracing.trace_source, name="trace-source"),
    path("identity/merges/<uuid:merge>", views_joining.merge, name="identity-merge"),
    path("identity/merges/<uuid:merge>/undo", views_joining.take_apart, name="take-apart"),
    path("residents/<uuid:resident>/identity", views_joining.who, name="identity"),
    path("residents/<uuid:resident>/identity/join", views_joining.find_other, name="find-other"),
    path(
        "residents/<uuid:resident>/identity/join/<uuid:other>",
        views_joining.join,
        name="join-residents",
    ),
    path("residents/<uuid:resident>/nhs-number", views_joining.give_number, name="give-number"),
    path(
        "residents/<uuid:resident>/nhs-number/entered",
        views_joining.number_given,
        name="number-given",
    ),
    path(
        "residents/<uuid:resident>/disclose",
        views_disclosures.propose_disclosure,
        name="propose-disclosure",
    ),
    path("letters", views_letters.letters, name="letters"),
    path("letters/print", views_letters.print_letters, name="print-letters"),
    path("letters/posted", views_letters.letters_posted, name="letters-posted"),
    path("letters/<uuid:letter>", views_letters.letter, name="letter"),
    path("letters/<uuid:letter>/pdf", views_letters.letter_pdf, name="letter-pdf"),
    path(
        "letters/<uuid:letter>/large-print",
        views_letters.letter_large_print,
        name="letter-large-print",
    ),
    path("letters/<uuid:letter>/settle", views_letters.settle_letter, name="settle-letter"),
    path("disclosures", views_disclosures.disclosures, name="disclosures"),
    path("disclosures/<uuid:disclosure>", views_disclosures.disclosure, name="disclosure"),
]
