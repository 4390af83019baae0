"""How templates are compiled: as Jinja does, with what is shown escaped in fewer steps.

A page of a record shows a thousand texts. MarkupSafe makes an object of each, which says that it
is escaped; then they are joined to one text and the objects are thrown away. Here an output's
escaped text is handed on as it is: it goes nowhere but into that joining, which is what Jinja marks
as escaped. What a template calls or assigns is escaped and marked as ever.
"""

from __future__ import annotations

from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape
from markupsafe import _escape_inner as _escaped  # type: ignore[attr-defined]  # what escape marks


def shown(value: Any) -> str:
    """A value as it is joined into a page: escaped, unless it is marked as being so already."""
    if type(value) is str:
        return _escaped(value)
    if type(value) is Markup:
        return value
    return escape(value) if hasattr(value, "__html__") else _escaped(str(value))


class Drawing(CodeGenerator):
    """Writes ``shown(…)`` for an output where Jinja writes ``escape(…)``."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja's name
        """The module of a template, which knows :func:`shown`."""
        self.writeline(f"from {__name__} import {shown.__name__}")
        super().visit_Template(node, frame)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write(f"{shown.__name__}(")
