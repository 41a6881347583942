"""Medicare's policy for intrathecal baclofen as a programmer would write it straight into a service.

What the generic engine is measured against: `policies/medicare/intrathecal-baclofen` for dates of
service from 2025-10-01, in ordinary `if` and `elif`. It gives the decision, the outcome and allowed
units of each line, the findings with their reason codes, and the rules that wait for an unknown fact.
It gives none of the rest of a determination: no sentences, citations, questions, assumptions, derived
facts or policy identity.

It takes the liberties that such code takes. Medicare's switches are written in: nothing is preauthorized,
no age is asked, and so on. What a claim with a line always says is taken as known: its kind and
frequency, the counts, modifiers and units of its lines (units may be missing on a line), and the facts
for which silence means something. Everything else may be unknown (None, or left out), and an unknown
fact pends where the policy pends.

`tests/benchmarks/test_handwritten_agrees.py` holds it to the engine, so a change of the policy shows
here. Code tables come from the policy folder: nobody would type 181 diagnoses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product as every_choice
from math import ceil, floor
from typing import Any, NamedTuple

from payer_policy.policy.library import Library
from payer_policy.request.models import Line, Request

CODE = "J0945"
FIRST_DAY = date(2025, 10, 1)
REVIEWED = "50"  # a clinician confirms such a denial; until then it is recommended
REFILLS = ("refill", "dose_change", "catheter_revision")

Get = Callable[[str], Any]
Units = int | Decimal | Fraction
Found = tuple[str, str, str | None, str | None, tuple[str, ...], str | None]
"""A rule's id, what it does, its group, CARC and RARCs, and the part of the lines it falls on."""


class ClaimLine(NamedTuple):
    number: int
    units: Units | None
    discarded: bool
    """Whether the line bills discarded drug (JW)."""


class LineAnswer(NamedTuple):
    number: int
    outcome: str
    allowed: Units | None


class Answer(NamedTuple):
    decision: str
    lines: tuple[LineAnswer, ...]
    findings: tuple[Found, ...]
    """By rule id."""
    unsettled: tuple[str, ...]
    """The rules that wait for an unknown fact, by id; none where every line is denied anyway."""


class Limit(NamedTuple):
    """No more units than these over the lines it falls on."""

    found: Found
    units: Units


