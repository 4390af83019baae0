"""What is served names no other host."""

from __future__ import annotations

from pathlib import Path

from django.core.files.base import ContentFile

from ui.statics import OwnHostOnly, without_other_hosts

ROOT = Path(__file__).resolve().parents[2]
SHEET = ROOT / "node_modules" / "nhsuk-frontend" / "dist" / "nhsuk" / "nhsuk-frontend.min.css"


def test_the_design_systems_sheet_names_no_other_host() -> None:
    before = SHEET.read_text(encoding="utf-8")
    assert "https://assets.nhs.uk" in before
    after = without_other_hosts(before)
    assert "https://" not in after.replace("https://www.w3.org/", "")
    assert "url(/assets/" not in after
    assert ".nhsuk-button" in after


def test_collecting_rewrites_only_the_design_systems_sheets(tmp_path: Path) -> None:
    storage = OwnHostOnly(location=tmp_path, base_url="/static/")
    ours = "@font-face { src: url(https://elsewhere.example/a) } body {}"
    storage.save("nhsuk/nhsuk-frontend.min.css", ContentFile(ours.encode()))
    storage.save("ui/connectcare.css", ContentFile(ours.encode()))
    paths = {"nhsuk/nhsuk-frontend.min.css": None, "ui/connectcare.css": None}
    assert [name for name, *_ in storage.post_process(paths)] == ["nhsuk/nhsuk-frontend.min.css"]
    assert (tmp_path / "nhsuk" / "nhsuk-frontend.min.css").read_text().strip() == "body {}"
    assert (tmp_path / "ui" / "connectcare.css").read_text() == ours


def test_our_own_files_name_no_other_host() -> None:
    for file in (ROOT / "ui" / "assets").rglob("*"):
        if file.is_file():
            text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "//" not in text.replace("// ", ""), file
