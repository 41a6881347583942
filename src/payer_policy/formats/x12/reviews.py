"""A stored answer to what a 278 response says: an action for each service, and for the event.

The actions are those of HCR01 (X12 data element 306): A1 certified in total, A2 in part, A3 not, A4
pended, A6 an earlier certification changed, C canceled, CT contact the payer, NA nothing to be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.determination.words import certified_in_words
from payer_policy.formats.review import (
    A_CLAIM_WOULD,
    CERTIFIED,
    NOT_NEEDED,
    RECOMMENDED,
    ReviewRules,
    action_of,
    at_most,
    to_review,
)
from payer_policy.formats.x12.model import Number
from payer_policy.formats.x12.outcomes import SEVERITY, decimal_of, fraction, outcome_problems
from payer_policy.request.models import Line, Request

_NO_POLICY: Final = "No policy of this plan decides this service; contact the plan."
_NO_CERTIFICATION: Final = "The request does not name the certification that it is about."


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one service, or of the whole event."""

    action: str
    """HCR01, a code of X12 data element 306: `A1` certified in total, `A2` in part, `A3` not certified,
    `A4` pended, `A6` modified, `C` canceled, `CT` contact the payer, `NA` no action required."""
    certification: str = ""
    """HCR02, for what is certified or canceled."""
    reason: str = ""
    """HCR03, a code of X12 code source 886."""
    units: Number | None = None
    """Units certified (HSD*FL)."""
    message: str = ""
    """MSG01, a sentence for people."""
    certified: Mapping[str, Any] | None = None
    """What a rule of the policy certifies, as the outcome has it: units in each period (HSD), first and
    last day (DTP*472)."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a request could not be processed (AAA): reason (901) and what to do (889)."""

    reason: str
    """AAA03, a code of X12 code source 901."""
    follow_up: str
    """AAA04, a code of X12 code source 889."""


@dataclass(frozen=True, slots=True)
class Review:
    """The answer to one request."""

    id: str
    """The requester's own number of it (TRN*2, else BHT03)."""
    whole: Decision | None = None
    """Where all services agree, or where there is none."""
    services: tuple[Decision, ...] = ()
    """In the order of the request's services."""
    rejections: tuple[Rejection, ...] = ()
    """Why the request could not be processed; empty: it was."""
    administrative: str = ""
    """The payer's number of a request that is not certified yet (REF*NT)."""
    valid_from: date | None = None
    """The first day that the certification covers (DTP*472)."""
    valid_through: date | None = None
    """The last day that the certification covers."""


@dataclass(frozen=True, slots=True)
class Certifying:
    """What only the payer's utilization management knows, and what it has decided about answers."""

    rules: ReviewRules
    """What the payer has decided about answers in general."""
    certification: str | None = None
    """The number that what is certified gets. A changed certification keeps its own without it."""
    administrative: str | None = None
    """The payer's number of a request that is not certified yet (REF*NT)."""
    valid_from: date | None = None
    """The first day that the certification is to cover."""
    valid_through: date | None = None
    """The last day that the certification is to cover."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """HCR03 by CARC. Code source 886 is not among the lists of a policy folder, so without this the
    reason is in MSG alone."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An answer, or None with at least one error that says why there is none."""

    review: Review | None
    """The answer; None: there is none."""
    problems: tuple[Diagnostic, ...] = ()
    """What is wrong; warnings do not stop it."""


def review(request: Request, outcome: Mapping[str, Any], given: Certifying) -> Reviewed:
    """What a 278 response says of a preauthorization request.

    Args:
        request: The request that was decided; its lines in the order of its services.
        outcome: `Outcome.to_json()`, as it was given or stored.
        given: What only the payer knows.
    """
    about = Location(f"request {request.id}" if request.id else "a request without a number")
    if request.kind != "preauthorization":
        message = "this is a claim; a 278 answers preauthorization requests"
        hint = "answer it with an 835"
        return Reviewed(None, (Diagnostic("wrong-transaction", message, about, hint),))
    problems = list(outcome_problems(outcome, request, about))
    if problems:
        return Reviewed(None, tuple(problems))
    if request.frequency == "8":
        whole: Decision | None = _cancelled(request)
        services = tuple(_cancelled(request) for _ in request.lines)
    else:
        services = tuple(
            _service(request, line, line.number or position, outcome, given)
            for position, line in enumerate(request.lines, 1)
        )
        whole = _whole(services) if services else _event(request, outcome, given)
    decided = [*services, *([whole] if whole is not None else [])]
    if any(one.action in CERTIFIED and not one.certification for one in decided):
        message = "what is certified has no certification number"
        hint = "give the number that claims are to carry (`certifications`)"
        problems.append(Diagnostic("no-certification-number", message, about, hint, "warning"))
    certified = any(one.action in CERTIFIED for one in decided)
    waiting = any(one.action in ("A4", "CT") for one in decided)
    return Reviewed(
        Review(
            id=request.id or "",
            whole=whole,
            services=services,
            administrative=(given.administrative or "") if waiting else "",
            valid_from=given.valid_from if certified else None,
            valid_through=given.valid_through if certified else None,
        ),
        tuple(problems),
    )


