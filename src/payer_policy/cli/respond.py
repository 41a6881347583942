"""`payer-policy respond`: X12 in, X12 out: 835s for the claims of a file, 278s for its requests."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final

import click

from payer_policy.cli import options
from payer_policy.cli.deciding import with_facts
from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.determination import Outcome
from payer_policy.engine import Engine
from payer_policy.formats import X12Loop, form_of, intake_x12, x12, x12_text
from payer_policy.formats.answer import Answer, answer
from payer_policy.formats.intake import remark_duplicates
from payer_policy.formats.known import JSON, JSON_LINES, X12
from payer_policy.formats.review import ReviewRules
from payer_policy.formats.x12.answering import about_claim, payee_of
from payer_policy.formats.x12.claim_loops import ClaimLoop
from payer_policy.formats.x12.file import x12_loops
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.formats.x12.setup import Setup, read_setup

_TIMES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]


@click.command("respond")
@click.argument("file")
@click.option(
    "--setup",
    "setup_path",
    required=True,
    help="A JSON file: sender, receiver, payer, payments, the payer's numbers (see docs/x12.md).",
)
@click.option(
    "--control",
    type=click.IntRange(1, 999_999_999),
    required=True,
    help="The control number of the first interchange; the next ones count up from it.",
)
@click.option(
    "--at",
    type=click.DateTime(_TIMES),
    required=True,
    help="The date and time to write, such as 2025-12-01T09:30.",
)
@options.facts
@options.policies
@options.engine()
def command(
    file: str,
    setup_path: str,
    control: int,
    at: datetime,
    facts: str | None,
    folder: Path,
    engine: str | None,
) -> None:
    """Decide every claim and request of FILE (X12 837, 278, or - for stdin), and print the answers.

    Claims are answered by an 835 for each billing provider, requests by 278 responses in one
    interchange. What cannot be answered is reported on standard error, with what to do about it. Exit
    status 0: everything is approved; 1: something is denied, pended or without a policy; 2: some
    input was wrong (the rest is answered).
    """
    setup = read_setup(options.read_bytes(setup_path), setup_path)
    opened = options.open_engine(folder, engine)
    run = _Run(setup, opened, at, control)
    run.take(_decided(opened, file, facts))
    for one in run.texts():
        run.report(one.problems)
        click.echo(one.text, nl=False)
    sys.exit(2 if run.wrong else 1 if run.bad_news else 0)


def _decided(
    engine: Engine, path: str, facts: str | None
) -> Iterator[tuple[X12Loop | Diagnostic | None, Answer]]:
    """Every claim and request of a file as segments, with its answer."""
    data = options.read_bytes(path)
    name = options.file_name(path)
    form = form_of(data[:4096], name)
    if isinstance(form, Diagnostic):
        yield None, Answer(None, None, (), (), (form,))
        return
    if form is not X12:
        what = "JSON" if form in (JSON, JSON_LINES) else form.name
        raise click.UsageError(
            f"{name}: this is {what}; `respond` answers X12 files (for JSON: payer-policy decide)"
        )
    text = x12_text(BytesIO(data.lstrip(b"\xef\xbb\xbf \t\r\n\x00\x1a")))
    parts = list(x12_loops(text, name))
    intakes = remark_duplicates(intake_x12(part, name) for part in parts)
    read = [intake.request is not None for intake in intakes]
    intakes, stray = with_facts(intakes, facts)
    if stray:
        yield None, Answer(None, None, (), (), stray)
    for part, intake, readable in zip(parts, intakes, read, strict=True):
        one = answer(engine, intake)
        # If the request itself could be read, the problem is not the requester's, so there is no X12
        # response.
        internal = readable and one.request is None and isinstance(part, ReviewLoop)
        yield None if internal else part, one


@dataclass
class _Run:
    """The responses to write, and the exit status."""

    setup: Setup
    engine: Engine
    at: datetime
    control: int
    payments: dict[x12.Payee, list[x12.ClaimPayment]] = field(default_factory=dict)
    reviews: list[tuple[ReviewLoop, x12.Review]] = field(default_factory=list)
    wrong: bool = False
    bad_news: bool = False

    @cached_property
    def review_rules(self) -> ReviewRules:
        return ReviewRules.of(self.engine.library)

    def take(self, found: Iterator[tuple[X12Loop | Diagnostic | None, Answer]]) -> None:
        answered = list(found)
        uses = Counter(
            (self._control_key(one, payee_of(part)), one.request.frequency)
            for part, one in answered
            if isinstance(part, ClaimLoop) and one.request is not None
        )
        for part, one in answered:
            self.wrong = self.wrong or one.refused
            options.print_problems(one.problems)
            if isinstance(part, ReviewLoop):
                self._request(part, one)
            elif one.request is not None and part is not None and not isinstance(part, Diagnostic):
                self._outcome(one)
                payee = payee_of(part)
                key = self._control_key(one, payee)
                shared = uses[key, one.request.frequency] > 1
                control = None if shared else self.setup.payer_controls.get(key)
                missing = list(self._missing(one.claim_id, payee, control, shared))
                if missing or payee is None or control is None:
                    self.wrong = True
                    self.report(missing)
                    continue
                made = x12.remit(
                    one.request,
                    self._outcome(one).to_json(),
                    about_claim(part, control),
                    self.setup.rules(self.at.date()),
                    self.engine.library.reference.reason_codes,
                )
                self.report(made.problems)
                if made.payment is None:
                    self.bad_news = True
                else:
                    self.payments.setdefault(payee, []).append(made.payment)

    def _request(self, part: ReviewLoop, one: Answer) -> None:
        if one.request is None:
            answered = x12.rejected(one.claim_id or "", one.problems)
        else:
            outcome = self._outcome(one).to_json()
            made = x12.review(
                one.request, outcome, self.setup.certifying(one.claim_id, self.review_rules)
            )
            self.report(made.problems)
            if made.review is None:
                self.bad_news = True
                return
            answered = made.review
        self.reviews.append((part, answered))

    def _outcome(self, one: Answer) -> Outcome:
        self.bad_news = self.bad_news or one.outcome.decision != "approve"
        return one.outcome

    def _control_key(self, one: Answer, payee: x12.Payee | None) -> str:
        """The key of a claim's payer number in the setup: the claim number, or with the billing
        provider's NPI, where claims share a number."""
        own = f"{one.claim_id} @{payee.npi}" if payee is not None else ""
        return own if own in self.setup.payer_controls else one.claim_id or ""

    def _missing(
        self, claim_id: str | None, payee: x12.Payee | None, control: str | None, shared: bool
    ) -> Iterator[Diagnostic]:
        """What is missing in the setup for the 835 of a claim."""
        about = Location(f"claim {claim_id}")

        def lacks(message: str, hint: str) -> Diagnostic:
            return Diagnostic("setup-incomplete", message, about, hint)

        if self.setup.payer is None:
            yield lacks("the setup does not name the payer", 'add "payer": …')
        if payee is None:
            message = "the claim has no NPI of its billing provider (NM1*85)"
            yield lacks(message, "an 835 pays a provider with an NPI")
        elif payee.npi not in self.setup.payments:
            message = f"the setup has no payment to the billing provider {payee.npi}"
            yield lacks(message, f'add "payments": {{"{payee.npi}": …}}')
        if shared:
            message = "several claims of the file share its number, and so a payer's number (CLP07)"
            npi = "NPI" if payee is None else payee.npi
            yield lacks(message, f'add "payer_controls": {{"{claim_id} @{npi}": …}}')
        elif control is None:
            message = "the setup has no payer's number for the claim (CLP07)"
            yield lacks(message, f'add "payer_controls": {{"{claim_id}": …}}')

    def texts(self) -> Iterator[x12.Written]:
        """An interchange for each payee, then one for all requests."""
        control = self.control
        payer = self.setup.payer
        for payee, claims in self.payments.items():
            assert payer is not None  # otherwise no claim came so far
            payment = self.setup.payments[payee.npi].made()
            envelope = self.setup.envelope(self.at, control)
            yield x12.advice(envelope, payment, payer.made(), payee, self.at.date(), claims)
            control += 1
        if self.reviews:
            yield x12.response(self.setup.envelope(self.at, control), self.reviews)

    def report(self, problems: Sequence[Diagnostic]) -> None:
        options.print_problems(problems)
        self.wrong = self.wrong or any(problem.code in _UNWRITABLE for problem in problems)


_UNWRITABLE: Final = ("unwritable", "setup-incomplete", "broken-hierarchy")
