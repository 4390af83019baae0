"""The administrators' pages of staff: joiners, movers and leavers, and the history.

Which organisations are theirs is asked in :mod:`organisations.delegation`; the database asks again
before anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import first_sign_in
from access.doors import needs
from access.nudges import tell_of_invitation
from access.requests import ActingRequest
from organisations import presenters_staff as presenters
from organisations import selectors_staff as selectors
from organisations import staff_files, staffing
from organisations.activities import Activity
from organisations.delegation import organisations_administered
from organisations.forms import EndRolesForm, JoinerForm, RoleGivenForm, StaffFileForm
from organisations.models import Membership, Organisation, StaffMember
from organisations.presenters_history import change_lines
from organisations.staff_files import begins, ends_after
from organisations.staffing import REFUSALS, Joiner
from organisations.views import ADMINISTRATORS, audit_reading, page_number

#: Which question of the journey an answer that was refused belongs to.
_ASKED_AT = {
    "held-already": "role",
    "role-not-known": "role",
    "role-not-yours": "role",
    "replaced-not-known": "role",
    "team-not-known": "team",
    "dates": "ends",
    "why-missing": "why",
}


def administered(request: ActingRequest) -> QuerySet[Organisation]:
    """The organisations that whoever asks administers."""
    return organisations_administered(request.user, request.acting.activities)


def whole_registry(request: ActingRequest) -> bool:
    """Whether whoever asks administers all of it."""
    return request.acting.may(Activity.MANAGE_REGISTRY)


@dataclass(frozen=True, slots=True)
class Giving:
    """Who is to have a role where, through the pages of the journey."""

    organisation: Organisation
    username: str
    name: str
    email: str
    known: StaffMember | None
    replaces: Membership | None
    #: What the pages hand on, as it was typed.
    carried: tuple[tuple[str, str], ...]


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: ActingRequest) -> HttpResponse:
    """Somebody joins: who and where; which role; everything once more."""
    places = {str(each.public_id): each for each in selectors.employers(administered(request))}
    form = JoinerForm(request.POST or None)
    form.offer("organisation", presenters.organisation_choices(places.values()))
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        known = selectors.staff_called(given["username"])
        if known is None and not given["name"]:
            form.add_error("name", REFUSALS["name-missing"])
        elif known is not None and known.pk == request.user.pk:
            form.add_error("username", REFUSALS["own"])
        elif request.POST.get("go") != "who":
            names = ("organisation", "username", "name", "email")
            giving = Giving(
                organisation=places[given["organisation"]],
                username=given["username"],
                name=known.name if known else given["name"],
                email=given["email"],
                known=known,
                replaces=None,
                carried=tuple((name, given[name]) for name in names),
            )
            return _give(request, giving)
    context = {"form": form, "places": places}
    return render(request, "organisations/staff_join.jinja", context)


@needs(*ADMINISTRATORS)
@require_POST
def give_role(request: ActingRequest, person: UUID) -> HttpResponse:
    """Another role for somebody who is there, beside the one they have or in its place."""
    mine = administered(request)
    found = selectors.person_there(person, of=mine)
    if found is None:
        raise Http404
    held = {str(each.pk): each for each in found.memberships_there}  # type: ignore[attr-defined]  # prefetched
    replaces = held.get(request.POST.get("replaces", ""))
    places = {str(each.public_id): each for each in selectors.employers(mine)}
    place = replaces.organisation if replaces else places.get(request.POST.get("organisation", ""))
    if place is None or str(place.public_id) not in places:
        raise Http404
    carried = (
        ("organisation", str(place.public_id)),
        ("replaces", str(replaces.pk) if replaces else ""),
    )
    giving = Giving(place, found.username, found.name, "", found, replaces, carried)
    return _give(request, giving)


def _give(request: ActingRequest, giving: Giving) -> HttpResponse:
    step = request.POST.get("step", "")
    asked = step in {"role", "check"}
    form = RoleGivenForm(request.POST if asked else None, initial=_as_now(giving.replaces))
    roles = selectors.roles_to_give(request.acting.activities)
    teams = selectors.teams_of(giving.organisation)
    form.offer("role", [("", "Select the role"), *((role.code, role.name) for role in roles)])
    form.offer("team", presenters.team_options(teams))
    context = {"form": form, "giving": giving}
    if not form.is_bound or not form.is_valid() or request.POST.get("go") == "role":
        return render(request, "organisations/staff_role.jinja", context)
    given = form.cleaned_data
    joiner = Joiner(
        username=giving.username,
        role=given["role"],
        name=giving.name,
        email=giving.email,
        team=int(given["team"]) if given["team"] else None,
        valid_from=begins(given["begins"]),
        valid_until=ends_after(given["ends"]),
        replaces=giving.replaces.pk if giving.replaces else None,
    )
    place, why = giving.organisation.public_id, given["why"]
    acting, asking = request.acting, request.request_id
    if step == "check":
        answer = staffing.give_role(acting, place, joiner, why=why, request_id=asking)
    else:
        (answer,) = staffing.what_would_come(acting, place, [joiner], why=why, request_id=asking)
    if not answer.done:
        form.add_error(_ASKED_AT.get(answer.outcome), REFUSALS[answer.outcome])
        return render(request, "organisations/staff_role.jinja", context)
    if step == "check":
        _invite(request, giving.username, giving.email)
        return _to_person(giving.username)
    context |= {
        "role": next(role.name for role in roles if role.code == given["role"]),
        "team": next((team.name for team in teams if str(team.pk) == given["team"]), ""),
        "two_people": answer.outcome == staffing.PROPOSED,
    }
    return render(request, "organisations/staff_check.jinja", context)


def _invite(request: ActingRequest, username: str, email: str) -> None:
    """Somebody new whose work address is given is sent the link for their first sign-in."""
    person = selectors.staff_called(username)
    if person and email and first_sign_in.never_signed_in(person):
        if first_sign_in.invited_until(person):
            return
        invited = first_sign_in.invite(
            request.acting, person.public_id, email, request_id=request.request_id
        )
        if invited.invitation is not None:
            tell_of_invitation(invited.invitation)


def _as_now(replaces: Membership | None) -> dict[str, str]:
    """What a mover has now, to begin from."""
    if replaces is None:
        return {}
    return {"role": replaces.role.code, "team": str(replaces.team_id or "")}


def _to_person(username: str) -> HttpResponse:
    person = selectors.staff_called(username)
    response = (
        redirect("registry-person", person.public_id) if person else redirect("registry-staff")
    )
    response.status_code = 303
    return response


@needs(*ADMINISTRATORS)
@require_safe
def person(request: ActingRequest, person: UUID) -> HttpResponse:
    """One staff member: the roles that the reader may see, and what was changed of them."""
    mine = administered(request)
    found = selectors.person_there(person, of=mine)
    if found is None:
        raise Http404
    proposals = selectors.proposals_of(mine, whole_registry=whole_registry(request))
    shown = presenters.person_page(
        found,
        proposals.filter(about=found),
        reader=request.user.pk,
        at=timezone.now(),
        invited_until=first_sign_in.invited_until(found),
    )
    audit_reading(request, "person", id=found.pk)
    context = {
        "shown": shown,
        "places": presenters.organisation_options(selectors.employers(mine)),
        "providers": settings.SIGN_IN_PROVIDERS,
    }
    return render(request, "organisations/person.jinja", context)


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def end_roles(request: ActingRequest, person: UUID) -> HttpResponse:
    """Some or all of somebody's roles end now: one person does it, and it holds at once."""
    found = selectors.person_there(person, of=administered(request))
    if found is None:
        raise Http404
    shown = presenters.person_page(found, (), reader=request.user.pk, at=timezone.now())
    every = [str(held.id) for held in shown.ends]
    form = EndRolesForm(request.POST or None, initial={"memberships": every})
    form.offer("memberships", [(str(held.id), held.words) for held in shown.ends])
    if form.is_bound and form.is_valid():
        outcome, _ended = staffing.end_roles(
            request.acting,
            [int(each) for each in form.cleaned_data["memberships"]],
            why=form.cleaned_data["why"],
            request_id=request.request_id,
        )
        if outcome == "ended":
            return _to_person(found.username)
        form.add_error("memberships", REFUSALS[outcome])
    context = {"form": form, "shown": shown}
    return render(request, "organisations/end_roles.jinja", context)


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: ActingRequest) -> HttpResponse:
    """A file of joiners: what would come of each line, and then it is done, or nothing is."""
    places = {str(each.public_id): each for each in selectors.employers(administered(request))}
    form = StaffFileForm(request.POST or None, request.FILES or None)
    form.offer("organisation", presenters.organisation_choices(places.values()))
    context = {"form": form, "columns": staff_files.KNOWN}
    if not form.is_bound or not form.is_valid():
        return render(request, "organisations/staff_upload.jinja", context)
    place, why = places[form.cleaned_data["organisation"]], form.cleaned_data["why"]
    given = form.cleaned_data["contents"]
    try:
        text = given.read().decode("utf-8") if given else request.POST["read"]
        lines = _lines(request, text, place)
    except (UnicodeDecodeError, staff_files.NotAStaffFile) as error:
        words = str(error) if isinstance(error, staff_files.NotAStaffFile) else "It is not UTF-8"
        form.add_error("contents", words)
        return render(request, "organisations/staff_upload.jinja", context)
    joiners = [line.joiner for line in lines if line.joiner is not None]
    asking = {"why": why, "request_id": request.request_id}
    answers = staffing.what_would_come(request.acting, place.public_id, joiners, **asking)
    shown = presenters.file_lines(lines, answers)
    if "do" in request.POST and all(line.counts for line in shown):
        for joiner in joiners:
            staffing.give_role(request.acting, place.public_id, joiner, **asking)
        for joiner in joiners:
            _invite(request, joiner.username, joiner.email)
        response = redirect("registry-staff")
        response.status_code = 303
        return response
    context |= {"lines": shown, "text": text, "place": place, "why": why}
    return render(request, "organisations/staff_upload_check.jinja", context)


def _lines(request: ActingRequest, text: str, place: Organisation) -> list[staff_files.Line]:
    roles = selectors.roles_to_give(request.acting.activities)
    teams = selectors.teams_of(place)
    return staff_files.read(
        text,
        roles={word.casefold(): role.code for role in roles for word in (role.name, role.code)},
        teams={word.casefold(): team.pk for team in teams for word in (team.name, team.code)},
    )


@needs(*ADMINISTRATORS)
@require_safe
def history(request: ActingRequest) -> HttpResponse:
    """Who changed what of the registry, from what to what, when and why."""
    page = selectors.history(
        administered(request),
        page_number(request.GET.get("page")),
        whole_registry=whole_registry(request),
        organisation=_id(request.GET.get("organisation", "")),
    )
    lines = change_lines(page.object_list)
    audit_reading(request, "history", count=len(lines))
    context = {
        "page": page,
        "lines": lines,
        "organisation": request.GET.get("organisation", ""),
    }
    return render(request, "organisations/history.jinja", context)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
