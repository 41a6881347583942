"""The shapes of the reference files under `policies/`, as an editor's JSON Schema offers them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from payer_policy.core.vocabulary.types import calendar_date
from payer_policy.policy.days import Period

Day = Annotated[date, BeforeValidator(calendar_date)]
Amount = Annotated[int | Decimal, Field(gt=0)]


class FileModel(BaseModel):
    """A part of a file: nothing unknown in it, nothing converted behind the author's back."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Source(FileModel, title="a source"):
    title: str = Field(min_length=1)
    href: str | None = None
    note: str | None = None


class InForce(FileModel, Period, title="a rule's dates in force"):
    first_day: Day | None = Field(default=None, alias="from")
    last_day: Day | None = Field(default=None, alias="through")


class Entry(InForce):
    """Something with first and last days in force; both included, None: open."""

    note: str | None = None


class ListedCode(Entry, title="a listed code"):
    code: str = Field(min_length=1)
    title: str | None = None


class CodeSetFile(FileModel, title="a code set"):
    """`policies/code_sets/<name>.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    title: str = Field(min_length=1)
    system: str
    source: Source
    reviewed_on: Day
    note: str | None = None
    categories: bool = False
    """Whether its codes are categories, which no claim can carry: where a rule, a table or a code set
    names one, the codes below it are meant."""
    codes: list[ListedCode] = Field(min_length=1)


class ReasonCodeEntry(Entry, title="a reason code"):
    code: str = Field(min_length=1)
    means: str = Field(min_length=1)
    deactivated: bool = False
    needs_rarc: bool = False
    alert: bool = False
    only_group: str | None = None
    rests_on: Literal["information"] | None = None
    """What a denial with this CARC rests on, where it is a clinician's to confirm, or where what was
    sent is lacking."""


class ReasonCodesFile(FileModel, title="a list of reason codes"):
    """`policies/reason_codes/{carc,rarc,group}.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    title: str = Field(min_length=1)
    system: Literal["carc", "rarc", "group"]
    source: Source
    reviewed_on: Day
    note: str | None = None
    codes: list[ReasonCodeEntry] = Field(min_length=1)


class AmountModel(FileModel, title="an amount of a drug"):
    amount: Amount
    unit: str = Field(min_length=1)
    """A UCUM code. Units of activity, such as `[U]`, are those of the file's `ingredient`."""


class Identity(Entry, title="what a source says of a code"):
    source: Literal["client material", "official"]
    says: str = Field(min_length=1)
    ingredient: str | None = None
    reference: Source | None = None


class AttributeValue(Entry, title="a dated value"):
    value: Any
    source: str | None = None


class DrugFile(FileModel, title="a drug"):
    """`policies/drugs/<CODE>.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    code: str = Field(min_length=1)
    title: str = Field(min_length=1)
    ingredient: str | None = None
    billing_unit: AmountModel | None = None
    identities: list[Identity] = Field(default_factory=list)
    attributes: dict[str, list[AttributeValue]] = Field(default_factory=dict)
    note: str | None = None


class ProductEntry(Entry, title="a product"):
    ndc: str = Field(min_length=1)
    name: str
    labeler: str | None = None
    codes: list[str]
    ingredient: str | None = None
    route: str | None = None
    mcg_per_ml: Amount | None = None
    volume_ml: Amount | None = None
    total_mcg: Amount | None = None
    strength: AmountModel | None = None
    """How much drug is in one milliliter, such as 5 mg/mL; in place of `mcg_per_ml`."""
    total: AmountModel | None = None
    """How much drug is in one container, of any dimension; in place of `total_mcg`."""
    container: str | None = None
    single_dose: bool | None = None
    synthetic: bool = False


class ProductsFile(FileModel, title="a list of products"):
    """`policies/products/<name>.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    title: str = Field(min_length=1)
    source: Source | list[Source]
    reviewed_on: Day
    note: str | None = None
    products: list[ProductEntry] = Field(min_length=1)


class PayerFile(FileModel, title="a payer"):
    """`policies/<payer>/payer.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    name: str = Field(min_length=1)
    synthetic: bool = False
    identifiers: list[str] = Field(default_factory=list)
    lines_of_business: list[str] = Field(default_factory=list)
    recognized_by_line_of_business: bool = False
    note: str | None = None
