"""Files to requests: JSON, X12 837 and 278, FHIR R4; each by itself, nothing lost, nothing guessed.

`read_requests` finds out the format. Whatever is wrong with one claim is said in that claim's
`Intake` and leaves the others alone. `read_supplements` reads the facts that no claim form carries.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO, TextIOWrapper
from typing import BinaryIO, Literal

from payer_policy.core.diagnostics import Diagnostic, Location, Position, given_bytes
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.fhir.claim import read_document, submissions_of
from payer_policy.formats.intake import Intake, refused, remark_duplicates
from payer_policy.formats.json.places import MAX_PIECE, Places
from payer_policy.formats.json.requests import read_json_lines, read_json_requests
from payer_policy.formats.json.split import is_json_lines
from payer_policy.formats.supplements import (
    Bearer,
    Supplement,
    apply_supplement,
    attributed,
    numbers_in,
    read_supplements,
    supplemented,
    unmatched,
)
from payer_policy.formats.x12.count import count_x12
from payer_policy.formats.x12.file import X12Loop, intake_x12, number_of, read_x12, x12_loops
from payer_policy.formats.x12.segment_reader import Read, is_x12
from payer_policy.policy.reference import ReferenceData
from payer_policy.request.mappings import request_from_mapping

__all__ = [
    "MAX_PIECE",
    "Bearer",
    "Intake",
    "Places",
    "Supplement",
    "X12Loop",
    "apply_supplement",
    "attributed",
    "count_x12",
    "form_of",
    "intake_x12",
    "is_json_lines",
    "number_of",
    "numbers_in",
    "other_kind",
    "read_json_lines",
    "read_requests",
    "read_supplements",
    "refused",
    "request_from_mapping",
    "supplemented",
    "unmatched",
    "x12_loops",
    "x12_text",
]

Form = Literal["json", "x12"]

_BLANK = " \t\r\n\ufeff"
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
_MOST_BLANK = 65_536
"""A file that begins with more blanks than this holds nothing else."""
_LOOSE = frozenset({"GS", "ST", "BHT", "HL", "CLM"})
_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
"""A stray byte, as "surrogateescape" keeps it, to the Latin-1 character that it most likely is."""


def read_requests(
    data: bytes,
    file: str,
    vocabulary: Vocabulary | None = None,
    reference: ReferenceData | None = None,
    *,
    most: int | None = None,
    pause: Callable[[], None] | None = None,
) -> list[Intake]:
    """Every claim and preauthorization request of a file, and remarks about the file.

    Never raises for any bytes: what is wrong is in the `Intake`. Claims of one number are all
    read, each with a remark.

    Args:
        data: The bytes of the file: JSON, JSON Lines, X12 837 or 278, or FHIR R4. The format is found
            out from them.
        file: The name that messages begin with.
        vocabulary: For FHIR: to read the answers of questionnaires as facts.
        reference: For FHIR: to know a payer by any of its identifiers.
        most: Reading stops after one more than this, so that a caller that gets more knows that there
            are too many; None: all are read.
        pause: Called again and again while a file is read that holds many; what it raises ends the
            reading. For a deadline.

    Returns:
        An `Intake` for each claim, in the order of the file: its request, or None with what is wrong.

    Raises:
        PolicyError: The data are no bytes (a text or a path, say).
    """
    given_bytes(data, file)
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    form = _form_of(text, data, file)
    if isinstance(form, Diagnostic):
        return [refused(form)]
    if form == "json":
        if b'"resourceType"' in data:
            document = read_document(data, file)
            if isinstance(document, Diagnostic) and document.code == "too-large":
                return [refused(document)]
            if not isinstance(document, Diagnostic):
                found = submissions_of(document, vocabulary, reference)
                return [submission.intake for submission in found]
        return remark_duplicates(read_json_requests(text, file, most, pause))
    text = text if data.isascii() else text.translate(_LATIN_1)
    return remark_duplicates(read_x12(_pausing(StringIO(text, "").read, pause), file, most))


def form_of(start: bytes, file: str) -> Form | Diagnostic:
    """What a file is by its first bytes (some thousands), or why it is neither of the two."""
    text = start.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return _form_of(text, start, file)


def x12_text(file: BinaryIO, pause: Callable[[], None] | None = None) -> Read:
    """The text of an X12 file that is read on and on, as `read_requests` reads a whole one.

    Args:
        file: The file.
        pause: Called before each piece that is read; what it raises ends the reading.
    """
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")

    def read(size: int) -> str:
        chunk = text.read(size)
        return chunk if chunk.isascii() else chunk.translate(_LATIN_1)

    return _pausing(read, pause)


def _pausing(read: Read, pause: Callable[[], None] | None) -> Read:
    if pause is None:
        return read

    def paused(size: int) -> str:
        pause()
        return read(size)

    return paused


def other_kind(start: bytes) -> str | None:
    """What a file is by its first bytes that is no text in UTF-8, and what to do; None: not known."""
    if _has_wide_characters(start):
        return f"this is {_UTF_16}; {_SAVE}"
    for mark, what, hint in _MARKS:
        if start.startswith(mark):
            return f"this is {what}" + (f"; {hint}" if hint else "")
    return None


def _form_of(text: str, data: bytes, file: str) -> Form | Diagnostic:
    head = text[:200].lstrip(_BLANK) or text[:_MOST_BLANK].lstrip(_BLANK + "\x00\x1a")[:200]
    if not head:
        return _unreadable("empty-file", f"the file is empty; {_EXPECTED}", file)
    if _has_wide_characters(data):
        return _unreadable("unknown-format", f"this is {_UTF_16}; {_EXPECTED}", file, _SAVE)
    if head[0] in "{[":
        return "json"
    if is_x12(head):
        return "x12"
    if head[:3].upper() == "ISA" and head[3:4].isalnum():
        message = (
            f"the character after ISA separates elements; found {shown(head[3])}, a letter or "
        )
        message += "digit, which cannot separate any"
        advice = "an X12 file has a mark there, mostly `*`; send it as it left the sender's system"
        return _unreadable("broken-envelope", message, file, advice)
    for mark, what, hint in _MARKS:
        if data.startswith(mark):
            return _unreadable("unknown-format", f"this is {what}; {_EXPECTED}", file, hint)
    if head[:3].rstrip("*|~^:").upper() in _LOOSE:
        message = f"the text starts with {shown(head[:3])}; an X12 file starts with its ISA"
        hint = "send the whole interchange, from ISA to IEA"
        return _unreadable("broken-envelope", message, file, hint)
    start = "".join(char if char.isprintable() else "?" for char in head.splitlines()[0][:30])
    return _unreadable("unknown-format", f"the file starts with {shown(start)}; {_EXPECTED}", file)


def _has_wide_characters(data: bytes) -> bool:
    """Whether every second byte is zero: UTF-16, also without a byte order mark (or UTF-32)."""
    halves = [data[start:400:2] for start in (0, 1)]
    zeros, others = sorted(half.count(0) / len(half) if half else 0 for half in halves)[::-1]
    return zeros > 0.9 and others < 0.6


def _unreadable(code: str, message: str, file: str, hint: str | None = None) -> Diagnostic:
    return Diagnostic(code, message, Location(file, "$", Position(1, 1)), hint)
