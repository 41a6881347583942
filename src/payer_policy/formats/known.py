"""The table of formats, and which of them is that of a file.

Packages add formats by the entry point group `payer_policy.formats`, each of which names a `Format`.
They are tried after the formats here, so that none can take over a file that is already read.
What reads X12 and FHIR is imported for such a file only: it takes longer than deciding a claim of JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from payer_policy.core.diagnostics import Diagnostic, PayerPolicyError
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.blocks import Block
from payer_policy.formats.blocks import Position as Place
from payer_policy.formats.intake import Intake, refused, remark_duplicates
from payer_policy.formats.json.blocks import (
    count_json,
    count_json_lines,
    json_blocks,
    json_line_blocks,
    json_line_cuts,
    json_lines_of,
)
from payer_policy.formats.json.places import MAX_PIECE
from payer_policy.formats.json.requests import read_json_requests
from payer_policy.formats.json.split import is_json_lines
from payer_policy.formats.pieces import read_pieces
from payer_policy.formats.registry import HEAD, Bulk, Claims, Format, Reading, Start, Table
from payer_policy.formats.rejects import problem_at
from payer_policy.formats.source import Held, Source, WrongCall
from payer_policy.formats.tables.columns import ID, LINE, Columns, checked_columns
from payer_policy.formats.tables.csv_blocks import csv_blocks, csv_header
from payer_policy.formats.tables.csv_rows import header_of
from payer_policy.formats.tables.reading import read_table

if TYPE_CHECKING:
    from payer_policy.formats.x12.file import X12Loop

GROUP: Final = "payer_policy.formats"
"""The entry points of packages that add formats."""

_EXPECTED = "a JSON request (`{`), a list of them (`[`) or an X12 file (`ISA`) was expected"
_UTF_16, _SAVE = "UTF-16 text", "save it as UTF-8 text"
_MARKS = (
    (b"\xff\xfe", _UTF_16, _SAVE),
    (b"\xfe\xff", _UTF_16, _SAVE),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"PK\x03\x04", "a zip archive or an Excel file", "unpack it, or export the claims as JSON"),
    (b"%PDF", "a PDF document", None),
    (b"<", "XML or HTML", None),
)
_LOOSE = frozenset({"GS", "ST", "BHT", "HL", "CLM"})


# --- JSON ----------------------------------------------------------------------------------------


def _is_json_lines(start: Start) -> bool | Diagnostic:
    if start.suffix in JSON_LINES.suffixes:
        return _no_text(start) or True
    if start.text[:1] != "{" or (len(start.data) < HEAD and b"\n" not in start.data):
        return False
    with start.reopen() as file:
        lines = iter(lambda: file.readline(4 * MAX_PIECE), b"")
        filled = (line for line in lines if line.strip(b"\xef\xbb\xbf \t\r\n"))
        text = b"".join(islice(filled, 2))
    return is_json_lines(text.decode("utf-8", "surrogateescape"))


def _read_json(source: Held, reading: Reading) -> list[Intake]:
    """Both JSON and JSON Lines: the first lines show again which of the two a text is."""
    if b'"resourceType"' in source.data:
        from payer_policy.formats.fhir.claim import read_document, submissions_of

        document = read_document(source.data, source.path)
        if isinstance(document, Diagnostic) and document.code == "too-large":
            return [refused(document)]
        if not isinstance(document, Diagnostic):
            found = submissions_of(document, reading.vocabulary, reading.reference)
            return [submission.intake for submission in found]
    text = source.data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return remark_duplicates(read_json_requests(text, source.path, reading.most, reading.pause))


# --- X12 -----------------------------------------------------------------------------------------


def _is_x12(start: Start) -> bool:
    if start.text[:3].upper() != "ISA":
        return False
    from payer_policy.formats.x12.segment_reader import is_x12

    return is_x12(start.text)


def _x12_pieces(
    file: BinaryIO, name: str, pause: Callable[[], None] | None
) -> Iterator[X12Loop | Diagnostic]:
    from payer_policy.formats.x12.file import x12_pieces

    return x12_pieces(file, name, pause)


def _intake_x12(loop: X12Loop, file: str) -> Intake:
    from payer_policy.formats.x12.file import intake_x12

    return intake_x12(loop, file)


def _x12_in_bulk() -> Bulk:
    from payer_policy.formats.x12.bulk import ClaimsInBulk

    return ClaimsInBulk()


def _number_of_x12(loop: X12Loop) -> str | None:
    from payer_policy.formats.x12.file import number_of

    return number_of(loop)


def _read_x12(source: Held, reading: Reading) -> list[Intake]:
    from payer_policy.formats.x12.file import read_x12, x12_text

    text = x12_text(source.open(), reading.pause)
    return remark_duplicates(read_x12(text, source.path, reading.most))


def _count_x12(source: Source) -> int | None:
    from payer_policy.formats.x12.count import count_x12
    from payer_policy.formats.x12.file import x12_text

    with source.open() as file:
        return count_x12(x12_text(file))


# --- tables --------------------------------------------------------------------------------------


def _is_csv(start: Start) -> bool | Diagnostic:
    """By its name or media type; else it has a header of claim lines."""
    if start.suffix in CSV.suffixes or start.media_type in CSV.media_types:
        return _no_text(start) or True
    if not start.text or start.text[0] in "{[<":
        return False
    lines = ((line, len(line)) for line in start.data.splitlines(keepends=True))
    names = header_of(lines).names
    return ID in names and any(name.startswith(LINE) for name in names)


def _csv_columns(
    source: Source, facts: Mapping[str, Fact], renamed: Mapping[str, str], keep: Sequence[str]
) -> Columns | None:
    names, separator = csv_header(source)
    return checked_columns(names, facts, source.path, separator, renamed, keep) if names else None


def _is_parquet(start: Start) -> bool | Diagnostic:
    if start.data.startswith(b"PAR1"):
        return True
    if start.suffix not in PARQUET.suffixes:
        return False
    return _unknown(start, "the file is not a Parquet file (it does not start with PAR1)")


def _parquet_columns(
    source: Source, facts: Mapping[str, Fact], renamed: Mapping[str, str], keep: Sequence[str]
) -> Columns | None:
    if find_spec("pyarrow") is None:
        message = "Parquet needs pyarrow, not installed here; to install:"
        raise WrongCall(f"{source.path}: {message} pip install 'payer-policy[batch]'")
    from payer_policy.formats.tables.parquet_blocks import parquet_columns

    return parquet_columns(source, facts, renamed, keep)


def _parquet_blocks(
    source: Source, at: Place | None, columns: Columns, rows: int
) -> Iterator[Block]:
    from payer_policy.formats.tables.parquet_blocks import parquet_blocks

    return parquet_blocks(source, at, columns, rows)


def _parquet_cuts(source: Source, at: Place | None, columns: Columns, rows: int) -> Iterator[Place]:
    from payer_policy.formats.tables.parquet_blocks import parquet_cuts

    return parquet_cuts(source, at, columns, rows)


# --- the table of formats ------------------------------------------------------------------------

PARQUET: Final = Format(
    name="parquet",
    units=("Parquet row", "Parquet rows"),
    recognizes=_is_parquet,
    media_types=("application/vnd.apache.parquet",),
    suffixes=(".parquet",),
    table=Table(_parquet_columns, _parquet_blocks, _parquet_cuts),
)
CSV: Final = Format(
    name="csv",
    units=("CSV row", "CSV rows"),
    recognizes=_is_csv,
    media_types=("text/csv",),
    suffixes=(".csv",),
    table=Table(_csv_columns, csv_blocks),
)
JSON_LINES: Final = Format(
    name="json_lines",
    units=("line of JSON", "lines of JSON"),
    recognizes=_is_json_lines,
    media_types=("application/x-ndjson",),
    suffixes=(".jsonl", ".ndjson"),
    read=_read_json,
    blocks=json_line_blocks,
    cuts=json_line_cuts,
    count=count_json_lines,
    write=json_lines_of,
)
JSON: Final = Format(
    name="json",
    units=("JSON request", "JSON requests"),
    recognizes=lambda start: start.text[:1] in ("{", "["),
    media_types=("application/json",),
    read=_read_json,
    blocks=json_blocks,
    count=count_json,
)
X12: Final = Format(
    name="x12",
    units=("X12 claim or request", "X12 claims and requests"),
    recognizes=_is_x12,
    media_types=("application/edi-x12",),
    claims=Claims(_x12_pieces, _intake_x12, _number_of_x12, _x12_in_bulk),
    read=_read_x12,
    count=_count_x12,
)
BUILT_IN: Final = (PARQUET, JSON_LINES, CSV, JSON, X12)
"""In the order in which they are tried. FHIR is JSON with a `resourceType`, and read with it."""


@cache
def installed() -> tuple[Format, ...]:
    """The formats that other packages add, by the names of their entry points.

    Raises:
        PayerPolicyError: two formats have one name.
    """
    points = sorted(entry_points(group=GROUP), key=lambda one: one.name)
    found: tuple[Format, ...] = tuple(one.load() for one in points)
    counts = Counter(one.name for one in (*BUILT_IN, *found))
    name, count = counts.most_common(1)[0]
    if count > 1:
        advice = "uninstall one of the packages that add them"
        raise PayerPolicyError(f"two formats are called `{name}`; {advice}")
    return found


def known() -> tuple[Format, ...]:
    """All formats."""
    return (*BUILT_IN, *installed())


def writer(name: str) -> Callable[[Sequence[Mapping[str, Any]]], bytes]:
    """What writes answers in a format.

    Raises:
        ValueError: no such format is known, or none that answers are written in; it names those.
    """
    writers = {one.name: one.write for one in known() if one.write is not None}
    if name not in writers:
        raise ValueError(f"answers are not written as `{name}`; there is {', '.join(writers)}")
    return writers[name]


def suffix_of(name: str) -> str:
    """What the name of a file in a format ends with, without the dot."""
    suffixes = {one.name: one.suffixes for one in known()}
    return suffixes[name][0].removeprefix(".") if suffixes[name] else name


def recognized(start: Start) -> Format | Diagnostic:
    """The format of a file, or why none fits."""
    for formats in (lambda: BUILT_IN, installed):
        for one in formats():
            found = one.recognizes(start)
            if found:
                return one if found is True else found
    return _unrecognized(start)


def read_file(one: Format, source: Held, reading: Reading) -> list[Intake]:
    """Every claim of a file in a format, and remarks about the file."""
    if one.read is not None:
        return list(one.read(source, reading))
    found: Iterable[Intake] = ()
    if one.table is not None:
        found = read_table(one.table, source, reading)
    elif one.claims is not None:
        found = read_pieces(one.claims, source, reading)
    stop = None if reading.most is None else reading.most + 1
    return remark_duplicates(islice(found, stop))


# --- what is in none -----------------------------------------------------------------------------


def _no_text(start: Start) -> Diagnostic | None:
    """What a file is that is not text in UTF-8, by its first bytes, and what to do."""
    if start.is_wide:
        return _unknown(start, f"this is {_UTF_16}", _SAVE)
    for mark, what, hint in _MARKS:
        if start.data.startswith(mark):
            return _unknown(start, f"this is {what}", hint)
    return None


def _unrecognized(start: Start) -> Diagnostic:
    head = start.text
    if not head and not start.is_wide:
        return problem_at(start.file, 1, "empty-file", f"the file is empty; {_EXPECTED}")
    if head[:3].upper() == "ISA" and head[3:4].isalnum():
        message = f"the character after ISA separates elements; found {shown(head[3])}, a "
        message += "letter or digit, which cannot separate any"
        hint = "an X12 file has a mark there, mostly `*`; send it as it left the sender's system"
        return problem_at(start.file, 1, "broken-envelope", message, hint)
    if (other := _no_text(start)) is not None:
        return replace(other, message=f"{other.message}; {_EXPECTED}")
    if head[:3].rstrip("*|~^:").upper() in _LOOSE:
        message = f"the text starts with {shown(head[:3])}; an X12 file starts with its ISA"
        hint = "send the whole interchange, from ISA to IEA"
        return problem_at(start.file, 1, "broken-envelope", message, hint)
    begins = "".join(char if char.isprintable() else "?" for char in head.splitlines()[0][:30])
    return _unknown(start, f"the file starts with {shown(begins)}; {_EXPECTED}")


def _unknown(start: Start, message: str, hint: str | None = None) -> Diagnostic:
    return problem_at(start.file, 1, "unknown-format", message, hint)
