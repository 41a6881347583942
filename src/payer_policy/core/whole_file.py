"""Files that a program writes: whole or not at all, never over its own input, and private by default.

A file comes to be under another name in the same folder and gets its own when it is whole.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from payer_policy.core.diagnostics import PayerPolicyError

PRIVATE: Final = 0o600
"""Only the user who runs the program reads and writes: for files with member data."""
PRIVATE_FOLDER: Final = 0o700
FOR_ALL: Final = 0o666
"""As the user's umask has it: for files without member data."""


class IsInput(PayerPolicyError):
    """What is to be written is also to be read; the message names it."""


def refuse_inputs(output: Path | None, inputs: Iterable[str | Path | None]) -> None:
    """Nothing, where a file to be written is none of those to be read. Nothing is opened.

    Args:
        output: The file to be written, if any.
        inputs: What is to be read. `-` is standard input; of a folder, its JSON files are read. Links
            are followed, so that another name of the same file is found too.

    Raises:
        IsInput: it is one of them.
    """
    there = None if output is None else _identity(output)
    if there is None:
        return
    for path in inputs:
        if path is None or str(path) == "-":
            continue
        one = Path(path)
        files = one.rglob("*.json") if one.is_dir() else (one,)
        found = next((file for file in files if _identity(file) == there), None)
        if found is not None:
            also = "" if str(found) == str(output) else f" (it is the file {found.as_posix()})"
            raise IsInput(f"{output} is also read{also}; name another file to write")


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is, by device and number; None: it is not there, or no file that is kept."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


@contextmanager
def whole_file(path: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A file to write bytes to, which takes its place at the end where all went well.

    Else what was there before is as it was. A pipe or a device (`/dev/stdout`) is written to as it
    is; of a link, the file that it leads to is replaced.

    Raises:
        OSError: it cannot be written. `filename` is the file's own name.
    """
    try:
        kept = not path.exists() or path.is_file()
    except RuntimeError:  # links that lead in a circle
        raise _in_a_circle(path) from None
    if not kept:
        with path.open("wb") as direct:  # a folder: the system says so
            yield direct
        return
    with whole_path(path, mode) as beside, beside.open("wb") as file:
        yield file


@contextmanager
def whole_path(path: Path, mode: int = PRIVATE) -> Iterator[Path]:
    """As `whole_file`, for what writes files by name: the path of an empty file beside it.

    Raises:
        OSError: it cannot be written. `filename` is the file's own name.
    """
    try:
        place = path.resolve()
    except RuntimeError:  # links that lead in a circle
        raise _in_a_circle(path) from None
    # Of a name as long as a file system allows nothing longer can be made, so it is not repeated.
    name = hashlib.sha256(place.name.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    beside = place.with_name(f".{name}.{os.getpid()}.part")
    beside.unlink(missing_ok=True)
    try:
        try:
            new_file(beside, mode).close()
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(path)) from None
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(place)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _in_a_circle(path: Path) -> OSError:
    return OSError(40, "too many levels of symbolic links", str(path))


def new_file(path: Path, mode: int = PRIVATE) -> IO[bytes]:
    """A file that was not there, open for writing, with a mode that it has from the first moment.

    Raises:
        FileExistsError: it is there already.
        OSError: it cannot be made.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def opened(path: Path, mode: str) -> IO[Any]:
    """As `path.open`; where that makes the file, it is private."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, PRIVATE))


@contextmanager
def locked(file: IO[Any]) -> Iterator[None]:
    """A block that one process at a time runs with the same file; the others wait."""
    lock(file, wait=True)
    try:
        yield
    finally:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_UN)


def lock(file: IO[Any], *, wait: bool) -> None:
    """Lock a file for this process. The lock ends when the file is closed, or with the process.

    Args:
        file: The file.
        wait: Whether to wait while another process has locked it.

    Raises:
        OSError: another process has locked it.
    """
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def private_folder(path: Path) -> None:
    """Make a folder (and those above it) where it is not there; one that is there stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


__all__ = [
    "FOR_ALL",
    "PRIVATE",
    "PRIVATE_FOLDER",
    "IsInput",
    "lock",
    "locked",
    "new_file",
    "opened",
    "private_folder",
    "refuse_inputs",
    "whole_file",
    "whole_path",
]
