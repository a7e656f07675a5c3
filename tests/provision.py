"""Find or install what the tests need besides Python packages: Chromium, and the htmx file that pages name.

`make test` runs this first, so that a machine that can't have them reports it in one line.
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
_HEADLESS = "chromium-headless-shell"  # the same without windows, which takes half of the processor's time
_BROWSERS = (_HEADLESS, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC_BROWSERS = ("Google Chrome", "Chromium")
_DOWNLOAD_TIMEOUT, _VERSION_TIMEOUT = 600, 60  # seconds


class Missing(Exception):
    """Something that the tests need can't be installed; the message says what to do."""


def main() -> None:
    try:
        print(f"Browser: {browser()}")
        print(f"htmx: {htmx()}")
    except Missing as missing:
        sys.exit(f"make: {missing}")


@cache
def browser() -> Path:
    """Return a Chromium or Chrome that starts: an installed one, else Playwright's, else Debian's. Raises Missing."""
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
    """Return the file of HTMX_URL, checked against HTMX_HASH and stored in .cache. Raises Missing."""
    if not (_HTMX.exists() and _is_pinned(_HTMX.read_bytes())):
        _write_htmx(_fetch_htmx())
    return _HTMX


def _is_pinned(content: bytes) -> bool:
    return f"sha384-{b64encode(sha384(content).digest()).decode()}" == HTMX_HASH


def _browsers() -> Iterator[Path]:
    """Give browsers that start, installed ones first; install another only when the caller asks for more."""
    yield from filter(_is_usable, _installed_browsers())
    if _run(sys.executable, "-m", "playwright", "install", "chromium", says="Downloading Playwright's Chromium ..."):
        yield from filter(_is_usable, [_playwright_browser()])
    if _install_by_apt(_HEADLESS) or _install_by_apt("chromium"):
        yield from filter(_is_usable, _installed_browsers())


def _installed_browsers() -> Iterator[Path]:
    yield from (Path(path) for name in _BROWSERS if (path := shutil.which(name)))
    yield from (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in _MAC_BROWSERS)
    yield _playwright_browser()


@cache
def _playwright_browser() -> Path:
    """Return the path of the browser that Playwright installs, whether it exists or not.

    It runs in a process of its own: Playwright can't be started twice, and a running test has started it.
    """
    question = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    return Path(subprocess.check_output([sys.executable, "-c", question], text=True).strip())


def _is_usable(path: Path) -> bool:
    """Return whether the browser runs: Ubuntu's chromium-browser may only advise a snap, others lack libraries."""
    return path.exists() and _run(str(path), "--version", seconds=_VERSION_TIMEOUT)


def _fetch_htmx() -> bytes:
    """Return the pinned file from its npm package or from its address, whichever this network reaches."""
    for source in (_htmx_from_npm, _htmx_from_url):
        content = source()
        if content is not None and _is_pinned(content):
            return content
    raise Missing(f"htmx can't be downloaded, neither by npm nor from {HTMX_URL}; save that file as {_HTMX}")


def _htmx_from_npm() -> bytes | None:
    package, _, path = HTMX_URL.partition("/npm/")[2].partition("/")
    if not shutil.which("npm"):
        return None
    with TemporaryDirectory() as folder:
        if not _run("npm", "pack", package, "--pack-destination", folder, says=f"Downloading {package} by npm ..."):
            return None
        with tarfile.open(Path(folder) / f"{package.replace('@', '-')}.tgz") as archive:
            file = archive.extractfile(f"package/{path}")
            return file.read() if file else None


def _htmx_from_url() -> bytes | None:
    try:
        with urlopen(HTMX_URL, timeout=_DOWNLOAD_TIMEOUT) as answer:
            content: bytes = answer.read()
    except OSError:
        return None
    return content


def _install_by_apt(package: str) -> bool:
    """Install a Debian package. Return False without apt or root."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    _run("apt-get", "update", says=f"Installing Debian's {package} ...")
    return _run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "--no-install-recommends", package)


def _write_htmx(content: bytes) -> None:
    """Write the file atomically."""
    _HTMX.parent.mkdir(exist_ok=True)
    draft = _HTMX.with_suffix(f".{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(_HTMX)


def _run(*command: str, says: str = "", seconds: int = _DOWNLOAD_TIMEOUT) -> bool:
    """Run a command silently, and return whether it succeeded."""
    if says:
        print(says, flush=True)
    try:
        return subprocess.run(command, capture_output=True, timeout=seconds, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    main()
