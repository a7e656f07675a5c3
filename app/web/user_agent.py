"""Name a browser in a few words, from its User-Agent header."""

import re
from collections.abc import Sequence

# The first pattern that matches gives the name: browsers also name those that they descend from.
_BROWSERS = [
    ("Edge", r"\bEdg(e|A|iOS)?/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bVersion/.*\bSafari/"),
]
_SYSTEMS = [
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
]
_MAX_LENGTH = 500  # characters of the header that are read


def browser_name(user_agent: str) -> str:
    """Return words such as "Firefox on Windows". None of them is taken from the header itself."""
    text = user_agent[:_MAX_LENGTH]
    browser, system = _first_match(_BROWSERS, text), _first_match(_SYSTEMS, text)
    if system:
        return f"{browser or 'Another browser'} on {system}"
    return browser or "Another program"


def _first_match(patterns: Sequence[tuple[str, str]], text: str) -> str:
    return next((name for name, pattern in patterns if re.search(pattern, text)), "")
