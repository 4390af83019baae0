"""A form is declared once, and its fields render themselves as NHS.UK components.

Each field knows its component and the component's parameters; ``templates/ui/forms.jinja`` does
the rest::

    class SearchForm(NhsForm):
        family_name = TextField(label="Family name", required=False, width=20)
        born = DateField(label="Date of birth", in_past=True)

    {{ error_summary(form) }} … {{ field(form["family_name"]) }}

A date is sent as ``born-day``, ``born-month`` and ``born-year``. Ids are the fields' names, so
that an error summary can link to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.forms.boundfield import BoundField
from django.forms.renderers import Jinja2 as DjangoJinja

from ui.dates import PARTS, DateParts, check_limits, parts_of, read_date, wrong_parts

#: A choice as it is declared: value, label, and a hint if it needs one.
Option = tuple[str, str] | tuple[str, str, str]


class NhsFormRenderer(DjangoJinja):
    """Django's own widgets are not used on our pages; this is for third parties' forms."""


class Component(forms.Field):
    """What every field adds to Django's: a component's name and its parameters."""

    component: ClassVar[str]
    #: Whether the label is a legend, of a group of inputs.
    grouped: ClassVar[bool] = False

    def __init__(
        self,
        *,
        label: str,
        hint: str = "",
        required: bool = True,
        error: str = "",
        classes: str = "",
        **options: Any,
    ) -> None:
        """Declare a field.

        :param label: its label, or the legend of its group, in sentence case.
        :param hint: help below the label.
        :param error: the words where nothing was given; made of the label if not said.
        :param classes: more CSS classes for the input.
        """
        messages = {"required": error or self._ask_for(label), **options.pop("error_messages", {})}
        self.classes = classes
        super().__init__(
            label=label, help_text=hint, required=required, error_messages=messages, **options
        )

    @staticmethod
    def _ask_for(label: str) -> str:
        return f"Enter {_in_sentence(label)}"

    def parameters(self, bound: BoundField) -> dict[str, Any]:
        """The component's own parameters, besides label, hint and error."""
        value = bound.value()
        given = {"value": "" if value is None else str(value), "classes": self.classes}
        return {key: text for key, text in given.items() if text}

    def link(self, bound: BoundField) -> str:
        """The id of the input that the error summary leads to."""
        return bound.name


class TextField(Component, forms.CharField):
    """One line of text."""

    component = "input"

    def __init__(
        self,
        *,
        width: int | None = None,
        inputmode: str = "",
        autocomplete: str = "off",
        spellcheck: bool = False,
        **options: Any,
    ) -> None:
        """Declare it; ``width`` is one of the design system's: 2, 3, 4, 5, 10, 20, 30."""
        self.look: dict[str, Any] = {"autocomplete": autocomplete, "spellcheck": spellcheck}
        self.look |= {"width": str(width)} if width else {}
        self.look |= {"inputmode": inputmode} if inputmode else {}
        maximum = options.get("max_length")
        if maximum:
            label = options["label"]
            options.setdefault("error_messages", {}).setdefault(
                "max_length", f"{label} must be {maximum} characters or fewer"
            )
        super().__init__(**options)

    def parameters(self, bound: BoundField) -> dict[str, Any]:
        """With width, keyboard and autocomplete."""
        return {**super().parameters(bound), **self.look}


class TextAreaField(TextField):
    """Several lines of text."""

    component = "textarea"

    def __init__(self, *, rows: int = 5, **options: Any) -> None:
        """Declare it with its height in lines."""
        super().__init__(**options)
        self.look["rows"] = str(rows)


class PasswordField(TextField):
    """A password: kept exactly as typed, and never sent back to the page."""

    component = "password"

    def __init__(self, *, autocomplete: str = "current-password", **options: Any) -> None:
        """Declare it; pasting and password managers are welcome."""
        super().__init__(autocomplete=autocomplete, strip=False, **options)

    def parameters(self, bound: BoundField) -> dict[str, Any]:
        """Without the value."""
        return {key: value for key, value in super().parameters(bound).items() if key != "value"}


