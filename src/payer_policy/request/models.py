"""The request: one claim or one preauthorization request, as every intake hands it over.

None always means "not known". What is known to be absent is written: `modifiers: []`,
`authorizations: []`. Codes are in their one spelling and numbers exact from here on.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.core.json_models import problems
from payer_policy.core.json_source import MAX_ELEMENTS, JsonDocument
from payer_policy.core.vocabulary.codes import normalize_code, of_another_system
from payer_policy.core.vocabulary.types import (
    MAX_TEXT,
    AmbiguousCode,
    ValueProblem,
    calendar_date,
    code_of,
    exact_number,
    moment,
    shown,
)

MAX_PAYERS = 20
"""An 837 names at most ten other payers."""

MAX_LINES = 999
"""An institutional claim has at most 999 service lines; more is not a claim."""

IS_GLUED = "is a separator missing?"
"""What to ask of a text that is no code and no modifier: it may be several of them."""

_UNREADABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def _readable(text: str) -> str:
    if found := _UNREADABLE.search(text):
        raise ValueProblem(
            "wrong-value",
            f"contains a control character or half a character (U+{ord(found.group()):04X})",
        )
    return text


def _one_line(raw: object) -> object:
    return _readable(" ".join(raw.split())) if isinstance(raw, str) else raw


def _spelled(system: str) -> BeforeValidator:
    def spell(raw: object) -> object:
        if not isinstance(raw, str):
            return raw  # the model says what is wrong with it
        if system == "hcpcs" and of_another_system(other := normalize_code(system, raw)):
            return _readable(other)  # which no policy can name
        try:
            return _readable(code_of(system, raw))
        except AmbiguousCode:
            return normalize_code(system, raw)  # no product has it; who reads the file says so
        except ValueProblem as problem:
            if system in ("hcpcs", "modifier") and problem.hint is None:
                raise ValueProblem(problem.code, problem.message, IS_GLUED) from None
            raise

    return BeforeValidator(spell)


def quantity(raw: object) -> int | Decimal:
    number = exact_number(raw)
    if number < 0:  # a negative line would quietly lower the sum of the others
        raise ValueProblem("wrong-value", f"found {shown(raw)}; a number of 0 or more was expected")
    return number


_Short = Annotated[str, Field(max_length=MAX_TEXT)]
Hcpcs = Annotated[_Short, _spelled("hcpcs")]
Icd10 = Annotated[_Short, _spelled("icd10cm")]
Ndc = Annotated[_Short, _spelled("ndc")]
"""11 digits; ten, where the text could be three NDCs: such a one is of no product."""
Modifier = Annotated[_Short, _spelled("modifier")]
PlaceOfService = Annotated[_Short, _spelled("place_of_service")]
Npi = Annotated[_Short, _spelled("npi")]
Tin = Annotated[_Short, _spelled("tin")]
Taxonomy = Annotated[_Short, _spelled("taxonomy")]
Revenue = Annotated[_Short, _spelled("revenue")]
Identifier = Annotated[_Short, _spelled("identifier")]
Quantity = Annotated[int | Decimal, BeforeValidator(quantity)]
Group = Literal["CO", "CR", "OA", "PI", "PR"]
"""Claim adjustment group codes."""
Amount = Annotated[int | Decimal, BeforeValidator(exact_number)]
"""An amount of money that may be below 0."""
Number = Annotated[int, Field(ge=1, le=99999)]
Pointer = Annotated[int, Field(ge=1, le=99, strict=True)]
Date = Annotated[date, BeforeValidator(calendar_date)]
Moment = Annotated[
    _Short, BeforeValidator(moment), Field(json_schema_extra={"format": "date-time"})
]
"""A text, since the day depends on the offset, and two times with different ones can be equal."""
Description = Annotated[str, Field(max_length=1000), BeforeValidator(_one_line)]
SPELLED: Final[tuple[tuple[Any, str], ...]] = (
    (Hcpcs, "hcpcs"),
    (Icd10, "icd10cm"),
    (Ndc, "ndc"),
    (Modifier, "modifier"),
    (PlaceOfService, "place_of_service"),
    (Npi, "npi"),
    (Tin, "tin"),
    (Taxonomy, "taxonomy"),
    (Revenue, "revenue"),
    (Identifier, "identifier"),
)
"""The types of codes, each with the system that spells it."""


def _first_paragraph(schema: dict[str, Any]) -> None:
    """Leave out of a JSON Schema what a docstring says to those who write Python."""
    if "description" in schema:
        schema["description"] = schema["description"].partition("\n\n")[0]


if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass

    class _Refusing(ModelMetaclass): ...
else:

    class _Refusing(type(BaseModel)):
        """Classes whose constructor refuses bad values with a `PolicyError`.

        In the metaclass, since an `__init__` would also run for every part that pydantic makes, and
        those who read files need pydantic's error to point at the place in the file.
        """

        def __call__(cls, *values, **fields):
            try:
                if not values:
                    return super().__call__(**fields)
            except ValidationError as error:
                name = cls.__name__.lower()
                document = JsonDocument("", name, fields)
                found = problems(error, document, model=cls)
                # Values in a program have a path, but no line and no column.
                places = [Location(name, one.location.path) for one in found]
                refused = [
                    Diagnostic(one.code, one.message, place, one.hint)
                    for one, place in zip(found, places, strict=True)
                ]
            else:
                message = (
                    f"`{cls.__name__}` takes its fields by name, such as `{cls.__name__}(…=…)`"
                )
                hint = "read a mapping with `request_from_mapping`"
                refused = [Diagnostic("wrong-type", message, Location(cls.__name__.lower()), hint)]
            raise PolicyError(refused)


class _Part(BaseModel, metaclass=_Refusing):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        arbitrary_types_allowed=False,
        json_schema_extra=_first_paragraph,
    )


class Coverage(_Part, title="`coverage`"):
    """Who is asked to pay, and under which plan."""

    payer: Identifier | None = None
    """The payer's folder name under `policies/`, or an identifier that its `payer.json` lists."""
    payer_name: Identifier | None = None
    """The payer's name for people, where `payer` is an identifier."""
    line_of_business: Identifier | None = None
    """`medicare`, `medicare_advantage`, `medicaid`, `commercial`, …"""
    plan: Identifier | None = None
    """The plan's identifier, such as the payer's contract or product number."""
    member_id: Identifier | None = None
    """The member's number at the payer. Member data."""


