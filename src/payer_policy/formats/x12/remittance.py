"""A stored answer to the claim part of an 835: which reason takes how much from which line.

Nothing is priced here. A line is paid at its charge, less what the determination denied or reduced,
so that charge less adjustments is what is paid, to the cent (the balancing rule of guide 005010X221).
Add the contract's own adjustments to what this gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal

from payer_policy.core.diagnostics import Diagnostic, Location, Severity
from payer_policy.core.ruleset import Reason
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.x12.model import (
    NOBODY,
    Adjustment,
    ClaimPayment,
    Name,
    Number,
    ServicePayment,
)
from payer_policy.formats.x12.outcomes import (
    SEVERITY,
    decimal_of,
    exactly,
    fraction,
    outcome_problems,
    share_of,
)
from payer_policy.formats.x12.reasons import NO_APPEAL, of_claim, reason_problems
from payer_policy.policy.reference.data import ReasonCode
from payer_policy.request.checking import numbered
from payer_policy.request.models import Line, Request

MOST_REMARKS: Final = 5
"""MIA and MOA hold five remark codes each."""

_MOST_MODIFIERS: Final = 4
_CENT: Final = Decimal("0.01")
_INPATIENT: Final = frozenset({"11", "18", "21", "41"})
"""Bill types (facility and classification) of inpatient stays under Part A, and of swing beds."""

_FILING: Final = {
    "auto": "AM",
    "medicaid": "MC",
    "medicare_advantage": "16",
    "tricare": "CH",
    "veterans": "VA",
    "workers_compensation": "WC",
}
"""CLP06 where a line of business has one; the others have several, and `ZZ` stands for not known."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the payer has decided about its remittances; each default refuses rather than guesses."""

    on: date
    """The day of production (DTM*405): reason codes must be in force on it."""
    pended: Reason | None = None
    """The reason that a pended line is reported with. None: a claim with a pended line gets no 835.
    Such a line needs a reversal later (CLP02 22), when it is decided."""
    others_as_billed: bool = False
    """Whether a line that no policy decides is reported as paid at its charge. Otherwise a claim
    with such a line gets no 835, since it was not decided here."""
    precedence: tuple[str, ...] = ()
    """CARCs in order: of several reasons for one line, the first listed takes the amount. Without
    it, the first finding of the determination (by rule id) does."""


@dataclass(frozen=True, slots=True)
class About:
    """What an 835 says of a claim that neither the request nor the determination knows."""

    payer_control: str
    """CLP07, the payer's number of the claim."""
    status: str = "1"
    """CLP02: 1, 2 or 3 as this payer is primary, secondary or tertiary; a denial changes it not."""
    filing: str | None = None
    """CLP06; None: by the line of business where that has one code, else ZZ."""
    patient: Name = NOBODY
    """The patient, as the claim names them."""
    controls: Mapping[int, str] = field(default_factory=dict)
    """REF*6R by line number, as the claim gave it."""
    others_paid: Decimal | None = Decimal(0)
    """What other payers have paid, as the claim says; None: they paid, and the amount cannot be read."""


@dataclass(frozen=True, slots=True)
class Remitted:
    """The claim part of an 835, or None with at least one error that says why there is none."""

    payment: ClaimPayment | None
    """The claim part; None: there is none."""
    problems: tuple[Diagnostic, ...] = ()
    """What is wrong; warnings do not stop it."""


