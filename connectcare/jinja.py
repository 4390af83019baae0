"""The template environment: Jinja with the NHS design system's macros."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, MutableMapping
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader
from jinja2.utils import missing

from access import session_ends
from connectcare.drawing import Drawing
from ui import formatting
from ui.forms import as_declared

#: A macro that draws a field, given how it is to look.
Draw = Callable[..., str]

#: What the design system's own templates ask for without defining it.
_MAY_BE_ABSENT = frozenset({"caller", "cspNonce", "params", "undefined"})


class LoudUndefined(ChainableUndefined):
    """Raises where a name that nobody defined is shown, walked or asked; attributes may be absent.

    The design system's macros chain through parameters that were not given. Our own pages must
    not: a mistyped name would be a blank where a clinician expects a word.
    """

    def _refuse_a_mistyped_name(self) -> None:
        if (
            self._undefined_obj is missing
            and self._undefined_hint is None
            and self._undefined_name not in _MAY_BE_ABSENT
        ):
            self._fail_with_undefined_error()

    def __str__(self) -> str:
        self._refuse_a_mistyped_name()
        return super().__str__()

    def __html__(self) -> str:
        return str(self)

    def __bool__(self) -> bool:
        self._refuse_a_mistyped_name()
        return False

    def __iter__(self) -> Iterator[Any]:
        self._refuse_a_mistyped_name()
        return super().__iter__()

    def __len__(self) -> int:
        self._refuse_a_mistyped_name()
        return 0

    def __getattr__(self, name: str) -> Any:
        if name[:2] != "__":
            self._refuse_a_mistyped_name()
        return super().__getattr__(name)

    __getitem__ = __getattr__


class Pages(Environment):
    """Jinja's, whose templates have their names in one plain mapping.

    Jinja lays an empty one over the environment's for each template, so that a template might be
    given names of its own; none of ours is. What a template imports is compared with them at each
    page, and through two mappings Python compares one name at a time.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The environment's names, which are all there before a template is loaded."""
        return {**self.globals, **(d or {})}


def environment(**options: Any) -> Environment:
    """Django's hook: our templates, the design system's, and the few functions that pages use."""
    loader = options.pop("loader")
    options.pop("autoescape", None)  # it is always on
    jinja = Pages(
        **{**options, "undefined": LoudUndefined},
        autoescape=True,
        loader=ChoiceLoader([loader, PackageLoader("nhsuk_frontend_jinja")]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.code_generator_class = Drawing
    jinja.globals.update(
        static=lru_cache(static),
        url=_url,
        url_around=_url_around,
        drawn_once=_drawn_once(),
        alike=alike,
    )
    jinja.filters.update(formatting.FILTERS)
    return jinja


def _drawn_once() -> Callable[..., str]:
    """Keeps the markup of fields that are as declared: most of a form, and slow to draw."""
    kept: dict[object, str] = {}

    def drawn_once(draw: Draw, bound: BoundField, *look: object) -> str:
        declared = as_declared(bound)
        if declared is None:
            return draw(bound, *look)
        key = (*declared, *look)
        if key not in kept:
            kept[key] = draw(bound, *look)
        return kept[key]

    return drawn_once


#: Markups of values that are alike that a process keeps: a few kilobytes each.
MOST_ALIKE = 512


@lru_cache(maxsize=MOST_ALIKE, typed=True)
def alike(draw: Draw, *values: Hashable) -> str:
    """What a macro draws of these values, drawn once for all values that are equal.

    For what many pages say in the same words, such as where sources stand: never for anything
    that is a resident's own. The macro is imported without its page's context.
    """
    return draw(*values)


def _url(name: str, *args: Any, **kwargs: Any) -> str:
    """An address. One of ids and words is kept, and its ids filled in: a page has hundreds."""
    values = (*args, *kwargs.values())
    if not all(type(value) in _KEPT for value in values):
        return reverse(name, args=args, kwargs=kwargs)
    ids = [value for value in values if type(value) is UUID]
    shape = tuple(UUID if type(value) is UUID else value for value in values)
    return _of_ids(name, shape, tuple(kwargs)).format(*ids)


def _url_around(name: str, part: str, **kwargs: UUID) -> tuple[str, str]:
    """What stands before and after one id of an address: for a list, whose rows differ in it."""
    address = _of_ids(name, (UUID,) * (len(kwargs) + 1), (*kwargs, part))
    before, _, after = address.partition(f"{{{len(kwargs)}}}")
    return before.format(*kwargs.values()), after.format(*kwargs.values())


#: What an address is kept with: an id by its place, a word (a section's) as it is.
_KEPT = frozenset({UUID, str})


@lru_cache(maxsize=MOST_ALIKE)
def _of_ids(name: str, values: tuple[str | type[UUID], ...], named: tuple[str, ...]) -> str:
    """An address with a place for each id. The last of its values are those of its named parts."""
    ids: list[UUID] = []
    filled: list[str | UUID] = []
    for value in values:
        if isinstance(value, str):
            filled.append(value)
        else:
            ids.append(UUID(int=len(ids)))
            filled.append(ids[-1])
    before = len(values) - len(named)
    by_name = dict(zip(named, filled[before:], strict=True))
    address = reverse(name, args=filled[:before], kwargs=by_name)
    address = address.replace("{", "{{").replace("}", "}}")
    for nth, each in enumerate(ids):
        address = address.replace(str(each), f"{{{nth}}}")
    return address


def every_page(request: HttpRequest) -> dict[str, Any]:
    """What every page may name: who is signed in as what, the nonce, the profile, and the size.

    The size of the print stands in the address, so that it needs no cookie.
    """
    large_print = request.GET.get("size") == "large"
    signed_in = getattr(request, "user", None) is not None and request.user.is_authenticated
    return {
        # Drawn once of a page, however many forms it has.
        "csrf_input": SimpleLazyObject(partial(csrf_input, request)),
        "acting": getattr(request, "acting", None),
        "signed_in": signed_in,
        "session_left": session_ends.left_of(request) if signed_in else None,
        "session_warning": settings.SESSION_WARNING_SECONDS,
        "cspNonce": str(getattr(request, "csp_nonce", "")),
        "profile": settings.PROFILE,
        "large_print": large_print,
    }
