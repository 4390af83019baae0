"""An XML document into its resources, each as the JSON that FHIR would have for it.

The shapes (which element repeats, which is a number) come from the published model in
``fhir.resources``; its validation does not, because it would refuse a whole resource for one
impossible date. No document type, no entities, no network: a delivery is data.
Source: https://hl7.org/fhir/R4/xml.html, https://hl7.org/fhir/R4/json.html.
"""

import importlib
import io
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NamedTuple

import msgspec
from lxml import etree

from feeds.formats.fhir_r4.json_parts import without_resource
from feeds.formats.fhir_r4.resource import TOO_DEEP, WRAPPER, Part
from feeds.formats.fhir_r4.table import KINDS, PASSED_OVER, UNKNOWN_KIND
from feeds.mapped import Held, PassedOver

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
_ENTRY = f"{{{FHIR}}}entry"
_DEEPEST = 100
_NOT_XML = "not well-formed XML{}: see that it is whole, and one document, and send it again"
#: No entities, no network, no document of a type that is fetched.
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
}
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_WHOLE_NUMBERS = frozenset({"integer", "positiveInt", "unsignedInt", "integer64"})
_ELEMENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,60}")
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Shape(NamedTuple):
    """How one element becomes JSON: ``kind`` is a primitive's name, or a complex type's."""

    kind: str
    repeats: bool
    primitive: bool


class XmlShapeError(Exception):
    """Something that FHIR R4 does not have; the message is where and what, never its content."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: {what}")


@cache
def _model() -> Any:
    """Give the library's model of FHIR R4 (as R4B, which reads R4); it is slow to import."""
    return importlib.import_module("fhir.resources.R4B")


@cache
def _shapes(type_name: str) -> dict[str, Shape]:
    """Give the elements of one type, by name. Raises ``ValueError`` for a type that is not one."""
    inspect = importlib.import_module("fhir_core.xml_utils")
    prefix = inspect.determine_version_prefix("fhir.resources.R4B")
    _model()
    fields = _model().get_fhir_model_class(type_name).model_fields
    shapes = {}
    for name, field in fields.items():
        if name.endswith("__ext") or name in ("resource_type", "fhir_comments"):
            continue
        shapes[field.alias or name] = Shape(
            kind=inspect.get_fhir_type_name(field, prefix=prefix),
            repeats=inspect.is_list_type(field),
            primitive=inspect.is_primitive_type(field),
        )
    return shapes


def _primitive(kind: str, text: str) -> str | bool | int | Decimal:
    """Give a primitive as JSON has it; a number that is none stays text: the decoder names it."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in _WHOLE_NUMBERS and len(text) < 30 and _PLAIN_NUMBER.fullmatch(text):
        return int(text) if text.lstrip("-").isdigit() else text
    if kind == "decimal" and _PLAIN_NUMBER.fullmatch(text):
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text


def _local(element: Any, path: str) -> str:
    name = etree.QName(element)
    if name.namespace not in (FHIR, XHTML) or not _ELEMENT_NAME.fullmatch(name.localname):
        raise XmlShapeError(path, "an element that is not FHIR's")
    return str(name.localname)


def _children(element: Any) -> Iterator[Any]:
    return (child for child in element if isinstance(child.tag, str))


def _complex(element: Any, type_name: str, path: str, depth: int) -> dict[str, Any]:
    """Turn an element of a complex type into a JSON object."""
    if depth > _DEEPEST:
        raise XmlShapeError(path, TOO_DEEP)
    shapes = _shapes(type_name)
    made: dict[str, Any] = {}
    for attribute in ("id", "url"):
        if attribute in element.attrib and attribute in shapes:
            made[attribute] = element.attrib[attribute]
    for child in _children(element):
        name = _local(child, path)
        shape = shapes.get(name)
        if shape is None:
            raise XmlShapeError(path + "." + name, "no such element in FHIR R4")
        if shape.primitive:
            _add_primitive(made, child, name, shape, f"{path}.{name}", depth)
            continue
        if shape.kind == "Resource":
            value: Any = next((_resource(inner, depth + 1) for inner in _children(child)), None)
        else:
            value = _complex(child, shape.kind, f"{path}.{name}", depth + 1)
        if shape.repeats:
            made.setdefault(name, []).append(value)
        else:
            made[name] = value
    return made


def _add_primitive(
    made: dict[str, Any], child: Any, name: str, shape: Shape, path: str, depth: int
) -> None:
    """Add a primitive, with its extensions beside it under ``_name`` as FHIR's JSON has them."""
    if shape.kind == "xhtml":
        made[name] = etree.tostring(child, encoding="unicode", with_tail=False)
        return
    text = child.attrib.get("value")
    value = _primitive(shape.kind, text) if text is not None else None
    inner = list(_children(child))
    beside: dict[str, Any] | None = None
    if inner or "id" in child.attrib:
        extensions = [_complex(e, "Extension", f"{path}.extension", depth + 1) for e in inner]
        beside = {"extension": extensions} if extensions else {}
        if "id" in child.attrib:
            beside["id"] = child.attrib["id"]
    if not shape.repeats:
        if value is not None:
            made[name] = value
        if beside is not None:
            made["_" + name] = beside
        return
    values = made.setdefault(name, [])
    values.append(value)
    if beside is not None or "_" + name in made:
        row = made.setdefault("_" + name, [])
        row.extend([None] * (len(values) - 1 - len(row)))
        row.append(beside)


