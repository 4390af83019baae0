"""Setting a letter as a tagged PDF (PDF/UA-1), with the fonts that the typesetter brings."""

from __future__ import annotations

from pathlib import Path

import typst

from consent.letter_words import LetterContent

_TEMPLATE = (Path(__file__).resolve().parent / "letter.typ").read_bytes()


class CannotBeSet(Exception):
    """A name or address has characters that the fonts lack. Which, is not said: it is a name."""


def as_pdf(content: LetterContent, *, large_print: bool) -> bytes:
    """The letter as a PDF; ``large_print`` sets it in 18 points.

    :raises CannotBeSet: if a character cannot be shown, which the standard does not allow.
    """
    return set_as_pdf(_TEMPLATE, content.as_bytes().decode(), large_print=large_print)


def set_as_pdf(template: bytes, content: str, *, large_print: bool) -> bytes:
    """What a template makes of JSON, as text and never as markup.

    :raises CannotBeSet: if a character cannot be shown, which the standard does not allow.
    """
    try:
        return typst.compile(
            template,
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={
                "content": content,
                "large": "yes" if large_print else "no",
            },
            # The standard for accessible PDF: the typesetter refuses what would break it.
            pdf_standards="ua-1",
        )
    except typst.TypstError as error:
        if "could not be displayed with font" not in str(error):
            raise
        raise CannotBeSet from None
