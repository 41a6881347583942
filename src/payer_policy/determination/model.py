"""The public answer: one `Determination` a drug service, all of them in an `Outcome`.

Each class declares its members once; their JSON and its JSON Schema are derived from that declaration
(`core.declared`). Values only: nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple

from payer_policy.core.declared import ADDED, BY_NAME, OMITTED, after, schema_of, to_json
from payer_policy.core.frozen import quickly_made
from payer_policy.core.lazy import Lazy
from payer_policy.core.ruleset import Reason
from payer_policy.core.vocabulary.model import Supplier
from payer_policy.core.vocabulary.types import Units, Value

DETERMINATION_VERSION: Final = "payer-policy/determination/1"
OUTCOME_VERSION: Final = "payer-policy/outcome/1"

Decision = Literal["approve", "deny", "pend", "partial", "void", "not_required"]
LineDecision = Literal["approve", "deny", "pend", "reduce", "void", "not_required"]
Disposition = Literal["pay", "reduce", "deny", "return", "packaged", "void", "pend", "not_required"]
"""What becomes of a line: `deny` by its rules may be `return` (cured by a new claim; no appeal) or
`packaged` (the payment lies in another line)."""
FindingKind = Literal["deny", "pend", "reduce", "certify", "advise"]
DecidingKind = Literal["deny", "pend", "reduce", "certify"]
Every = Literal["days", "weeks", "months"]
Unknown = Literal[
    "condition",
    "authorization",
    "amount",
    "line units",
    "earlier lines",
    "lines followed",
    "preauthorization",
]
"""What is not known of a rule: whether it applies; or it applies, and what is not known is whether an
authorization silences it; or it reduces or certifies, and what is not known is the amount, the units
billed on a line, or how many units earlier lines take of it. Two belong to no rule: `lines followed`,
whether a line is paid that these lines follow, and `preauthorization`, whether it is needed at all."""


class _Answer:
    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """The value as JSON; `determination_schema` and `outcome_schema` describe it."""
        return to_json(self)


@dataclass(frozen=True, slots=True)
class Citation(_Answer):
    """A source that a rule rests on."""

    id: str
    """The id of the reference in the policy folder."""
    title: str
    """The title of the source, for people."""
    href: str | None = None
    """Where the source is published; null: no address is known."""


@quickly_made
@dataclass(frozen=True, slots=True)
class LineOutcome(_Answer):
    """The decision on one line."""

    number: int
    """The number of the line on the claim."""
    parts: tuple[str, ...]
    """The parts of the service that the line belongs to, such as `administered` or `discarded`."""
    outcome: LineDecision
    """The decision on the line."""
    disposition: Annotated[Disposition, ADDED]
    """What becomes of the line, as its rules choose: a denial for good, a return, …"""
    billed_units: Units | None
    """Billing units of the code (HCPCS); null: not known."""
    allowed_least: Annotated[Units | None, ADDED]
    """The units allowed whatever the missing facts are; null: the units billed are not known."""
    allowed_most: Annotated[Units | None, ADDED]
    """The most units that can be allowed; null: the units billed are not known."""
    findings: tuple[str, ...]
    """The ids of the rules with a finding on the line."""

    @property
    @after("billed_units")
    def allowed_units(self) -> Units | None:
        """What both bounds are once the line is decided; null while it pends."""
        return None if self.outcome == "pend" else self.allowed_most


@quickly_made
@dataclass(frozen=True, slots=True)
class Finding(_Answer):
    """A rule that applies and has a finding, with reason codes and a sentence for people.

    Or, by a reserved id, what `determination.pending` finds about a date of service.
    """

    rule: str
    """The id of the rule."""
    title: str
    """The title of the rule, for people."""
    kind: FindingKind
    """What the finding does."""
    silenced: Annotated[bool, ADDED]
    """Whether it is advice only because an authorization covers the service."""
    group: str | None
    """The claim adjustment group code (X12 CAS01), such as `CO`; null: the rule gives no code."""
    carc: str | None
    """The claim adjustment reason code (X12 external code list 139); null: the rule gives no code."""
    rarcs: tuple[str, ...]
    """The remittance advice remark codes (X12 external code list 411)."""
    because: str
    """The sentence for people, with the values of this claim in it. It may hold member data."""
    on: str | None
    """The label of the part of the lines that it is about; null: the whole service."""
    lines: tuple[int, ...]
    """The numbers of the lines that it is about."""
    citations: tuple[Citation, ...]
    """The sources that the rule rests on."""
    review: Annotated[Literal["clinician"] | None, OMITTED] = None
    """Who must confirm that the rule denies; until then the lines pend. Left out: no one, or it is
    confirmed."""
    disposition: Annotated[Literal["return", "packaged"] | None, OMITTED] = None
    """What the rule makes of a line that it denies. Left out: it is denied."""
    would: Annotated[DecidingKind | None, OMITTED] = None
    """What the rule would do on a claim, where it is advice since no preauthorization is needed. Left
    out: it does what `kind` says."""
    follow_up: Annotated[Literal[True] | None, OMITTED] = None
    """Whether what is paid now is to be reviewed after payment. Left out: it is not."""


@dataclass(frozen=True, slots=True)
class QuantityPer(_Answer):
    """The units at most in each period of some length."""

    quantity: Units
    """Billing units of the code (HCPCS)."""
    every: int
    """How many of `period` such a period is long."""
    period: Every
    """The unit of its length."""


@dataclass(frozen=True, slots=True)
class Certified(_Answer):
    """What the approval of a preauthorization certifies, by the rule of the policy that says so."""

    rule: str
    """The id of the rule."""
    codes: tuple[str, ...]
    """The codes (HCPCS) that are certified, sorted."""
    quantity: Units | None
    """Billing units in all; null: as asked, and the units asked are not known."""
    asked: Units | None
    """Billing units asked; null: not known."""
    quantity_per: QuantityPer | None
    """The units at most in each period; null: no such limit."""
    valid_from: date | None
    """The first day; null: no day of service was given."""
    valid_through: date | None
    """The last day, included; null: as asked."""


@dataclass(frozen=True, slots=True)
class Unsettled(_Answer):
    """A denying, pending or reducing rule about which something is not known."""

    rule: str
    """The id of the rule."""
    title: str
    """The title of the rule, for people."""
    kind: DecidingKind
    """What the rule would do."""
    unknown: Unknown
    """What is not known: whether the rule applies, or something about what it does."""
    lines: tuple[int, ...]
    """The numbers of the lines that wait for it."""
    waits_for: tuple[str, ...]
    """The input facts that it waits for, in the order of the vocabulary."""


@dataclass(frozen=True, slots=True)
class Question(_Answer):
    """A fact to ask for, and the rules that wait for it."""

    fact: str
    """The name of the fact in the vocabulary."""
    label: str
    """What people call the fact."""
    question: str
    """The question, as a sentence."""
    supplied_by: Supplier | None
    """Who can answer it; null: the vocabulary does not say."""
    correctable: bool
    """Whether the submitter of the claim can correct a value already given."""
    rules: tuple[str, ...]
    """The ids of the unsettled rules that wait for it."""


@dataclass(frozen=True, slots=True)
class Assumption(_Answer):
    """Something that is not known and on which the decision rests all the same: a rule that the policy
    assumes not to apply, or a fact that was not provided, on which the decision rests by what silence
    means or by whether it is known."""

    rule: str | None
    """The id of a rule that the policy assumes not to apply; null: it is a fact."""
    fact: str | None
    """The name of a fact that was not provided; null: it is a rule."""
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


@dataclass(frozen=True, slots=True)
class Conflict(_Answer):
    """A derived fact on which rules that apply disagree; it stays unknown."""

    fact: str
    """The name of the derived fact."""
    label: str
    """What people call the fact."""
    rules: tuple[str, ...]
    """The ids of the rules that apply and conclude it."""


@dataclass(frozen=True, slots=True)
class PolicyIdentity(_Answer):
    """The policy that decided, and the window of service dates on which it decides alike, both ends
    included. Version, hash and days are null where the date of service is not settled, and for a void:
    no version decided."""

    address: str
    """`<payer>/<policy>`."""
    version: str | None
    """The version of the policy that decided."""
    title: str
    """The title of the policy, for people."""
    hash: str | None
    """SHA-256 (hex) of what the policy decides by and answers with on these days; titles and notes
    are not part of it."""
    first_day: date | None
    """The first date of service for which this version decides."""
    last_day: date | None
    """The last one; null: it has no end yet."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Details(_Answer):
    """What few readers of an answer need: open rules, questions, assumptions and conclusions."""

    unsettled: tuple[Unsettled, ...] = ()
    """The rules that would have a finding if they applied, and about which something is not known."""
    missing: tuple[Question, ...] = ()
    """What to ask, in the order that decides the case soonest."""
    assumptions: tuple[Assumption, ...] = ()
    """What the decision rests on without its being known: rules by id, then facts by name."""
    derived: Annotated[tuple[tuple[str, Value], ...], BY_NAME] = ()
    """The derived facts that are known, by name."""


