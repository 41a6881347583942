"""Where facts come from: sources give values of their fact's type, and nothing goes in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import pairwise

from payer_policy.core.diagnostics import did_you_mean, nearest
from payer_policy.core.json_source import JsonDocument, Report, Reporter
from payer_policy.core.vocabulary.codes import SYSTEMS
from payer_policy.core.vocabulary.model import Fact, RecordType, Vocabulary
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
    DRUG_FIELDS,
    LINE_FIELDS,
    OR_NONE,
    ROOTS,
    Aggregate,
    DrugAttribute,
    Path,
    RecordAggregate,
    Source,
    behind,
    facts_of,
)
from payer_policy.policy.order import find_cycles
from payer_policy.policy.reference.data import Dated, ReferenceData


def check_sources(
    vocabulary: Vocabulary,
    sources: Mapping[str, Source],
    reference: ReferenceData,
    documents: Mapping[str, JsonDocument],
    report_of: Callable[[str], Reporter],
    names: Iterable[str] | None = None,
) -> None:
    """Check the sources of some facts.

    Args:
        vocabulary: All facts.
        sources: The typed sources, by fact.
        reference: The drugs whose attributes facts are read from.
        documents: The files of the drugs, by code.
        report_of: Gives for a fact the reporter of the file that declares it.
        names: The facts to check; None: all that have a source.
    """
    checked = {name: sources[name] for name in (sources if names is None else names)}
    for name, source in checked.items():
        fact = vocabulary.facts[name]
        of_fact = report_of(name).on(f"fact `{name}`", "facts", name)
        if isinstance(source, DrugAttribute) and source.name not in DRUG_FIELDS:
            _check_attribute(fact, source.name, reference, documents, of_fact)
        elif gives := _gives(source, vocabulary.records):
            _check_type(fact.type, gives, of_fact)
        if isinstance(source, RecordAggregate):
            _check_record_fact(fact, source, sources, of_fact)
        for other in dict.fromkeys(facts_of(source)):
            if other in vocabulary.facts and vocabulary.facts[other].derived:
                message = f"it is made from the request, so it cannot read `{other}`, "
                message += "which rules conclude"
                hint = "conclude it in a rule instead"
                of_fact("wrong-shape", message, ("from",), key=True, hint=hint)
    needs = {
        name: {other for other in facts_of(source) if other in checked}
        for name, source in checked.items()
    }
    for circle in find_cycles(needs):
        steps = [f"`{a}` from `{b}`" for a, b in pairwise(circle)]
        message = f"fact `{circle[0]}` is made from itself: {', '.join(steps)}"
        path, hint = ("facts", circle[0], "from"), "break the circle at one of them"
        report_of(circle[0])("cycle", message, path, key=True, hint=hint)


def _check_record_fact(
    fact: Fact, source: RecordAggregate, sources: Mapping[str, Source], report: Reporter
) -> None:
    """What is made from records fits its fact, and reads nothing else that is made from them."""
    type_ = fact.type
    if source.how in OR_NONE and not (type_.can_be_none or type_.kind in ("boolean", "codes")):
        message = f"`{source.how}` of no row is none, but the fact cannot be none"
        hint = 'add "can_be_none": true'
        report("wrong-type", message, ("from", source.how), key=True, hint=hint)
    if fact.absent_means is not None:
        message = (
            "`absent_means` is not for a fact made from records: an empty list says that there "
        )
        message += "are none, and a list that is not given may hold any"
        report("wrong-shape", message, ("absent_means",), key=True, hint="remove it")
    for other in behind(sources, facts_of(source)):
        inner = sources.get(other)
        if other == fact.name or not isinstance(inner, RecordAggregate):
            continue
        if inner.records == source.records:
            message = f"it reads `{other}`, which is made from `{source.records}` too"
            hint = "compare the two in a rule, or in a fact that is computed from both"
            report("cycle", message, ("from",), key=True, hint=hint)
            break


def _gives(source: Source, records: Mapping[str, RecordType]) -> FactType | None:
    """The type of what a source gives, where the source alone settles it."""
    match source:
        case Path(root, field):
            return ROOTS[root][field]
        case DrugAttribute(name):
            return DRUG_FIELDS[name]
        case Aggregate(_, _, "any" | "all") | RecordAggregate(_, _, "any" | "all"):
            return FactType("boolean")
        case Aggregate(_, _, "count") | RecordAggregate(_, _, "count" | "count_distinct"):
            return FactType("integer")
        case Aggregate(_, _, how, field, _) if field is not None:
            gives = LINE_FIELDS[field]
            return FactType("codes", system=gives.system) if how == "collect" else gives
        case RecordAggregate(kind, _, how, field, _, give) if field is not None:
            gives = records[kind].fields[give or field]
            return FactType("codes", system=gives.system) if how == "collect" else gives
        case _:
            return None


def _check_type(wanted: FactType, gives: FactType, report: Reporter) -> None:
    """The source's value can be the fact's, as it is: nothing converts it on the way."""
    if not _can_be(gives, wanted):
        message = f"it is {wanted.describe()}, but its source gives {gives.describe()}"
        hint = f'write "type": "{gives.kind}"'
        if gives.kind == wanted.kind:
            hint = f'write "system": "{gives.system}"'
        report("wrong-type", message, ("from",), key=True, hint=hint)
    elif gives.unit is not None and wanted.unit is not None and gives.unit != wanted.unit:
        message = f"it is in {wanted.unit}, but its source gives {gives.unit}"
        hint = f'write "unit": "{gives.unit}"; rules may use any unit that converts'
        report("unit-mismatch", message, ("unit",), hint=hint)


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
    report: Reporter,
) -> None:
    """Every drug that has the attribute gives values that the fact can have."""
    having = [drug for drug in reference.drugs.values() if attribute in drug.attributes]
    if not having and len(documents) == len(reference.drugs):
        known = {name for drug in reference.drugs.values() for name in drug.attributes}
        hint = did_you_mean(attribute, known | DRUG_FIELDS.keys())
        message = f"no drug has the attribute `{attribute}`"
        hint = hint or "add it to a file under drugs/"
        report("unknown-value", message, ("from", "drug"), hint=hint)
    for drug in having:
        file = documents.get(drug.code)
        if file is not None:
            about = f"attribute `{attribute}` of {drug.code}, for the fact `{fact.name}`"
            of_drug = Reporter(file, report.report, about, ("attributes", attribute))
            _check_values(fact.type, drug.attributes[attribute], of_drug)


def check_attribute_names(
    read: Set[str], reference: ReferenceData, documents: Mapping[str, JsonDocument], report: Report
) -> None:
    """No attribute of a drug is one that facts read under a name that is nearly the same.

    Args:
        read: The attributes that facts of the vocabulary and of policies are read from.
        reference: The drugs.
        documents: Their files, by code.
        report: Receives each problem.
    """
    had = read & {name for drug in reference.drugs.values() for name in drug.attributes}
    for code, file in documents.items():
        for name in reference.drugs[code].attributes:
            near = None if name in read else nearest(name, sorted(had))
            if near is not None:
                message = f"no fact reads the attribute `{name}`"
                hint = f"did you mean `{near}`? If not, give it a name that is less like it"
                path = ("attributes", name)
                Reporter(file, report)("unknown-value", message, path, key=True, hint=hint)


def _check_values(type_: FactType, values: Sequence[Dated[Value]], report: Reporter) -> None:
    entries = report.document.part(report.at)
    if len(entries) != len(values):
        return  # some of them are wrong in themselves, which is reported
    for index, dated in enumerate(values):
        if found := _misfit(type_, entries[index]["value"], dated.value):
            report(found.code, found.message, (index, "value"), hint=found.hint)


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
