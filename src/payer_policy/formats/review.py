"""The review of each line of a request: its action (HCR01), reasons and notes, from the outcome.

Made from the outcome's JSON document alone, so that an answer repeated from a store is the same. The
278 and the ClaimResponse take the action from here, so that they agree.

| what the document says of a line | action |
|---|---|
| the request was cancelled | C, or CT where it does not name what it cancels |
| no policy decides it | CT, with what was looked for |
| the policy says that no preauthorization is needed | NA, with the findings as advice |
| approved | A1 |
| approved for fewer units than asked | A2, with the units |
| certified, and the request changes an earlier certification | A6 |
| denied for a reason that no clinician must review | A3, without the reasons that one must |
| pended, or nothing is said of it | A4; recommended where a clinician must confirm a denial |

A denial that a clinician must review (the policy's rule says so) is a recommendation until the request
carries the confirmation, or the payer says that all are confirmed (`ReviewRules.clinician_confirmed`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from payer_policy.core.ruleset import RESERVED, Reason
from payer_policy.core.vocabulary.types import ValueProblem, exact_number
from payer_policy.determination.words import certified_in_words, in_unit, reversal_of
from payer_policy.policy.library import Library

_STRICTEST: Final = ("void", "not_required", "approve", "reduce", "pend", "deny")


CERTIFIED: Final = frozenset({"A1", "A2", "A6"})
"""The actions by which something is certified."""
RECOMMENDED: Final = "Recommended: not to certify. A clinician decides before a notice goes out."
NOT_NEEDED: Final = "No preauthorization is needed for this service."
A_CLAIM_WOULD: Final = "A claim for it would meet what follows."


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """How outcomes are turned into answers where the standards leave it to the payer."""

    information_carcs: frozenset[str]
    """Denials with these CARCs say that what was sent is lacking or wrong, not that it is not
    covered."""
    clinician_confirmed: bool = False
    """Whether a clinician confirms every denial that is to be reviewed before it gets here."""
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
        codes = library.reference.reason_codes.items()
        return ReviewRules(
            frozenset(
                code
                for (system, code), entry in codes
                if system == "carc" and entry.rests_on == "information"
            ),
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
    """`approve`, `deny`, `pend`, `reduce`, `void`, `not_required`, `no_policy` or `cancelled`."""
    reasons: tuple[Reason, ...] = ()
    """The reason codes behind the action."""
    notes: tuple[str, ...] = ()
    """Sentences for people."""
    allowed: int | Decimal | None = None
    """Billing units that are allowed; None: not known."""
    code: str | None = None
    """The code (HCPCS) that it was decided by; None: not known."""
    certified: Mapping[str, Any] | None = None
    """What a rule of the policy certifies, as the outcome has it."""


@dataclass
class _Line:
    outcomes: list[str] = field(default_factory=list)
    reasons: dict[Reason, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    allowed: int | Decimal | None = None
    needed: object = None
    recommended: bool = False
    would: bool = False
    code: str | None = None
    certified: Mapping[str, Any] | None = None


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
    if kind in ("approve", "reduce") and (certified := determination.get("certified")):
        into.certified = certified
        into.notes[certified_in_words(certified)] = None
    mine = [found for found in determination["findings"] if number in found["lines"]]
    into.recommended = kind == "pend" and any(map(to_review, mine))
    into.would = any(found.get("would") for found in mine)
    tells = _TELLS.get(kind, (kind,))
    for found in mine:
        # A denied line goes out with what denies it: what a clinician must review is kept from it.
        if found["kind"] not in _NOTED.get(kind, _ALL) or (kind == "deny" and to_review(found)):
            continue
        into.notes[finding_note(found, determination)] = None
        told = to_review(found) if into.recommended else found["kind"] in tells
        if told and (found["carc"] or found["group"]):
            into.reasons[_reason(found)] = None
    if kind == "pend" and determination["kind"] == "preauthorization":
        most, billed = exact_units(line["allowed_most"]), exact_units(line["billed_units"])
        if most is not None and billed is not None and 0 < most < billed:
            into.notes[at_most(most)] = None
    if kind == "void":
        into.notes[reversal_of(determination["voids"])] = None
    if kind == "pend" and not (into.recommended and rules.clinician_confirmed):
        if asked := determination["information_request"]:
            into.reasons[_reason(asked)] = None
        for note in open_notes(determination):
            into.notes[note] = None


def _reviewed(number: int, line: _Line, rules: ReviewRules) -> LineReview:
    kind = max(line.outcomes, key=_STRICTEST.index)
    notes = list(line.notes)
    reasons = tuple(line.reasons)
    action = action_of(kind, needed=line.needed, recommended=line.recommended, rules=rules)
    if line.recommended and action == "A4":
        notes.insert(0, RECOMMENDED)
    if action == "NA" and kind != "void":
        notes.insert(0, f"{NOT_NEEDED} {A_CLAIM_WOULD}" if line.would else NOT_NEEDED)
    made = LineReview(number, action, kind, reasons, tuple(notes), line.allowed, line.code)
    return replace(made, certified=line.certified)


_ALL: Final = ("deny", "pend", "reduce", "advise")
_NOTED: Final = {"approve": ("certify", "advise"), "reduce": ("reduce", "certify", "advise")}
"""The kinds of findings that are noted on a line, by its outcome; of any other outcome `_ALL`."""
_TELLS: Final = {
    "pend": ("pend", "reduce"),
    "reduce": ("reduce", "certify"),
    "deny": ("deny", "certify"),
}
"""The kinds of findings that give the reasons of a line, by its outcome."""


def to_review(found: Mapping[str, Any]) -> bool:
    """Whether a clinician must still confirm that a finding denies."""
    return found.get("review") is not None


def at_most(units: int | Decimal) -> str:
    """How many units could be certified of a line that pends."""
    return f"At most {in_unit(units, 'billing units')} could be certified."


def action_of(outcome: str, *, needed: object, recommended: bool, rules: ReviewRules) -> str:
    """The action (HCR01) for what a policy decides.

    Args:
        outcome: The outcome of the line.
        needed: What the policy says of whether preauthorization is needed; None: not known.
        recommended: Whether a clinician must confirm a denial.
        rules: What the standards leave to the payer.
    """
    if recommended and rules.clinician_confirmed:
        return "A3"
    # Of a request without lines the policy may say that none is needed, beside what it requires.
    if outcome in ("void", "not_required") or (needed is False and outcome in ("approve", "pend")):
        return "NA"
    return {"approve": "A1", "reduce": "A2", "pend": "A4", "deny": "A3"}[outcome]


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