def remit(
    request: Request,
    outcome: Mapping[str, Any],
    about: About,
    rules: Rules,
    reason_codes: Mapping[tuple[str, str], ReasonCode],
) -> Remitted:
    """What an 835 says of a claim.

    Args:
        request: The claim that was decided.
        outcome: `Outcome.to_json()`, as it was given or stored.
        about: What only the payer's claims system knows.
        rules: What the payer has decided about its remittances.
        reason_codes: The dated lists of the policy folder (`Library.reference.reason_codes`).
    """
    claim = _Claim(numbered(request), outcome, about, rules, reason_codes)
    payment = claim.payment()
    problems = tuple(claim.problems)
    if any(problem.severity == "error" for problem in problems):
        payment = None
    return Remitted(payment, problems)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A line of a determination, with what its findings say."""

    policy: str
    line: Mapping[str, Any]
    findings: tuple[Mapping[str, Any], ...]
    asked_with: Mapping[str, Any] | None


@dataclass
class _Claim:
    """One claim becoming a payment; problems gather on the way."""

    request: Request
    outcome: Mapping[str, Any]
    about: About
    rules: Rules
    reason_codes: Mapping[tuple[str, str], ReasonCode]
    problems: list[Diagnostic] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"claim {self.request.id}" if self.request.id else "a claim without a number"

    def payment(self) -> ClaimPayment | None:
        if not (self._is_claim() and self._fits()):
            return None
        decided = self._decided()
        request, about = self.request, self.about
        lines = [self._service(line, decided.get(line.number or 0)) for line in request.lines]
        made = [line for line in lines if line is not None]
        if len(made) < len(lines):
            return None
        services = [service for service, _ in made]
        remarks = [remark for _, of_the_claim in made for remark in of_the_claim]
        charge = sum((service.charge for service in services), Decimal(0))
        paid = sum((service.paid for service in services), Decimal(0))
        self._others_paid(paid)
        owed = [a.amount for s in services for a in s.adjustments if a.group == "PR"]
        bill_type = (request.bill_type or "").removeprefix("0")  # 0131 and 131 are one
        own = self._claim_remarks(remarks, paid)
        member = about.patient.member_id or request.coverage.member_id or ""
        return ClaimPayment(
            id=request.id or "",
            status=about.status,
            charge=charge,
            paid=paid,
            patient_owes=sum(owed, Decimal(0)) if owed else None,
            filing=about.filing or _FILING.get(request.coverage.line_of_business or "", "ZZ"),
            payer_control=about.payer_control,
            facility=bill_type[:-1] or request.place_of_service or "",
            frequency=request.frequency,
            patient=replace(about.patient, member_id=member),
            rendering_npi=request.provider.rendering_npi or "",
            inpatient=bool(own) and bill_type[:2] in _INPATIENT,
            remarks=own,
            received=request.received_on,
            services=tuple(services),
        )

    # --- the claim as a whole ----------------------------------------------------------------------

    def _is_claim(self) -> bool:
        request = self.request
        if request.kind != "claim":
            message = "this is a preauthorization request; an 835 answers claims"
            self._problem("wrong-transaction", message, "answer it with a 278 response")
        elif not request.id:
            message = "the claim has no number (CLP01)"
            self._problem("missing-element", message, 'such as "id": "A-1001"')
        elif request.frequency == "8":
            message = "the claim voids another one; its answer takes back what that one was paid"
            hint = "reverse the payment that was made (CLP02 22); it is not known here"
            self._problem("reversal-needed", message, hint)
        elif not request.lines:
            self._problem("no-lines", "the claim has no service line", None)
        return not self.problems

    def _fits(self) -> bool:
        """Whether the outcome is one, and about this claim."""
        self.problems += outcome_problems(self.outcome, self.request, Location(self.name))
        if not self.problems and not self.outcome["determinations"]:
            message = "no policy decides anything of this claim, so there is nothing to report"
            self._problem("not-decided", message, "see what `payer-policy decide` says of it")
        return not self.problems

    def _decided(self) -> dict[int, _Decided]:
        """What was decided of each line; where two policies did, the less favorable."""
        found: dict[int, _Decided] = {}
        for one in self.outcome["determinations"]:
            by_rule = {finding["rule"]: finding for finding in one["findings"]}
            for line in one["lines"]:
                findings = tuple(by_rule[rule] for rule in line["findings"] if rule in by_rule)
                policy, asked = one["policy"]["address"], one["information_request"]
                made = _Decided(policy, line, findings, asked)
                other = found.get(line["number"])
                if other is None or SEVERITY[line["outcome"]] > SEVERITY[other.line["outcome"]]:
                    found[line["number"]] = made
        return found

    def _others_paid(self, paid: Decimal) -> None:
        """A warning where another payer's payment should make this one less."""
        others = self.about.others_paid
        if not paid or others == 0:
            return
        amount = f"{others}" if others is not None else "an amount that cannot be read"
        message = f"other payers have paid {amount}, as the claim says; that is not taken off the "
        message += f"{paid} that the 835 says is paid, since nothing is priced here"
        hint = "take it off (OA 23) before the 835 is sent; else the claim is overpaid"
        self._problem("other-payer-paid", message, hint, warning=True)

    def _claim_remarks(self, remarks: Sequence[str], paid: Decimal) -> tuple[str, ...]:
        kept = tuple(dict.fromkeys(remarks))
        if len(kept) > MOST_REMARKS:
            message = f"the claim has {len(kept)} remark codes of its own; {MOST_REMARKS} fit"
            hint = f"left out: {', '.join(kept[MOST_REMARKS:])}"
            self._problem("too-many-remarks", message, hint, warning=True)
        if paid and NO_APPEAL in kept:
            message = f"{NO_APPEAL} says the claim cannot be processed, and {paid} of it is paid"
            hint = "some payers return only the line; make sure that this is meant"
            self._problem("unprocessable-in-part", message, hint, warning=True)
        return kept[:MOST_REMARKS]

    # --- one line ----------------------------------------------------------------------------------

    def _service(
        self, line: Line, decided: _Decided | None
    ) -> tuple[ServicePayment, list[str]] | None:
        """A line's payment, and the remark codes that are the claim's."""
        where = f"line {line.number}"
        charge = self._charge(line, where)
        if decided is None and not self.rules.others_as_billed:
            what = f" ({line.code})" if line.code else ""
            message = f"{where}{what} is decided by no policy, so nothing is known of its payment"
            hint = 'to report such lines as paid at their charge: "others_as_billed": true'
            self._problem("not-decided", message, hint)
            return None
        if decided is None:
            message = f"{where} is decided by no policy; it is reported as paid at its charge"
            self._problem("not-decided", message, None, warning=True)
        reason = self._principal(decided, where) if decided is not None else None
        if charge is None or reason is False:
            return None
        if len(line.modifiers) > _MOST_MODIFIERS:
            message = f"{where} has {len(line.modifiers)} modifiers; {_MOST_MODIFIERS} fit in SVC01"
            self._problem("unwritable", message, "correct the claim")
            return None
        billed = exactly(line.units)
        allowed, remarks = billed, []
        adjustments: tuple[Adjustment, ...] = ()
        if decided is not None:
            remarks = self._remarks(decided)
            if reason is not None:
                taken = self._taken(decided, charge, where)
                if taken is None:
                    return None
                amount, units, allowed = taken
                adjustments = (Adjustment(reason.group or "", reason.carc or "", amount, units),)
            self._check(reason, remarks, where)
        paid = charge - sum((a.amount for a in adjustments), Decimal(0))
        own = [code for code in remarks if not of_claim(code)]
        service = ServicePayment(
            procedure=("HC", line.code, *sorted(line.modifiers))
            if line.code
            else ("NU", line.revenue_code or ""),
            charge=charge,
            paid=paid,
            units=allowed,
            billed_units=billed if billed != allowed else None,
            revenue_code=(line.revenue_code or "") if line.code else "",
            first_day=line.date,
            last_day=line.through if line.through != line.date else None,
            adjustments=adjustments,
            control=self.about.controls.get(line.number or 0, ""),
            policy=decided.policy if decided is not None and adjustments else "",
            remarks=tuple(own),
        )
        return service, [code for code in remarks if of_claim(code)]

    def _charge(self, line: Line, where: str) -> Decimal | None:
        if line.charge is None:
            message = f"the charge of {where} is not known; its adjustment would be invented"
            self._problem("charge-not-known", message, f'give "charge" on {where} of the request')
            return None
        charge = Decimal(line.charge)
        if charge != charge.quantize(_CENT) or charge >= 10**15:
            amount = shown(str(line.charge))
            message = f"the charge of {where} is {amount}; whole cents were expected"
            self._problem("wrong-value", message, "such as 900.50")
            return None
        return charge

    def _principal(self, decided: _Decided, where: str) -> Reason | Literal[False] | None:
        """The reason that takes the amount of a line; None: nothing is taken; False: there is none,
        which was reported."""
        outcome = decided.line["outcome"]
        if outcome == "approve":
            return None
        if outcome == "pend":
            if self.rules.pended is None:
                message = f"{where} is pended; an 835 reports what is decided"
                hint = "wait for the decision; or report it with the reason `pended` of the setup, "
                hint += "and reverse it when it is decided"
                self._problem("pended", message, hint)
                return False
            message = f"{where} is pended and reported with {self.rules.pended.carc}"
            hint = "reverse it (CLP02 22) when it is decided"
            self._problem("pended", message, hint, warning=True)
            return self.rules.pended
        # A reduction that leaves nothing denies.
        denying = [f for f in decided.findings if f["kind"] == outcome == "deny"]
        found = denying or [f for f in decided.findings if f["kind"] == "reduce"]
        coded = [f for f in found if f["group"] and f["carc"]]
        word = {"deny": "denied", "reduce": "reduced"}[outcome]
        if not coded:
            message = f"{where} is {word} and no finding on it carries a group and a CARC"
            self._problem("reason-missing", message, "give the rule its reason codes in the policy")
            return False
        order = {carc: place for place, carc in enumerate(self.rules.precedence)}
        chosen = min(coded, key=lambda f: order.get(f["carc"], len(order)))
        codes = dict.fromkeys((f["group"], f["carc"]) for f in coded)
        del codes[chosen["group"], chosen["carc"]]
        if codes:
            others = ", ".join(carc for _, carc in codes)
            one = f"CARC {chosen['carc']} takes the whole amount"
            message = (
                f"{where} is {word} for {len(codes) + 1} reasons; {one}, and {others} cannot be "
            )
            message += "reported here"
            hint = "their remark codes are; choose which comes first (`first`, `precedence`)"
            self._problem("several-reasons", message, hint, warning=True)
        return Reason(chosen["group"], chosen["carc"], tuple(chosen["rarcs"]))

    def _remarks(self, decided: _Decided) -> list[str]:
        """The RARCs of all that was found on a line, once each.

        A reduction is found on every line of its part, also on those that it leaves as billed.
        """
        found: list[str] = []
        if decided.line["outcome"] == "pend":
            if self.rules.pended is not None:
                found += self.rules.pended.rarcs
            if decided.asked_with is not None:
                found += decided.asked_with["rarcs"]
        for finding in decided.findings:
            if finding["kind"] != "reduce" or decided.line["outcome"] != "approve":
                found += finding["rarcs"]
        return list(dict.fromkeys(found))

    def _taken(
        self, decided: _Decided, charge: Decimal, where: str
    ) -> tuple[Decimal, Number | None, Number | None] | None:
        """The amount and the units that a line's reason takes, and the units left."""
        outcome = decided.line["outcome"]
        billed = fraction(decided.line["billed_units"])
        if outcome == "pend":
            return charge, decimal_of(billed), 0 if billed is not None else None
        left = fraction(decided.line["allowed_units"]) or Fraction(0)
        if outcome == "deny":
            left = Fraction(0)
        if billed is None:
            return charge, None, 0
        units, rest = decimal_of(billed - left), decimal_of(left)
        if units is None or rest is None:
            message = f"{where} is allowed {left} units, which no decimal number says exactly"
            self._problem("unwritable", message, "have the policy round to whole units")
            return None
        if not left or not billed:
            return charge, units, 0
        return share_of(charge, billed - left, billed), units, rest

    def _check(self, reason: Reason | None, remarks: Sequence[str], where: str) -> None:
        """What is wrong with the codes of a line."""
        group, carc = (reason.group, reason.carc) if reason is not None else (None, None)
        known, on = self.reason_codes, self.rules.on
        for problem in reason_problems(known, group, carc, remarks, on):
            self._problem(problem.code, f"{where}: {problem.message}", problem.hint)

    def _problem(self, code: str, message: str, hint: str | None, *, warning: bool = False) -> None:
        severity: Severity = "warning" if warning else "error"
        self.problems.append(Diagnostic(code, message, Location(self.name), hint, severity))
