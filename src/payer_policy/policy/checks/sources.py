"""Where facts come from: sources give values of their fact's type, and nothing goes in a circle."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonDocument, JsonPath
from payer_policy.core.vocabulary.codes import SYSTEMS
from payer_policy.core.vocabulary.model import Fact, Vocabulary
from payer_policy.core.vocabulary.types import (
    NUMERIC,
    FactType,
    Value,
    ValueProblem,
    format_value,
    parse_value,
    shown,
)
from payer_policy.language.sources import (
    AUTHORIZATION_FIELDS,
    DRUG_FIELDS,
    LINE_FIELDS,
    REQUEST_PATHS,
    SERVICE_PATHS,
    Aggregate,
    DrugAttribute,
    Path,
    Source,
    facts_of,
)
from payer_policy.policy.order import find_cycles
from payer_policy.policy.reference import Drug, ReferenceData
from payer_policy.policy.versions import ReportDiagnostic

_ROOTS: Final = {
    "request": REQUEST_PATHS,
    "service": SERVICE_PATHS,
    "authorization": AUTHORIZATION_FIELDS,
}


def check_sources(
    vocabulary: Vocabulary,
    sources: Mapping[str, Source],
    reference: ReferenceData,
    documents: Mapping[str, JsonDocument],
    document: JsonDocument,
    report: ReportDiagnostic,
) -> None:
    """Check all sources of a vocabulary. `documents` are those of the drugs, by code."""
    for name, source in sources.items():
        fact = vocabulary.facts[name]
        at: JsonPath = ("facts", name, "from")
        if isinstance(source, DrugAttribute):
            if source.name in DRUG_FIELDS:
                _check_type(fact, DRUG_FIELDS[source.name], at, document, report)
            else:
                _check_attribute(fact, source.name, reference, documents, document, report)
        elif gives := _gives(source):
            _check_type(fact, gives, at, document, report)
        for other in dict.fromkeys(facts_of(source)):
            if other in vocabulary.facts and vocabulary.facts[other].derived:
                report(
                    document.problem(
                        "wrong-shape",
                        f"fact `{name}` is made from the request, so it cannot read `{other}`, "
                        "which rules conclude",
                        at,
                        key=True,
                        hint="conclude it in a rule instead",
                    )
                )
    needs = {
        name: {other for other in facts_of(source) if other in sources}
        for name, source in sources.items()
    }
    for circle in find_cycles(needs):
        steps = [f"`{a}` from `{b}`" for a, b in pairwise(circle)]
        report(
            document.problem(
                "cycle",
                f"fact `{circle[0]}` is made from itself: {', '.join(steps)}",
                ("facts", circle[0], "from"),
                key=True,
                hint="break the circle at one of them",
            )
        )


def _gives(source: Source) -> FactType | None:
    """The type of what a source gives, where the source alone settles it."""
    match source:
        case Path(root, field):
            return _ROOTS[root][field]
        case Aggregate(_, _, "any" | "all", _, _):
            return FactType("boolean")
        case Aggregate(_, _, "count", _, _):
            return FactType("integer")
        case Aggregate(_, _, how, field, _) if field is not None:
            gives = LINE_FIELDS[field]
            return FactType("codes", system=gives.system) if how == "collect" else gives
        case _:
            return None


def _check_type(
    fact: Fact, gives: FactType, at: JsonPath, document: JsonDocument, report: ReportDiagnostic
) -> None:
    """The source's value can be the fact's, as it is: nothing converts it on the way."""
    wanted = fact.type
    if not _can_be(gives, wanted):
        message = f"fact `{fact.name}` is {wanted.describe()}, but its source gives "
        message += gives.describe()
        hint = f'write "type": "{gives.kind}"'
        if gives.kind == wanted.kind:
            hint = f'write "system": "{gives.system}"'
        report(document.problem("wrong-type", message, at, key=True, hint=hint))
    elif gives.unit is not None and wanted.unit is not None and gives.unit != wanted.unit:
        report(
            document.problem(
                "unit-mismatch",
                f"fact `{fact.name}` is in {wanted.unit}, but its source gives {gives.unit}",
                ("facts", fact.name, "unit"),
                hint=f'write "unit": "{gives.unit}"; rules may use any unit that converts',
            )
        )


def _can_be(found: FactType, wanted: FactType) -> bool:
    if wanted.kind in NUMERIC:
        return found.kind in NUMERIC
    if found.kind == "code" and wanted.kind == "choice":
        return True
    known = found.system in SYSTEMS and wanted.system in SYSTEMS
    return found.kind == wanted.kind and (not known or found.system == wanted.system)


def _check_attribute(
    fact: Fact,
    attribute: str,
    reference: ReferenceData,
    documents: Mapping[str, JsonDocument],
    document: JsonDocument,
    report: ReportDiagnostic,
) -> None:
    """Every drug that has the attribute gives values that the fact can have."""
    having = [drug for drug in reference.drugs.values() if attribute in drug.attributes]
    if not having and len(documents) == len(reference.drugs):
        known = {name for drug in reference.drugs.values() for name in drug.attributes}
        known.update(DRUG_FIELDS)
        report(
            document.problem(
                "unknown-value",
                f"fact `{fact.name}`: no drug has the attribute `{attribute}`",
                ("facts", fact.name, "from", "drug"),
                hint=did_you_mean(attribute, known) or "add it to a file under drugs/",
            )
        )
    for drug in having:
        file = documents.get(drug.code)
        if file is not None:
            _check_values(fact, attribute, drug, file, report)


def _check_values(
    fact: Fact, attribute: str, drug: Drug, file: JsonDocument, report: ReportDiagnostic
) -> None:
    entries = file.value["attributes"][attribute]
    if len(entries) != len(drug.attributes[attribute]):
        return  # some of them are wrong in themselves, which is said
    for index, dated in enumerate(drug.attributes[attribute]):
        if problem := _misfit(fact.type, entries[index]["value"], dated.value):
            report(
                file.problem(
                    problem.code,
                    f"attribute `{attribute}` of {drug.code}, for the fact `{fact.name}`: "
                    f"{problem.message}",
                    ("attributes", attribute, index, "value"),
                    hint=problem.hint,
                )
            )


def _misfit(type_: FactType, raw: object, value: Value) -> ValueProblem | None:
    """Why an attribute's value cannot be a fact's as it stands, if it cannot."""
    if isinstance(raw, str) and type_.kind in NUMERIC:
        message = f"found {shown(raw)}; {type_.describe()} was expected"
        return ValueProblem("wrong-type", message, "write it without quotation marks")
    try:
        fits = parse_value(type_, raw)
    except ValueProblem as problem:
        return problem
    if fits == value and type(fits) is type(value):
        return None
    if isinstance(fits, str) and not isinstance(raw, str):
        message = f"found {shown(raw)}; a text was expected"
        return ValueProblem("wrong-type", message, "put it in quotation marks")
    spelled = ", ".join(sorted(fits)) if isinstance(fits, frozenset) else format_value(fits)
    return ValueProblem("wrong-value", f"found {shown(raw)}; it is spelled {spelled}")
