"""The public answer: one `Determination` a drug service, and its JSON, versioned and with a schema.

Made by `decide` (with `missing`), printed by `render`, proved by `explain`. Values only: nothing
here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal, Self, get_args

from payer_policy.core.ruleset import Reason
from payer_policy.core.vocabulary.types import Value, to_json

DETERMINATION_VERSION: Final = "payer-policy/determination/1"
OUTCOME_VERSION: Final = "payer-policy/outcome/1"

Decision = Literal["approve", "deny", "pend", "partial", "void"]
LineDecision = Literal["approve", "deny", "pend", "reduce", "void"]
FindingKind = Literal["deny", "pend", "reduce", "advise"]
Unknown = Literal[
    "condition", "authorization", "amount", "line units", "earlier lines", "lines followed"
]
"""What is not known of a rule: whether it holds; or it does hold, and what is not known is whether an
authorization silences it; or it reduces, and what is not known is the amount it leaves, the units
billed on a line, or how much earlier lines will take of it. `lines followed` is of no rule: whether
a line will be paid that these lines follow."""
Units = int | Decimal | Fraction


def _date(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _reason(reason: Reason) -> dict[str, Any]:
    return {"group": reason.group, "carc": reason.carc, "rarcs": list(reason.rarcs)}


class Deferred:
    """A value some of whose fields are worked out when they are first read, and then kept.

    Most callers read the decision, its lines and reason codes, and never the rest. Until then the
    value holds what it was made from. Reading a field, comparing, copying or pickling gives what a
    value with all fields has; two threads that read at once work out the same.
    """

    __slots__ = ("_later",)

    _later: Callable[[], Mapping[str, Any]] | None

    def defer(self, fields: Mapping[str, Any], later: Callable[[], Mapping[str, Any]]) -> Self:
        """Fill a new value: these fields, and the others from `later` when one is read."""
        for name, value in fields.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_later", later)
        return self

    def __getattr__(self, name: str) -> Any:
        # Called only for what has no value: a field that was put off, or no field at all.
        if name not in self.__slots__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            later = object.__getattribute__(self, "_later")
        except AttributeError:
            raise AttributeError(f"{name!r} has no value") from None
        if later is not None:
            for field, value in later().items():
                object.__setattr__(self, field, value)
            object.__setattr__(self, "_later", None)
        return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that a rule rests on."""

    id: str
    """The id of the reference in the policy folder."""
    title: str
    """The title of the source, for people."""
    href: str | None = None
    """Where the source is published; None: no address is known."""

    def to_json(self) -> dict[str, Any]:
        """The citation as JSON."""
        return {"id": self.id, "title": self.title, "href": self.href}


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What becomes of one line. `findings` are the ids of all rules that found something on it."""

    number: int
    """The number of the line on the claim."""
    parts: tuple[str, ...]
    """The parts of the service that the line belongs to, such as `administered` or `discarded`."""
    outcome: LineDecision
    """`approve`, `deny`, `pend` or `reduce`."""
    billed_units: Units | None
    """Billing units of the code (HCPCS); None: not known."""
    allowed_least: Units | None
    """So many units will be allowed in any case; None: nobody knows how many are billed."""
    allowed_most: Units | None
    """And at most so many; None: nobody knows how many."""
    findings: tuple[str, ...]
    """The ids of the rules that found something on the line."""

    @property
    def allowed_units(self) -> Units | None:
        """All billed units of an approved line, none of a denied one; None while it pends."""
        return None if self.outcome == "pend" else self.allowed_most

    def to_json(self) -> dict[str, Any]:
        """The line as JSON; units are exact numbers."""
        return {
            "number": self.number,
            "parts": list(self.parts),
            "outcome": self.outcome,
            "billed_units": to_json(self.billed_units),
            "allowed_units": to_json(self.allowed_units),
            "allowed_least": to_json(self.allowed_least),
            "allowed_most": to_json(self.allowed_most),
            "findings": list(self.findings),
        }


@dataclass(frozen=True, slots=True)
class Found(Deferred):
    """A rule that holds and says something, with the reason codes and the sentence for people.

    Or, by a reserved id, what `determination.pending` says of a date of service.
    """

    rule: str
    """The id of the rule."""
    title: str
    """The title of the rule, for people."""
    kind: FindingKind
    """`deny`, `pend`, `reduce` or `advise`."""
    group: str | None
    """The claim adjustment group code (X12 CAS01), such as `CO`; None: the rule gives no code."""
    carc: str | None
    """The claim adjustment reason code (X12 external code list 139); None: the rule gives no
    code."""
    rarcs: tuple[str, ...]
    """The remittance advice remark codes (X12 external code list 411)."""
    because: str
    """The sentence for people, with the values of this claim in it. It may hold member data."""
    on: str | None
    """The label of the part of the lines that it falls on; None: on the whole service."""
    lines: tuple[int, ...]
    """The numbers of the lines that it falls on."""
    citations: tuple[Citation, ...]
    """The sources that the rule rests on."""
    silenced: bool
    """Whether it is advice only because an authorization covers the service."""

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {
            "rule": self.rule,
            "title": self.title,
            "kind": self.kind,
            "silenced": self.silenced,
            "group": self.group,
            "carc": self.carc,
            "rarcs": list(self.rarcs),
            "because": self.because,
            "on": self.on,
            "lines": list(self.lines),
            "citations": [citation.to_json() for citation in self.citations],
        }


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A denying, pending or reducing rule of which something is not known, and on which lines."""

    rule: str
    """The id of the rule."""
    title: str
    """The title of the rule, for people."""
    kind: FindingKind
    """What the rule would find: `deny`, `pend` or `reduce`."""
    unknown: Unknown
    """What is not known: whether the rule applies, or something about what it does."""
    lines: tuple[int, ...]
    """The numbers of the lines that wait for it."""
    waits_for: tuple[str, ...]
    """The input facts that it waits for, in the order of the vocabulary."""

    def to_json(self) -> dict[str, Any]:
        """The rule as JSON."""
        return {
            "rule": self.rule,
            "title": self.title,
            "kind": self.kind,
            "unknown": self.unknown,
            "lines": list(self.lines),
            "waits_for": list(self.waits_for),
        }