class Patient(_Part, title="`patient`"):
    """The person whom a request is about, as far as rules read it."""

    birth_date: Date | None = None
    """The day of birth. Member data."""


class Provider(_Part, title="`provider`"):
    """Who bills and who treated."""

    billing_npi: Npi | None = None
    """Who bills (NPI, 10 digits)."""
    rendering_npi: Npi | None = None
    """Who treated (NPI, 10 digits)."""
    billing_tin: Tin | None = None
    """The tax number (TIN, 9 digits) of who bills."""
    billing_specialty: Taxonomy | None = None
    """What who bills does, as a taxonomy code (10 characters)."""
    rendering_specialty: Taxonomy | None = None
    """What who treated does, as a taxonomy code (10 characters)."""


class Line(_Part, title="a line"):
    """One service line. `modifiers` is a set: their order means nothing, absence means none."""

    number: Number | None = None
    """The line's number on the claim; given its position where left out."""
    code: Hcpcs | None
    """Null on an institutional line that has a revenue code and no procedure code."""
    modifiers: frozenset[Modifier] = Field(default=frozenset(), strict=False)
    """HCPCS modifiers such as `JZ`: a set, in any order; an empty one says that there are none."""
    units: Quantity | None = None
    """Billing units of the code (HCPCS), never milligrams or milliliters."""
    date: Date | None = None
    """The day of service, or the first where the line has a range."""
    through: Date | None = None
    """The last day of service where the line has a range; the same day where left out."""
    place_of_service: PlaceOfService | None = None
    """Two digits; the claim's own where left out."""
    revenue_code: Revenue | None = None
    """Four digits, on institutional claims."""
    ndc: Ndc | None = None
    """The product (NDC, 11 digits; ten with hyphens are read)."""
    ndc_quantity: Quantity | None = None
    """How much of the product, in `ndc_unit`; exact, 0 or more."""
    ndc_unit: Modifier | None = None
    """`ML`, `UN`, `GR`, `F2` or `ME`."""
    charge: Quantity | None = None
    """What is billed for the line, in dollars; exact."""
    diagnosis_pointers: tuple[Pointer, ...] | None = Field(
        default=None, max_length=99, strict=False
    )
    """Positions in the claim's diagnoses, from 1."""
    description: Description | None = None
    """Free text of the line, for codes that are not specific; at most 1,000 characters."""
    authorization_number: Identifier | None = None
    """The authorization that this line names; the claim's own where left out."""
    facts: dict[str, Any] = Field(default_factory=dict)
    """Facts about the line's service, by their name in the vocabulary."""
    records: dict[str, Any] = Field(default_factory=dict)
    """Records of the line's service, by the name of their type: rows, or an object with `rows`."""


