"""The files of a run: found in order, recognized by what they hold, and known again after a stop."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from payer_policy.core.diagnostics import Diagnostic, PayerPolicyError
from payer_policy.formats import MAX_PIECE, form_of, is_json_lines, other_kind

Kind = Literal["parquet", "csv", "json_lines", "json", "x12"]

MAX_JSON: Final = 16_000_000
"""A `.json` file is one text and is read as a whole; larger ones are JSON Lines."""

_HEAD: Final = 1 << 16
_TAIL: Final = 1 << 16
DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error)
"""What reading a damaged archive raises."""


class WrongCall(PayerPolicyError):
    """The run as it was asked for is not possible. The message says why, and what to do."""


class NotReadable(WrongCall):
    """A file cannot be read as what it seems to be."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file of the run. `size` and `mark` tell whether it is still the same."""

    path: str
    kind: Kind
    packed: bool
    size: int
    changed: int
    mark: str
    in_folder: bool = False
    """Whether it was found in a folder that was named, and not named itself."""

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
    """A file of a folder that is no input, and why."""

    path: str
    reason: str


def find_inputs(
    paths: Sequence[str], facts: str | None = None
) -> tuple[list[Input], list[Skipped]]:
    """The files that were named, and those of the folders that were named, in order.

    A facts file among them holds no claims.

    Raises:
        WrongCall: a file that was named does not exist or is of no known kind, or nothing is left.
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
                raise WrongCall(f"{file}: is given twice; each of its records would count twice.")
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
            f"{names}: no file of claims is there (Parquet, CSV, JSON, JSON Lines or X12 837)."
        )
    return found, skipped


def unchanged(one: Input) -> bool:
    """Whether the file is still as it was found."""
    stat = Path(one.path).stat()
    return (stat.st_size, stat.st_mtime_ns) == (one.size, one.changed)


def _walk(folder: Path) -> Iterator[Path]:
    """All files below a folder, sorted; hidden ones are left out."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():  # a link may lead round in a circle
            yield from _walk(path)
        elif path.is_file() or path.is_symlink():
            yield path


def _recognized(path: Path) -> Input | str:
    """The input that a file is, or why it is none."""
    try:
        stat = path.stat()
        with path.open("rb") as raw:
            start = raw.read(_HEAD)
            raw.seek(max(0, stat.st_size - _TAIL))
            mark = hashlib.sha256(start + raw.read(_TAIL)).hexdigest()
        packed = start.startswith(b"\x1f\x8b")
        kind = _kind(path, packed, start)
    except OSError as error:
        return (error.strerror or "cannot be read").lower()
    except DAMAGED:
        return "the gzip archive is damaged from its start"
    if kind not in ("parquet", "csv", "json_lines", "json", "x12"):
        return kind
    if kind == "json" and (packed or stat.st_size > MAX_JSON):
        return (
            f"one JSON text of more than {MAX_JSON // 1_000_000} MB, or packed, is not read; "
            "write one request a line (JSON Lines)"
        )
    made = cast(Kind, kind)
    return Input(path.as_posix(), made, packed, stat.st_size, stat.st_mtime_ns, mark)


def _kind(path: Path, packed: bool, start: bytes) -> str:
    """The kind of a file, or why it has none."""
    names = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    suffix = names[-1] if names else ""
    if packed:
        with _open(path, packed) as file:
            start = file.read(_HEAD)
    if start.startswith(b"PAR1"):
        return "parquet" if not packed else "a packed Parquet file; unpack it first"
    if suffix == ".parquet":
        return "the file is no Parquet file (it does not start with PAR1)"
    if suffix in (".csv", ".jsonl", ".ndjson"):
        other = other_kind(start)
        return other or ("csv" if suffix == ".csv" else "json_lines")
    form = form_of(start, path.as_posix())
    if isinstance(form, Diagnostic):
        said = form.message.partition(";")[0]
        return f"{said}; Parquet, .csv, JSON, JSON Lines or X12 837 was expected"
    if form == "x12":
        return "x12"
    first = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "json_lines" if first == b"{" and _starts_json_lines(path, packed) else "json"


def _starts_json_lines(path: Path, packed: bool) -> bool:
    """As `is_json_lines` says of the whole text; it looks at no more than two lines."""
    with _open(path, packed) as file:
        lines = iter(lambda: file.readline(4 * MAX_PIECE), b"")
        filled = (line for line in lines if line.strip(b"\xef\xbb\xbf \t\r\n"))
        text = b"".join(islice(filled, 2))
    return is_json_lines(text.decode("utf-8", "surrogateescape"))


def _open(path: Path, packed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")
