"""The review of each line of a request: its action (HCR01), reasons and notes, from the outcome.

Made from the outcome's JSON document alone, so that an answer repeated from a store is the same. The
278 and the ClaimResponse take the action from here, so that they agree.

| what the document says of a line | action |
|---|---|
| the request was cancelled | C, or CT where it does not name what it cancels |
| no policy decides it | CT, with what was looked for |
| approved or pended, and the policy says that no preauthorization is needed | NA |
| approved | A1 |
| approved for fewer units than asked | A2, with the units; A3 where none are left |
| certified, and the request changes an earlier certification | A6 |
| denied, and no reason but those that a clinician must decide | A4: recommended, not issued |
| denied for any other reason | A3 |
| pended, or nothing is said of it | A4 |

A denial for medical necessity is not issued by a machine: it is a recommendation until a clinician
confirmed it (`ReviewRules.clinician_confirmed`). Which CARCs those are is a parameter, since the rule
behind it (42 CFR 422.566(d), for Medicare Advantage) was not read at its source.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from payer_policy.core.ruleset import RESERVED, Reason
from payer_policy.core.vocabulary.types import ValueProblem, exact_number
from payer_policy.determination.words import reversal_of
from payer_policy.policy.library import Library

_STRICTEST: Final = ("void", "approve", "reduce", "pend", "deny")


CERTIFIED: Final = frozenset({"A1", "A2", "A6"})
"""The actions by which something is certified."""
RECOMMENDED: Final = "Recommended: not to certify. A clinician decides before a notice goes out."
NOT_NEEDED: Final = "No preauthorization is needed for this service."


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """How outcomes are turned into answers where the standards leave it to the payer."""

    clinical_carcs: frozenset[str]
    """Denials with these CARCs rest on clinical judgment."""
    information_carcs: frozenset[str]
    """Denials with these CARCs say that what was sent is lacking or wrong, not that it is not
    covered."""
    clinician_confirmed: bool = False
    """Whether a clinician has confirmed them, so that they may be issued."""
    needed_fact: str | None = None
    """The derived fact by which a policy says whether preauthorization is needed, if one does."""
    satisfied_fact: str | None = None
    """The derived fact by which it says that an approved authorization covers the service."""

    def needed(self, derived: Mapping[str, Any]) -> object:
        """What a determination's derived facts say of whether it is needed; None: not known."""
        return None if self.needed_fact is None else derived.get(self.needed_fact)

    def satisfied(self, derived: Mapping[str, Any]) -> bool:
        """Whether a determination's derived facts say that an authorization covers the service."""
        return self.satisfied_fact is not None and derived.get(self.satisfied_fact) is True

    @staticmethod
    def of(library: Library) -> ReviewRules:
        """The rules of a policy folder: what a CARC rests on (`rests_on`), what a fact says (`tells`)."""
        by_basis: dict[str | None, set[str]] = {}
        for (system, code), entry in library.reference.reason_codes.items():
            if system == "carc":
                by_basis.setdefault(entry.rests_on, set()).add(code)
        return ReviewRules(
            frozenset(by_basis.get("clinical judgment", ())),
            frozenset(by_basis.get("information", ())),
            needed_fact=library.vocabulary.telling("preauthorization needed"),
            satisfied_fact=library.vocabulary.telling("preauthorization satisfied"),
        )


@dataclass(frozen=True, slots=True)
class LineReview:
    """The review of one line."""

    number: int
    """The number of the line on the claim."""
    action: str
    """The review action (X12 data element 306; HCR01, FHIR reviewAction): `A1` certified in total, `A2`
    in part, `A3` not certified, `A4` pended, `A6` modified, `C` canceled, `CT` contact the payer,
    `NA` no action required."""
    outcome: str
    """`approve`, `deny`, `pend`, `reduce`, `void`, `no_policy` or `cancelled`."""
    reasons: tuple[Reason, ...] = ()
    """The reason codes behind the action."""
    notes: tuple[str, ...] = ()
    """Sentences for people."""
    allowed: int | Decimal | None = None
    """Billing units that are allowed; None: not known."""
    code: str | None = None
    """The code (HCPCS) that it was decided by; None: not known."""


