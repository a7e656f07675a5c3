"""What a browser makes of a report page: what the form of its state sends, and what a fragment corrects in it."""

import re
from html import unescape
from html.parser import HTMLParser

Pairs = list[tuple[str, str]]

_CORRECTION = re.compile(r'<data value="([^"]*)" data-field="([^"]*)" data-sent="([^"]*)">')


class _Form(HTMLParser):
    """Collects what the form `filters` sends, by the rules of HTML, section 4.10.21.4."""

    def __init__(self, scripts: bool) -> None:
        super().__init__()
        self.pairs: Pairs = []
        self._scripts, self._in_noscript = scripts, False
        self._form: str | None = None
        self._select: dict[str, str | None] | None = None  # attributes of the select that is open
        self._options: list[tuple[dict[str, str | None], str]] = []  # its options: attributes and label

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "noscript":
            self._in_noscript = True
        elif tag == "form":
            self._form = values.get("id")
        elif tag == "select":
            self._select, self._options = values, []
        elif tag == "option":
            self._options.append((values, ""))
        elif tag == "input" and (values.get("type") not in ("checkbox", "radio") or "checked" in values):
            self._send(values, values.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._options:
            self._options[-1] = (self._options[-1][0], self._options[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "noscript":
            self._in_noscript = False
        elif tag == "form":
            self._form = None
        elif tag == "select" and self._select is not None:
            chosen = next((each for each in self._options if "selected" in each[0]), self._options[0])
            label = re.sub(r"[ \t\n\f\r]+", " ", chosen[1]).strip(" ")
            self._send(self._select, chosen[0].get("value", label) or "")
            self._select, self._options = None, []

    def _send(self, values: dict[str, str | None], value: str) -> None:
        name = values.get("name")
        if self._scripts and self._in_noscript:
            return
        if name and "disabled" not in values and values.get("form", self._form) == "filters":
            self.pairs.append((name, value))


def sent_by_form(page: str, scripts: bool = False) -> Pairs:
    """Return what the form of a report page sends when nobody has changed it, in a browser with or without scripts."""
    form = _Form(scripts)
    form.feed(page)
    form.close()
    return form.pairs


def shown_query(text: str) -> str:
    """Return the canonical query string of the view that a page or a fragment shows."""
    [query] = re.findall(r'<div id="results" data-query="([^"]*)"', text)
    return unescape(query)


def filled_in(pairs: Pairs, **values: str) -> Pairs:
    """Return what the form sends with other values in some of its fields; `from_` stands for `from`."""
    changed = {key.rstrip("_"): value for key, value in values.items()}
    return [pair for pair in pairs if pair[0] not in changed] + list(changed.items())


def corrections(fragment: str) -> dict[str, tuple[str, str]]:
    """Return the fields that a fragment corrects: what was sent, and what the view has."""
    found = _CORRECTION.findall(fragment)
    return {key: (unescape(sent), unescape(value)) for value, key, sent in found}
