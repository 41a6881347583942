"""Generated claims in the forms that claims are sent in: 837P and 837I, tables, and a facts file beside.

A form carries less than a request: an 837P has no bill type, an 837I no place of service, a table no
authorizations. So each claim comes back as it is in that form (`Form.claims`), and what no form carries
is in the facts file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Json = dict[str, Any]

_BUSINESS: Final = {"medicare": "MB", "medicare_advantage": "16", "commercial": "CI"}
_BESIDE: Final = ("authorizations", "history")
_OF_LINES: Final = (
    "number", "code", "modifiers", "units", "date", "through", "revenue_code", "ndc", "ndc_quantity",
    "ndc_unit", "charge",
)  # fmt: skip
_OF_CLAIMS: Final = (
    "id", "frequency", "original_id", "place_of_service", "bill_type", "diagnoses",
    "authorization_number", "coverage.payer", "coverage.line_of_business", "coverage.plan",
    "coverage.member_id", "patient.birth_date", "provider.billing_npi", "provider.rendering_npi",
)  # fmt: skip


@dataclass
class Form:
    """Claims as one form has them."""

    claims: list[Json] = field(default_factory=list)
    """What the form and the facts file say together."""
    facts: Json = field(default_factory=dict)
    """The facts file."""
    rows: list[Json] = field(default_factory=list)
    """Of a table."""
    segments: list[str] = field(default_factory=list)
    """Of an 837."""

    @property
    def text(self) -> str:
        """The interchange."""
        isa = "ISA*00*          *00*          *ZZ*SYNTHETICBILLER*ZZ*SYNTHETICPAYER *250310*0930*^*00501*"
        head = [f"{isa}000000001*0*T*:", "GS*HC*A*B*20250310*0930*1*X*005010X222A1"]
        return "~\n".join([*head, *self.segments, "GE*1*1", "IEA*1*000000001"]) + "~\n"


def professional(given: Iterable[Json]) -> Form:
    """Those claims that an 837P can carry."""
    return _written(given, institutional=False)


def institutional(given: Iterable[Json]) -> Form:
    """Those claims that an 837I can carry: each line has a revenue code."""
    return _written(given, institutional=True)


def table(given: Iterable[Json]) -> Form:
    """Claims with lines, as a table of claim lines."""
    form = Form()
    for claim in given:
        if not claim.get("lines") or claim.get("kind") == "preauthorization":
            continue
        flat = {name: _at(claim, name) for name in _OF_CLAIMS}
        for line in claim["lines"]:
            lines = {f"line.{name}": line.get(name) for name in _OF_LINES}
            form.rows.append({**flat, **lines})
        form.claims.append({**claim, "diagnoses": claim.get("diagnoses") or None})
        form.facts[claim["id"]] = _beside(claim)
    return form


def service_facts(claim: Json) -> Json:
    """The facts of a claim and its first drug, as the row of a service."""
    drugs = [line for line in claim.get("lines", ()) if line["code"].startswith("J")]
    service = {"drug.code": drugs[0]["code"], "service.date": drugs[0].get("date")} if drugs else {}
    known = {
        "coverage.payer": claim["coverage"]["payer"],
        "coverage.line_of_business": claim["coverage"]["line_of_business"],
        **service,
        **claim["facts"],
    }
    return {name: value for name, value in known.items() if not isinstance(value, list)}


def _written(given: Iterable[Json], *, institutional: bool) -> Form:
    form, level = Form(), 2
    guide = "005010X223A2" if institutional else "005010X222A1"
    form.segments += [f"ST*837*0001*{guide}", "BHT*0019*00*1*20250310*0930*CH"]
    for claim in given:
        kept = _as_institutional(claim) if institutional else _as_professional(claim)
        if kept is not None:
            form.claims.append(kept)
            form.facts[claim["id"]] = _beside(kept)
            form.segments += _claim(kept, level, institutional=institutional)
            level += 2
    form.segments.append(f"SE*{len(form.segments) + 1}*0001")
    return form


def _as_professional(claim: Json) -> Json | None:
    if not _can_be_written(claim) or not claim.get("place_of_service"):
        return None
    lines = [{**line, "revenue_code": None} for line in claim["lines"]]
    return {**claim, "bill_type": None, "lines": lines}


def _as_institutional(claim: Json) -> Json | None:
    bill_type = claim.get("bill_type") or ""
    if (
        not _can_be_written(claim)
        or bill_type[-1:] != claim.get("frequency", "1")
        or not all(line.get("revenue_code") for line in claim["lines"])
    ):
        return None
    return {**claim, "place_of_service": None}


def _can_be_written(claim: Json) -> bool:
    return bool(
        claim.get("lines")
        and claim.get("kind", "claim") == "claim"
        and claim.get("diagnoses")
        and len({line["number"] for line in claim["lines"]}) == len(claim["lines"])
    )


def _beside(claim: Json) -> Json:
    """The entry of the facts file."""
    entry: Json = {"facts": _known(claim.get("facts"))}
    lines = {str(line["number"]): {"facts": _known(line["facts"])}
             for line in claim["lines"] if line.get("facts")}  # fmt: skip
    return {
        **entry,
        **({"lines": lines} if lines else {}),
        **{name: claim[name] for name in _BESIDE if claim.get(name) is not None},
    }


def _known(facts: Mapping[str, Any] | None) -> Json:
    return {name: value for name, value in (facts or {}).items() if value is not None}


def _at(claim: Json, name: str) -> Any:
    part, _, inner = name.partition(".")
    value = claim.get(part)
    return (value or {}).get(inner) if inner else value


def _claim(claim: Json, level: int, *, institutional: bool) -> list[str]:
    coverage, provider = claim["coverage"], claim["provider"]
    birth = _at(claim, "patient.birth_date")
    frequency = claim.get("frequency", "1")
    place = f"{claim.get('place_of_service')}:B:{frequency}"
    if institutional:
        place = f"{claim['bill_type'][:-1]}:A:{frequency}"
    total = sum(round(float(line.get("charge") or 0) * 100) for line in claim["lines"]) / 100
    business = _BUSINESS[coverage["line_of_business"]]
    diagnoses = [code.replace(".", "") for code in claim["diagnoses"]]
    rest = "".join(f"*ABF:{code}" for code in diagnoses[1:])
    many = [
        f"HL*{level - 1}**20*1",
        provider.get("billing_specialty") and f"PRV*BI*PXC*{provider['billing_specialty']}",
        f"NM1*85*2*SYNTHETIC*****XX*{provider['billing_npi']}",
        provider.get("billing_tin") and f"REF*EI*{provider['billing_tin']}",
        f"HL*{level}*{level - 1}*22*0",
        f"SBR*P*18*{coverage['plan'] or ''}******{business}",
        f"NM1*IL*1*EXAMPLE*MEMBER****MI*{coverage['member_id'] or ''}",
        birth and f"DMG*D8*{_day(birth)}*U",
        coverage["payer"] and f"NM1*PR*2******PI*{coverage['payer']}",
        f"CLM*{claim['id']}*{total:.2f}***{place}*Y*A*Y*Y",
        claim.get("authorization_number") and f"REF*G1*{claim['authorization_number']}",
        claim.get("original_id") and f"REF*F8*{claim['original_id']}",
        claim.get("description") and f"NTE*ADD*{claim['description']}",
        f"HI*ABK:{diagnoses[0]}{rest}",
        provider.get("rendering_npi")
        and f"NM1*82*1*EXAMPLE*DOCTOR****XX*{provider['rendering_npi']}",
        provider.get("rendering_specialty") and f"PRV*PE*PXC*{provider['rendering_specialty']}",
    ]
    for line in claim["lines"]:
        many += _line(line, institutional=institutional)
    return [segment for segment in many if segment]


def _line(line: Json, *, institutional: bool) -> list[str | None]:
    code = ":".join(["HC", line["code"], *(line.get("modifiers") or ())])
    amounts = f"{line.get('charge') or ''}*UN*{_text(line.get('units'))}"
    first, last = line.get("date"), line.get("through")
    dates = f"RD8*{_day(first)}-{_day(last)}" if first and last else f"D8*{_day(first or '')}"
    return [
        f"LX*{line['number']}",
        f"SV2*{line['revenue_code']}*{code}*{amounts}"
        if institutional
        else f"SV1*{code}*{amounts}",
        f"DTP*472*{dates}" if first else None,
        f"LIN**N4*{line['ndc']}" if line.get("ndc") else None,
        f"CTP****{_text(line.get('ndc_quantity'))}*{line.get('ndc_unit') or ''}"
        if line.get("ndc") and line.get("ndc_quantity") is not None
        else None,
    ]


def _text(amount: Any) -> str:
    return "" if amount is None else str(amount)


def _day(day: str) -> str:
    return day.replace("-", "")
