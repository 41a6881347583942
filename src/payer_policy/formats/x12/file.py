"""A whole X12 file: every claim of its 837s and every request of its 278s, as they come.

Whoever has time and memory for one claim only reads `x12_loops` and gives each part to `intake_x12`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.intake import Intake, refused
from payer_policy.formats.x12.claim import claim_number, intake_837
from payer_policy.formats.x12.claim_loops import ClaimLoop, loops
from payer_policy.formats.x12.envelope import Envelope
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.formats.x12.review_request import intake_278, shown_number
from payer_policy.formats.x12.segment_reader import Read

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