@dataclass(frozen=True, slots=True)
class Question:
    """A fact to ask for. `rules` are the unsettled rules that wait for it."""

    fact: str
    """The name of the fact in the vocabulary."""
    label: str
    """What people call the fact."""
    question: str
    """The question, as a sentence."""
    supplied_by: str | None
    """Who can answer it, such as `biller` or `payer`; None: the vocabulary does not say."""
    correctable: bool
    """Whether a value that was given can be corrected by the submitter of the claim."""
    rules: tuple[str, ...]
    """The ids of the unsettled rules that wait for it."""

    def to_json(self) -> dict[str, Any]:
        """The question as JSON."""
        return {
            "fact": self.fact,
            "label": self.label,
            "question": self.question,
            "supplied_by": self.supplied_by,
            "correctable": self.correctable,
            "rules": list(self.rules),
        }


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that is not known and that the decision rests on all the same: a rule that the policy
    says to take as not holding, or a fact of which nobody said anything."""

    rule: str | None
    """The id of a rule that the policy takes as not applying; None: it is a fact."""
    fact: str | None
    """The name of a fact that was not provided; None: it is a rule."""
    title: str
    """The title of the rule, or what people call the fact."""
    citations: tuple[Citation, ...]
    """The sources that the rule rests on."""
    waits_for: tuple[str, ...]
    """The names of the input facts that are not known and would show whether it is so."""

    @property
    def name(self) -> str:
        """The id of the rule, or the name of the fact."""
        return self.rule or self.fact or ""

    def to_json(self) -> dict[str, Any]:
        """The assumption as JSON."""
        return {
            "rule": self.rule,
            "fact": self.fact,
            "title": self.title,
            "citations": [citation.to_json() for citation in self.citations],
            "waits_for": list(self.waits_for),
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """A derived fact on which rules that hold disagree: it stays unknown."""

    fact: str
    """The name of the derived fact."""
    label: str
    """What people call the fact."""
    rules: tuple[str, ...]
    """The rules that hold and conclude it, by id."""

    def to_json(self) -> dict[str, Any]:
        """The conflict as JSON."""
        return {"fact": self.fact, "label": self.label, "rules": list(self.rules)}


@dataclass(frozen=True, slots=True)
class PolicyIdentity:
    """Which policy decided: its address, its version, and the hash of what it means.

    Where the date of service is not settled, and of a void, no version decided: then version, hash and
    days are None.
    """

    address: str
    """`<payer>/<policy>`."""
    version: str | None
    """The version of the policy that decided."""
    title: str
    """The title of the policy, for people."""
    hash: str | None
    """SHA-256 (hex) of what the policy decides by and answers with on these days; titles and
    notes are not part of it."""
    first_day: date | None
    """The first date of service for which this version decides."""
    last_day: date | None
    """The last one; None: it has no end yet."""

    def to_json(self) -> dict[str, Any]:
        """The policy as JSON; dates are texts (YYYY-MM-DD)."""
        return {
            "address": self.address,
            "version": self.version,
            "title": self.title,
            "hash": self.hash,
            "first_day": _date(self.first_day),
            "last_day": _date(self.last_day),
        }


@dataclass(frozen=True, slots=True)
class Determination(Deferred):
    """The answer on one drug service. Findings, unsettled rules and assumptions: by rule id, and after
    the rules the facts that are assumed, by name."""

    claim_id: str | None
    """The request's own number, in its one spelling; None: it has none."""
    kind: str
    """`claim` or `preauthorization`."""
    code: str | None
    """The drug code (HCPCS) of the service."""
    service_date: date | None
    """The day of service, or the first of several."""
    decision: Decision
    """Over all lines of the service."""
    lines: tuple[LineOutcome, ...]
    """What becomes of each line of the service, by number."""
    findings: tuple[Found, ...]
    """What holds and says something, with reason codes."""
    unsettled: tuple[Unsettled, ...]
    """What would say something if it held, and of which something is not known."""
    missing: tuple[Question, ...]
    """What to ask, in the order that settles the case soonest."""
    assumptions: tuple[Assumption, ...]
    """What was taken to be so because nobody said otherwise."""
    derived: tuple[tuple[str, Value], ...]
    """The derived facts that are known, by name."""
    policy: PolicyIdentity
    """By which version of which policy it was decided, with the hash of what it means."""
    reference_hash: str | None
    """SHA-256 (hex) of the rows of drugs and products that were looked up; None: none were, since
    the facts were given as such."""
    engine: str
    """The engine that evaluated the rules."""
    information_request: Reason | None
    """The reason codes to ask for information with, where a line pends for what is unknown."""
    internal: str | None
    """Why the request pends for a fault of the engine; None: no such fault."""
    headline: str | None
    """The rule whose finding leads: deny before pend before reduce before advise, then by the
    policy's order of sections, then by id."""
    conflicts: tuple[Conflict, ...]
    """What rules of the policy contradict one another about. What reads it is not approved."""
    voids: str | None = None
    """Of a void: the number of the claim whose payment is to be reversed. No rule was evaluated, and
    nothing is allowed."""

    schema = DETERMINATION_VERSION

    def to_json(self) -> dict[str, Any]:
        """The determination as JSON; `determination_schema` describes it."""
        return {
            "schema": self.schema,
            "claim_id": self.claim_id,
            "kind": self.kind,
            "code": self.code,
            "service_date": _date(self.service_date),
            "decision": self.decision,
            "headline": self.headline,
            "lines": [line.to_json() for line in self.lines],
            "findings": [found.to_json() for found in self.findings],
            "unsettled": [rule.to_json() for rule in self.unsettled],
            "missing": [question.to_json() for question in self.missing],
            "assumptions": [assumption.to_json() for assumption in self.assumptions],
            "derived": {name: to_json(value) for name, value in self.derived},
            "conflicts": [conflict.to_json() for conflict in self.conflicts],
            "policy": self.policy.to_json(),
            "reference_hash": self.reference_hash,
            "engine": self.engine,
            "information_request": (
                None if self.information_request is None else _reason(self.information_request)
            ),
            "internal": self.internal,
            **({} if self.voids is None else {"voids": self.voids}),
        }


