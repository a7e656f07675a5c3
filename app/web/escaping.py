"""Jinja's escaping, at a third of its cost: most of what a table shows holds nothing that must be escaped.

Jinja makes an object of a class of its own of each of a page's thousand values, whether anything was escaped in it or
not, which is a quarter of the time that a page takes.
"""

import re
from typing import Any

from flask.templating import Environment
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr
from markupsafe import escape

_special = re.compile("[&<>\"']").search


def escaped(value: Any) -> str:
    """What `markupsafe.escape` makes of a value, for output alone: text that needs no escaping stays what it is."""
    return value if value.__class__ is str and not _special(value) else escape(value)


class EscapingGenerator(CodeGenerator):
    """Compiles `{{ value }}` to `environment.escaped(value)` where Jinja would call `escape(value)`."""

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write(f"environment.escaped({finalize.src or ''}")


class EscapingEnvironment(Environment):
    code_generator_class = EscapingGenerator
    escaped = staticmethod(escaped)