def _resource(element: Any, depth: int = 0) -> dict[str, Any]:
    """Turn a resource's element into its JSON object."""
    kind = _local(element, "$")
    try:
        _shapes(kind)
    except ValueError as error:
        raise XmlShapeError("$." + kind, "no such resource in FHIR R4") from error
    return {"resourceType": kind, **_complex(element, kind, kind, depth)}


def _id_of(element: Any) -> str:
    found = element.find(f"{{{FHIR}}}id")
    return str(found.attrib.get("value", ""))[:255] if found is not None else ""


def _part(element: Any, pointer: str, full_url: str | None) -> Part:
    """Give one resource as a part; what cannot be turned into JSON is held as its XML."""
    part = Part(pointer=pointer, full_url=full_url)
    try:
        part.kind = _local(element, "$")
        part.id = _id_of(element)
        if part.kind in PASSED_OVER and part.kind not in KINDS:
            part.settled = PassedOver(PASSED_OVER[part.kind])
        elif part.kind not in KINDS:
            part.settled = PassedOver(UNKNOWN_KIND)
        else:
            part.raw = _ENCODER.encode(_resource(element))
    except (XmlShapeError, RecursionError) as error:
        reason = TOO_DEEP if isinstance(error, RecursionError) else str(error)
        part.raw, part.settled = etree.tostring(element), Held(reason)
    return part


def _wrapper(pointer: str, identity: str) -> Part:
    return Part(
        pointer=pointer or "bundle",
        kind="Bundle",
        id=identity,
        settled=PassedOver(WRAPPER),
        is_wrapper=True,
    )


def _bundle(element: Any, pointer: str, depth: int) -> Iterator[Part]:
    """Give a bundle within a bundle as its wrapper and its entries."""
    wrapper = _wrapper(pointer, _id_of(element))
    if depth > _DEEPEST:
        wrapper.settled = Held("bundles within bundles, too deep to be read")
        yield wrapper
        return
    yield wrapper
    for index, entry in enumerate(element.findall(_ENTRY)):
        yield from _entry(entry, f"{pointer}.entry[{index}]", depth)


def _entry(entry: Any, here: str, depth: int) -> Iterator[Part]:
    """Give what an entry of a bundle holds."""
    address = entry.find(f"{{{FHIR}}}fullUrl")
    full_url = address.attrib.get("value") if address is not None else None
    holder = entry.find(f"{{{FHIR}}}resource")
    inner = next(_children(holder), None) if holder is not None else None
    if inner is None:
        method = entry.find(f"{{{FHIR}}}request/{{{FHIR}}}method")
        value = method.attrib.get("value") if method is not None else None
        yield Part(pointer=here, raw=etree.tostring(entry), settled=without_resource(value))
    elif inner.tag == f"{{{FHIR}}}Bundle":
        yield from _bundle(inner, here, depth + 1)
    else:
        yield _part(inner, here, full_url)


class _Outline(NamedTuple):
    """What is known of a document once it was read to its end."""

    root: Any
    bundle_id: str
    has_type: bool


def _elements(content: bytes) -> Iterator[tuple[Any, bool]]:
    """Give the document's element, and each right below it when it is complete.

    (element, whether it is the document's). What was given is let go of when the next one is
    asked for: a whole tree takes some fifteen times the size of its text.

    :raises etree.XMLSyntaxError: where it is not well formed, after what stands before.
    """
    depth = 0
    for event, element in etree.iterparse(
        io.BytesIO(content), events=("start", "end"), remove_comments=True, remove_pis=True, **_SAFE
    ):
        if event == "start":
            depth += 1
            if depth == 1:
                yield element, True
            continue
        depth -= 1
        if depth == 1:
            yield element, False
            parent = element.getparent()
            element.clear()
            while len(parent) and parent[0] is not element:
                del parent[0]


def _looked_over(content: bytes) -> _Outline:
    """Read a document to its end, to know that it is well formed before anything is given."""
    root: Any = None
    bundle_id = ""
    for element, is_root in _elements(content):
        if is_root:
            root = element
        elif element.tag == f"{{{FHIR}}}id":
            bundle_id = str(element.attrib.get("value", ""))[:255]
    return _Outline(root, bundle_id, bool(root.getroottree().docinfo.doctype))


def document_parts(content: bytes) -> Iterator[Part]:
    """Split a whole XML document into parts; what is not FHIR's XML is one held part."""
    try:
        outline = _looked_over(content)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f" (line {line})" if line else ""
        yield Part(pointer="file", raw=content, settled=Held(_NOT_XML.format(where)))
        return
    if outline.has_type:
        reason = "XML with a document type is not read: send plain FHIR XML"
        yield Part(pointer="file", raw=content, settled=Held(reason))
        return
    name = etree.QName(outline.root)
    if name.namespace != FHIR:
        reason = "XML, but not FHIR's (its namespace is http://hl7.org/fhir)"
        yield Part(pointer="file", raw=content, settled=Held(reason))
        return
    if name.localname != "Bundle":
        parser = etree.XMLParser(remove_comments=True, remove_pis=True, **_SAFE)
        yield _part(etree.fromstring(content, parser), "resource", None)
        return
    yield _wrapper("", outline.bundle_id)
    index = 0
    for element, is_root in _elements(content):
        if not is_root and element.tag == _ENTRY:
            yield from _entry(element, f"entry[{index}]", 0)
            index += 1
