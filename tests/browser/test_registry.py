"""What administrators do in a browser: of their own organisation, and of no other."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.urls import reverse

from access import effect_previews, first_sign_in
from organisations.models import Organisation, StaffMember
from tests.browser.conftest import Visit
from tests.conftest import AsLogin

pytestmark = pytest.mark.browser

OWN = "Royal Borough of Greenwich (social care)"
OTHER = "Lewisham and Greenwich NHS Trust"
PASSWORD = "lantern orbit marmalade"


def test_an_administrator_keeps_their_own_organisation(visit: Visit, as_login: AsLogin) -> None:
    administrator = visit()
    administrator.signs_in("org-admin").arrives("Organisations")
    administrator.follows(OWN).arrives(OWN).pictures("organisation-own")
    administrator.follows("Change the telephone numbers").arrives(re.compile("Telephone numbers"))
    administrator.types("Out of hours", "020 7946 0999").presses("Save")
    administrator.arrives(re.compile("Telephone numbers")).sees("There is a problem", "Say why")
    administrator.types("Say why", "New rota").presses("Save").arrives(OWN).sees("020 7946 0999")
    administrator.follows("Add a contact").arrives(re.compile("Add a contact"))
    administrator.page.get_by_label("What are they asked about?").select_option("Privacy officer")
    administrator.types("Email", "nowhere").types("Say why", "New post").presses("Save")
    administrator.arrives(re.compile("Add a contact")).sees("Enter an email address like")
    administrator.pictures("organisation-contact").types("Email", "privacy@greenwich.example")
    administrator.presses("Save").arrives(OWN).sees("privacy@greenwich.example")
    administrator.follows("Add a site").arrives(re.compile("Add a site"))
    administrator.types("ODS code of the site", "RBG99").types("Name", "Woolwich centre")
    administrator.types("Say why", "It opened").presses("Save").arrives(OWN)
    administrator.sees("Woolwich centre (RBG99)").follows("Add a team")
    administrator.arrives(re.compile("Add a team")).types("Code", "BROWSER")
    administrator.types("Name", "Browser team").types("Say why", "It began")
    administrator.page.get_by_label("Site", exact=True).select_option("Woolwich centre")
    administrator.pictures("organisation-team").presses("Save").arrives(OWN)
    administrator.sees("Browser team (BROWSER), Woolwich centre").pictures("organisation-kept")
    administrator.follows(re.compile("^Change.*Browser team")).arrives(re.compile("Browser team"))
    administrator.ticks("It does not work any more").types("Say why", "It is over")
    administrator.presses("Save").arrives(OWN)
    # Another's is read, and not changed.
    administrator.opens("/registry/organisations").arrives("Organisations").follows(OTHER)
    administrator.arrives(OTHER).sees_nothing_of("Add a team", "Change the telephone numbers")
    with as_login("pipeline"):
        other = Organisation.objects.get(name=OTHER)
    for page in ("telephones", "add-contact", "add-site", "add-team"):
        administrator.opens(reverse(f"registry-{page}", args=[other.public_id]))
        administrator.arrives("Page not found")
    administrator.opens(reverse("registry-standing", args=[other.public_id]))
    administrator.arrives("You cannot open this page")


def test_a_privacy_officer_changes_nothing_of_the_registry(visit: Visit) -> None:
    officer = visit()
    officer.signs_in("privacy").arrives("Alerts")
    for address in ("organisations", "staff", "roles", "sharing", "proposals", "history"):
        officer.opens(f"/registry/{address}").arrives("You cannot open this page")


def test_who_belongs_to_a_group_and_who_takes_part(visit: Visit, as_login: AsLogin) -> None:
    first, second = visit(), visit()
    group = "Bexley GP Practices"
    with as_login("pipeline"):
        outside = Organisation.objects.filter(kind="gp_practice").exclude(groups__name=group)
        practice = outside.exclude(ods_code=None).order_by("pk").last()
    assert practice is not None
    first.signs_in("registry").arrives("Organisations").follows(group).arrives(group)
    first.pictures("group").follows("Add a member").arrives(re.compile("Add a member"))
    first.types("ODS code of the organisation", "nobody").types("Say why", "It moved")
    first.presses("Save").arrives(re.compile("Add a member")).sees("There is a problem")
    first.pictures("group-member").types("ODS code of the organisation", practice.ods_code or "")
    first.presses("Save").arrives(re.compile("joins Bexley GP Practices"))
    with as_login("pipeline"):
        for draft in effect_previews.wanting_effect():
            effect_previews.compute(draft)
    second.signs_in("registry-two").follows("Proposals").arrives("Proposals")
    second.follows(re.compile("joins Bexley GP Practices$"))
    second.arrives(re.compile("joins Bexley GP Practices")).sees("openings of records since")
    second.pictures("group-draft").presses("Withdraw it")
    second.arrives(re.compile("joins Bexley GP Practices")).sees("Withdrawn")
    first.opens("/registry/organisations").arrives("Organisations").follows(OWN).arrives(OWN)
    first.follows("Suspend it, end its taking part or take it up again")
    first.arrives(re.compile("Suspend, end or take up again")).presses("Save")
    first.arrives(re.compile("Suspend, end or take up again")).sees("Select what happens")
    first.pictures("organisation-standing")


def test_somebody_new_signs_in_by_the_link_that_they_are_sent(
    visit: Visit, as_login: AsLogin
) -> None:
    administrator, joiner = visit(), visit()
    administrator.signs_in("org-admin").follows("Staff").arrives("Staff")
    administrator.follows("Somebody joins").arrives("Who joins?")
    administrator.types("User name", "first.of.the.browser")
    administrator.types("Full name (of somebody new)", "Fay First").presses("Continue")
    administrator.arrives(re.compile("Which role\\?"))
    administrator.page.get_by_label("Role", exact=True).select_option("Receptionist")
    administrator.types("Say why", "Begins on Monday").presses("Continue")
    administrator.arrives("Check before it counts").presses("Give the role")
    administrator.arrives("Fay First").sees("They have not signed in yet").pictures("staff-new")
    administrator.follows("Send a link for the first sign-in")
    administrator.arrives(re.compile("Send a link for the first sign-in"))
    administrator.types("Their own work email", "fay@greenwich.example").pictures("staff-invite")
    administrator.presses("Send it").arrives("Fay First").sees("Send a new link")
    with as_login("pipeline"):
        for each in first_sign_in.to_send():
            first_sign_in.send(each)
        assert StaffMember.objects.filter(username="first.of.the.browser").exists()
    link = re.search(r"/first-sign-in/\S+", mail.outbox[-1].body)
    assert link is not None
    joiner.opens(link.group()).arrives("Choose your password").sees("first.of.the.browser")
    joiner.types("Password", PASSWORD).types("The same password again", "another")
    joiner.presses("Continue").arrives("Choose your password").sees("The two passwords differ")
    joiner.pictures("first-sign-in")
    joiner.types("Password", PASSWORD).types("The same password again", PASSWORD)
    joiner.presses("Continue").arrives("Nothing to do here yet")
    other = visit()
    other.opens(link.group()).arrives("This link does not work any more")
    other.pictures("first-sign-in-over")
