"""Escaping is Jinja's own in all but its cost."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.templating import Environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup, escape

from app.web.escaping import EscapingEnvironment, escaped

SOURCES = [
    "{{ value }}", "<a title=\"{{ value }}\">{{ value }}</a>", "{{ value|upper }}", "{{ value ~ value }}",
    "{{ [value]|join('<') }}", "{% set kept %}{{ value }}{% endset %}{{ kept }}",
    "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(m(value)) }}",
    "{% for each in [value, none, 7] %}{{ each }},{% endfor %}", "{{ missing }}{{ value if value else '<none>' }}",
    "{% autoescape false %}{{ value }}{% endautoescape %}", "{{ value|e }}{{ value|length }}",
]  # fmt: skip


class Shouting(str):
    """Text of another class than str."""

    def __html__(self) -> str:
        return f"<b>{escape(str(self))}</b>"


values = st.one_of(
    st.text(), st.text(alphabet="&<>\"'a;#39"), st.integers(), st.none(), st.floats(allow_nan=False),
    st.text().map(Markup), st.text().map(Shouting), st.lists(st.text(max_size=3), max_size=3),
)  # fmt: skip


@pytest.fixture
def rendered(app: Flask) -> Callable[[type[Environment], str, Any], str]:
    environments = {kind: kind(app, autoescape=True) for kind in (Environment, EscapingEnvironment)}

    def render(kind: type[Environment], source: str, value: Any) -> str:
        return environments[kind].from_string(source).render(value=value)

    return render


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values)
def test_every_template_says_what_it_would_say_with_jinjas_own(
    rendered: Callable[[type[Environment], str, Any], str], source: str, value: Any
) -> None:
    assert _said(rendered, EscapingEnvironment, source, value) == _said(rendered, Environment, source, value)


def _said(render: Callable[..., str], kind: type[Environment], source: str, value: Any) -> str:
    try:
        return render(kind, source, value)
    except TypeError as error:  # a number has no length
        return str(error)


@given(values)
def test_a_value_is_escaped_as_markupsafe_does(value: Any) -> None:
    assert escaped(value) == escape(value)


def test_pages_are_rendered_with_it(app: Flask) -> None:
    assert isinstance(app.jinja_env, EscapingEnvironment)
    generated = app.jinja_env.compile("{{ value }}", raw=True)
    assert " escaped(" in generated
    assert " escape(" not in generated