class Authorization(_Part, title="an authorization"):
    """A preauthorization on the payer's file. Fields left out are not known."""

    number: Identifier | None = None
    """The payer's number of it; compared with the one on the claim."""
    status: Literal["approved", "pending", "refused", "cancelled"] | None = None
    """None where the file does not say."""
    payer: Identifier | None = None
    """Who gave it: a folder name or an identifier of the payer."""
    plan: Identifier | None = None
    """The member's plan that it is for."""
    member_id: Identifier | None = None
    """The member's number at the payer."""
    provider_npi: Npi | None = None
    """The provider that it was given to (NPI, 10 digits)."""
    codes: frozenset[Hcpcs] | None = Field(default=None, strict=False)
    """HCPCS codes that it covers; None: not known."""
    valid_from: Date | None = None
    """The first day of service that it covers."""
    valid_through: Date | None = None
    """The last day of service that it covers."""
    units: Quantity | None = None
    """Billing units of the codes that it covers in all, never milligrams."""
    units_used: Quantity | None = None
    """Units that other claims have already used of it; this claim's are not among them."""
    requested_on: Date | None = None
    """The day that it was asked for."""


class PriorLine(_Part, title="a line of the history"):
    """A line of an earlier claim of the same member, for duplicates and daily limits."""

    claim_id: Identifier
    """The number of the earlier claim."""
    code: Hcpcs
    """Its HCPCS code."""
    date: Date | None = None
    """Its day of service."""
    modifiers: frozenset[Modifier] = Field(default=frozenset(), strict=False)
    """Its HCPCS modifiers; an empty set says that there are none."""
    units: Quantity | None = None
    """Billing units of its code."""
    charge: Quantity | None = None
    """What was billed for it, in dollars; exact."""
    billing_npi: Npi | None = None
    """Who billed it (NPI, 10 digits)."""
    void: bool = False
    """Whether that claim was voided since; a voided line counts for nothing."""
    paid_units: Quantity | None = None
    """Billing units that were paid; 0 where none was."""
    ndc: Ndc | None = None
    """The product (NDC, 11 digits; ten with hyphens are read)."""
    rendering_npi: Npi | None = None
    """Who treated (NPI, 10 digits)."""
    billing_tin: Tin | None = None
    """The tax number of who billed."""
    payer: Identifier | None = None
    """Who was asked to pay: a folder name or an identifier of the payer."""
    status: Literal["paid", "denied", "pending"] | None = None
    """What became of it; None: not known."""
    replaced_by: Identifier | None = None
    """The claim that replaced its claim since; a replaced line counts for nothing."""


class History(_Part, title="the history"):
    """Lines of earlier claims, with how much of them is there.

    Without `complete` and `complete_from` they are all there are.
    """

    rows: Annotated[tuple[PriorLine, ...], Field(max_length=MAX_ELEMENTS, strict=False)]
    """The lines."""
    complete: bool | None = None
    """False: there may be more, of any day."""
    complete_from: Date | None = None
    """The first day from which on the lines are all there are; before it there may be more."""


class Confirmation(_Part, title="a confirmation"):
    """A clinician's confirmation that a rule of the policy denies, as it found."""

    rule: Identifier
    """The id of the rule."""
    by: Identifier
    """Who confirmed it: a name or a number, with credentials."""
    on: Date
    """The day that it was confirmed."""


class Adjustment(_Part, title="an adjustment"):
    """Why another payer paid less than was billed."""

    group: Group | None = None
    """Who bears it: the claim adjustment group code."""
    carc: Identifier
    """The claim adjustment reason code."""
    amount: Amount | None = None
    """What was taken off, in dollars; exact, below 0 where something was added."""
    line: Number | None = None
    """The line of this claim that it is about; the whole claim where left out."""


class OtherPayer(_Part, title="another payer"):
    """A payer before or after this one, and what it decided of this claim."""

    rank: Literal["primary", "secondary", "tertiary"] | None = None
    """Its place in the order of payers; None: not known, or after the third."""
    payer: Identifier | None = None
    """Its identifier."""
    payer_name: Identifier | None = None
    """Its name for people."""
    paid: Quantity | None = None
    """What it paid for the claim, in dollars; exact."""
    denied: Quantity | None = None
    """What it did not cover of the claim, in dollars; exact."""
    adjustments: tuple[Adjustment, ...] | None = Field(
        default=None, max_length=MAX_ELEMENTS, strict=False
    )
    """Why it paid less; an empty list says that it took nothing off."""
    remitted_on: Date | None = None
    """The day of its remittance or decision."""

    @property
    def carcs(self) -> frozenset[str] | None:
        """The claim adjustment reason codes of all adjustments."""
        return None if self.adjustments is None else frozenset(one.carc for one in self.adjustments)