class DateField(Component, forms.Field):
    """A date in three inputs, cleaned to :class:`datetime.date` (``None`` if not required)."""

    component = "date"
    grouped = True
    widget = DateParts

    def __init__(
        self, *, in_past: bool = False, earliest: date | None = date(1850, 1, 1), **options: Any
    ) -> None:
        """Declare it; ``in_past`` refuses dates after today."""
        self.in_past = in_past
        self.earliest = earliest
        super().__init__(**options)

    def clean(self, value: Any) -> date | None:
        """The date.

        :raises ValidationError: in the NHS.UK words for what is wrong.
        """
        if isinstance(value, date):
            return value
        parts = parts_of(value)
        if not any(parts):
            if self.required:
                raise ValidationError(self.error_messages["required"], code="required")
            return None
        what = str(self.label)
        found = read_date(parts, what=what)
        check_limits(found, what=what, in_past=self.in_past, earliest=self.earliest)
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another date was typed."""
        return parts_of(initial) != parts_of(data)

    def parameters(self, bound: BoundField) -> dict[str, Any]:
        """The three inputs, those that are wrong marked."""
        wrong = self._wrong(bound)
        values = parts_of(bound.value())
        items = [
            {
                "name": f"{bound.name}-{part}",
                "id": f"{bound.name}-{part}",
                "label": part.capitalize(),
                "value": value,
                "width": "4" if part == "year" else "2",
                "error": part in wrong,
                # Month names are welcome, so no numeric keyboard for the month.
                "inputmode": "text" if part == "month" else "numeric",
            }
            for part, value in zip(PARTS, values, strict=True)
        ]
        return {"items": items}

    def link(self, bound: BoundField) -> str:
        """The first input that is wrong."""
        wrong = self._wrong(bound)
        return f"{bound.name}-{wrong[0] if wrong else 'day'}"

    @staticmethod
    def _wrong(bound: BoundField) -> tuple[str, ...]:
        errors = bound.form.errors.get(bound.name)
        if not errors:
            return ()
        return wrong_parts(errors.as_data()[0])


class _Choosing(Component, forms.ChoiceField):
    """A field with options, each of which may have a hint."""

    grouped = True
    options: tuple[Option, ...]

    def __init__(self, *, choices: Iterable[Option] = (), **options: Any) -> None:
        """Declare it with its options: (value, label) or (value, label, hint)."""
        super().__init__(**options)
        self.offer(choices)

    @staticmethod
    def _ask_for(label: str) -> str:
        return f"Select {_in_sentence(label)}"

    def offer(self, choices: Iterable[Option]) -> None:
        """Set the options, at declaration or when a view knows them."""
        self.options = tuple(choices)
        self.choices = [(option[0], option[1]) for option in self.options]

    def _items(self) -> list[dict[str, str]]:
        return [
            {"value": value, "text": label} | ({"hint": hint[0]} if hint else {})
            for value, label, *hint in self.options
        ]


class RadioField(_Choosing):
    """One of several options."""

    component = "radios"

    def parameters(self, bound: BoundField) -> dict[str, Any]:
        """The options, and which is chosen."""
        return {**super().parameters(bound), "items": self._items()}


class SelectField(RadioField):
    """One of many options, in a drop-down list. Prefer radios where they fit."""

    component = "select"
    grouped = False


class CheckboxesField(_Choosing, forms.MultipleChoiceField):
    """Any of several options, cleaned to a list."""

    component = "checkboxes"

    def parameters(self, bound: BoundField) -> dict[str, Any]:
        """The options, and which are chosen."""
        chosen = [str(value) for value in bound.value() or []]
        return {"items": self._items(), "values": chosen, "classes": self.classes}


class CheckboxField(Component, forms.BooleanField):
    """One box to tick. The label stands beside the box."""

    component = "checkbox"

    @staticmethod
    def _ask_for(label: str) -> str:
        return f"Select {_in_sentence(label)}"

    def parameters(self, bound: BoundField) -> dict[str, Any]:
        """The one box."""
        item = {"value": "yes", "text": str(self.label), "checked": bool(bound.value())}
        return {"items": [item | ({"hint": self.help_text} if self.help_text else {})]}


class _ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FileField(Component, forms.FileField):
    """One file, or with ``multiple`` a list of files."""

    component = "file"

    def __init__(self, *, multiple: bool = False, accept: str = "", **options: Any) -> None:
        """Declare it; ``accept`` is a hint for the browser's dialogue, never a check."""
        self.multiple = multiple
        self.accept = accept
        if multiple:
            options["widget"] = _ManyFiles
        label = options["label"]
        messages = {"empty": "The selected file is empty", "invalid": "Select a file"}
        options["error_messages"] = {**messages, **options.get("error_messages", {})}
        options.setdefault("error", f"Select {_in_sentence(label)}")
        super().__init__(**options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The file, or the files in the order in which they were chosen."""
        if not self.multiple:
            return super().clean(data, initial)
        files: list[UploadedFile[Any]] = [file for file in data or [] if file]
        if not files:
            super().clean(None, initial)  # says that one is needed, if it is
        return [super(FileField, self).clean(file, initial) for file in files]

    def parameters(self, bound: BoundField) -> dict[str, Any]:  # noqa: ARG002 - every field's
        """Whether several may be chosen. A file cannot be put back into a page."""
        attributes = {"accept": self.accept} if self.accept else {}
        return {"multiple": self.multiple, "attributes": attributes, "classes": self.classes}


class NhsForm(forms.Form):
    """A form of our fields, with the list that its error summary shows."""

    use_required_attribute = False
    error_css_class = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, with the fields' names as their ids."""
        kwargs.setdefault("auto_id", "%s")
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def offer(self, name: str, choices: Iterable[Option]) -> None:
        """Set the options of a field that only the view knows.

        :raises TypeError: if the field has no options.
        """
        field = self.fields[name]
        if not isinstance(field, _Choosing):
            raise TypeError("This field has no options: " + name)
        field.offer(choices)

    def listed_errors(self) -> list[dict[str, str]]:
        """Every error in the order of the fields, with the id that it leads to."""
        listed = [
            {"text": str(words), "href": f"#{self._first_input()}"}
            for words in self.non_field_errors()
        ]
        for name in self.fields:
            bound = self[name]
            listed += [{"text": str(words), "href": f"#{_link(bound)}"} for words in bound.errors]
        return listed

    def _first_input(self) -> str:
        return _link(self[next(iter(self.fields))]) if self.fields else "maincontent"


def as_declared(bound: BoundField) -> tuple[object, ...] | None:
    """The form's class and the field's name, where the field is as its class declares it.

    Nothing is given, nothing is wrong, and no label or option was made for this page: its markup
    is always the same, and holds nothing of anybody. ``None`` for any other.
    """
    declared = getattr(type(bound.form), "base_fields", {}).get(bound.name)
    own = ("label", "help_text", "options", "initial")
    if (
        declared is None
        or bound.form.prefix
        or bound.form.initial
        or any(
            getattr(declared, each, None) is not getattr(bound.field, each, None) for each in own
        )
        or _given(bound.value())
        or bound.errors
    ):
        return None
    return type(bound.form), bound.name


def _given(value: Any) -> bool:
    if isinstance(value, dict):
        return any(value.values())
    return any(value) if isinstance(value, (list, tuple)) else bool(value)


def _link(bound: BoundField) -> str:
    field = bound.field
    return field.link(bound) if isinstance(field, Component) else bound.name


def _in_sentence(label: str) -> str:
    """A label inside a sentence: ``Date of birth`` → ``date of birth``, ``NHS number`` stays."""
    first, _, rest = label.partition(" ")
    kept = first == "I" or (first.isupper() and len(first) > 1)
    return f"{first if kept else first[:1].lower() + first[1:]} {rest}".strip()
