"""What a role may do besides reading categories. An enumeration in code, reviewable in a diff."""

from django.db.models import TextChoices


class Activity(TextChoices):
    """One thing that a role allows. A route names the activity that it needs."""

    FIND_RESIDENTS = "find-residents", "Find a resident"
    READ_RECORDS = "read-records", "Open the record of a resident in their care"
    DECLARE_CARE = "declare-care", "Say why they are involved, or let a colleague in"
    BREAK_GLASS = "break-glass", "Open a record in an emergency"
    READ_AFTER_DEATH = "read-after-death", "Open the record of somebody who has died"
    DISCLOSE_LAWFULLY = (
        "disclose-lawfully",
        "Propose, confirm and end lawful disclosures of what is withheld",
    )
    REVIEW_ALERTS = "review-alerts", "Review emergency openings and what staff declared"
    EXPLAIN_ACCESS = "explain-access", "Say who could open a part of a resident's record"
    READ_AUDIT = "read-audit", "See who looked at which records"
    TELL_WHO_LOOKED = (
        "tell-who-looked",
        "Tell a resident who looked at their record, and why",
    )
    ADJUST_ROLES = "adjust-roles", "Adjust which parts of a record each role reads"
    RECORD_CHOICES = "record-choices", "Record what a resident has said about sharing"
    SEND_LETTERS = "send-letters", "Print and post the letters that confirm choices"
    GIVE_NUMBERS = "give-numbers", "Enter an NHS number that a resident or carer gives"
    RESOLVE_IDENTITY = "resolve-identity", "Decide who somebody is: join, keep apart, undo"
    MANAGE_REGISTRY = "manage-registry", "Manage every organisation, role and agreement"
    MANAGE_ORGANISATION = "manage-organisation", "Manage the staff and teams of an organisation"
    READ_VERIFIED_NUMBERS = (
        "read-verified-numbers",
        "Fetch the verified NHS numbers of their own organisation’s people",
    )
    LOAD_FEEDS = "load-feeds", "Give in deliveries and watch them load"
    TRACE_FEEDS = "trace-feeds", "Have everybody of a source traced, and watch it"


#: What two people give: whoever may do it looks after others' rights, privacy or identity, reads
#: without a care relationship, or runs the portal. The database's own list is
#: ``organisations.privileged``; a test compares the two.
PRIVILEGED = frozenset(
    {
        Activity.READ_AFTER_DEATH,
        Activity.DISCLOSE_LAWFULLY,
        Activity.REVIEW_ALERTS,
        Activity.EXPLAIN_ACCESS,
        Activity.READ_AUDIT,
        Activity.TELL_WHO_LOOKED,
        Activity.ADJUST_ROLES,
        Activity.RESOLVE_IDENTITY,
        Activity.MANAGE_REGISTRY,
        Activity.MANAGE_ORGANISATION,
        Activity.READ_VERIFIED_NUMBERS,
        Activity.LOAD_FEEDS,
        Activity.TRACE_FEEDS,
    }
)

#: What reaches beyond one organisation: only the registry's administrators give it.
REGIONAL = frozenset({Activity.MANAGE_REGISTRY, Activity.LOAD_FEEDS, Activity.TRACE_FEEDS})