NO_DETAILS: Final = Lazy.known(Details())


class About(NamedTuple):
    """The service that a determination is about, and how it is evaluated."""

    claim_id: str | None
    kind: str
    code: str | None
    service_date: date | None
    engine: str
    reference_hash: str | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Determination(_Answer):
    """The answer on one drug service. Findings and unsettled rules are in the order of rule ids."""

    claim_id: str | None
    """The request's own number, in its one spelling; null: it has none."""
    kind: str
    """`claim` or `preauthorization`."""
    code: str | None
    """The drug code (HCPCS) of the service."""
    service_date: date | None
    """The day of service, or the first of several."""
    decision: Decision
    """Over all lines of the service."""
    headline: Annotated[str | None, ADDED]
    """The rule whose finding leads: deny before pend before reduce before advise, then by the policy's
    order of sections, then by id."""
    lines: tuple[LineOutcome, ...]
    """The decision on each line of the service, by number."""
    findings: tuple[Finding, ...]
    """The rules that apply and have a finding, with reason codes."""
    details: Lazy[Details]
    """The members of `Details`, computed from the service's own facts when one is first read."""
    conflicts: Annotated[tuple[Conflict, ...], ADDED]
    """Facts on which rules of the policy contradict one another. What reads one is not approved."""
    policy: PolicyIdentity
    """The version of the policy that decided, with the hash of its meaning."""
    reference_hash: str | None
    """SHA-256 (hex) of the rows of drugs and products that were looked up; null: none were, since the
    facts were given as such."""
    engine: str
    """The engine that evaluated the rules."""
    information_request: Reason | None
    """The reason codes to ask for information with, where a line pends for what is unknown."""
    internal: str | None
    """Why the request pends for a fault of the engine; null: no such fault."""
    voids: Annotated[str | None, OMITTED] = None
    """On a void: the number of the claim whose payment is to be reversed. No rule was evaluated, and
    nothing is allowed."""
    recommended: Annotated[Literal["deny"] | None, OMITTED] = None
    """What a pended service becomes as soon as a clinician confirms the findings with `review`. Left
    out: something else, or not known."""
    certified: Annotated[Certified | None, OMITTED] = None
    """What an approved preauthorization certifies. Left out: what was asked, as far as it is allowed."""

    schema = DETERMINATION_VERSION

    @property
    def about(self) -> About:
        """The service that it is about, and how it was evaluated."""
        return About(
            self.claim_id, self.kind, self.code, self.service_date, self.engine, self.reference_hash
        )

    def with_details(self, **changes: Any) -> Determination:
        """The determination with some members of its `Details` replaced."""
        return replace(self, details=Lazy.known(replace(self.details(), **changes)))

    @property
    def unsettled(self) -> tuple[Unsettled, ...]:
        """The rules that would have a finding if they applied, and about which something is not known."""
        return self.details().unsettled

    @property
    def missing(self) -> tuple[Question, ...]:
        """What to ask, in the order that decides the case soonest."""
        return self.details().missing

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """What the decision rests on without its being known: rules by id, then facts by name."""
        return self.details().assumptions

    @property
    def derived(self) -> tuple[tuple[str, Value], ...]:
        """The derived facts that are known, by name."""
        return self.details().derived


