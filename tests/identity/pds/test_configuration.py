"""What is wrong with the variables is said with the variable's name, and never its value."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.core.exceptions import ImproperlyConfigured

from connectcare.environment import Environment
from identity.pds.configuration import Configuration, Service, read

LIVE = "https://api.service.nhs.uk/personal-demographics/FHIR/R4"
STAND_IN = "http://127.0.0.1:8100/personal-demographics/FHIR/R4"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> str:
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    ).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=4096)


@pytest.fixture
def variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: rsa.RSAPrivateKey
) -> pytest.MonkeyPatch:
    """All of them, as for integration."""
    for name in ("PDS_KEY", "PDS_REQUESTS_PER_MINUTE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "key.pem").write_text(pem(key))
    monkeypatch.setenv("PDS_BASE_URL", "integration")
    monkeypatch.setenv("PDS_API_KEY", "ours")
    monkeypatch.setenv("PDS_KEY_ID", "k1")
    monkeypatch.setenv("PDS_KEY_FILE", str(tmp_path / "key.pem"))
    return monkeypatch


def configured(*, production: bool = False) -> Configuration:
    found = read(Environment().text, production=production)
    assert found is not None
    return found


def test_without_an_address_nobody_is_traced(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("PDS_BASE_URL", "")
    assert read(Environment().text, production=True) is None
    assert read(Environment().text, production=False) is None


@pytest.mark.parametrize(
    ("named", "service", "base_url"),
    [
        ("live", Service.LIVE, LIVE),
        (LIVE, Service.LIVE, LIVE),
        (LIVE + "/", Service.LIVE, LIVE),
        ("https://api.service.nhs.uk", Service.LIVE, LIVE),
        ("integration", Service.INTEGRATION, LIVE.replace("//", "//int.")),
        ("sandbox", Service.SANDBOX, LIVE.replace("//", "//sandbox.")),
        (STAND_IN, Service.STAND_IN, STAND_IN),
        ("https://pds.test.example/x/", Service.STAND_IN, "https://pds.test.example/x"),
    ],
)
def test_the_service_is_told_by_its_address(
    variables: pytest.MonkeyPatch, named: str, service: Service, base_url: str
) -> None:
    variables.setenv("PDS_BASE_URL", named)
    found = configured(production=service is Service.LIVE)
    assert (found.service, found.base_url) == (service, base_url)
    assert found.token_url == base_url.partition("/personal")[0].removesuffix("/x") + (
        "/oauth2/token"
    )
    assert found.per_minute == 300


@pytest.mark.parametrize("named", ["integration", "sandbox", STAND_IN])
def test_real_people_are_asked_of_the_live_service_only(
    variables: pytest.MonkeyPatch, named: str
) -> None:
    variables.setenv("PDS_BASE_URL", named)
    with pytest.raises(ImproperlyConfigured, match="PDS_BASE_URL must be the live service"):
        configured(production=True)


def test_made_up_people_are_never_asked_of_the_live_service(variables: pytest.MonkeyPatch) -> None:
    variables.setenv("PDS_BASE_URL", "live")
    with pytest.raises(ImproperlyConfigured, match="PDS_BASE_URL"):
        configured()


@pytest.mark.parametrize(
    "named",
    ["production", "api.service.nhs.uk", "http://api.service.nhs.uk", "http://pds.example",
     "https://int.api.service.nhs.uk/other/FHIR/R4", "https://a:b@pds.example/FHIR",
     "https://pds.example/FHIR?x=1", "ftp://127.0.0.1/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(variables: pytest.MonkeyPatch, named: str) -> None:
    variables.setenv("PDS_BASE_URL", named)
    with pytest.raises(ImproperlyConfigured, match="PDS_BASE_URL must"):
        configured()


@pytest.mark.parametrize("name", ["PDS_API_KEY", "PDS_KEY_ID", "PDS_KEY_FILE"])
def test_what_is_missing_is_named(variables: pytest.MonkeyPatch, name: str) -> None:
    variables.delenv(name)
    with pytest.raises(ImproperlyConfigured, match=name.removesuffix("_FILE")):
        configured()


def test_a_sandbox_needs_no_key(variables: pytest.MonkeyPatch) -> None:
    for name in ("PDS_API_KEY", "PDS_KEY_ID", "PDS_KEY_FILE"):
        variables.delenv(name)
    variables.setenv("PDS_BASE_URL", "sandbox")
    assert configured().private_key == ""


@pytest.mark.parametrize("rate", ["0", "-1", "5.5", "many", "³"])
def test_a_rate_that_is_none_is_refused(variables: pytest.MonkeyPatch, rate: str) -> None:
    variables.setenv("PDS_REQUESTS_PER_MINUTE", rate)
    with pytest.raises(ImproperlyConfigured, match="PDS_REQUESTS_PER_MINUTE"):
        configured()


def test_a_key_of_another_kind_is_refused_without_quoting_it(
    variables: pytest.MonkeyPatch, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    curve = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    locked = pem(key, b"password")
    for wrong in (pem(small), pem(curve), public.decode(), locked, "Zzyzx", pem(key)[:-200]):
        (tmp_path / "key.pem").write_text(wrong)
        with pytest.raises(ImproperlyConfigured, match="PDS_KEY_FILE must") as refused:
            configured()
        assert "4096" in str(refused.value)
        for line in wrong.splitlines()[1:3]:
            assert line not in str(refused.value)


def test_only_the_live_services_answers_go_without_a_warning() -> None:
    assert [service for service in Service if not service.warning] == [Service.LIVE]
    assert "stand-in" in Service.STAND_IN.warning


def test_the_key_is_not_shown(variables: pytest.MonkeyPatch) -> None:
    found = configured()
    assert "PRIVATE KEY" in found.private_key
    assert "ours" not in repr(found)
    assert "PRIVATE" not in repr(found)
