"""What an 837 and a 278 say of a provider beside the NPI: tax number and specialty."""

from __future__ import annotations

from typing import Final

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.x12.form import Form
from payer_policy.formats.x12.segment_reader import Segment

_TAXONOMY: Final = ("PXC", "ZZ")
"""The qualifiers of PRV02 before a taxonomy code, in the guides of 005010 and 004010."""


def tax_number(form: Form, segment: Segment) -> None:
    """The tax number of who bills, from a REF about that provider; of a person, it is left alone."""
    if segment.code(1) == "EI":
        form.put(("provider", "billing_tin"), segment.get(2), segment, 2)
    elif segment.code(1) == "SY" and segment.get(2):
        message = "the tax number of who bills is a Social Security number (REF*SY); it is not read"
        form.slip(segment, 1, "not-read", message, None, "warning")


def specialty(form: Form, segment: Segment, path: JsonPath) -> None:
    """The specialty in a PRV, if it says it by a taxonomy code."""
    if code := taxonomy(form, segment):
        form.put(path, code, segment, 3)


def taxonomy(form: Form, segment: Segment) -> str:
    """The taxonomy code of a PRV; "" where it has none."""
    if segment.code(2) in _TAXONOMY or not segment.get(3):
        return segment.get(3)
    message = f"found the qualifier {shown(segment.get(2))}; PXC (a taxonomy code) was expected"
    form.slip(segment, 2, "not-read", message, "the specialty is taken as not known", "warning")
    return ""
