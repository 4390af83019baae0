"""What one document knows as a whole: who is meant by a reference, and what things are called.

A reference may be relative (``Patient/1``), absolute, or a ``urn:uuid:`` that only this document
resolves. All three become ``Type/id``, so that one person is one person across documents.
"""

import hashlib
import re
from collections import deque
from dataclasses import dataclass, field

import msgspec

from feeds.formats.fhir_r4.datatypes import Identifier, Resource

NHS_NUMBER_SYSTEMS = frozenset(
    {
        "https://fhir.nhs.uk/Id/nhs-number",
        "http://fhir.nhs.uk/Id/nhs-number",
        "https://fhir.nhs.net/Id/nhs-number",
        "http://fhir.nhs.net/Id/nhs-number",
    }
)
ODS_SYSTEMS = frozenset(
    {
        "https://fhir.nhs.uk/Id/ods-organization-code",
        "http://fhir.nhs.uk/Id/ods-organization-code",
        "https://fhir.nhs.net/Id/ods-organization-code",
        "https://fhir.nhs.uk/Id/ods-site-code",
    }
)

ADDRESS = re.compile(r"(?:^|/)([A-Z][A-Za-z]{1,40})/([^/?#\s]{1,255})(?:/_history/[^/]+)?$")
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]{1,40})\?identifier=([^|&]+)\|([^|&]+)$")
_URN = "urn:uuid:"
#: No index keeps an identifier of some kilobytes: a longer one is known by its digest.
_LONGEST_IDENTIFIER = 500
_MOST_NAMES = 200_000
_MOST_PASSING = 20_000


class Named(msgspec.Struct, frozen=True):
    """What another resource of the delivery says about itself, for display.

    ``leads_to`` is the practitioner behind a role; ``ods_code`` an organisation's code; ``codes``
    a medicine's, so that a sensitive one is known where it is only referred to.
    """

    name: str = ""
    role: str = ""
    phone: str = ""
    ods_code: str = ""
    leads_to: str = ""
    codes: frozenset[str] = frozenset()


@dataclass(slots=True)
class Delivery:
    """The knowledge that the resources of one document share.

    ``addresses`` leads from a bundle entry's ``fullUrl``, and from
    ``Patient?identifier=system|value``, to ``Type/id``; ``named`` from ``Type/id`` to what it is
    called.
    """

    source_kind: str = ""
    sensitive_codes: frozenset[str] = frozenset()
    addresses: dict[str, str] = field(default_factory=dict)
    named: dict[str, Named] = field(default_factory=dict)
    _resolved: dict[str, str | None] = field(default_factory=dict)
    _passing: deque[str] = field(default_factory=deque)

    def target(self, reference: str) -> str | None:
        """Resolve a reference to ``Type/id``; a urn of another document to ``urn:uuid:…``.

        None where the text is no reference to anything.
        """
        try:
            return self._resolved[reference]
        except KeyError:
            pass
        found = self.addresses.get(reference)
        if found is None:
            if reference.startswith(_URN) and len(reference) <= 255:
                found = reference
            elif "?" not in reference and (match := ADDRESS.search(reference)):
                found = f"{match.group(1)}/{match.group(2)}"
        if len(self._resolved) < 100_000:
            self._resolved[reference] = found
        return found

    def learn(self, identity: str, named: Named, *, lasts: bool) -> None:
        """Note what a resource is called; of those that do not last only the newest are kept.

        NDJSON may have any number of resources, and memory is bounded.
        """
        if lasts:
            if len(self.named) < _MOST_NAMES or identity in self.named:
                self.named[identity] = named
            return
        if identity not in self.named:
            self._passing.append(identity)
        self.named[identity] = named
        if len(self._passing) > _MOST_PASSING:
            self.named.pop(self._passing.popleft(), None)

    def next_document(self) -> None:
        """Forget the addresses of one document; the names serve the documents after it."""
        if self.addresses:
            self.addresses.clear()
            self._resolved.clear()

    def called(self, reference: str) -> Named | None:
        """Give what this delivery says about the resource behind a reference."""
        target = self.target(reference)
        return self.named.get(target) if target else None


def conditional_identifier(reference: str) -> tuple[str, str] | None:
    """Read ``Patient?identifier=system|value`` as (system, value)."""
    match = _CONDITIONAL.fullmatch(reference)
    return (match.group(2), match.group(3)) if match else None


def identifiers_of(resource: Resource) -> list[Identifier]:
    """Decode a resource's business identifiers; a shape that is not one gives none."""
    if not bytes(resource.identifier):
        return []
    try:
        return msgspec.json.decode(resource.identifier, type=list[Identifier])
    except msgspec.MsgspecError:
        pass
    try:
        return [msgspec.json.decode(resource.identifier, type=Identifier)]
    except msgspec.MsgspecError:
        return []


def identity_of(resource: Resource, *, raw: bytes, full_url: str | None) -> str:
    """Name a resource in a way that holds across deliveries: ``Type/id``.

    Without an id, the address of its bundle entry names it, then its first business identifier
    (``Type?identifier=system|value``), then the entry's uuid, then its content: the same content
    is the same resource. The uuid comes late, since a sender may make a new one each time.
    """
    kind = type(resource).__name__
    if resource.id:
        return f"{kind}/{resource.id}"
    if full_url and (match := ADDRESS.search(full_url)) and match.group(1) == kind:
        return f"{kind}/{match.group(2)}"
    for identifier in identifiers_of(resource):
        if identifier.system and identifier.value and identifier.system not in NHS_NUMBER_SYSTEMS:
            named = f"{identifier.system}|{identifier.value}"
            if len(named) > _LONGEST_IDENTIFIER:
                named = f"sha256-{hashlib.sha256(named.encode()).hexdigest()[:40]}"
            return f"{kind}?identifier={named}"
    if full_url and full_url.startswith(_URN):
        return f"{kind}/{full_url.removeprefix(_URN)}"
    return f"{kind}/sha256-{hashlib.sha256(raw).hexdigest()[:40]}"
