"""Files to requests: JSON, X12 837 and 278, FHIR R4, CSV and Parquet; nothing lost, nothing guessed.

`read_requests` recognizes the format. What is wrong with one claim is in that claim's
`Intake` and does not affect the others. `read_supplements` reads the facts that no claim form carries.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from payer_policy.core.diagnostics import Diagnostic, given_bytes
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.formats.intake import Intake, refused
from payer_policy.formats.json.places import Places
from payer_policy.formats.json.requests import read_json_lines
from payer_policy.formats.known import read_file, recognized
from payer_policy.formats.registry import HEAD, Format, Reading, Start
from payer_policy.formats.source import Held
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
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.request.mappings import request_from_mapping

if TYPE_CHECKING:
    from payer_policy.formats.x12.file import X12Loop, intake_x12, x12_loops, x12_text

__all__ = [
    "Bearer",
    "Intake",
    "Places",
    "Supplement",
    "X12Loop",
    "apply_supplement",
    "attributed",
    "form_of",
    "intake_x12",
    "numbers_in",
    "read_json_lines",
    "read_requests",
    "read_supplements",
    "request_from_mapping",
    "supplemented",
    "unmatched",
    "x12_loops",
    "x12_text",
]


def __getattr__(name: str) -> Any:
    if name not in ("X12Loop", "intake_x12", "x12_loops", "x12_text"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.x12.file"), name)


def read_requests(
    data: bytes,
    file: str,
    vocabulary: Vocabulary | None = None,
    reference: ReferenceData | None = None,
    *,
    most: int | None = None,
    pause: Callable[[], None] | None = None,
    media_type: str | None = None,
) -> list[Intake]:
    """Every claim and preauthorization request of a file, and remarks about the file.

    Never raises for any bytes: what is wrong is in the `Intake`. Claims of one number are all
    read, each with a remark.

    Args:
        data: The bytes of the file: JSON, JSON Lines, X12 837 or 278, FHIR R4, a CSV or Parquet table,
            or a format that another package adds. The format is recognized from them.
        file: The name that messages begin with; its suffix says what a table of facts is.
        vocabulary: For tables, to know columns of facts; for FHIR, to read the answers of
            questionnaires as facts.
        reference: For FHIR: to know a payer by any of its identifiers.
        most: Reading stops after one more than this, so that a caller that gets more knows that there
            are too many; None: all are read.
        pause: Called again and again while a file is read that holds many; what it raises ends the
            reading. For a deadline.
        media_type: As the sender states it, where it is known.

    Returns:
        An `Intake` for each claim, in the order of the file: its request, or None with what is wrong.

    Raises:
        PolicyError: `data` is not `bytes` (a text or a path, say).
    """
    given_bytes(data, file)
    source = Held(file, data)
    found = recognized(Start(data[:HEAD], file, source.open, media_type))
    if isinstance(found, Diagnostic):
        return [refused(found)]
    return read_file(found, source, Reading(vocabulary, reference, most, pause))


def form_of(start: bytes, file: str) -> Format | Diagnostic:
    """The format of a file by its first bytes (a few thousand), or why none fits."""
    return recognized(Start(start[:HEAD], file, Held(file, start).open))
