"""A source with a feed, and small deliveries."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from feeds import actions, selectors
from feeds.models import Batch
from organisations.models import Feed
from tests import factories

Resource = dict[str, Any]


@pytest.fixture
def feed(database: object, as_login: Any) -> Feed:
    with as_login("pipeline"):
        return factories.feed(factories.organisation("Test trust", kind="nhs_trust", code="RJ2"))


def patient(identifier: str = "p1", **changed: Any) -> Resource:
    return {
        "resourceType": "Patient",
        "id": identifier,
        "meta": {"lastUpdated": "2026-01-01T10:00:00Z"},
        "identifier": [
            {
                "system": "https://fhir.nhs.uk/Id/nhs-number",
                "value": factories.made_up_nhs_number(1),
                "extension": [
                    {
                        "url": "https://fhir.hl7.org.uk/StructureDefinition/"
                        "Extension-UKCore-NHSNumberVerificationStatus",
                        "valueCodeableConcept": {"coding": [{"code": "01"}]},
                    }
                ],
            }
        ],
        "name": [{"use": "official", "family": "Carter", "given": ["Ruth"]}],
        "birthDate": "1941-03-03",
        "gender": "female",
        **changed,
    }


def condition(identifier: str = "c1", person: str = "p1", **changed: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": identifier,
        "meta": {"lastUpdated": "2026-01-01T10:00:00Z"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": "Asthma"},
        "subject": {"reference": f"Patient/{person}"},
        "onsetDateTime": "2020-02-02",
        **changed,
    }


def ndjson(*resources: Resource) -> bytes:
    return b"".join(json.dumps(resource).encode() + b"\n" for resource in resources)


Deliver = Callable[..., selectors.Report]


@pytest.fixture
def give_in(feed: Feed, as_login: Any) -> Callable[..., Batch]:
    """Give files in without loading them."""

    def give(*contents: bytes, of: Feed = feed) -> Batch:
        files = [actions.File(f"{n}.ndjson", io.BytesIO(one)) for n, one in enumerate(contents)]
        with as_login("pipeline"):
            return actions.receive(files, feed=of, by=None)

    return give


@pytest.fixture
def deliver(give_in: Callable[..., Batch], as_login: Any) -> Deliver:
    """Give files in, load them, and answer the report."""

    def load(*contents: bytes, **of: Feed) -> selectors.Report:
        batch = give_in(*contents, **of)
        with as_login("pipeline"):
            loaded = actions.load(batch.pk)
            assert loaded is not None
            return selectors.report(loaded)

    return load
