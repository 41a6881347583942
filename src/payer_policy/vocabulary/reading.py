"""`vocabulary.json` to a `Vocabulary`: each declaration checked, every problem at its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from payer_policy.diagnostics import Diagnostic, did_you_mean
from payer_policy.json_source import JsonDocument
from payer_policy.vocabulary.codes import SYSTEMS
from payer_policy.vocabulary.model import Fact, FactModel, LinePart, Vocabulary, VocabularyFile
from payer_policy.vocabulary.types import FactType, Value, ValueProblem, parse_value
from payer_policy.vocabulary.units import UNITS

_Report = Callable[[Diagnostic], None]


def read_vocabulary(file: VocabularyFile, document: JsonDocument, report: _Report) -> Vocabulary:
    """The vocabulary that a file declares. Sources stay raw: `request.sources` types them."""
    facts = {name: _fact(name, model, document, report) for name, model in file.facts.items()}
    parts = {
        name: LinePart(name, model.label, model.where) for name, model in file.line_parts.items()
    }
    if "service" in parts:
        report(
            document.problem(
                "wrong-value",
                "`service` already means all lines of a service; a part needs another name",
                ("line_parts", "service"),
                key=True,
            )
        )
    return Vocabulary(facts, parts)


def _fact(name: str, model: FactModel, document: JsonDocument, report: _Report) -> Fact:
    at = ("facts", name)

    def problem(code: str, message: str, *more: str, hint: str | None = None) -> None:
        where = (*at, *more)
        report(document.problem(code, f"fact `{name}`: {message}", where, key=True, hint=hint))

    type_ = model.fact_type()
    if type_.kind == "choice" and not type_.values:
        problem("missing-key", "a choice needs its `values`", hint='add "values": [ … ]')
    if type_.kind != "choice" and (model.values or model.ordered):
        problem("wrong-shape", f"`values` and `ordered` are for choices; this is a {type_.kind}")
    if len(set(type_.values)) != len(type_.values):
        problem("wrong-value", "a value is listed twice", "values")
    if model.unit is not None:
        if not type_.kind in ("integer", "decimal"):
            problem("wrong-shape", f"a unit is for numbers; this is a {type_.kind}", "unit")
        elif model.unit not in UNITS:
            problem(
                "unknown-unit",
                f"`{model.unit}` is not a unit; expected one of {', '.join(UNITS)}",
                "unit",
                hint=did_you_mean(model.unit, UNITS),
            )
    if model.system is not None:
        if type_.kind not in ("code", "codes"):
            problem("wrong-shape", f"a system is for codes; this is a {type_.kind}", "system")
        elif model.system not in SYSTEMS:
            problem(
                "unknown-value",
                f"`{model.system}` is not a code system; expected one of {', '.join(SYSTEMS)}",
                "system",
                hint=did_you_mean(model.system, SYSTEMS),
            )
    if model.derived and model.from_ is not None:
        problem("wrong-shape", "a derived fact is concluded by rules; it cannot have `from`", "from")
    if "otherwise" in model.model_fields_set and not model.derived:
        problem("wrong-shape", "`otherwise` is for derived facts", "otherwise")
    computed = model.from_ is not None and "compute" in model.from_
    if model.question is None and not model.derived and not computed:
        problem("missing-key", "the `question` to ask when it is missing is not given")
    return Fact(
        name=name,
        type=type_,
        label=model.label,
        question=model.question,
        supplied_by=model.supplied_by,
        correctable=model.correctable,
        source=model.from_,
        absent_means=_value(type_, model.absent_means, "absent_means", problem),
        derived=model.derived,
        otherwise=_value(type_, model.otherwise, "otherwise", problem),
        note=model.note,
    )


def _value(
    type_: FactType, raw: Any, key: str, problem: Callable[..., None]
) -> Value | None:
    if raw is None:
        return None
    try:
        return parse_value(type_, raw)
    except ValueProblem as found:
        problem(found.code, found.message, key, hint=found.hint)
        return None
