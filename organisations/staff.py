"""Staff members, the roles they hold, and where they hold them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.fields import UuidV7
from organisations.activities import Activity
from organisations.categories import Category
from organisations.periods import Period


class StaffMemberManager(BaseUserManager["StaffMember"]):
    """Makes staff members with a hashed password. There is no superuser."""

    def create_user(self, username: str, password: str | None = None, **fields: str) -> StaffMember:
        """A new staff member; without a password nobody can sign in as them."""
        staff = self.model(username=self.model.normalize_username(username), **fields)
        staff.set_password(password)
        staff.save(using=self._db)
        return staff


class StaffMember(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. What they may do comes from a membership, never from the person."""

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    username = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)
    dormant_since = models.DateTimeField(
        null=True, editable=False, help_text="When the account stopped because nobody used it."
    )
    let_in_again = models.DateTimeField(
        null=True, editable=False, help_text="When an administrator let them sign in again."
    )

    objects: ClassVar[StaffMemberManager] = StaffMemberManager()
    #: What they may act as, read with who is signed in (organisations/signing_in.py); absent else.
    held: list[Membership]

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name"]
        constraints = [
            # Django's superuser would pass every permission check; here nobody is one.
            models.CheckConstraint(condition=Q(is_superuser=False), name="no_superuser"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(Period):
    """A named job: the categories it reads, the activities it allows."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    national_code = models.CharField(max_length=10, blank=True)
    clinical = models.BooleanField(default=False)
    categories = ArrayField(
        models.SmallIntegerField(choices=Category.choices), default=list, blank=True
    )
    activities = ArrayField(
        models.CharField(max_length=40, choices=Activity), default=list, blank=True
    )

    class Meta(Period.Meta):
        ordering = ["name"]
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                condition=Q(categories__contained_by=Category.values),
                name="role_categories_are_known",
            ),
            models.CheckConstraint(
                condition=Q(activities__contained_by=Activity.values),
                name="role_activities_are_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def allows(self, activity: Activity) -> bool:
        """Whether the role has an activity."""
        return self.is_current() and activity in self.activities


class Membership(Period):
    """A staff member's role at one organisation and team, from–to."""

    staff = models.ForeignKey(StaffMember, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="memberships"
    )
    team = models.ForeignKey(
        "organisations.Team", models.PROTECT, related_name="memberships", null=True, blank=True
    )
    role = models.ForeignKey(Role, models.PROTECT, related_name="memberships")
    certified_at = models.DateTimeField(
        db_default=Now(), help_text="When their organisation last said that it is needed."
    )

    class Meta(Period.Meta):
        ordering = ["organisation__name", "role__name"]

    def __str__(self) -> str:
        return f"{self.role_id} at {self.organisation_id}"
