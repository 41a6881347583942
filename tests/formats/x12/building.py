"""Synthetic payers, payments and claims for the tests; nobody here is real."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any

from payer_policy import Engine
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.review import ReviewRules
from payer_policy.formats.x12 import (
    Address,
    ClaimPayment,
    Envelope,
    Payee,
    Payer,
    Payment,
    Written,
    advice,
)
from payer_policy.specs.case import Case
from payer_policy.specs.reading import features_in, read_feature
from payer_policy.specs.roles import scripts_in
from tests.places import ROOT

DAY = date(2025, 12, 1)
ENVELOPE = Envelope("SYNTHPAYER", "SYNTHCLINIC", datetime(2025, 12, 1, 9, 30), 17, usage="T")
PAYMENT = Payment("SYN-EFT-1", "1999999999", date(2025, 12, 2))
PAYER = Payer(
    "SYNTHETIC PAYER", Address("1 INVENTED STREET", "NOWHERE", "MN", "55001"), "5550000000"
)
PAYEE = Payee("SYNTHETIC CLINIC", "1999999984")


@cache
def engine() -> Engine:
    return Engine.open(ROOT / "policies", engine="compiled")


REVIEW_RULES = ReviewRules.of(engine().library)


def written(*claims: ClaimPayment, envelope: Envelope = ENVELOPE) -> Written:
    return advice(envelope, PAYMENT, PAYER, PAYEE, DAY, claims)


def charged(request: dict[str, Any]) -> dict[str, Any]:
    """The request with a charge on each line that has none; odd amounts, so that cents do not
    divide."""
    lines = [
        {**line, "charge": line.get("charge", f"{100 * place}.{place:02d}")}
        for place, line in enumerate(request.get("lines", []), 1)
    ]
    return {**request, "lines": lines}


def told(problems: tuple[Diagnostic, ...]) -> list[str]:
    return [
        f"{one.severity} {one.code}: {one.location.file}: {one.message}"
        + (f"\n    {one.hint}" if one.hint else "")
        for one in problems
    ]


@cache
def scenarios() -> tuple[dict[str, Any], ...]:
    """The different requests of the scenarios of the shipped policies (every third, for the time that
    it takes), as they are when they are decided first. A preauthorization request that speaks of no
    line gets one."""
    found: dict[str, dict[str, Any]] = {}
    for path in features_in([ROOT / "features"]):
        for script in scripts_in([read_feature(path, path.name)], engine().library)[::3]:
            case = Case(engine(), script.place.policy)
            for said in script.said:
                if said.kind == "when":
                    asked = case.asked()
                    if asked.kind == "request" and not case.request.get("lines") and asked.day:
                        line = {"code": asked.code, "date": asked.day.isoformat(), "units": 2}
                        case.request["lines"] = [line]
                    raw = case.json()
                    if raw.get("lines"):
                        found.setdefault(str(raw), raw)
                    break
                assert said.step is not None
                said.step.run(case, said.arguments, said.table)
    return tuple(found.values())


def review_text(request: dict[str, Any]) -> str:
    """A 278 request that says what a request says, as far as a 278 can."""
    coverage, provider = request.get("coverage", {}), request.get("provider", {})
    out = [
        "BHT*0007*13*SYN-BHT*20250301*0915",
        "HL*1**20*1",
        f"NM1*X3*2*SYNTHETIC PAYER*****PI*{coverage.get('payer', 'nobody')}",
        "HL*2*1*21*1",
        f"NM1*1P*2*SYNTHETIC CLINIC*****XX*{provider.get('billing_npi', '1999999984')}",
        "HL*3*2*22*1",
        f"NM1*IL*1*INVENTED*IDA****MI*{coverage.get('member_id', 'SYN-M-1')}",
    ]
    if born := request.get("patient", {}).get("birth_date"):
        out.append(f"DMG*D8*{str(born).replace('-', '')}")
    out += ["HL*4*3*EV*1", f"TRN*1*{request['id']}*9SYNTHCLIN"]
    um = {"1": "I", "7": "S", "8": "3"}[request.get("frequency", "1")]
    place = request.get("place_of_service")
    out.append(f"UM*HS*{um}*3" + (f"*{place}:B" if place else ""))
    if number := request.get("authorization_number"):
        out.append(f"REF*BB*{number}")
    if diagnoses := request.get("diagnoses"):
        codes = [f"{'ABF' if n else 'ABK'}:{code}" for n, code in enumerate(diagnoses)]
        out.append("*".join(["HI", *(code.replace(".", "") for code in codes)]))
    for place, line in enumerate(request["lines"], 5):
        code = ":".join(["HC", line["code"], *sorted(line.get("modifiers", ()))])
        units = line.get("units")
        out.append(f"HL*{place}*4*SS*0")
        out.append(f"SV1*{code}**" + (f"UN*{units}" if units is not None else ""))
        if day := line.get("date"):
            out.append(f"DTP*472*D8*{str(day).replace('-', '')}")
    isa = (
        "ISA*00*          *00*          *ZZ*SYNTHCLINIC    *ZZ*SYNTHPAYER     *250301*0915*^*00501"
        "*000000301*0*T*:~"
    )
    st = "GS*HI*SYNTHCLINIC*SYNTHPAYER*20250301*0915*301*X*005010X217~ST*278*0001*005010X217~"
    end = f"SE*{len(out) + 2}*0001~GE*1*301~IEA*1*000000301~"
    return isa + st + "".join(f"{segment.rstrip('*')}~" for segment in out) + end
