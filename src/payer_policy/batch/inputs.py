"""The files of a run: found in order, recognized by content, and identified again after a stop."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, cast

from payer_policy.formats.known import JSON, PARQUET, recognized
from payer_policy.formats.registry import HEAD, Format, Start
from payer_policy.formats.source import DAMAGED, WrongCall

MAX_JSON: Final = 16_000_000
"""Bytes of a `.json` file, which is read as a whole; larger files must be JSON Lines."""

_TAIL: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Input:
    """A file of the run. `size` and `mark` show whether it is still the same."""

    path: str
    format: Format
    packed: bool
    size: int
    changed: int
    mark: str
    in_folder: bool = False
    """Whether a folder was named, and not the file itself."""

    @property
    def kind(self) -> str:
        """The name of its format."""
        return self.format.name

    def open(self) -> BinaryIO:
        """The bytes of the file, unpacked."""
        return _open(Path(self.path), self.packed)

    def to_json(self) -> dict[str, object]:
        return {
            "path": self.path,
            "kind": self.kind,
            "gzip": self.packed,
            "size": self.size,
            "changed": self.changed,
            "mark": self.mark,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of a folder that is not an input, and why."""

    path: str
    reason: str


def find_inputs(
    paths: Sequence[str], facts: str | None = None
) -> tuple[list[Input], list[Skipped]]:
    """The named files and the files in the named folders, in order, without the facts file.

    Args:
        paths: The names of files and folders.
        facts: The name of the facts file.

    Returns:
        The inputs, and the files of folders that are not inputs.

    Raises:
        WrongCall: a named file does not exist or has no known format, or there is no input.
    """
    found: list[Input] = []
    skipped: list[Skipped] = []
    seen: set[Path] = set()
    for path in paths:
        named = Path(path)
        if named.is_dir():
            files = list(_walk(named))
        elif named.exists():
            files = [named]
        else:
            hint = " Standard input cannot be resumed; give a file." if path == "-" else ""
            raise WrongCall(f"{path}: there is no such file or folder.{hint}")
        for file in files:
            if (real := file.resolve()) in seen:
                raise WrongCall(f"{file}: is named twice; each of its records would count twice.")
            seen.add(real)
            is_facts = facts is not None and real == Path(facts).resolve()
            made = "this is the facts file" if is_facts else _recognized(file)
            if isinstance(made, Input):
                found.append(replace(made, in_folder=named.is_dir()))
            elif named.is_dir():
                skipped.append(Skipped(file.as_posix(), made))
            else:
                raise WrongCall(f"{file}: {made}.")
    if not found:
        names = ", ".join(paths)
        raise WrongCall(
            f"{names}: no file of claims found (Parquet, CSV, JSON, JSON Lines or X12 837)."
        )
    return found, skipped


class Changed(WrongCall):
    """An input is no longer as it was found, or this process cannot read it."""

    def __init__(self, source: Input) -> None:
        super().__init__(
            f"{source.path}: was changed while it was read. Its results may be wrong: start over, "
            "`payer-policy batch` with --overwrite."
        )
        self.source = source


def unchanged(one: Input) -> bool:
    """Whether the file can be read and is still as it was found."""
    try:
        stat = Path(one.path).stat()
    except OSError:
        return False
    is_same = (stat.st_size, stat.st_mtime_ns) == (one.size, one.changed)
    return is_same and os.access(one.path, os.R_OK)


def refuse_changed(one: Input) -> None:
    """Refuse an input that is no longer as it was found.

    Raises:
        Changed: it is not, or it cannot be read.
    """
    if not unchanged(one):
        raise Changed(one)


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted; hidden ones are left out."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():  # links can form a cycle
            yield from _walk(path)
        elif path.is_file() or path.is_symlink():
            yield path


def _recognized(path: Path) -> Input | str:
    """A file as an input, or why it is not one."""
    try:
        stat = path.stat()
        with path.open("rb") as raw:
            start = raw.read(HEAD)
            raw.seek(max(0, stat.st_size - _TAIL))
            mark = hashlib.sha256(start + raw.read(_TAIL)).hexdigest()
        packed = start.startswith(b"\x1f\x8b")
        found = _format(path, packed, start)
    except OSError as error:
        return (error.strerror or "cannot be read").lower()
    except DAMAGED:
        return "the gzip archive is damaged from its start"
    if isinstance(found, str):
        return found
    if found is JSON and (packed or stat.st_size > MAX_JSON):
        return (
            f"a JSON file that is compressed or larger than {MAX_JSON // 1_000_000} MB is not read; "
            "write one request per line (JSON Lines)"
        )
    return Input(path.as_posix(), found, packed, stat.st_size, stat.st_mtime_ns, mark)


def _format(path: Path, packed: bool, start: bytes) -> Format | str:
    """The format of a file, or why it is not known."""
    if packed:
        with _open(path, packed) as file:
            start = file.read(HEAD)
    name = path.as_posix()
    name = name[:-3] if name.lower().endswith(".gz") else name
    found = recognized(Start(start, name, lambda: _open(path, packed)))
    if isinstance(found, Format):
        return (
            "a compressed Parquet file; decompress it first"
            if packed and found is PARQUET
            else found
        )
    said, more, _ = found.message.partition(";")
    if more:
        return f"{said}; Parquet, .csv, JSON, JSON Lines or X12 837 was expected"
    return f"{said}; {found.hint}" if found.hint else said


def _open(path: Path, packed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")