@dataclass(frozen=True, slots=True)
class NoPolicy:
    """A service for which no policy was found: what was looked for, and what nearly applied."""

    claim_id: str | None
    """The request's own number; None: it has none."""
    code: str | None
    """The code of the service (HCPCS)."""
    service_date: date | None
    """The day of service."""
    lines: tuple[int, ...]
    """The numbers of the lines."""
    looked_for: tuple[tuple[str, Value | None], ...]
    """What a policy was looked for by: a label for people, and the value (None: not known)."""
    near: tuple[str, ...]
    """Sentences on policies that apply to nearly such a service, and what differs."""

    def to_json(self) -> dict[str, Any]:
        """The service as a member of an outcome's `without_policy`."""
        return {
            "claim_id": self.claim_id,
            "code": self.code,
            "service_date": _date(self.service_date),
            "lines": list(self.lines),
            "looked_for": [
                {"label": label, "value": to_json(value)} for label, value in self.looked_for
            ],
            "near": list(self.near),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer on a whole request: a determination for each service that a policy covers."""

    claim_id: str | None
    """The request's own number in its one spelling, as in each determination; None: it has none."""
    determinations: tuple[Determination, ...]
    """In the order of the services on the request."""
    without_policy: tuple[NoPolicy, ...] = ()
    """The services that no policy covers."""
    as_of: date | None = None
    """The day that the caller filled in as the date of service, since the request gave none."""

    schema = OUTCOME_VERSION

    @property
    def decision(self) -> Literal["approve", "deny", "pend", "partial", "void", "no_policy"]:
        """Pend while any determination does; what all agree on; else `partial`.

        Services without a policy are not ours to decide (the procedure beside the drug, say), so
        they count only where there is nothing else: `no_policy`.
        """
        decisions = {determination.decision for determination in self.determinations}
        if not decisions:
            return "no_policy"
        if "pend" in decisions:
            return "pend"
        return decisions.pop() if len(decisions) == 1 else "partial"

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON; `outcome_schema` describes it."""
        return {
            "schema": self.schema,
            "claim_id": self.claim_id,
            "as_of": _date(self.as_of),
            "decision": self.decision,
            "determinations": [determination.to_json() for determination in self.determinations],
            "without_policy": [service.to_json() for service in self.without_policy],
        }


# --- the JSON Schema -----------------------------------------------------------------------------

_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_DATE: Final = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_DATE_OR_NULL: Final = {**_DATE, "type": ["string", "null"]}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_LINE_NUMBERS: Final = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
_UNITS: Final = {
    "description": "Exact: an integer, or the numeral as text where it is not whole.",
    "type": ["integer", "string", "null"],
    "pattern": r"^-?\d+(\.\d+|/\d+)$",
}
_VALUE: Final = {
    "description": "A date or a number that is not whole is text; a set of codes is a sorted list.",
    "anyOf": [
        {"type": ["boolean", "integer", "string"]},
        {"type": "array", "items": _TEXT, "uniqueItems": True},
    ],
}


_ADDED: Final = frozenset(
    {"allowed_least", "allowed_most", "conflicts", "headline", "silenced", "voids"}
)
"""Members that answers did not have at first: one that was stored then can still be sent."""


def _object(description: str, **properties: Any) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in _ADDED],
        "additionalProperties": False,
    }


def _list(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def _one_of(values: Sequence[str]) -> dict[str, Any]:
    return {"enum": list(values)}


_DECISIONS: Final = ("approve", "deny", "pend", "partial", "void")
_KINDS: Final = ("deny", "pend", "reduce", "advise")
_CODES: Final[dict[str, Any]] = {"group": _TEXT_OR_NULL, "carc": _TEXT_OR_NULL, "rarcs": _TEXTS}


def _definitions() -> dict[str, Any]:
    return {**_found(), **_open()}


def _found() -> dict[str, Any]:
    """What was found, and on which lines."""
    return {
        "citation": _object(
            "A source that a rule rests on.", id=_TEXT, title=_TEXT, href=_TEXT_OR_NULL
        ),
        "line": _object(
            "What becomes of one line.",
            number={"type": "integer"},
            parts=_TEXTS,
            outcome=_one_of(("approve", "deny", "pend", "reduce", "void")),
            billed_units=_UNITS,
            allowed_units={
                **_UNITS,
                "description": "What both bounds are, once the line is decided; null while it pends.",
            },
            allowed_least=_UNITS,
            allowed_most=_UNITS,
            findings=_TEXTS,
        ),
        "finding": _object(
            "A rule that holds and says something; `on` is null for the whole service.",
            rule=_TEXT,
            title=_TEXT,
            kind=_one_of(_KINDS),
            silenced={"type": "boolean"},
            **_CODES,
            because=_TEXT,
            on=_TEXT_OR_NULL,
            lines=_LINE_NUMBERS,
            citations=_list("citation"),
        ),
    }


def _open() -> dict[str, Any]:
    """What is not determined, what to ask, what is assumed, and by which policy."""
    return {
        "unsettled": _object(
            "A rule of which something is not known, and which input facts would settle it.",
            rule=_TEXT,
            title=_TEXT,
            kind=_one_of(("deny", "pend", "reduce")),
            unknown=_one_of(get_args(Unknown)),
            lines=_LINE_NUMBERS,
            waits_for=_TEXTS,
        ),
        "question": _object(
            "A fact to ask for, and the rules that wait for it.",
            fact=_TEXT,
            label=_TEXT,
            question=_TEXT,
            supplied_by={"enum": ["biller", "provider", "payer", "plan", None]},
            correctable={"type": "boolean"},
            rules=_TEXTS,
        ),
        "assumption": _object(
            "A rule that is not known and that the policy says to take as not holding; or a fact of "
            "which nobody said anything, on which the decision rests by what silence means, or by "
            "whether it is known.",
            rule=_TEXT_OR_NULL,
            fact=_TEXT_OR_NULL,
            title=_TEXT,
            citations=_list("citation"),
            waits_for=_TEXTS,
        ),
        "conflict": _object(
            "A derived fact on which rules that hold disagree; it stays unknown.",
            fact=_TEXT,
            label=_TEXT,
            rules=_TEXTS,
        ),
        "policy": _object(
            "The policy that decided; the window of service dates has both ends included. Version, "
            "hash and first day are null where the date of service is not settled, and of a void.",
            address=_TEXT,
            version=_TEXT_OR_NULL,
            title=_TEXT,
            hash=_TEXT_OR_NULL,
            first_day=_DATE_OR_NULL,
            last_day=_DATE_OR_NULL,
        ),
        "reason": _object("Reason codes as an 835 carries them.", **_CODES),
    }


def _determination() -> dict[str, Any]:
    return _object(
        "The answer on one drug service.",
        schema={"const": DETERMINATION_VERSION},
        claim_id=_TEXT_OR_NULL,
        kind=_TEXT,
        code=_TEXT_OR_NULL,
        service_date=_DATE_OR_NULL,
        decision=_one_of(_DECISIONS),
        headline=_TEXT_OR_NULL,
        lines=_list("line"),
        findings=_list("finding"),
        unsettled=_list("unsettled"),
        missing=_list("question"),
        assumptions=_list("assumption"),
        derived={"type": "object", "additionalProperties": _VALUE},
        conflicts=_list("conflict"),
        policy={"$ref": "#/$defs/policy"},
        reference_hash=_TEXT_OR_NULL,
        engine=_TEXT,
        information_request={"anyOf": [{"$ref": "#/$defs/reason"}, {"type": "null"}]},
        internal=_TEXT_OR_NULL,
        voids={
            **_TEXT,
            "description": "Of a void: the number of the claim whose payment is to be reversed.",
        },
    )


def determination_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Determination.to_json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": DETERMINATION_VERSION,
        **_determination(),
        "$defs": _definitions(),
    }


def outcome_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Outcome.to_json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": OUTCOME_VERSION,
        **_object(
            "The answer on a whole request.",
            schema={"const": OUTCOME_VERSION},
            claim_id=_TEXT_OR_NULL,
            as_of={
                **_DATE_OR_NULL,
                "description": "The day that was filled in as the date of service, where the request "
                "gave none; else null.",
            },
            decision=_one_of((*_DECISIONS, "no_policy")),
            determinations=_list("determination"),
            without_policy=_list("no_policy"),
        ),
        "$defs": {
            **_definitions(),
            "determination": _determination(),
            "no_policy": _object(
                "A service for which no policy was found, and what nearly applied.",
                claim_id=_TEXT_OR_NULL,
                code=_TEXT_OR_NULL,
                service_date=_DATE_OR_NULL,
                lines=_LINE_NUMBERS,
                looked_for={
                    "type": "array",
                    "items": _object(
                        "What was looked for.",
                        label=_TEXT,
                        value={"anyOf": [_VALUE, {"type": "null"}]},
                    ),
                },
                near=_TEXTS,
            ),
        },
    }