def rejected(number: str, problems: Sequence[Diagnostic]) -> Review:
    """The answer to a request that could not be read.

    AAA03 is 15 (something required is missing) where that is all that is wrong, else 33 (the input is
    wrong); AAA04 is C (correct it and send it again).
    """
    errors = [problem for problem in problems if problem.severity == "error"]
    missing = all(problem.code.startswith("missing-") for problem in errors)
    messages = (problem.message for problem in errors)
    message = " ".join(one if one.endswith((".", "?")) else f"{one}." for one in messages)
    return Review(
        id=number,
        whole=Decision("", message=message) if message else None,
        rejections=(Rejection("15" if missing and errors else "33", "C"),),
    )


def _cancelled(request: Request) -> Decision:
    named = request.authorization_number
    if not named:
        return Decision("CT", message=_NO_CERTIFICATION)
    return Decision("C", named)


def _whole(services: Sequence[Decision]) -> Decision | None:
    """What all services agree on, without what is theirs alone."""
    heads = {(one.action, one.certification, one.reason) for one in services}
    return Decision(*heads.pop()) if len(heads) == 1 else None


def _service(
    request: Request, own: Line, number: int, outcome: Mapping[str, Any], given: Certifying
) -> Decision:
    found = [
        (one, line)
        for one in outcome["determinations"]
        for line in one["lines"]
        if line["number"] == number
    ]
    if not found:
        return Decision("CT", message=_NO_POLICY)
    determination, line = max(found, key=lambda pair: SEVERITY[pair[1]["outcome"]])
    findings = [f for f in determination["findings"] if f["rule"] in line["findings"]]
    units = decimal_of(fraction(line["allowed_units"]))
    named = own.authorization_number or request.authorization_number
    most, billed = fraction(line.get("allowed_most")), fraction(line["billed_units"])
    less = most is not None and billed is not None and 0 < most < billed
    return _decision(
        request, determination, line["outcome"], findings, units, named, given,
        decimal_of(most) if less else None,
    )  # fmt: skip


def _event(request: Request, outcome: Mapping[str, Any], given: Certifying) -> Decision:
    """The whole of a request without services."""
    found = outcome["determinations"]
    if not found:
        return Decision("CT", message=_NO_POLICY)
    worst = {"not_required": 0, "approve": 0, "partial": 1, "pend": 2, "deny": 3}
    one = max(found, key=lambda each: worst[each["decision"]])
    decision = "reduce" if one["decision"] == "partial" else one["decision"]
    named = request.authorization_number
    return _decision(request, one, decision, one["findings"], None, named, given)


def _decision(
    request: Request,
    determination: Mapping[str, Any],
    outcome: str,
    findings: Sequence[Mapping[str, Any]],
    units: Number | None,
    named: str | None,
    given: Certifying,
    most: Number | None = None,
) -> Decision:
    recommended = outcome == "pend" and any(map(to_review, findings))
    action = action_of(
        outcome,
        needed=given.rules.needed(determination["derived"]),
        recommended=recommended,
        rules=given.rules,
    )
    said = [f for f in findings if _tells(f, outcome, recommended)]
    before = RECOMMENDED if action == "A4" and recommended else ""
    reason = next((given.reasons[f["carc"]] for f in said if f["carc"] in given.reasons), "")
    if action == "NA":
        before, reason = NOT_NEEDED, ""
        if any(f.get("would") for f in said):
            before = f"{before} {A_CLAIM_WOULD}"
    certified = determination.get("certified") if action in CERTIFIED else None
    if certified is not None:
        before = certified_in_words(certified)
    if action == "A4" and most is not None:
        before = f"{before} {at_most(most)}".strip()
    certification = ""
    if action in CERTIFIED:
        changed = request.frequency == "7"
        certification = given.certification or (named if changed else None) or ""
        action = "A6" if changed else action
    return Decision(
        action,
        certification,
        reason,
        units if action in CERTIFIED else None,
        _message(determination, said, "" if action == "A3" else outcome, before),
        certified,
    )


def _tells(found: Mapping[str, Any], outcome: str, recommended: bool) -> bool:
    """Whether a finding gives the reason of an outcome; what a clinician must review, if that is it."""
    if recommended or to_review(found):
        return recommended and to_review(found)
    kinds = {"reduce": ("reduce", "certify"), "deny": ("deny", "certify")}.get(outcome, (outcome,))
    return found["kind"] in kinds or (outcome == "not_required" and bool(found.get("would")))


def _message(
    determination: Mapping[str, Any], said: Sequence[Mapping[str, Any]], outcome: str, before: str
) -> str:
    """Our sentences for what was found, and what is asked for where it pends."""
    parts = [before] if before else []
    for one in said:
        codes = f" [{' '.join([one['carc'], *one['rarcs']])}]" if one["carc"] else ""
        parts.append(one["because"] + codes)
    if outcome == "pend":
        if determination["internal"]:
            parts.append(determination["internal"])
        if questions := [one["question"] for one in determination["missing"]]:
            many = f" (of {len(questions)})" if len(questions) > 1 else ""
            parts.append(f"To be answered first{many}: {' '.join(questions)}")
    return " ".join(parts)
