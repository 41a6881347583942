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

from halves import And, Formula, Guarded, halves_in_full, known_to_hold, may_hold, underscored
from line_workload import CLAIM_FACTS, LINE_FACTS
from tables import read_lines, read_texts
from workload import Aggregate, Policy, Ref, Test

from contenders import About, Lines
from contenders.columns_sql import compare, text_of_rule

PERIOD = "2025-11"


def computing(run: Any) -> Any:
    def formula(claim: Any, period: Any) -> Any:
        return run(lambda name: claim(name, period))

    return formula


class Model:
    """A tax and benefit system for a policy, whose rules are variables of one entity, and its inputs."""

    def __init__(self, policy: Policy, about: Any, entities: list[Any]) -> None:
        from openfisca_core import taxbenefitsystems

        self.policy, self.about = policy, about
        self.system = taxbenefitsystems.TaxBenefitSystem(entities)
        self.inputs: dict[str, Any] = {}
        self.kinds = {fact.name: fact.kind for fact in (*policy.facts, *LINE_FACTS)}
        self.places: dict[str, dict[str, int]] = {}
        self.asked: dict[tuple[str, tuple[str, ...]], str] = {}
        self.columns: dict[str, tuple[Any, Any]] = {}
        self.halves = halves_in_full(policy)

    def declare(self, entity: Any, name: str, kind: type, **more: Any) -> None:
        from openfisca_core import periods, variables

        period = periods.DateUnit.MONTH
        attributes = {
            "value_type": kind,
            "entity": entity,
            "definition_period": period,
            "label": name,
        }
        self.system.add_variable(type(name, (variables.Variable,), attributes | more))

    def read(self, entity: Any, name: str, column: Any) -> None:
        """A column as inputs: the value of each, and whether there is one."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        fact, kind = underscored(name), self.kinds[name]
        self.columns[name] = entity, column
        self.inputs[f"{fact}_known"] = np.asarray(column.is_valid())
        self.declare(entity, f"{fact}_known", bool)
        if kind == "codes":
            return
        if kind in ("code", "choice"):
            coded = column.dictionary_encode()
            self.places[name] = {text: at for at, text in enumerate(coded.dictionary.to_pylist())}
            self.inputs[fact] = np.asarray(coded.indices.fill_null(-1))
            self.declare(entity, fact, int)
        elif kind == "date":
            # Days since 1970 as whole numbers: filled, since NumPy has no null.
            self.inputs[fact] = np.asarray(column.cast(pa.int32()).fill_null(0))
            self.declare(entity, fact, int)
        elif kind == "decimal":
            self.inputs[fact] = np.asarray(pc.cast(column, pa.float64()).fill_null(0))
            self.declare(entity, fact, float)
        else:
            self.inputs[fact] = np.asarray(column.fill_null(False if kind == "boolean" else 0))
            self.declare(entity, fact, bool if kind == "boolean" else int)

    def overlap(self, test: Test) -> str:
        """The variable that says whether a set of codes has one of some."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        assert isinstance(test.value, tuple)
        key = (test.fact, test.value)
        if key not in self.asked:
            name = self.asked[key] = f"{underscored(test.fact)}_overlap_{len(self.asked)}"
            entity, column = self.columns[test.fact]
            among = np.asarray(pc.is_in(column.flatten(), value_set=pa.array(test.value)))
            hits = np.zeros(len(column), dtype=bool)
            hits[np.asarray(pc.list_parent_indices(column))[among]] = True
            self.inputs[name] = hits
            self.declare(entity, name, bool)
        return self.asked[key]

    def value_of(self, test: Test) -> Any:
        value: Any = test.value
        if test.fact in self.places and isinstance(value, str):
            return self.places[test.fact].get(value, -2)
        if self.kinds[test.fact] == "date":
            return value.toordinal() - date(1970, 1, 1).toordinal()
        return float(value) if self.kinds[test.fact] == "decimal" else value

    def prepare(self, formula: Formula) -> Any:
        """The formula as a function of a way to look variables up."""
        import numpy as np

        if not isinstance(formula, Guarded):
            parts = [self.prepare(part) for part in formula.parts]
            join = np.logical_and if isinstance(formula, And) else np.logical_or
            return lambda get: reduce(join, [part(get) for part in parts])
        test, names = formula.test, [f"{underscored(fact)}_known" for fact in formula.facts]
        true = self.prepare_test(test)
        if not names:
            return true
        if formula.lenient:
            return lambda get: reduce(np.logical_or, [*(~get(name) for name in names), true(get)])
        return lambda get: reduce(np.logical_and, [*(get(name) for name in names), true(get)])

    def prepare_test(self, test: Test) -> Any:
        import numpy as np

        name, value = underscored(test.fact), test.value
        if test.op in ("includes_any", "excludes"):
            found = self.overlap(test)
            return (
                (lambda get: get(found)) if test.op == "includes_any" else lambda get: ~get(found)
            )
        if isinstance(value, tuple):
            ways = np.array([self.places[test.fact].get(code, -2) for code in value])
            inside = test.op == "in"
            return lambda get: np.isin(get(name), ways, invert=not inside)
        if isinstance(value, Ref):
            other = underscored(value.fact)
            return lambda get: compare(test.op, get(name), get(other))
        if isinstance(value, bool):
            return (lambda get: get(name)) if value else lambda get: ~get(name)
        bound = self.value_of(test)
        return lambda get: compare(test.op, get(name), bound)

    def declare_rules(self) -> None:
        """Each half of each rule as a variable."""
        for place, half in enumerate(self.halves):
            for column, formula in (("holds", half.holds), ("may", half.may_hold)):
                if column == "holds" or half.rule.kind != "advise":
                    run = computing(self.prepare(formula))
                    self.declare(self.about, f"{column}_{place}", bool, formula=run)

    def answers(self, simulation: Any) -> dict[str, Any]:
        """Decisions and findings as columns."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        for name, values in self.inputs.items():
            simulation.set_input(name, PERIOD, values)

        def some(kind: str, column: str) -> Any:
            named = [
                f"{column}_{at}" for at, half in enumerate(self.halves) if half.rule.kind == kind
            ]
            return reduce(np.logical_or, [simulation.calculate(name, PERIOD) for name in named])

        deny, pend = some("deny", "holds"), some("pend", "holds")
        waits = some("deny", "may") | some("pend", "may")
        decision = np.where(deny, "deny", np.where(pend | waits, "pend", "approve"))
        texts = [
            pc.if_else(
                pa.array(simulation.calculate(f"holds_{at}", PERIOD)), text_of_rule(half.rule), None
            )
            for at, half in enumerate(self.halves)
        ]
        findings = pc.binary_join_element_wise(*texts, " ", null_handling="replace")
        return {"decision": decision, "findings": findings}


def batch(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from openfisca_core import simulations
    from openfisca_core.entities import build_entity

    table = pq.read_table(claims)
    claim = build_entity("claim", "claims", "A claim", is_person=True)
    model = Model(policy, claim, [claim])
    for fact in policy.facts:
        model.read(claim, fact.name, table[fact.name].combine_chunks())
    model.declare_rules()
    builder = simulations.SimulationBuilder()
    simulation = builder.build_default_simulation(model.system, count=len(table))
    answers = pa.table({"id": table["id"], **model.answers(simulation)})
    pq.write_table(answers, out, compression="zstd", compression_level=1)


def lines_batch(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    """Lines are persons; a drug on a day, a day of a claim, and a claim are groups of them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from openfisca_core import simulations
    from openfisca_core.entities import build_entity

    table = pq.read_table(claims).combine_chunks()
    line = build_entity("line", "lines", "A line", is_person=True)
    groups = {
        key: build_entity(key, f"{key}_groups", key, roles=[{"key": f"{key}_line"}])
        for key in ("service", "same_day", "claim")
    }
    service = groups["service"]
    model = Model(policy, service, [line, *groups.values()])

    def numbered(name: str) -> Any:
        return np.asarray(table[name].combine_chunks().dictionary_encode().indices, dtype=np.int64)

    claim_of, day_of, code_of = map(numbered, ("id", "line.date", "line.code"))
    same_day = claim_of * (day_of.max() + 1) + day_of
    keys = {
        "service": same_day * (code_of.max() + 1) + code_of,
        "same_day": same_day,
        "claim": claim_of,
    }
    builder = simulations.SimulationBuilder()
    builder.create_entities(model.system)
    builder.declare_person_entity("line", np.arange(len(table)))
    firsts = {}
    for name, key in keys.items():
        _, firsts[name], group_of = np.unique(key, return_index=True, return_inverse=True)
        population = builder.declare_entity(name, np.arange(len(firsts[name])))
        builder.join_with_persons(population, group_of, np.zeros(len(table), dtype=np.int64))

    for fact in LINE_FACTS:
        model.read(line, fact.name, table[fact.name].combine_chunks())
    heads = table.take(firsts["service"])  # what lines of a service share
    for column, name in KEYS.items():
        model.read(service, name, heads[column].combine_chunks())
    for fact in CLAIM_FACTS:
        model.read(service, fact.name, heads[fact.name].combine_chunks())
    for name, one in policy.aggregates.items():
        _declare_over_lines(model, groups, name, one)
    model.declare_rules()
    made = pa.table(
        {
            "id": heads["id"],
            "code": heads["line.code"],
            "service_date": heads["line.date"],
            **model.answers(builder.build(model.system)),
        }
    )
    answers = made.filter(pc.is_in(made["code"], value_set=pa.array(policy.codes)))
    pq.write_table(answers, out, compression="zstd", compression_level=1)


