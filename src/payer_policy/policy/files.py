"""The shape of a policy file. Conditions and expressions stay raw here: `language` types them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from payer_policy.core.vocabulary.calendars import CalendarModel
from payer_policy.core.vocabulary.model import FactModel, RecordModel, UnitModel
from payer_policy.core.vocabulary.types import FactType
from payer_policy.policy.reference.files import Day, FileModel, InForce, Source

KEBAB = r"^[a-z0-9]+(-[a-z0-9]+)*$"

ALL_DAYS = InForce()

RawCondition = Any
RawExpression = Any


def _listed(raw: Any) -> Any:
    return [raw] if isinstance(raw, str) else raw


Bases = Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])]
"""The addresses of the policies that one extends; a single one may be a plain text."""


class Effective(FileModel, title="the dates in force"):
    first_day: Day = Field(alias="from")
    last_day: Day | None = Field(default=None, alias="through")


class ParameterModel(FileModel, title="a parameter"):
    """A named value that rules use, and that an overlay may change."""

    value: Any
    unit: str | None = None
    cites: list[str] = Field(default_factory=list)
    note: str | None = None


class DefinitionModel(FileModel, title="a definition"):
    """A value or a condition with a name, which an overlay may define anew: exactly one of both."""

    value: RawExpression = None
    when: RawCondition = None
    note: str | None = None

    @property
    def kind(self) -> Literal["value", "when"] | None:
        """Which of both it is; None: neither, or both."""
        given = self.model_fields_set & {"value", "when"}
        return None if len(given) != 1 else "when" if "when" in given else "value"


class ColumnModel(FileModel, title="a column of a table"):
    """The type of what a table gives."""

    type: Literal["boolean", "integer", "decimal", "date", "code", "choice"]
    unit: str | None = None
    values: list[str] = Field(default_factory=list)
    system: str | None = None
    note: str | None = None

    def fact_type(self) -> FactType:
        """The declared type."""
        return FactType(self.type, self.unit, tuple(self.values), False, self.system)


class TableModel(FileModel, title="a table"):
    """Values by keys. An overlay that gives rows only changes rows of its base's table by id."""

    by: list[str] | None = None
    gives: dict[str, ColumnModel] | None = None
    rows: list[Any] = Field(default_factory=list)
    otherwise: Any = None
    cites: list[str] = Field(default_factory=list)
    note: str | None = None


class ReasonModel(FileModel, title="a set of reason codes"):
    group: str | None = None
    carc: str | None = None
    rarc: list[str] = Field(default_factory=list)


class FindingModel(ReasonModel, title="a finding"):
    because: str = Field(min_length=1)
    on: str = "service"


class ReduceModel(FindingModel, title="a reduction"):
    to: RawExpression


class DenyModel(FindingModel, title="a denial"):
    review: Literal["clinician"] | None = None
    """Who must confirm the denial before it is one."""
    disposition: Literal["return", "packaged"] | None = None
    """`return`: cured by a new claim; `packaged`: the payment lies in another line."""


class AdviseModel(FindingModel, title="advice"):
    follow_up: bool = False
    """Whether it is to be reviewed after payment."""


class QuantityPerModel(FileModel, title="a quantity per period"):
    quantity: RawExpression
    every: dict[Literal["days", "weeks", "months"], RawExpression] = Field(
        min_length=1, max_length=1
    )


class CertifyModel(FindingModel, title="what is certified"):
    """What an approval of a preauthorization certifies; what is left out, as asked."""

    on: Literal["service"] = "service"
    codes: RawExpression = None
    quantity: RawExpression = None
    quantity_per: QuantityPerModel | None = None
    first_day: RawExpression = Field(default=None, alias="from")
    last_day: RawExpression = Field(default=None, alias="through")
    length: dict[Literal["days", "weeks", "months", "years"], RawExpression] | None = Field(
        default=None, alias="for", min_length=1, max_length=1
    )
    review: Literal["clinician"] | None = None


class EffectModel(FileModel, title="what a rule does (`then`)"):
    """Exactly one of these."""

    conclude: dict[str, Any] | None = None
    deny: DenyModel | None = None
    pend: FindingModel | None = None
    reduce: ReduceModel | None = None
    certify: CertifyModel | None = None
    advise: AdviseModel | None = None


class RuleModel(FileModel, title="a rule"):
    id: str = Field(pattern=KEBAB)
    title: str = Field(min_length=1)
    section: str | None = None
    cites: list[str] = Field(default_factory=list)
    when: RawCondition
    then: EffectModel
    overrides: list[str] = Field(default_factory=list)
    in_force: InForce | None = None
    replaces: bool = False
    if_unknown: Literal["pend", "assume_not_holding"] = "pend"
    note: str | None = None

    @property
    def days(self) -> InForce:
        """The days in force that the rule gives for itself, which may be all days."""
        return self.in_force or ALL_DAYS


class PolicyFile(FileModel, title="a policy"):
    """`policies/<payer>/<policy>/<first day in force>.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    title: str | None = Field(default=None, min_length=1)
    """None only where it continues another version, whose title it then has."""
    effective: Effective
    abstract: bool | None = None
    """Whether it is a module, which decides nothing by itself; None: as what it continues."""
    continues: bool = False
    """Whether it takes over the text of the version before it."""
    extends: Bases = Field(default_factory=list)
    applies_to: RawCondition = None
    references: dict[str, Source] = Field(default_factory=dict)
    units: dict[str, UnitModel] = Field(default_factory=dict)
    parameters: dict[str, ParameterModel] = Field(default_factory=dict)
    define: dict[str, DefinitionModel] = Field(default_factory=dict)
    tables: dict[str, TableModel] = Field(default_factory=dict)
    information_request: ReasonModel | None = None
    sections: list[str] = Field(default_factory=list)
    silences: list[str] = Field(default_factory=list)
    spans: Literal["pend", "first-day", "per-diem"] | None = None
    """How a claim line over several days is decided; `pend` where nothing in the chain says it."""
    facts: dict[str, FactModel] = Field(default_factory=dict)
    """Facts of this policy and of those that extend it; their names begin with its own."""
    roles: dict[str, str] = Field(default_factory=dict)
    """Its example for each role that scenarios of its modules start from."""
    records: dict[str, RecordModel] = Field(default_factory=dict)
    """Types of records of this policy and of those that extend it, named as its facts are."""
    ask_first: list[str] = Field(default_factory=list)
    """Facts that are asked before others, in this order."""
    calendars: dict[str, CalendarModel] = Field(default_factory=dict)
    """Holiday calendars of this policy and of those that extend it, instead of or beside the folder's."""
    acknowledges: dict[str, str] = Field(default_factory=dict)
    withdraws: list[str] | dict[str, str] = Field(default_factory=list)
    """Rules by id, `section:…`, `statement:…`, `scenario:…`; as an object, each with the reason."""
    rules: list[RuleModel] = Field(default_factory=list)
    note: str | None = None
