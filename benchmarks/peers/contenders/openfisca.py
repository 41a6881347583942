"""OpenFisca-Core: each half of each rule a variable of the entity `claim`, for all claims at once.

OpenFisca has no unknown and no sets: each fact comes with a variable that says whether it is known, and
each set of codes as a variable for each list of codes that the policy asks about. Doses are doubles, days
are whole numbers, texts are read as whole numbers by their place among a column's values.
"""

from __future__ import annotations

from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

from halves import And, Formula, Guarded, halves_in_full, underscored
from workload import Policy, Ref, Test

from contenders import About
from contenders.columns_sql import compare, read_texts, text_of

PERIOD = "2025-11"


def computing(run: Any) -> Any:
    def formula(claim: Any, period: Any) -> Any:
        return run(lambda name: claim(name, period))

    return formula


def batch(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from openfisca_core import periods, simulations, taxbenefitsystems, variables
    from openfisca_core.entities import build_entity

    table = pq.read_table(claims)
    claim = build_entity("claim", "claims", "A claim", is_person=True)
    system = taxbenefitsystems.TaxBenefitSystem([claim])

    def declare(name: str, kind: type, **more: Any) -> None:
        period = periods.DateUnit.MONTH
        attributes = {
            "value_type": kind,
            "entity": claim,
            "definition_period": period,
            "label": name,
        }
        system.add_variable(type(name, (variables.Variable,), attributes | more))

    inputs: dict[str, Any] = {}
    places: dict[str, dict[str, int]] = {}
    kinds = {fact.name: fact.kind for fact in policy.facts}
    for fact in policy.facts:
        name, column = underscored(fact.name), table[fact.name].combine_chunks()
        inputs[f"{name}_known"] = np.asarray(column.is_valid())
        declare(f"{name}_known", bool)
        if fact.kind == "codes":
            continue
        if fact.kind in ("code", "choice"):
            coded = column.dictionary_encode()
            places[fact.name] = {text: at for at, text in enumerate(coded.dictionary.to_pylist())}
            inputs[name] = np.asarray(coded.indices.fill_null(-1))
            declare(name, int)
        elif fact.kind == "date":
            # Days since 1970 as whole numbers: filled, since NumPy has no null.
            inputs[name] = np.asarray(column.cast(pa.int32()).fill_null(0))
            declare(name, int)
        elif fact.kind == "decimal":
            inputs[name] = np.asarray(pc.cast(column, pa.float64()).fill_null(0))
            declare(name, float)
        else:
            inputs[name] = np.asarray(column.fill_null(False if fact.kind == "boolean" else 0))
            declare(name, bool if fact.kind == "boolean" else int)

    asked: dict[tuple[str, tuple[str, ...]], str] = {}

    def overlap(test: Test) -> str:
        """The variable that says whether a set of codes has one of some."""
        assert isinstance(test.value, tuple)
        key = (test.fact, test.value)
        if key not in asked:
            name = asked[key] = f"{underscored(test.fact)}_overlap_{len(asked)}"
            column = table[test.fact].combine_chunks()
            among = np.asarray(pc.is_in(column.flatten(), value_set=pa.array(test.value)))
            hits = np.zeros(len(column), dtype=bool)
            hits[np.asarray(pc.list_parent_indices(column))[among]] = True
            inputs[name] = hits
            declare(name, bool)
        return asked[key]

    def value_of(test: Test) -> Any:
        value: Any = test.value
        if test.fact in places and isinstance(value, str):
            return places[test.fact].get(value, -2)
        if kinds[test.fact] == "date":
            return value.toordinal() - date(1970, 1, 1).toordinal()
        return float(value) if kinds[test.fact] == "decimal" else value

    def prepare(formula: Formula) -> Any:
        """The formula as a function of a way to look variables up."""
        if not isinstance(formula, Guarded):
            parts = [prepare(part) for part in formula.parts]
            join = np.logical_and if isinstance(formula, And) else np.logical_or
            return lambda get: reduce(join, [part(get) for part in parts])
        test, names = formula.test, [f"{underscored(fact)}_known" for fact in formula.facts]
        true = prepare_test(test)
        if not names:
            return true
        if formula.lenient:
            return lambda get: reduce(np.logical_or, [*(~get(name) for name in names), true(get)])
        return lambda get: reduce(np.logical_and, [*(get(name) for name in names), true(get)])

    def prepare_test(test: Test) -> Any:
        name, value = underscored(test.fact), test.value
        if test.op in ("includes_any", "excludes"):
            found = overlap(test)
            return (
                (lambda get: get(found)) if test.op == "includes_any" else lambda get: ~get(found)
            )
        if isinstance(value, tuple):
            ways = np.array([places[test.fact].get(code, -2) for code in value])
            inside = test.op == "in"
            return lambda get: np.isin(get(name), ways, invert=not inside)
        if isinstance(value, Ref):
            other = underscored(value.fact)
            return lambda get: compare(test.op, get(name), get(other))
        if isinstance(value, bool):
            return (lambda get: get(name)) if value else lambda get: ~get(name)
        bound = value_of(test)
        return lambda get: compare(test.op, get(name), bound)

    halves = halves_in_full(policy)
    held: list[tuple[str, str]] = []
    for place, half in enumerate(halves):
        for column, formula in (("holds", half.holds), ("may", half.may_hold)):
            if column == "may" and half.rule.kind == "advise":
                continue
            declare(f"{column}_{place}", bool, formula=computing(prepare(formula)))
        held.append((f"holds_{place}", text_of(half.rule)))

    population = len(table)
    builder = simulations.SimulationBuilder()
    simulation = builder.build_default_simulation(system, count=population)
    for name, values in inputs.items():
        simulation.set_input(name, PERIOD, values)

    def some(kind: str, column: str) -> Any:
        named = [f"{column}_{at}" for at, half in enumerate(halves) if half.rule.kind == kind]
        return reduce(np.logical_or, [simulation.calculate(name, PERIOD) for name in named])

    deny, pend = some("deny", "holds"), some("pend", "holds")
    waits = some("deny", "may") | some("pend", "may")
    decision = np.where(deny, "deny", np.where(pend | waits, "pend", "approve"))
    texts = [
        pc.if_else(pa.array(simulation.calculate(name, PERIOD)), text, None) for name, text in held
    ]
    findings = pc.binary_join_element_wise(*texts, " ", null_handling="replace")
    answers = pa.table({"id": table["id"], "decision": decision, "findings": findings})
    pq.write_table(answers, out, compression="zstd", compression_level=1)


ABOUT = [
    About(
        name="openfisca",
        title="OpenFisca-Core",
        needs=("OpenFisca-Core==46.0.1", "pyarrow"),
        unknown="none: a variable more for each fact",
        reasons="as we write them",
        proof="a trace of variables",
        dates="yes, and parameters by date",
        note="Two variables a rule. Doses are 32-bit floats, as all its numbers are; columns from and "
        "to Parquet by pyarrow.",
        batch=batch,
        read=read_texts,
    )
]