KEYS = {"line.code": "drug.code", "line.date": "service.date"}


def _declare_over_lines(model: Model, groups: dict[str, Any], name: str, one: Aggregate) -> None:
    """A fact over lines as variables of its group and of the service: the value, and whether known."""
    import numpy as np

    kind = {"boolean": bool, "decimal": float}.get(model.kinds[name], int)
    where = None if one.where is None else model.prepare(known_to_hold(one.where))
    if one.condition is not None:
        holds, may = (model.prepare(half(one.condition)) for half in (known_to_hold, may_hold))

    def among(get: Any) -> Any:
        return np.True_ if where is None else where(get)

    def value(group: Any, period: Any) -> Any:
        def get(name: str) -> Any:
            return group.members(name, period)

        if one.how == "count":
            return group.nb_persons() if where is None else group.sum(where(get))
        if one.condition is not None:
            return group.any(among(get) & holds(get))
        values = get(underscored(one.field)) * among(get)
        return group.sum(values) if one.how == "sum" else group.max(values)

    def known(group: Any, period: Any) -> Any:
        def get(name: str) -> Any:
            return group.members(name, period)

        if one.how == "count":
            return group.nb_persons() > 0
        if one.condition is not None:
            return group.any(among(get) & holds(get)) | ~group.any(among(get) & may(get))
        return ~group.any(among(get) & ~get(f"{underscored(one.field)}_known"))

    fact = underscored(name)
    for variable, type_, formula in ((fact, kind, value), (f"{fact}_known", bool, known)):
        if one.lines == "service":
            model.declare(model.about, variable, type_, formula=formula)
            continue
        of_group = f"{one.lines}_{variable}"
        model.declare(groups[one.lines], of_group, type_, formula=formula)
        projected = _projected(one.lines, of_group)
        model.declare(model.about, variable, type_, formula=projected)


def _projected(group: str, variable: str) -> Any:
    """The value that a service's lines have from another group that they are in."""

    def formula(service: Any, period: Any) -> Any:
        return service.value_from_first_person(getattr(service.members, group)(variable, period))

    return formula


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
        lines=Lines(
            batch=lines_batch,
            read=read_lines,
            note="Lines are its persons; a drug on a day, a day, and a claim are groups of them.",
        ),
    )
]
