"""Brings what the tests need besides Python packages: a Chromium, and the htmx file that a page names.

`make test` runs this first, so that a machine that can't have them says so in one line; the browser tests ask for
the same things.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha384
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

HTMX_URL = "https://cdn.jsdelivr.net/npm/htmx.org@4.0.1/dist/htmx.min.js"
HTMX_HASH = "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"

_HTMX = Path(__file__).parent.parent / ".cache" / "htmx-4.0.1.min.js"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC_BROWSERS = ("Google Chrome", "Chromium")
_PATIENCE = 600  # seconds that one download may take. A browser that is there has a tenth of that to tell its version.


class Missing(Exception):
    """Something that the tests need and that can't be brought; the message says what to do."""


def main() -> None:
    try:
        print(f"Browser: {browser()}")
        print(f"htmx: {htmx()}")
    except Missing as missing:
        sys.exit(f"make: {missing}")


@cache
def browser() -> Path:
    """A Chromium or Chrome that starts: one that is there, else Playwright's own, else Debian's. Raises Missing."""
    found = next(_browsers(), None)
    if not found:
        raise Missing("no Chromium or Chrome is there and none could be installed; install one (Debian: chromium)")
    return found


@cache
def nginx() -> str:
    """Return the path of nginx, which `make trials` needs: what is installed, else Debian's. Raises Missing."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    if not shutil.which("nginx", path=path):
        _install_by_apt("nginx-light")
    found = shutil.which("nginx", path=path)
    if not found:
        raise Missing("nginx is missing and can't be installed without apt and root; install it (Debian: nginx-light)")
    return found


def htmx() -> Path:
    """The file behind HTMX_URL, checked against HTMX_HASH and kept in .cache. Raises Missing."""
    if not (_HTMX.exists() and _is_pinned(_HTMX.read_bytes())):
        _keep(_bring_htmx())
    return _HTMX


def _is_pinned(content: bytes) -> bool:
    return f"sha384-{b64encode(sha384(content).digest()).decode()}" == HTMX_HASH


def _browsers() -> Iterator[Path]:
    """Browsers that start, the cheapest to bring first: each is brought only when nothing before it will do."""
    yield from filter(_starts, _present())
    if _run(sys.executable, "-m", "playwright", "install", "chromium", says="Bringing Playwright's Chromium ..."):
        yield from filter(_starts, [_playwrights_own()])
    if _install_by_apt("chromium"):
        yield from filter(_starts, _present())


def _present() -> Iterator[Path]:
    yield from (Path(path) for name in _BROWSERS if (path := shutil.which(name)))
    yield from (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in _MAC_BROWSERS)
    yield _playwrights_own()


@cache
def _playwrights_own() -> Path:
    """Where Playwright keeps the browser that fits it, whether it is there or not.

    Asked in a process of its own: a test that is running has started Playwright already, and it can't be started twice.
    """
    question = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    return Path(subprocess.check_output([sys.executable, "-c", question], text=True).strip())


def _starts(path: Path) -> bool:
    """Whether the browser runs: Ubuntu's chromium-browser may only advise a snap, a download may lack libraries."""
    return path.exists() and _run(str(path), "--version", seconds=_PATIENCE // 10)


def _bring_htmx() -> bytes:
    """The pinned file from its npm package, else from its own address: whichever this network reaches."""
    for source in (_htmx_by_npm, _htmx_by_address):
        content = source()
        if content is not None and _is_pinned(content):
            return content
    raise Missing(f"htmx can't be had, neither by npm nor from {HTMX_URL}; save that file as {_HTMX}")


def _htmx_by_npm() -> bytes | None:
    package, _, path = HTMX_URL.partition("/npm/")[2].partition("/")
    if not shutil.which("npm"):
        return None
    with TemporaryDirectory() as folder:
        if not _run("npm", "pack", package, "--pack-destination", folder, says=f"Bringing {package} by npm ..."):
            return None
        with tarfile.open(Path(folder) / f"{package.replace('@', '-')}.tgz") as archive:
            file = archive.extractfile(f"package/{path}")
            return file.read() if file else None


def _htmx_by_address() -> bytes | None:
    try:
        with urlopen(HTMX_URL, timeout=_PATIENCE) as answer:
            content: bytes = answer.read()
    except OSError:
        return None
    return content


def _install_by_apt(package: str) -> bool:
    """Install a package of Debian, where that is possible."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    _run("apt-get", "update", says=f"Installing Debian's {package} ...")
    return _run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends", package)


def _keep(content: bytes) -> None:
    """Put the file in its place whole, or not at all."""
    _HTMX.parent.mkdir(exist_ok=True)
    draft = _HTMX.with_suffix(f".{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(_HTMX)


def _run(*command: str, says: str = "", seconds: int = _PATIENCE) -> bool:
    """Run a command silently, and tell whether it succeeded."""
    if says:
        print(says, flush=True)
    try:
        return subprocess.run(command, capture_output=True, timeout=seconds, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    main()
