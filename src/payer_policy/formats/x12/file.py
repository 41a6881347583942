"""A whole X12 file: every claim of its 837s and every request of its 278s, as they come.

With time and memory for one claim only, read `x12_loops` and give each part to `intake_x12`.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.intake import Intake, refused
from payer_policy.formats.x12.claim import claim_number, intake_837
from payer_policy.formats.x12.claim_loops import ClaimLoop, loops
from payer_policy.formats.x12.envelope import Envelope
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.formats.x12.review_request import intake_278, shown_number
from payer_policy.formats.x12.segment_reader import Read

LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}
"""A stray byte, as "surrogateescape" keeps it, to the Latin-1 character that it most likely is."""

X12Loop = ClaimLoop | ReviewLoop
"""One claim of an 837 or one request of a 278, still as segments."""


def read_x12(text: str | Read, file: str, most: int | None = None) -> list[Intake]:
    """Every claim and request of a text that starts with ISA, and a remark for what is wrong with
    the file; at most one more than `most`."""
    parts = islice(x12_loops(text, file), None if most is None else most + 1)
    intakes = [intake_x12(part, file) for part in parts]
    return sorted(intakes, key=lambda intake: intake.place.start or (0, 0))


def x12_loops(source: str | Read, file: str) -> Iterator[X12Loop | Diagnostic]:
    """The claims and requests of a text that starts with ISA, still as segments, as they come; and
    between them what is wrong with the file. Holds no more in memory than one and the levels around
    it."""
    yield from loops(Envelope(file, source))


def number_of(part: X12Loop) -> str | None:
    """The number of a claim or request, as its intake will have it."""
    return shown_number(part) if isinstance(part, ReviewLoop) else claim_number(part)


def intake_x12(part: X12Loop | Diagnostic, file: str) -> Intake:
    """One claim or request, read; a `Diagnostic` between them is `refused` as it is."""
    if isinstance(part, Diagnostic):
        return replace(refused(part), of_file=True)
    return intake_278(part, file) if isinstance(part, ReviewLoop) else intake_837(part, file)


def x12_pieces(
    file: BinaryIO, name: str, pause: Callable[[], None] | None = None
) -> Iterator[X12Loop | Diagnostic]:
    """The claims and requests of an open file, and what is wrong with it between them."""
    yield from x12_loops(x12_text(file, pause), name)


def x12_text(file: BinaryIO, pause: Callable[[], None] | None = None) -> Read:
    """The text of an X12 file that is read on and on; a stray byte is taken for Latin-1.

    Args:
        file: The file.
        pause: Called before each piece that is read; what it raises ends the reading.
    """
    decoder = getincrementaldecoder("utf-8-sig")("surrogateescape")

    def read(size: int) -> str:
        if pause is not None:
            pause()
        chunk, ended = "", False
        while not (chunk or ended):
            data = file.read(size)
            ended = not data
            chunk = decoder.decode(data, ended)
        return chunk if chunk.isascii() else chunk.translate(LATIN_1)

    return read
