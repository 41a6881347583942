"""The setup file of `payer-policy respond`: what a payer's other systems know and a policy does not.

Names, payments, the payer's own numbers of claims and certifications, and what it has decided about
its remittances. Every problem of the file is told at its line and column.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.core.json_models import validated
from payer_policy.core.json_source import decode_utf8, read_json
from payer_policy.core.ruleset import Reason
from payer_policy.core.vocabulary.types import calendar_date
from payer_policy.formats.review import ReviewRules
from payer_policy.formats.x12.advice import Address, Payer, Payment
from payer_policy.formats.x12.interchange import Envelope
from payer_policy.formats.x12.remittance import Rules
from payer_policy.formats.x12.reviews import Certifying

MAX_BYTES = 20_000_000

_Text = Annotated[str, Field(min_length=1, max_length=256)]
_Date = Annotated[date, BeforeValidator(calendar_date)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PayerSetup(_Part, title="`payer`"):
    """Who pays, as an 835 must say it."""

    name: _Text
    street: _Text
    city: _Text
    state: _Text
    zip: _Text
    telephone: _Text
    """Of the technical contact."""

    def made(self) -> Payer:
        address = Address(self.street, self.city, self.state, self.zip)
        return Payer(self.name, address, self.telephone)


class PaymentSetup(_Part, title="a payment"):
    """One payment to one provider."""

    trace: _Text
    origin: _Text
    day: _Date
    method: Literal["ACH", "BOP", "CHK", "FWT", "NON"] = "NON"
    handling: Literal["C", "D", "H", "I", "P", "U", "X"] = "H"
    bank: tuple[str, ...] = Field(default=(), max_length=11, strict=False)

    def made(self) -> Payment:
        return Payment(self.trace, self.origin, self.day, self.method, self.handling, self.bank)


class PendedSetup(_Part, title="`pended`"):
    """The reason that a pended line is reported with."""

    group: _Text
    carc: _Text
    rarcs: tuple[str, ...] = Field(default=(), max_length=20, strict=False)


class CertificationSetup(_Part, title="a certification"):
    """A certification that a request gets, if it is certified."""

    number: _Text
    valid_from: _Date | None = None
    valid_through: _Date | None = None


class Setup(_Part, title="a setup"):
    """The whole file; `$schema` and comments are not part of it."""

    sender: _Text
    receiver: _Text
    sender_qualifier: _Text = "ZZ"
    receiver_qualifier: _Text = "ZZ"
    usage: Literal["P", "T"] = "P"
    payer: PayerSetup | None = None
    payments: dict[str, PaymentSetup] = Field(default_factory=dict)
    """By the NPI of the billing provider."""
    payer_controls: dict[str, _Text] = Field(default_factory=dict)
    """The payer's number of each claim (CLP07), by claim number."""
    others_as_billed: bool = False
    pended: PendedSetup | None = None
    first: tuple[str, ...] = Field(default=(), strict=False)
    """CARCs in the order in which they take a line's amount."""
    certifications: dict[str, CertificationSetup] = Field(default_factory=dict)
    """By request number."""
    administrative: dict[str, _Text] = Field(default_factory=dict)
    """The payer's number of a request that waits, by request number."""
    reasons: dict[str, _Text] = Field(default_factory=dict)
    """HCR03 by CARC."""

    def envelope(self, at: datetime, control: int) -> Envelope:
        return Envelope(
            self.sender,
            self.receiver,
            at,
            control,
            self.sender_qualifier,
            self.receiver_qualifier,
            usage=self.usage,
        )

    def rules(self, on: date) -> Rules:
        pended = self.pended
        reason = Reason(pended.group, pended.carc, pended.rarcs) if pended is not None else None
        return Rules(on, reason, self.others_as_billed, self.first)

    def certifying(self, request_id: str | None, rules: ReviewRules) -> Certifying:
        """What is known of a request, and by which rules the folder's policies are answered."""
        found = self.certifications.get(request_id or "")
        return Certifying(
            rules,
            found.number if found else None,
            self.administrative.get(request_id or ""),
            found.valid_from if found else None,
            found.valid_through if found else None,
            self.reasons,
        )


def read_setup(data: bytes, file: str) -> Setup:
    """A setup file.

    Raises:
        PolicyError: it cannot be read; it carries every problem.
    """
    if len(data) > MAX_BYTES:
        message = f"the file has {len(data):,} bytes; a setup has at most {MAX_BYTES:,}"
        raise PolicyError([Diagnostic("too-large", message, Location(file))])
    document = read_json(decode_utf8(data, file), file)
    setup, problems = validated(Setup, document)
    if setup is None or problems:
        raise PolicyError(problems)
    return setup
