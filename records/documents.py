"""The text of a document, as far as it lies in the resource that came with the entry."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from identity.protected import of_protected


@of_protected(keep=("content_type",), empty=("title", "text"))
@dataclass(frozen=True, slots=True)
class DocumentPart:
    """One attachment. ``text`` is ``None`` where it is not plain text that lies in the resource."""

    title: str
    content_type: str
    text: str | None


def parts_of(resource: Mapping[str, Any]) -> tuple[DocumentPart, ...]:
    """The attachments of a DocumentReference or a DiagnosticReport, in their order.

    Only ``text/plain`` is read, in the character set it names (UTF-8 if none); everything else
    is named and stays at the source. Source: https://hl7.org/fhir/R4/datatypes.html#attachment.
    """
    return tuple(_part(attachment) for attachment in _attachments(resource))


def _attachments(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for content in _list(resource.get("content")):
        attachment = content.get("attachment")
        if isinstance(attachment, Mapping):
            yield attachment
    yield from _list(resource.get("presentedForm"))


def _list(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _part(attachment: Mapping[str, Any]) -> DocumentPart:
    stated = Message()
    stated["content-type"] = str(attachment.get("contentType") or "application/octet-stream")
    content_type = stated.get_content_type()
    return DocumentPart(
        title=str(attachment.get("title") or ""),
        content_type=content_type,
        text=_text(attachment.get("data"), stated) if content_type == "text/plain" else None,
    )


def _text(data: object, stated: Message) -> str | None:
    if not isinstance(data, str) or not data:
        return None
    try:
        content = base64.b64decode(data)
        return content.decode(stated.get_content_charset("utf-8"), errors="replace")
    except (binascii.Error, LookupError):
        return None