class Baclofen:
    """The policy with its code tables, ready to decide."""

    def __init__(self, library: Library) -> None:
        codes = {
            name: code_set.on(FIRST_DAY) for name, code_set in library.reference.code_sets.items()
        }
        self._reference = library.reference
        self._billing_unit = library.reference.drugs[CODE].billing_unit_mcg
        self._severe_spasticity = codes["severe-spasticity"]
        self._diagnoses_for_review = codes["diagnoses-for-review"]
        self._pump_status = codes["pump-status"]
        self._header_diagnoses = codes["header-diagnoses"]
        self._invalid_diagnoses = codes["retired-diagnoses"] | codes["diagnoses-not-yet-valid"]
        self._other_drugs = codes["other-intrathecal-drugs"] | codes["unclassified-drugs"]
        self._distinct_service = codes["distinct-service-modifiers"]
        self._pump_analysis = codes["pump-analysis"]
        self._pump_maintenance = codes["pump-refill-maintenance"]
        self._pump_refill = codes["pump-refill"]
        self._pump_implant = codes["pump-implant"]
        self._trial_injection = codes["trial-injection"]
        self._comprehensive = codes["comprehensive-procedures"]
        self._bill_types = {
            "hospital_outpatient": codes["bill-types-hospital-outpatient"],
            "critical_access_hospital": codes["bill-types-critical-access-hospital"],
            "inpatient": codes["bill-types-inpatient"],
        }
        self._settings = {
            "physician_office": codes["pos-physician-office"],
            "hospital_outpatient": codes["pos-hospital-outpatient"],
            "ambulatory_surgical_center": codes["pos-ambulatory-surgical-center"],
            "inpatient": codes["pos-inpatient"],
            "federally_qualified_health_center": codes["pos-fqhc"],
            "rural_health_clinic": codes["pos-rhc"],
            "dialysis_facility": codes["pos-esrd"],
        }
        self._phases = {
            "replacement": codes["pump-replacement"],
            "initial": codes["pump-implant"],
            "refill": codes["pump-refill"],
            "trial": codes["trial-injection"],
            "dose_change": codes["pump-reprogramming-only"],
        }
        self._intrathecal = (
            codes["trial-injection"]
            | codes["pump-implant"]
            | codes["pump-replacement"]
            | codes["pump-refill"]
            | codes["pump-analysis"]
        )
        self._systemic = codes["systemic-pump-refill"]

    # --- deciding --------------------------------------------------------------------------------

    def decide(self, facts: Mapping[str, Any], lines: Sequence[ClaimLine]) -> Answer:
        """Decide one service; `lines` are its lines in the order of their numbers."""
        get = facts.get
        phase = get("therapy.phase")
        found: list[Found] = [("code-identity-note", "advise", None, None, (), None)]
        limits: list[Limit] = []
        unsettled: list[str] = []
        if get("request.frequency") == "7" and get("request.original_id") is None:
            found.append(("replacement-names-no-original", "pend", None, None, (), None))
        if phase in ("trial", "initial") and self._departs_from_protocol(get):
            found.append(("trial-protocol-noted", "advise", None, None, (), None))
        if facts["claim.is_void"]:
            found.append(("void-asks-for-nothing", "pend", None, None, (), None))
            if get("request.original_id") is None:
                unsettled.append("void-names-no-original")
            return self._answer(lines, found, limits, unsettled)

        self._diagnoses(get("diagnosis.codes"), found, unsettled)
        if get("service.route") not in (None, "intrathecal"):
            found.append(("route-not-intrathecal", "deny", "CO", "272", ("N130",), None))
        if get("drug.compounded"):
            found.append(("compounded-under-product-code", "deny", "CO", "16", ("N56",), None))
        if phase not in REFILLS:
            self._necessity(get, phase, found, unsettled)
        if facts["claim.for_payment"]:
            self._billing(get, phase, found, unsettled)
            self._units(get, phase, found, limits, unsettled)
            self._wastage(get, found, limits, unsettled)
        answer = self._answer(lines, found, limits, unsettled)
        return _not_required(answer, lines) if get("request.kind") == "preauthorization" else answer

    def _diagnoses(
        self, codes: frozenset[str] | None, found: list[Found], unsettled: list[str]
    ) -> None:
        if codes is None:
            unsettled += (
                "diagnosis-header",
                "diagnosis-invalid-on-date",
                "diagnosis-needs-cause",
                "diagnosis-not-covered",
                "diagnosis-only-pump-status",
            )
            return
        retired = not codes.isdisjoint(self._invalid_diagnoses)
        header = not codes.isdisjoint(self._header_diagnoses)
        if retired:
            found.append(("diagnosis-invalid-on-date", "deny", "CO", "146", ("M76",), None))
        if header:
            found.append(("diagnosis-header", "deny", "CO", "16", ("M76", "M81"), None))
        if codes.isdisjoint(self._severe_spasticity):
            if not codes.isdisjoint(self._diagnoses_for_review):
                found.append(("diagnosis-needs-cause", "pend", "CO", "16", ("M76",), None))
            elif not codes.isdisjoint(self._pump_status):
                found.append(("diagnosis-only-pump-status", "pend", "CO", "16", ("M76",), None))
            elif not header and not retired:
                found.append(("diagnosis-not-covered", "deny", "CO", "11", ("M76",), None))

    def _departs_from_protocol(self, get: Get) -> bool:
        dose, given = get("trial.dose"), get("trial.doses_given")
        hours = get("trial.hours_since_previous_dose")
        if dose is not None and (
            dose > 100 or (given is not None and dose > 50 + 25 * (given - 1))
        ):
            return True
        return given is not None and hours is not None and given > 1 and hours < 24

    def _necessity(
        self, get: Get, phase: str | None, found: list[Found], unsettled: list[str]
    ) -> None:
        if phase is None or phase == "initial":
            self._before_a_pump(get, phase is not None, found, unsettled)
        if phase is None or phase == "trial" or phase == "initial":
            answers = [
                get("contraindication.hypersensitivity"),
                get("contraindication.active_infection"),
            ]
            if phase != "trial":
                answers.append(get("contraindication.body_too_small"))
                answers.append(get("contraindication.device_crosstalk"))
            if phase is not None and True in answers:
                found.append(("contraindicated", "deny", "CO", "50", ("N386",), None))
            elif None in answers or True in answers:
                unsettled.append("contraindicated")
        if phase == "trial":
            dose = get("dose.administered")
            if dose is not None and dose > 100:
                found.append(("screening-dose-above-protocol", "pend", None, None, (), None))
        if phase is None or phase == "replacement":
            reason = get("replacement.reason")
            if reason not in ("end_of_battery", "irreparable"):
                if phase is None or reason is None:
                    unsettled.append("replacement-not-needed")
                else:
                    found.append(("replacement-not-needed", "deny", "CO", "50", ("N661",), None))

    def _before_a_pump(
        self, get: Get, sure: bool, found: list[Found], unsettled: list[str]
    ) -> None:
        """`sure`: the phase is known; else nothing is found, and what could be is not settled."""
        outcome, days = get("oral_therapy.outcome"), get("oral_therapy.duration")
        if outcome in ("effective", "not_tried") or (days is not None and days < 42):
            if sure:
                found.append(("oral-therapy-not-shown", "deny", "CO", "50", ("N386",), None))
            else:
                unsettled.append("oral-therapy-not-shown")
        elif outcome is None or days is None:
            unsettled.append("oral-therapy-not-shown")

        response, dose = get("trial.response"), get("trial.dose")
        if response != "favorable":
            if sure and response is not None:
                found.append(("trial-not-shown", "deny", "CO", "50", ("N674",), None))
            else:
                unsettled.append("trial-not-shown")
            if dose is None or dose >= 100:
                if sure and response is not None and dose is not None:
                    found.append(("trial-nonresponder", "deny", "CO", "50", ("N674",), None))
                else:
                    unsettled.append("trial-nonresponder")

        if not get("claim.for_payment"):
            return
        trial, implant = get("trial.date"), get("implant.date")
        if trial is None or implant is None:
            unsettled += ("trial-after-implant", "trial-on-implant-day")
        elif trial > implant:
            if sure:
                found.append(("trial-after-implant", "deny", "CO", "50", ("N674",), None))
            else:
                unsettled.append("trial-after-implant")
        elif trial == implant:
            if sure:
                found.append(("trial-on-implant-day", "pend", None, None, (), None))
            else:
                unsettled.append("trial-on-implant-day")

    def _billing(
        self, get: Get, phase: str | None, found: list[Found], unsettled: list[str]
    ) -> None:
        if get("service.duplicate_of_earlier_claim"):
            found.append(("duplicate-of-earlier-claim", "deny", "OA", "18", ("N522",), None))
        if get("service.has_identical_lines"):
            found.append(("identical-lines", "pend", None, None, (), None))
        if get("ndc.not_in_the_list"):
            found.append(("ndc-not-recognized", "pend", "CO", "16", ("M119",), None))
        if get("ndc.not_intrathecal"):
            found.append(("ndc-not-intrathecal", "deny", "CO", "16", ("M119",), None))
        elif get("ndc.for_another_code"):
            found.append(("ndc-for-another-code", "deny", "CO", "16", ("N56", "N657"), None))
        if get("setting.inpatient"):
            found.append(("inpatient-not-separate", "deny", "CO", "97", ("M2",), None))

        records = get("documents.request")
        if records == "waiting":
            found.append(("records-awaited", "pend", "CO", "252", ("N706",), None))
        elif records == "not_supplied":
            if phase is None:
                unsettled += ("records-awaited", "records-not-supplied")
            elif phase in REFILLS:
                found.append(("records-awaited", "pend", "CO", "252", ("N706",), None))
            else:
                found.append(("records-not-supplied", "deny", "CO", "226", ("N706",), None))

        since = get("refill.days_since_previous")
        if phase == "refill" and since is not None and since > 180:
            found.append(("refill-overdue", "advise", None, None, (), None))
        if not get("modifiers.all").isdisjoint(self._distinct_service):
            found.append(("distinct-service-modifier", "advise", None, None, (), None))

        codes = get("claim.same_day_codes")
        if codes is None:
            unsettled.append("same-drug-under-two-codes")
        else:
            if "J0475" in codes or "J0476" in codes:
                found.append(("same-drug-under-two-codes", "pend", None, None, (), None))
            if not codes.isdisjoint(self._other_drugs):
                found.append(("other-drug-on-claim", "advise", None, None, (), None))
            if not codes.isdisjoint(self._pump_maintenance) and not codes.isdisjoint(
                self._pump_analysis
            ):
                found.append(("pump-codes-together", "advise", "CO", "236", ("N20",), None))
            if (phase == "refill" and codes.isdisjoint(self._pump_refill)) or (
                phase == "trial" and codes.isdisjoint(self._trial_injection)
            ):
                found.append(("procedure-not-on-claim", "advise", None, None, (), None))

        used_for = get("drug.used_for")
        if used_for != "both":
            self._code_and_phase(used_for, phase, codes, found, unsettled)

    def _code_and_phase(
        self,
        used_for: str | None,
        phase: str | None,
        codes: frozenset[str] | None,
        found: list[Found],
        unsettled: list[str],
    ) -> None:
        if used_for != "trial" and (phase is None or phase == "trial"):
            if used_for is None or phase is None:
                unsettled.append("fill-code-used-for-trial")
            else:
                found.append(
                    ("fill-code-used-for-trial", "deny", "CO", "16", ("N56", "N657"), None)
                )
        if used_for != "fill":
            filled = (
                codes is not None
                and not codes.isdisjoint(self._pump_refill)
                and codes.isdisjoint(self._trial_injection)
            )
            wrong = filled or (phase is not None and phase != "trial")
            if wrong and used_for is not None:
                found.append(
                    ("trial-code-used-for-fill", "deny", "CO", "16", ("N56", "N657"), None)
                )
            elif wrong or phase is None or codes is None:
                unsettled.append("trial-code-used-for-fill")

    def _units(
        self,
        get: Get,
        phase: str | None,
        found: list[Found],
        limits: list[Limit],
        unsettled: list[str],
    ) -> None:
        billed = get("units.billed")
        administered, discarded = get("units.administered"), get("units.discarded")
        if (
            get("units.line_without_units")
            or get("units.fraction_on_a_line")
            or (administered is not None and administered % 1)
            or (discarded is not None and discarded % 1)
        ):
            found.append(("units-not-whole", "deny", "CO", "16", ("M53",), None))
        elif administered is None or discarded is None:
            unsettled.append("units-not-whole")

        dose, expected = get("dose.administered"), get("units.expected_administered")
        known = dose is not None and expected is not None and administered is not None
        if known and administered > expected:
            if administered * 1000 == dose or administered == dose:
                found.append(("weight-billed-as-units", "deny", "CO", "16", ("M53",), None))
            else:
                reason = ("administered-above-dose", "reduce", "CO", "151", ("N362",))
                limits.append(Limit((*reason, "administered"), expected))

        held = get("ndc.units")
        if billed is not None and held is not None:
            self._ndc_quantity(get, billed, ceil(held), found)

        if phase is None or phase == "trial":
            most = get("drug.trial_units_most")
            if billed is None or most is None:
                unsettled.append("trial-units-above-expected")
            elif billed > most:
                if phase is None:
                    unsettled.append("trial-units-above-expected")
                else:
                    found.append(("trial-units-above-expected", "pend", None, None, (), None))

        most = get("drug.daily_unit_limit")
        if most is None or administered is None or discarded is None:
            unsettled.append("daily-limit")
        else:
            over = ("reduce", "CO", "151", ("N362",), None)
            if administered + discarded > most:
                limits.append(Limit(("daily-limit", *over), most))
            earlier = get("units.on_earlier_claims")
            if earlier is not None and earlier > 0 and earlier + administered + discarded > most:
                left = max(0, most - earlier)
                limits.append(Limit(("daily-limit-with-earlier-claims", *over), left))

    def _ndc_quantity(self, get: Get, billed: Units, held: int, found: list[Found]) -> None:
        volume, in_milliliters = get("ndc.quantity"), get("ndc.milliliters_on_every_line")
        over = billed > held
        may_be_volume = in_milliliters is not False and volume in (None, billed) and volume != 0
        if over and in_milliliters and may_be_volume and volume is not None:
            found.append(("volume-billed-as-units", "deny", "CO", "16", ("M53",), None))
        if not get("ndc.quantity_given"):
            return
        if get("ndc.counted_in_containers"):
            if billed != held:
                found.append(("units-differ-from-containers", "pend", "CO", "16", ("M53",), None))
        elif over:
            if not may_be_volume:
                found.append(("units-above-ndc-quantity", "deny", "CO", "16", ("M53",), None))
        elif ceil(billed) == held:
            return
        elif "JZ" in get("modifiers.all"):
            found.append(("jz-below-ndc-quantity", "pend", "CO", "4", ("N823",), None))
        else:
            found.append(("ndc-quantity-above-units", "advise", None, None, (), None))

    def _wastage(
        self, get: Get, found: list[Found], limits: list[Limit], unsettled: list[str]
    ) -> None:
        modifiers = get("modifiers.all")
        billed, administered = get("units.billed"), get("units.administered")
        discarded_lines = get("lines.discarded")
        wasted = get("units.expected_discarded")
        opened = get("container.opened")
        multi_dose = get("container.multi_dose") or get("ndc.multi_dose")
        packaged = self._packaged(get)
        if packaged:
            found.append(("packaged-note", "advise", None, None, (), None))
        in_scope = False if multi_dose or packaged else self._paid_separately(get)
        if packaged is None and in_scope:
            in_scope = None
        if in_scope is False and ("JW" in modifiers or "JZ" in modifiers):
            found.append(("discard-modifier-needless", "advise", None, None, (), None))
        if get("modifiers.jw_and_jz_on_one_line"):
            found.append(("jw-and-jz-on-one-line", "deny", "CO", "4", ("N519",), None))

        if get("ndc.part_of_a_container") and (discarded_lines or "JZ" in modifiers):
            rest = (
                "discarded-units-leave-a-rest" if discarded_lines else "jz-on-part-of-a-container"
            )
            reason = ("CO", "16", ("N822",)) if discarded_lines else ("CO", "4", ("N823",))
            if in_scope:
                found.append((rest, "pend", *reason, None))
            elif in_scope is None:
                unsettled.append(rest)

        if discarded_lines == 0:
            if get("modifiers.jz_missing_on_a_line"):
                if in_scope:
                    missing = ("jz-missing", "deny", "CO", "16", ("N822", "MA130"))
                    found.append((*missing, "administered"))
                elif in_scope is None:
                    unsettled.append("jz-missing")
            if in_scope and wasted is not None and wasted >= 1:
                if "JZ" in modifiers:
                    found.append(("jz-but-waste", "deny", "CO", "4", ("N823",), "administered"))
                else:
                    found.append(("waste-without-jw", "deny", "CO", "16", ("N822", "MA130"), None))
        else:
            self._discarded(get, multi_dose, wasted, found, limits)
            if "JZ" in modifiers and not get("modifiers.jw_and_jz_on_one_line"):
                self._jz_beside_jw(billed, opened, get("ndc.container_units"), found, unsettled)

        expected = get("units.expected_administered")
        discarded = get("units.discarded")
        if (administered is not None and expected is not None and administered < expected) or (
            discarded_lines and discarded is not None and wasted is not None and discarded < wasted
        ):
            found.append(("billed-below-record", "advise", None, None, (), None))

        most, least = get("units.container_most"), get("units.container_least")
        if billed is not None and most is not None and billed > most:
            over = ("billed-above-containers", "reduce", "CO", "151", ("N362",), None)
            limits.append(Limit(over, most))
        if in_scope and billed is not None and least is not None and billed < least:
            found.append(("billed-below-containers", "pend", "CO", "16", ("N822",), None))
        total = get("container.total")
        if total is not None:
            given, thrown, one = (
                get("dose.administered"),
                get("dose.discarded"),
                get("ndc.container_amount"),
            )
            if given is not None:
                if thrown is not None and total != given + thrown:
                    found.append(("amounts-do-not-add-up", "pend", None, None, (), None))
                if opened is not None and opened >= 2 and one is not None and given <= total - one:
                    found.append(("container-not-needed", "pend", None, None, (), None))

    def _packaged(self, get: Get) -> bool | None:
        hospital = get("setting.hospital_outpatient")
        if hospital is not False:
            status, codes = get("drug.status_indicator"), get("claim.codes")
            if status == "N" or (codes is not None and not codes.isdisjoint(self._comprehensive)):
                packaged = hospital
            elif status is None or codes is None:
                packaged = None
            else:
                packaged = False
            if packaged:
                return True
        else:
            packaged = False
        center = get("setting.ambulatory_surgical_center")
        indicator = get("drug.asc_payment_indicator")
        if center is False or (indicator is not None and indicator != "N1"):
            return packaged
        return True if center and indicator is not None else None

    def _paid_separately(self, get: Get) -> bool | None:
        office, critical = (
            get("setting.office_or_home_visit"),
            get("setting.critical_access_hospital"),
        )
        if office or critical:
            return True
        unknown = office is None or critical is None
        for setting, indicator, paid in (
            ("setting.hospital_outpatient", "drug.status_indicator", ("G", "K")),
            ("setting.ambulatory_surgical_center", "drug.asc_payment_indicator", ("K2",)),
        ):
            here, value = get(setting), get(indicator)
            if here is not False and (value is None or value in paid):
                if here and value is not None:
                    return True
                unknown = True
        return None if unknown else False

    def _discarded(
        self,
        get: Get,
        multi_dose: bool | None,
        wasted: int | None,
        found: list[Found],
        limits: list[Limit],
    ) -> None:
        if get("lines.administered") == 0:
            found.append(("jw-without-administered", "deny", "CO", "107", ("N161",), None))
        if multi_dose:
            found.append(("jw-on-multi-dose", "deny", "CO", "4", ("N519",), "discarded"))
        if get("dose.remainder") not in (None, "left_in_container"):
            found.append(("jw-for-something-else", "deny", "CO", "4", ("N823",), "discarded"))
        if wasted is not None:
            if wasted < 1:
                found.append(("jw-below-one-unit", "deny", "CO", "4", ("N823",), "discarded"))
            else:
                billed = get("units.discarded")
                if billed is not None and billed > wasted:
                    over = ("jw-above-record", "reduce", "CO", "151", ("N362",), "discarded")
                    limits.append(Limit(over, wasted))

    def _jz_beside_jw(
        self,
        billed: Units | None,
        opened: int | None,
        container: int | None,
        found: list[Found],
        unsettled: list[str],
    ) -> None:
        if (opened is not None and opened <= 1) or (
            billed is not None and container is not None and billed <= container
        ):
            found.append(("jz-beside-jw", "deny", "CO", "4", ("N519",), None))
        elif opened is None or billed is None or container is None:
            unsettled.append("jz-beside-jw")
        if opened is None:
            unsettled.append("jz-beside-jw-several-containers")
        elif opened >= 2:
            found.append(("jz-beside-jw-several-containers", "pend", None, None, (), None))

    # --- from what was found to the lines --------------------------------------------------------

    def _answer(
        self,
        lines: Sequence[ClaimLine],
        found: list[Found],
        limits: list[Limit],
        unsettled: list[str],
    ) -> Answer:
        some_discarded = any(line.discarded for line in lines)
        some_administered = not all(line.discarded for line in lines)
        found = [
            finding
            for finding in found
            if (finding[5] != "discarded" or some_discarded)
            and (finding[5] != "administered" or some_administered)
        ]
        for limit in limits:
            on = [line for line in lines if _falls_on(limit.found[5], line)]
            if sum(line.units for line in on if line.units is not None) > max(limit.units, 0):
                found.append(limit.found)
        denied = {
            line.number
            for line in lines
            if any(
                kind == "deny" and carc != REVIEWED and _falls_on(part, line)
                for _, kind, _, carc, _, part in found
            )
        }
        recommended = any(carc == REVIEWED for _, _, _, carc, _, _ in found)
        if recommended:
            unsettled = []
        pended = {
            line.number
            for line in lines
            if unsettled
            or recommended
            or any(kind == "pend" and _falls_on(part, line) for _, kind, _, _, _, part in found)
        }
        if some_discarded and some_administered:
            # What is discarded of a drug is paid only with what is administered of it.
            used = [line for line in lines if not line.discarded]
            before = self._units_given(used, denied, pended, limits)
            outcomes = {answer.outcome for answer in before}
            wasted = {line.number for line in lines if line.discarded}
            if outcomes == {"deny"}:
                if wasted - denied:
                    found.append(self._denied_with_used(used, found))
                denied |= wasted
            elif outcomes <= {"deny", "pend"}:
                pended |= wasted - denied
        answers = self._units_given(lines, denied, pended, limits)
        outcomes = {answer.outcome for answer in answers}
        if outcomes == {"deny"}:
            unsettled = []
        decision = outcomes.pop() if len(outcomes) == 1 else "partial"
        if any(answer.outcome == "pend" for answer in answers):
            decision = "pend"
        return Answer(
            "partial" if decision == "reduce" else decision,
            tuple(answers),
            tuple(sorted(found, key=lambda one: one[0])),
            tuple(sorted(unsettled)),
        )

    def _units_given(
        self,
        lines: Sequence[ClaimLine],
        denied: set[int],
        pended: set[int],
        limits: list[Limit],
    ) -> list[LineAnswer]:
        """Each line's units, counting down what every limit has left: at least and at most."""
        left = [[max(limit.units, 0), max(limit.units, 0)] for limit in limits]
        answers = []
        for line in lines:
            if line.number in denied:
                answers.append(LineAnswer(line.number, "deny", 0))
                continue
            mine = [
                bounds
                for bounds, limit in zip(left, limits, strict=True)
                if _falls_on(limit.found[5], line)
            ]
            least = min((low for low, _ in mine), default=line.units)
            most = min((high for _, high in mine), default=line.units)
            if line.units is not None and mine:
                least, most = min(line.units, least), min(line.units, most)
            elif mine:
                least = 0
            if mine and line.units and most <= 0:
                answers.append(LineAnswer(line.number, "deny", 0))
                continue
            if line.number in pended:
                outcome, least = "pend", 0
            elif mine and (line.units is None or least != most):
                outcome = "pend"
            else:
                outcome = "approve" if least == line.units else "reduce"
            answers.append(LineAnswer(line.number, outcome, None if outcome == "pend" else most))
            for bounds in mine:
                bounds[0] = max(bounds[0] - most, 0)
                bounds[1] -= least
        return answers

    @staticmethod
    def _denied_with_used(used: Sequence[ClaimLine], found: list[Found]) -> Found:
        """Discarded drug is denied for the reason that the administered drug is."""
        reasons = [
            (kind != "deny", rule, group, carc, rarcs)
            for rule, kind, group, carc, rarcs, part in found
            if kind in ("deny", "reduce") and any(_falls_on(part, line) for line in used)
        ]
        _, _, group, carc, rarcs = min(reasons, key=lambda reason: reason[:2])
        return ("built-in:discarded-follows-administered", "deny", group, carc, rarcs, "discarded")

    # --- from the claim to the facts -------------------------------------------------------------

    def decide_request(self, request: Request) -> list[Answer]:
        """Decide each day of service on which the drug is billed, in the order of their lines."""
        days: dict[date, list[tuple[int, Line]]] = {}
        for position, line in enumerate(request.lines, start=1):
            if line.code == CODE and line.date is not None and line.date >= FIRST_DAY:
                days.setdefault(line.date, []).append((line.number or position, line))
        answers = []
        for day, numbered in days.items():
            numbered.sort(key=lambda pair: pair[0])
            lines = [
                ClaimLine(number, line.units, "JW" in line.modifiers) for number, line in numbered
            ]
            facts = self.facts(request, day, [line for _, line in numbered])
            if facts["claim.is_void"] and facts.get("request.original_id"):
                voided = tuple(LineAnswer(line.number, "void", 0) for line in lines)
                answers.append(Answer("void", voided, (), ()))
                continue
            answers.append(self.decide(facts, lines))
        return answers

    def facts(self, request: Request, day: date, lines: Sequence[Line]) -> dict[str, Any]:
        """The facts of the drug's lines on one day that `decide` reads."""
        given = [request.facts, *(line.facts for line in lines)]
        facts = {name: _value(name, raw) for one in given for name, raw in one.items()}
        claim = request.kind == "claim"
        facts["request.frequency"] = request.frequency
        facts["claim.is_void"] = claim and request.frequency == "8"
        facts["request.kind"] = request.kind
        facts["claim.for_payment"] = claim and request.frequency != "8"
        drug = self._reference.drugs[CODE]
        for name in (
            "daily_unit_limit", "used_for", "trial_units_most", "status_indicator",
            "asc_payment_indicator",
        ):  # fmt: skip
            facts[f"drug.{name}"] = drug.attribute(name, day)
        if request.original_id is not None:
            facts["request.original_id"] = request.original_id
        if request.diagnoses is not None:
            facts["diagnosis.codes"] = _diagnoses(request.diagnoses, lines)
        if not facts.get("documents.request"):
            facts["documents.request"] = "none"
        self._from_codes(request, day, facts)
        self._from_setting(request, lines, facts)
        self._from_lines(request, day, lines, facts)
        self._from_products(day, lines, facts)
        self._from_history(request, day, lines, facts)

        unit = self._billing_unit
        if (dose := facts.get("dose.administered")) is not None:
            facts["units.expected_administered"] = ceil(Fraction(dose) / unit)
        if (dose := facts.get("dose.discarded")) is not None:
            facts["units.expected_discarded"] = floor(Fraction(dose) / unit)
        if (total := facts.get("container.total")) is not None:
            facts["units.container_most"] = ceil(Fraction(total) / unit)
            facts["units.container_least"] = floor(Fraction(total) / unit)
        if (previous := facts.get("refill.previous_date")) is not None:
            facts["refill.days_since_previous"] = (day - previous).days
        return facts

    def _from_codes(self, request: Request, day: date, facts: dict[str, Any]) -> None:
        """What the procedures beside the drug say: the phase, the route and the implant."""
        claim = {line.code for line in request.lines}
        same_day = {line.code for line in request.lines if line.date == day}
        if None not in claim:
            facts["claim.codes"] = claim
            implants = {line.date for line in request.lines if line.code in self._pump_implant}
            if len(implants) == 1 and None not in implants:
                facts["implant.date"] = implants.pop()
        if None in same_day:
            return
        facts["claim.same_day_codes"] = same_day
        if facts.get("therapy.phase") is None:
            for phase, codes in self._phases.items():
                if not same_day.isdisjoint(codes):
                    facts["therapy.phase"] = phase
                    break
        if facts.get("service.route") is None:
            if not same_day.isdisjoint(self._intrathecal):
                facts["service.route"] = "intrathecal"
            elif not same_day.isdisjoint(self._systemic):
                facts["service.route"] = "systemic"

    def _from_setting(self, request: Request, lines: Sequence[Line], facts: dict[str, Any]) -> None:
        setting = facts.get("service.setting")
        if setting is None:
            places = {line.place_of_service or request.place_of_service for line in lines}
            for name, codes in self._settings.items():
                if not places.isdisjoint(codes):
                    setting = name
                    break
                if None in places:
                    break
        bill_type = request.bill_type
        professional = bill_type in (None, "none")

        def here(name: str) -> bool | None:
            if bill_type in self._bill_types.get(name, ()):
                return True
            if not professional:
                return False
            return None if setting is None else setting == name

        for name in (
            "hospital_outpatient", "critical_access_hospital", "inpatient",
            "ambulatory_surgical_center",
        ):  # fmt: skip
            facts[f"setting.{name}"] = here(name)
        office, home = here("physician_office"), here("home_visit")
        facts["setting.office_or_home_visit"] = None if office is None else office or home

    def _from_lines(
        self, request: Request, day: date, lines: Sequence[Line], facts: dict[str, Any]
    ) -> None:
        administered: Units | None = 0
        discarded: Units | None = 0
        discarded_lines = 0
        modifiers: set[str] = set()
        for line in lines:
            modifiers |= line.modifiers
            if line.units is not None and line.units <= 0:
                facts["units.line_without_units"] = True
            if line.units is not None and line.units % 1:
                facts["units.fraction_on_a_line"] = True
            if "JW" in line.modifiers:
                discarded_lines += 1
                if "JZ" in line.modifiers:
                    facts["modifiers.jw_and_jz_on_one_line"] = True
                discarded = _plus(discarded, line.units)
            else:
                if "JZ" not in line.modifiers:
                    facts["modifiers.jz_missing_on_a_line"] = True
                administered = _plus(administered, line.units)
        facts["modifiers.all"] = modifiers
        facts["lines.discarded"] = discarded_lines
        facts["lines.administered"] = len(lines) - discarded_lines
        facts["units.administered"] = administered
        facts["units.discarded"] = discarded
        facts["units.billed"] = _plus(administered, discarded)
        facts["service.has_identical_lines"] = len(lines) > len(
            {(line.modifiers, line.units, line.ndc, line.charge) for line in lines}
        )

    def _from_products(self, day: date, lines: Sequence[Line], facts: dict[str, Any]) -> None:
        volume: Units | None = 0
        amount: Units | None = 0
        products = []
        if any(line.ndc_unit == "UN" for line in lines):
            facts["ndc.counted_in_containers"] = True
        if any(line.ndc_quantity is not None and line.ndc_quantity > 0 for line in lines):
            facts["ndc.quantity_given"] = True
        if all(line.ndc_unit == "ML" for line in lines):
            facts["ndc.milliliters_on_every_line"] = True
        for line in lines:
            if line.ndc is None:
                products.append(None)
                amount = None
                continue
            product = self._reference.product(line.ndc, day)
            products.append(product)
            amount = _plus(amount, _drug_in(line, product))
            if line.ndc_unit is None:
                volume = None
            elif line.ndc_unit == "ML":
                volume = _plus(volume, line.ndc_quantity)
            if product is None:
                facts["ndc.not_in_the_list"] = True
                continue
            if product.route is not None and product.route != "intrathecal":
                facts["ndc.not_intrathecal"] = True
            if CODE not in product.codes:
                facts["ndc.for_another_code"] = True
            if product.single_dose is False:
                facts["ndc.multi_dose"] = True
            if product.route == "intrathecal" and facts.get("service.route") is None:
                facts["service.route"] = "intrathecal"
        if volume is not None:
            facts["ndc.quantity"] = volume
        if amount is not None:
            facts["ndc.units"] = Fraction(amount) / self._billing_unit
        facts["ndc.part_of_a_container"] = self._leaves_a_rest(lines, products)
        amounts = {None if product is None else product.total for product in products}
        if len(amounts) == 1 and (amount := amounts.pop()) is not None:
            facts["ndc.container_amount"] = amount
            facts["ndc.container_units"] = ceil(Fraction(amount) / self._billing_unit)

    def _leaves_a_rest(self, lines: Sequence[Line], products: Sequence[Any]) -> bool:
        """Whether the units of some single-dose NDC are no whole containers, wherever the lines without
        an NDC belong. Each container of this code's products is whole units."""
        billed: dict[str, list[Any]] = {}
        containers = {}
        for line, product in zip(lines, products, strict=True):
            billed.setdefault(line.ndc or "", []).append(line.units)
            if product is not None and product.single_dose and product.total is not None:
                containers[line.ndc] = ceil(Fraction(product.total) / self._billing_unit)
        loose = billed.get("", [])
        for ndc, one in containers.items():
            units = billed[ndc]
            if None in (*units, *loose):
                continue
            added = every_choice(*((0, number) for number in loose))
            if all(ceil(sum(units) + sum(some)) % one for some in added):
                return True
        return False

    def _from_history(
        self, request: Request, day: date, lines: Sequence[Line], facts: dict[str, Any]
    ) -> None:
        if request.history is None:
            return
        earlier: Units | None = 0
        duplicate = False
        for prior in request.history:
            if (
                prior.void
                or prior.claim_id == request.original_id
                or prior.code != CODE
                or prior.date != day
            ):
                continue
            earlier = _plus(earlier, prior.units)
            if prior.billing_npi in (None, request.provider.billing_npi):
                duplicate = duplicate or any(
                    prior.modifiers == line.modifiers
                    and prior.units == line.units
                    and (prior.charge is None or line.charge in (None, prior.charge))
                    for line in lines
                )
        facts["service.duplicate_of_earlier_claim"] = duplicate
        if earlier is not None:
            facts["units.on_earlier_claims"] = earlier