@dataclass
class _Line:
    outcomes: list[str] = field(default_factory=list)
    reasons: dict[Reason, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    allowed: int | Decimal | None = None
    needed: object = None
    only_clinical: bool = True
    code: str | None = None


def line_reviews(outcome: Mapping[str, Any], rules: ReviewRules) -> dict[int, LineReview]:
    """The review of every line that an outcome document speaks of, by the line's number."""
    lines: dict[int, _Line] = {}
    for determination in outcome.get("determinations", ()):
        for line in determination["lines"]:
            _take(lines.setdefault(line["number"], _Line()), line, determination, rules)
    out = {number: _reviewed(number, line, rules) for number, line in lines.items()}
    for service in outcome.get("without_policy", ()):
        for number in service["lines"]:
            note = looked_for(service)
            review = LineReview(number, "CT", "no_policy", (), (note,), code=service["code"])
            out.setdefault(number, review)
    return dict(sorted(out.items()))


def _take(
    into: _Line, line: Mapping[str, Any], determination: Mapping[str, Any], rules: ReviewRules
) -> None:
    number, kind = line["number"], line["outcome"]
    into.outcomes.append(kind)
    into.code = determination["code"]
    into.needed = rules.needed(determination["derived"])
    if kind == "reduce":
        into.allowed = exact_units(line["allowed_units"])
    noted = {"approve": ("advise",), "reduce": ("reduce", "advise")}.get(
        kind, ("deny", "pend", "reduce", "advise")
    )
    for found in determination["findings"]:
        if number not in found["lines"] or found["kind"] not in noted:
            continue
        into.notes[finding_note(found, determination)] = None
        if found["kind"] == "deny":
            clinical = found["carc"] in rules.clinical_carcs
            into.only_clinical = into.only_clinical and clinical
        # A denied line goes out with what denies it, not with what else was looked into.
        tells = found["kind"] == kind or (kind == "pend" and found["kind"] == "reduce")
        if tells and (found["carc"] or found["group"]):
            into.reasons[_reason(found)] = None
    if kind == "void":
        into.notes[reversal_of(determination["voids"])] = None
    if kind == "pend":
        if asked := determination["information_request"]:
            into.reasons[_reason(asked)] = None
        for note in open_notes(determination):
            into.notes[note] = None


def _reviewed(number: int, line: _Line, rules: ReviewRules) -> LineReview:
    kind = max(line.outcomes, key=_STRICTEST.index)
    notes = list(line.notes)
    reasons = tuple(line.reasons)
    action = action_of(
        kind,
        needed=line.needed,
        only_clinical=line.only_clinical,
        nothing_left=line.allowed == 0,
        rules=rules,
    )
    if kind == "deny" and action != "A3":
        notes.insert(0, RECOMMENDED)
    if line.needed is False:
        notes.insert(0, not_needed(kind))
    return LineReview(number, action, kind, reasons, tuple(notes), line.allowed, line.code)


def action_of(
    outcome: str, *, needed: object, only_clinical: bool, nothing_left: bool, rules: ReviewRules
) -> str:
    """The action (HCR01) for what a policy decides: `approve`, `reduce`, `pend` or `deny`.

    Args:
        outcome: The outcome of the line.
        needed: What the policy says of whether preauthorization is needed; None: not known.
        only_clinical: Whether every finding that denies rests on clinical judgment.
        nothing_left: Whether a reduction leaves no units.
        rules: What the standards leave to the payer.
    """
    action = {"approve": "A1", "reduce": "A2", "pend": "A4", "deny": "A3", "void": "NA"}[outcome]
    if outcome == "deny" and only_clinical and not rules.clinician_confirmed:
        action = "A4"
    if outcome == "reduce" and nothing_left:
        action = "A3"
    # A denial keeps its reasons, although no preauthorization was needed.
    return "NA" if needed is False and action in ("A1", "A4") else action


def not_needed(outcome: str) -> str:
    """The sentence where no preauthorization is needed, before the findings that a claim would have."""
    return NOT_NEEDED + ("" if outcome == "approve" else " A claim for it would meet what follows.")


def _reason(found: Mapping[str, Any]) -> Reason:
    return Reason(found["group"], found["carc"], tuple(found["rarcs"]))


def finding_note(found: Mapping[str, Any], determination: Mapping[str, Any]) -> str:
    """A finding in a sentence, with the rule, the policy and its sources."""
    policy = determination["policy"]
    cited = "; ".join(citation["title"] for citation in found["citations"])
    source = f"{found['rule']}, {policy['address']}"
    if policy["first_day"] is not None and found["rule"] not in RESERVED:
        source = f"rule {found['rule']} of {policy['address']}, in force from {policy['first_day']}"
    return f"{found['because']} [{source}{f'; {cited}' if cited else ''}]"


def open_notes(determination: Mapping[str, Any]) -> Iterable[str]:
    """What a pended service needs: the questions, or why there are none."""
    if determination["internal"]:
        yield f"Held for a fault of the system: {determination['internal']}"
    for question in determination["missing"]:
        yield f"Needed: {question['question']} ({question['fact']})"
    if not determination["missing"]:
        for rule in determination["unsettled"]:
            yield f"Not settled: {rule['title']} [rule {rule['rule']}]"


def looked_for(service: Mapping[str, Any]) -> str:
    """The attributes by which no policy was found, and the policies that nearly applied."""
    wanted = "; ".join(
        f"{entry['label']}: {'not given' if entry['value'] is None else entry['value']}"
        for entry in service["looked_for"]
    )
    near = " ".join(f"{sentence}." for sentence in service["near"][:5])
    note = f"No policy here decides this service; contact the payer. Looked for {wanted}."
    return f"{note} {near}".rstrip()


def exact_units(value: object) -> int | Decimal | None:
    """Units as the outcome document has them (a text where not whole); None where no decimal is."""
    try:
        return None if value is None else exact_number(value)
    except ValueProblem:
        return None


def certification_number(
    outcome: Mapping[str, Any], claim_id: str | None, payer: str | None, member_id: str | None
) -> str:
    """A number for what is certified that depends on the member, the request and the policies alone,
    so that the same request under the same policies has the same number in every standard."""
    policies = [one["policy"]["hash"] for one in outcome.get("determinations", ())]
    services = [[one["code"], one["service_date"]] for one in outcome.get("determinations", ())]
    key = [claim_id, payer, member_id, policies, services]
    plain = json.dumps(key, ensure_ascii=True, separators=(",", ":"))
    return "PA" + hashlib.sha256(plain.encode()).hexdigest()[:12].upper()