class EligibilitySpan(_Part, title="a span of eligibility"):
    """Days on which the member was in a facility, in a program or in a plan, as the payer knows it."""

    kind: Literal["inpatient", "part-a-snf", "hospice", "home-health", "esrd", "plan-membership"]
    """What the member was in: a hospital, a skilled nursing facility under Part A, hospice, home health,
    the program for end-stage renal disease, or a plan."""
    first_day: Date | None = None
    """The first day."""
    last_day: Date | None = None
    """The last day, which counts too."""
    ongoing: bool | None = None
    """Whether it had not ended when it was looked up, so that there is no last day."""
    number: Identifier | None = None
    """The facility's or the plan's number."""
    name: Identifier | None = None
    """The facility's or the plan's name."""


class Request(_Part, title="a request"):
    """One claim, or one preauthorization request, with what is known around it.

    `request_from_mapping` makes one of a mapping, `read_requests` of a file, and `Engine.decide` takes
    either. The constructor refuses bad values with a `PolicyError` that carries every problem. What it
    inherits from pydantic (`model_validate`, …) raises pydantic's `ValidationError`.
    """

    kind: Literal["claim", "preauthorization"] = "claim"
    """A claim for what was done, or a question beforehand."""
    id: Identifier | None = None
    """The claim number (CLM01) or the request's own number."""
    frequency: Literal["1", "7", "8"] = "1"
    """1 original, 7 replacement, 8 void (CLM05-3)."""
    original_id: Identifier | None = None
    """The number of the claim that this one replaces or voids."""
    received: Date | None = None
    """The day that the payer received it; that of `received_at` where left out."""
    received_at: Moment | None = None
    """When the payer received it, with the payer's UTC offset, such as 2025-03-05T14:30:00-05:00."""
    expedited: bool | None = None
    """Whether an answer is asked for sooner than usual, since waiting could do harm."""
    bill_type: Identifier | None = None
    """The type of bill of an institutional claim (CLM05)."""
    place_of_service: PlaceOfService | None = None
    """Two digits; a line's own goes before it."""
    coverage: Coverage = Coverage()
    """Who is asked to pay."""
    patient: Patient = Patient()
    """Whom it is about."""
    provider: Provider = Provider()
    """Who bills and who treated."""
    diagnoses: tuple[Icd10, ...] | None = Field(default=None, strict=False)
    """ICD-10-CM codes in the order of the claim, the first one first; an empty list says that there
    are none."""
    authorization_number: Identifier | None = None
    """The authorization that the claim names; a line's own goes before it."""
    description: Description | None = None
    """Free text of the whole claim or request; at most 1,000 characters."""
    lines: tuple[Line, ...] = Field(default=(), max_length=MAX_LINES, strict=False)
    """At most 999; those without a number are numbered by position."""
    authorizations: tuple[Authorization, ...] | None = Field(
        default=None, max_length=1000, strict=False
    )
    """Preauthorizations on the payer's file; an empty list says that there are none."""
    history: (
        Annotated[tuple[PriorLine, ...], Field(max_length=MAX_ELEMENTS, strict=False)]
        | History
        | None
    ) = None
    """Lines of the member's earlier claims; an empty list says that there are none. An object with
    `rows` says from which day on the list is complete."""
    records: dict[str, Any] = Field(default_factory=dict)
    """Records about the member by the name of their type: rows, or an object with `rows`."""
    confirmations: tuple[Confirmation, ...] = Field(default=(), max_length=100, strict=False)
    """Denials that a clinician has confirmed; until then such a denial is a recommendation."""
    other_payers: tuple[OtherPayer, ...] | None = Field(
        default=None, max_length=MAX_PAYERS, strict=False
    )
    """Other payers that the claim names; an empty list says that it names none."""
    eligibility: tuple[EligibilitySpan, ...] | None = Field(
        default=None, max_length=1000, strict=False
    )
    """The member's spans of eligibility on file; an empty list says that there are none."""
    facts: dict[str, Any] = Field(default_factory=dict)
    """Facts by their name in the vocabulary, for what no claim form carries. Facts about a service
    are given here only where one service can be meant, else in the `facts` of its lines."""

    @property
    def received_on(self) -> date | None:
        """The day that the payer received it, whether it is given alone or with the time."""
        return self.received or day_of_moment(self.received_at)


def day_of_moment(moment: str | None) -> date | None:
    """The day of a `Moment`, at its own offset."""
    return None if moment is None else date.fromisoformat(moment[:10])