class LookedFor(NamedTuple):
    """One thing that a policy was looked for by."""

    label: str
    """What people call it."""
    value: Value | None
    """Its value on the request; null: not known."""


@quickly_made
@dataclass(frozen=True, slots=True)
class NoPolicy(_Answer):
    """A service that no policy covers, and what nearly applied."""

    claim_id: str | None
    """The request's own number; null: it has none."""
    code: str | None
    """The code of the service (HCPCS)."""
    service_date: date | None
    """The day of service."""
    lines: tuple[int, ...]
    """The numbers of the lines."""
    looked_for: tuple[LookedFor, ...]
    """What a policy was looked for by."""
    near: tuple[str, ...]
    """Sentences on policies that apply to nearly such a service, and what differs."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Outcome(_Answer):
    """The answer on a whole request: a determination for each service that a policy covers."""

    claim_id: str | None
    """The request's own number in its one spelling, as in each determination; null: it has none."""
    as_of: date | None = field(default=None, kw_only=True)
    """The day that the caller filled in as the date of service, since the request gave none."""
    determinations: tuple[Determination, ...]
    """In the order of the services on the request."""
    without_policy: tuple[NoPolicy, ...] = ()
    """The services that no policy covers."""

    schema = OUTCOME_VERSION

    @property
    @after("as_of")
    def decision(
        self,
    ) -> Literal["approve", "deny", "pend", "partial", "void", "not_required", "no_policy"]:
        """Pend while any determination does; what all agree on; else `partial`.

        A service without a policy is not decided here (the procedure beside the drug, say), so it counts
        only where there is nothing else: `no_policy`. So does one that needs no preauthorization.
        """
        decisions = {determination.decision for determination in self.determinations}
        if not decisions:
            return "no_policy"
        if "pend" in decisions:
            return "pend"
        if len(decisions) > 1:
            decisions.discard("not_required")
        return decisions.pop() if len(decisions) == 1 else "partial"

    @property
    def recommended(self) -> Literal["deny"] | None:
        """What a pended request becomes once a clinician confirms; None: something else, or not known."""
        pended = [one for one in self.determinations if one.decision == "pend"]
        others = {one.decision for one in self.determinations} <= {"pend", "deny"}
        return "deny" if pended and others and all(one.recommended for one in pended) else None


def determination_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Determination.to_json`."""
    return schema_of(Determination)


def outcome_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `Outcome.to_json`."""
    return schema_of(Outcome)
