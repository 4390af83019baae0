"""What a provider's tokens say, once their signatures were found right. Pure functions.

OpenID Connect Core 1.0, section 3.1.3.7, for ID tokens; Back-Channel Logout 1.0, section 2.6, for
logout tokens; NHS England's pages of CIS2 for the role that somebody selected there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc.errors import ClaimError, JoseError

from access.providers.configuration import Provider
from organisations.models import Membership

#: By how many seconds a provider's clock and this one's may differ.
CLOCKS_DIFFER: Final = 60
#: A logout token is good for so many seconds after it was made, whatever it says of its end.
LOGOUT_LIFE: Final = 300
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_SUBJECT: Final = 255


class NotAccepted(Exception):
    """An answer that lets nobody in; the reason is a word for the page and the event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SelectedRole:
    """The role that somebody selected at the provider: where, and its codes."""

    ods_code: str
    role_codes: frozenset[str]

    def is_of(self, membership: Membership) -> bool:
        """Whether a membership is of the same organisation and of the same national role."""
        code = membership.role.national_code
        return (
            bool(code)
            and code in self.role_codes
            and membership.organisation.ods_code == self.ods_code
        )


@dataclass(frozen=True, slots=True)
class SaidToBe:
    """Who somebody is there, in which session there, and how surely."""

    issuer: str
    subject: str
    session: str
    assurance: str
    two_factors: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A session there that has ended, or all of a subject's. ``token`` is its id, used once."""

    issuer: str
    token: str
    subject: str
    session: str


def said_to_be(
    provider: Provider,
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    *,
    nonce: str,
    access_token: str,
) -> SaidToBe:
    """Who an ID token says somebody is.

    :raises NotAccepted: ``nonce``; ``assurance`` if they signed in less surely than is wanted;
        ``token`` for whatever else is wrong with it.
    """
    token = CodeIDToken(
        dict(claims),
        dict(header),
        options={
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
            "nonce": {"essential": True, "value": nonce},
        },
        params={
            "nonce": nonce,
            "client_id": provider.client_id,
            "access_token": access_token,
        },
    )
    try:
        token.validate(leeway=CLOCKS_DIFFER)
    except ClaimError as error:
        raise NotAccepted("nonce" if error.claim == "nonce" else "token") from None
    except (JoseError, ValueError, TypeError):
        raise NotAccepted("token") from None
    said = _assurances(claims.get(provider.assurance_claim))
    accepted = sorted(said & provider.accepted)
    if not accepted:
        raise NotAccepted("assurance")
    return SaidToBe(
        issuer=provider.issuer,
        subject=_text(claims.get("sub")),
        session=str(claims.get("sid") or "")[:LONGEST_SUBJECT],
        assurance=" ".join(accepted),
        two_factors=bool(said & provider.second_factor),
    )


def ended(provider: Provider, claims: Mapping[str, Any], *, now: float) -> Ended:
    """Which session a logout token ends.

    :param now: seconds since 1970.
    :raises NotAccepted: ``token`` if it is not one of this provider's, for us, of now.
    """
    events = claims.get("events")
    audience = claims.get("aud")
    made = claims.get("iat")
    until = claims.get("exp", now)
    subject, session = claims.get("sub"), claims.get("sid")
    right = (
        claims.get("iss") == provider.issuer
        and provider.client_id in (audience if isinstance(audience, list) else [audience])
        and isinstance(made, int | float)
        and now - LOGOUT_LIFE - CLOCKS_DIFFER <= made <= now + CLOCKS_DIFFER
        and isinstance(until, int | float)
        and until + CLOCKS_DIFFER >= now
        and isinstance(events, dict)
        and isinstance(events.get(LOGOUT_EVENT), dict)
        and "nonce" not in claims  # an ID token is none
        and (subject or session)
    )
    if not right:
        raise NotAccepted("token")
    return Ended(
        issuer=provider.issuer,
        token=_text(claims.get("jti")),
        subject=_text(subject) if subject else "",
        session=_text(session) if session else "",
    )


def selected_role(id_token: Mapping[str, Any], user_info: Mapping[str, Any]) -> SelectedRole | None:
    """The role that was selected there: never merely the first of a list.

    ``None`` where none was selected, or it is not among somebody's roles, or what was said of it
    is not of the form that NHS England describes. A role's code is three, job role last
    (``S8000:G8000:R8001``).
    """
    wanted = id_token.get("selected_roleid")
    roles = user_info.get("nhsid_nrbac_roles")
    if not isinstance(wanted, str) or not wanted or not isinstance(roles, list):
        return None
    found = [
        each for each in roles if isinstance(each, dict) and each.get("person_roleid") == wanted
    ]
    if len(found) != 1:
        return None
    ods, code = found[0].get("org_code"), found[0].get("role_code")
    if not isinstance(ods, str) or not isinstance(code, str) or not ods:
        return None
    return SelectedRole(ods.upper(), frozenset(each for each in code.split(":") if each))


def _assurances(value: object) -> set[str]:
    """One word, or a list of words, as ``acr`` and ``amr`` are."""
    if isinstance(value, str):
        return {value}
    return {each for each in value if isinstance(each, str)} if isinstance(value, list) else set()


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_SUBJECT or not value.isascii():
        raise NotAccepted("token")
    return value