def _not_required(answer: Answer, lines: Sequence[ClaimLine]) -> Answer:
    """What is found where no preauthorization is needed: advice on what a claim would meet."""
    return Answer(
        "not_required",
        tuple([LineAnswer(line.number, "not_required", line.units) for line in lines]),
        tuple([(rule, "advise", *more) for rule, _, *more in answer.findings]),  # type: ignore[misc]
        answer.unsettled,
    )


def _drug_in(line: Line, product: Any) -> Units | None:
    """The micrograms that the NDC quantity of a line makes."""
    if line.ndc_quantity is None:
        return None
    if line.ndc_unit in ("ME", "GR"):
        return Fraction(line.ndc_quantity) * (1_000 if line.ndc_unit == "ME" else 1_000_000)
    one = None
    if product is not None and line.ndc_unit == "ML":
        one = product.per_ml
    elif product is not None and line.ndc_unit == "UN":
        one = product.total
    return None if one is None else Fraction(line.ndc_quantity) * Fraction(one)


def _plus(a: Units | None, b: Units | None) -> Units | None:
    return None if a is None or b is None else a + b


def _diagnoses(codes: Sequence[str], lines: Sequence[Line]) -> frozenset[str]:
    """Those that the lines point to; all of the claim's where a line points to none."""
    pointed: set[int] = set()
    for line in lines:
        if line.diagnosis_pointers is None:
            return frozenset(codes)
        pointed.update(line.diagnosis_pointers)
    return frozenset(code for at, code in enumerate(codes, start=1) if at in pointed)


def _value(name: str, raw: Any) -> Any:
    """A supplied fact as it stands in JSON; the form's own reader has checked it."""
    if isinstance(raw, str):
        if name.endswith("date") or name == "authorization.notified_on":
            return date.fromisoformat(raw)
        if raw[:1].isdigit() and not name.startswith("trial."):
            return Decimal(raw)
    return raw


def _falls_on(part: str | None, line: ClaimLine) -> bool:
    return part is None or (part == "discarded") == line.discarded
