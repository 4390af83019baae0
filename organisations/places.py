"""What an organisation says of itself: its sites, and whom to ask there about what."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from organisations.periods import Period

#: ODS codes are 1–10 letters and digits; new ones of any kind may be ANANA, so no more is asked.
ODS_CODE = RegexValidator(r"^[A-Z0-9]{1,10}$", "An ODS code is 1 to 10 capital letters and digits.")


class Site(Period):
    """A place where an organisation works, with its own code: a hospital of a trust.

    No rule asks for it: an admission is one to the organisation. It says where a team is.
    """

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="sites"
    )
    code = models.CharField(max_length=10, validators=[ODS_CODE])
    name = models.CharField(max_length=120)
    postcode = models.CharField(max_length=8, blank=True)

    class Meta(Period.Meta):
        ordering = ["organisation__name", "name"]
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9]{1,10}$"), name="site_code_is_an_ods_code"
            ),
            models.UniqueConstraint(fields=["organisation", "code"], name="site_code_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ContactKind(models.TextChoices):
    """What a contact is asked about. Duty and out-of-hours telephones are the organisation's."""

    INFORMATION_GOVERNANCE = "information-governance", "Information-governance lead"
    PRIVACY_OFFICER = "privacy-officer", "Privacy officer"
    RECORDS = "records", "Records contact"
    CONTACT_CENTRE = "contact-centre", "Contact centre"


class Contact(models.Model):
    """Whom to ask at an organisation, as the controller of what it sends, about one thing."""

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="contacts"
    )
    kind = models.CharField(max_length=30, choices=ContactKind)
    name = models.CharField(max_length=120, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    email = models.EmailField(blank=True)

    class Meta:
        ordering = ["kind", "name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ContactKind.values), name="contact_kind_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(phone="") | ~Q(email=""), name="contact_can_be_reached"
            ),
            models.UniqueConstraint(
                fields=["organisation", "kind", "name"], name="contact_once_by_kind_and_name"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.organisation_id}"
