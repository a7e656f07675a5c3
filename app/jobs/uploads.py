"""The files that people upload: in a folder of their owner alone, outside of what is served, named by numbers."""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import time
from typing import IO

_FOLDER_RIGHTS = 0o700
_PART = ".part"  # ends the names of files that are still being received
_FAULTS = ".faults.csv"  # ends the name of a file's copy with a column of faults


class Upload:
    """A file that is being received: hashed and counted on its way to the disk, so that memory stays flat.

    The multipart parser writes to it as to any file. `keep` or `discard` it in the end.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._hash = sha256()
        self._file = NamedTemporaryFile(dir=folder, suffix=_PART, delete=False)  # noqa: SIM115 - mode 0600; `keep` closes it

    @property
    def sha256(self) -> str:
        """The digest of what came so far, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Raises OSError when the disk is full."""
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def seek(self, offset: int) -> int:
        """Go to a place, which the parser does at the end. Raises OSError where the last bytes find no room."""
        return self._file.seek(offset)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def close(self) -> None:
        self._file.close()

    def keep(self, file: Path) -> None:
        """Move the whole file to its place."""
        self.close()
        Path(self._file.name).replace(file)

    def discard(self) -> None:
        """Remove what came so far, unless it is kept."""
        with suppress(OSError):  # a full disk fails to take the last bytes when the file is closed
            self.close()
        Path(self._file.name).unlink(missing_ok=True)


class Uploads:
    """The folder of uploaded files. Each has the number of its import, which never is a person's word."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def receive(self) -> Upload:
        """Begin to receive a file. Raises OSError."""
        self._folder.mkdir(_FOLDER_RIGHTS, parents=True, exist_ok=True)
        return Upload(self._folder)

    def path(self, number: int) -> Path:
        return self._folder / str(number)

    def faults_path(self, number: int) -> Path:
        """The path of the file's copy with a column of faults."""
        return self._folder / f"{number}{_FAULTS}"

    def open(self, number: int) -> IO[bytes]:
        """Open an import's file. Raises FileNotFoundError."""
        return self.path(number).open("rb")

    def delete(self, number: int) -> None:
        """Delete an import's file and what was made of it."""
        for path in (self.path(number), self.faults_path(number)):
            path.unlink(missing_ok=True)

    def delete_older(self, days: int) -> None:
        """Delete the files that nobody has touched for some days, and those that broke off on their way."""
        limit = time() - days * 24 * 60 * 60
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                if entry.stat().st_mtime < limit:
                    Path(entry.path).unlink(missing_ok=True)
