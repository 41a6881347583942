"""From what the segments said to a `Request`: what 837 and 278 have in common once they are read.

A value that the request's model refuses is reported at the segment and element that states it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.intake import Intake, guarded
from payer_policy.formats.x12.claim_lines import LineReader, Statement
from payer_policy.formats.x12.envelope import diagnostic
from payer_policy.formats.x12.form import Form, Source
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import components, days
from payer_policy.request.models import Request

_DATE: Final = frozenset({3, 4})
_MORE: Final = {
    3: (r"D8|RD8|DT", "a date format"),
    4: (r"\d{8}(-\d{8}|\d{4})?", "a date"),
    5: (r"[+-]?(\d+\.?\d*|\.\d+)", "an amount"),
    9: (r"[YNUW1]", "whether it was present on admission (Y, N, U or W)"),
}
"""What the components of an HI beside qualifier and code look like. Only diagnoses are read."""
_HI: Final = {
    **dict.fromkeys(
        ("ABK", "ABF", "ABN", "BK", "BF", "BN"), frozenset({9})
    ),  # present on admission
    **dict.fromkeys(("ABJ", "APR", "BJ", "PR", "DR", "BG", "TC", "LOI", "ZZ"), frozenset[int]()),
    **dict.fromkeys(("BBQ", "BBR", "BQ", "BR", "BO", "BP", "CAH", "BH", "BI"), _DATE),
    "BE": frozenset({5}),  # an amount
}
"""The qualifiers of HI in the guides of 004010 and 005010 (data element 1270), and which components
(C022) each has beside qualifier and code."""

_ICD_9: Final = frozenset({"BK", "BF", "BJ", "BN", "PR"})
"""HI qualifiers of ICD-9-CM (X12 data element 1270); those of ICD-10-CM begin with an A."""


def diagnosis_codes(
    form: Form, segment: Segment, *, dated: bool = False
) -> Iterator[tuple[str, str, Source]]:
    """The codes of an HI: qualifier, code, and where it stands; all it lists, also what is no
    diagnosis. A qualifier that no guide has refuses the claim: its code could mean anything.

    Beside a diagnosis in ICD-9-CM none is known: policies speak of ICD-10-CM, and its codes mean
    something else. A warning says so.

    Args:
        form: Where problems go.
        segment: The HI.
        dated: Whether a diagnosis may have a date, as in a 278.
    """
    for element in range(1, len(segment.elements)):
        text = segment.get(element)
        if not text:
            continue
        kind = components(text, segment.separators.component)[0].upper()
        expected = f"found {shown(text)}; a qualifier and a code were expected"
        if kind not in _HI:
            message = expected
            if segment.separators.component in text:
                message = f"found the qualifier {shown(kind)}, which no guide has for an HI"
            form.slip(segment, element, "wrong-value", message, "such as ABK:Z0000")
            continue
        more = _HI[kind] | _DATE if dated else _HI[kind]
        parts = form.composite(segment, element, {1, 2} | more)
        for position in sorted(more):
            part = parts[position - 1]
            pattern, wanted = _MORE[position]
            if part and not re.fullmatch(pattern, part, re.ASCII | re.IGNORECASE):
                message = f"found {shown(part)} as component {position}; {wanted} was expected"
                hint = "is an element separator missing between two codes?"
                form.slip(segment, element, "unknown-component", message, hint)
                break
        if not parts[1]:
            form.slip(segment, element, "wrong-value", expected, "such as ABK:Z0000")
            continue
        if kind in _ICD_9 and not form.other_diagnoses:
            form.other_diagnoses = True
            message = f"the qualifier {kind} says ICD-9-CM; the diagnoses are taken as not known"
            hint = f"a diagnosis in ICD-10-CM has the qualifier A{kind}"
            form.slip(segment, element, "not-read", message, hint, "warning")
        yield kind, parts[1], Source(segment, element)


def rendering(form: Form, lines: Sequence[LineReader]) -> None:
    """A request knows one rendering provider: the claim's, or the one that all lines name."""
    path = ("provider", "rendering_npi")
    named = [line.rendering for line in lines if line.rendering]
    claims = form.values.get(path)
    npis = {npi for npi, _ in named}
    if claims is None and len(npis) == 1 and len(named) == len(lines):
        form.put(path, *named[0], 9)
        _specialty(form, lines)
    elif npis - {claims}:
        segment = next(segment for npi, segment in named if npi != claims)
        taken = "the claim's is taken" if claims else "it is taken as not known"
        message = f"lines name other rendering providers than the claim; {taken}"
        form.slip(segment, 9, "several-rendering", message, None, "warning")


def _specialty(form: Form, lines: Sequence[LineReader]) -> None:
    """The specialty of the one rendering provider that all lines name."""
    path = ("provider", "rendering_specialty")
    said = [line.specialty for line in lines if line.specialty]
    codes = {code.upper() for code, _ in said}
    if len(codes) == 1 and len(said) == len(lines) and path not in form.values:
        form.put(path, *said[0], 3)
    elif codes:
        message = "lines give the rendering provider different specialties; taken as not known"
        form.slip(said[0][1], 3, "several-rendering", message, None, "warning")


def request_of(
    form: Form,
    lines: int,
    diagnoses: Sequence[tuple[str, Source]] | None,
    origin: Segment,
    **known: Any,
) -> Request | None:
    """The request, or None with the reasons among the form's slips.

    Args:
        form: What the segments said; paths are those of the request.
        lines: How many lines there are.
        diagnoses: The codes in their order; None: nothing was said of them.
        origin: Where a problem is reported that is about no other segment.
        known: Fields of the request that no segment says.
    """
    made: dict[str, Any] = {"coverage": {}, "patient": {}, "provider": {}, **known}
    made["lines"] = [{"code": None} for _ in range(lines)]
    if diagnoses is not None and not form.other_diagnoses:
        made["diagnoses"] = [code for code, _ in diagnoses]
        form.sources.update((("diagnoses", i), source) for i, (_, source) in enumerate(diagnoses))
    for path, value in form.values.items():
        target: Any = made
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
    for line in made["lines"]:
        if line.get("through") == line.get("date"):
            line.pop("through", None)
    return form.checked(made, Source(origin, 0))


def intake_of(
    read: Callable[[Form], tuple[Request | None, str | None]],
    first: Segment,
    id_: str | None,
    what: str,
    file: str,
) -> Intake:
    """One claim or request, read.

    Args:
        read: Reads it into a form, and returns its request and its frequency.
        first: The segment that it begins with.
        id_: Its number.
        what: "claim" or "request".
        file: The name of the file.
    """
    place = first.location(file, f"segment {first.number} ({first.id})")
    about = f"{what} {id_}, " if id_ else f"a {what} without a number, "

    def intake() -> Intake:
        form = Form()
        request, frequency = read(form)
        slips = sorted(form.slips, key=lambda slip: (slip.segment.number, slip.element))
        found = tuple(
            diagnostic(file, s.segment, s.element, s.code, s.message, s.hint, s.severity, about)
            for s in slips
        )
        return Intake(id_, place, None if form.wrong else request, found, frequency)

    return guarded(intake, id_, place)


def dates_of(form: Form, segment: Segment, before: Statement | None, what: str) -> Statement | None:
    """The dates of the whole claim or request in a DTP; `before`: those that were already read."""
    dates = form.read(("date",), segment, 3, days)
    if dates and before and dates != before[:2]:
        message = f"a second {what} that differs from the first"
        form.slip(segment, 3, "contradiction", message, "leave one of the two")
        return before
    return (*dates, segment) if dates else before
