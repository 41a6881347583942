"""Files to requests: JSON and X12 837, each claim by itself, nothing lost and nothing guessed.

`read_requests` finds out the format. Whatever is wrong with one claim is said in that claim's
`Intake` and leaves the others alone. `read_supplements` reads the facts that no claim form carries.
"""

from __future__ import annotations

from payer_policy.diagnostics import Diagnostic, Location, Position
from payer_policy.intake.json_requests import read_json_requests
from payer_policy.intake.model import Intake, refuse_duplicates, refused
from payer_policy.intake.supplements import (
    Supplement,
    apply_supplement,
    read_supplements,
    supplemented,
    unmatched,
)
from payer_policy.intake.x12 import is_x12
from payer_policy.intake.x12_837 import read_837
from payer_policy.vocabulary.types import shown

__all__ = [
    "Intake",
    "Supplement",
    "apply_supplement",
    "read_requests",
    "read_supplements",
    "supplemented",
    "unmatched",
]

_BLANK = " \t\r\n\ufeff"
_EXPECTED = "a JSON request (`{`), a list of them (`[`) or an X12 837 (`ISA`) was expected"
_MARKS = (
    (b"\xff\xfe", "UTF-16 text", "save it as UTF-8 text"),
    (b"\xfe\xff", "UTF-16 text", "save it as UTF-8 text"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"PK\x03\x04", "a zip archive or an Excel file", "unpack it, or export the claims as JSON"),
    (b"%PDF", "a PDF document", None),
    (b"<", "XML or HTML", None),
)
_LOOSE = frozenset({"GS", "ST", "BHT", "HL", "CLM"})
_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
"""A stray byte, as "surrogateescape" keeps it, to the Latin-1 character that it most likely is."""


def read_requests(data: bytes, file: str) -> list[Intake]:
    """Every claim and preauthorization request of a file, and remarks about the file.

    Never raises for any bytes. Two claims of one number and frequency are both refused, since facts
    are given by number.
    """
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    head = text[:200].lstrip(_BLANK) or text.lstrip(_BLANK + "\x00\x1a")[:200]
    if not head:
        return [_unreadable("empty-file", f"the file is empty; {_EXPECTED}", file)]
    if head[0] in "{[":
        return refuse_duplicates(read_json_requests(text, file))
    if is_x12(head):
        text = text if data.isascii() else text.translate(_LATIN_1)
        return refuse_duplicates(read_837(text, file))
    for mark, what, hint in _MARKS:
        if data.startswith(mark):
            return [_unreadable("unknown-format", f"this is {what}; {_EXPECTED}", file, hint)]
    if head[:3].rstrip("*|~^:").upper() in _LOOSE:
        message = f"the text starts with {shown(head[:3])}; an X12 file starts with its ISA"
        hint = "send the whole interchange, from ISA to IEA"
        return [_unreadable("broken-envelope", message, file, hint)]
    start = "".join(char if char.isprintable() else "?" for char in head.splitlines()[0][:30])
    message = f"the file starts with {shown(start)}; {_EXPECTED}"
    return [_unreadable("unknown-format", message, file)]


def _unreadable(code: str, message: str, file: str, hint: str | None = None) -> Intake:
    return refused(Diagnostic(code, message, Location(file, "$", Position(1, 1)), hint))
