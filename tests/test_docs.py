"""Links in the documents lead to files and headings that exist."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^(```|~~~).*?^\1$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)|^\[[^\]]+\]: +(\S+)$", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_EXTERNAL = re.compile(r"[a-z]+:")


def links(text: str) -> Iterator[str]:
    """The targets of links and images, but not those inside code."""
    for inline, reference in _LINK.findall(_CODE.sub("", _FENCE.sub("", text))):
        yield inline or reference


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them: a repeated heading gets -1, -2 …"""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken_links(path: Path) -> list[str]:
    """The links of a document that lead nowhere. Addresses of other sites aren't followed."""
    broken = []
    for link in links(path.read_text("utf-8")):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if _EXTERNAL.match(link):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)
    return broken


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One `two`\n\n```\n# no heading\n```\n\n## Same\n\n## Same\n")
    good = "[1](a.md) [2](a.md#one-two) [3](a.md#same-1) [4](#here) [5](https://b.example/c#d) `[6](code.md)`"
    bad = ["b.md", "a.md#no-heading", "a.md#same-2", "#there", "a.png"]
    document = tmp_path / "b" / "index.md"
    document.parent.mkdir()
    text = "\n".join(["# Here", good.replace("a.md", "../a.md"), *(f"![x]({link})" for link in bad)])
    document.write_text(text.replace("(a.md#", "(../a.md#"))
    assert broken_links(document) == [link.replace("a.md#", "../a.md#") for link in bad]
