"""Coverage and mutation as text for people, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from payer_policy.analysis.coverage import KINDS, NOT_KNOWN, Coverage, Item
from payer_policy.analysis.mutation import Mutation, Verdict
from payer_policy.core.vocabulary.types import to_json
from payer_policy.determination.words import counted, listed
from payer_policy.specs.failures import Place

COVERAGE_SCHEMA: Final = "payer-policy/coverage/1"
MUTATION_SCHEMA: Final = "payer-policy/mutation/1"
_PLURAL: Final = {
    "rule": "rules",
    "test": "tests",
    "bound": "bounds",
    "value": "listed values",
    "override": "overrides",
    "part of the lines": "parts of the lines",
    "parameter": "parameters",
    "row of a table": "rows of tables",
}


# --- coverage --------------------------------------------------------------------------------------


def coverage_text(found: Coverage, *, unknown: bool = False) -> str:
    """Percentages first, then everything that no scenario exercises, by file and line."""
    shown, of = found.counts()
    lines = [
        f"{counted(found.scenarios, 'scenario')}, {counted(found.decisions, 'decision')}: "
        f"{found.percent()}% exercised ({shown} of {of}).",
        "",
    ]
    for kind in KINDS:
        shown, of = found.counts(kind)
        if of:
            lines.append(f"  {_PLURAL[kind]:<20}{found.percent(kind):>4}%  {shown} of {of}")
    shown, of = found.counts(unknown=True)
    lines.append(f"  {'seen as not known':<20}{found.percent(unknown=True):>4}%  {shown} of {of}")
    lacking = [item for item in found.items if item.lacking(unknown=unknown)]
    if lacking:
        lines += ["", "Never exercised by a scenario:"]
        lines += list(_lacking(lacking, unknown))
    return "\n".join(lines)


def _lacking(items: Sequence[Item], unknown: bool) -> Iterator[str]:
    last = None
    for item in items:
        head = (item.rule, item.policy)
        if head != last:
            yield ""
            where = f" under {item.policy}" if item.policy else ""
            yield f"  rule {item.rule}{where}" if item.rule else f"  {item.text}{where}"
            last = head
        yield f"    {item.place}"
        yield f"      {_sentence(item, unknown)}"


def _sentence(item: Item, unknown: bool) -> str:
    goals = listed(item.lacking(unknown=unknown), "or")
    if item.kind == "rule":
        return f"the rule never is: {goals}" if goals == NOT_KNOWN else f"the rule never: {goals}"
    if item.kind == "bound":
        return f"no value {goals}: {item.text}"
    if item.kind == "value":
        return f"no claim has the value: {item.text}"
    return f"{item.text}: never {goals}"


def coverage_json(found: Coverage) -> dict[str, Any]:
    """Counts by kind, then every item with the hits of each of its goals."""
    return {
        "schema": COVERAGE_SCHEMA,
        "scenarios": found.scenarios,
        "decisions": found.decisions,
        "percent": found.percent(),
        "kinds": {
            kind: dict(zip(("shown", "of"), found.counts(kind), strict=True)) for kind in KINDS
        },
        "not_known": dict(zip(("shown", "of"), found.counts(unknown=True), strict=True)),
        "items": [
            {
                "kind": item.kind,
                "policy": item.policy,
                "rule": item.rule,
                "text": item.text,
                **_where(item.location.file, item.location.start, item.location.path),
                "hits": item.hits,
            }
            for item in found.items
        ],
    }


def _where(file: str, start: Any, path: str) -> dict[str, Any]:
    return {"file": file, "line": start.line if start else None, "path": path}


# --- mutation --------------------------------------------------------------------------------------


def mutation_text(found: Mutation) -> str:
    """The score and the counts by kind, then each survivor with what would kill it."""
    killed, equivalent, survived = _counts(found).values()
    judged = killed + survived + equivalent
    of = f" (of {found.all_of:,})" if judged < found.all_of - found.count("no policy") else ""
    lines = [
        f"{judged:,} small changes{of} under {found.scenarios:,} scenarios: "
        f"{killed:,} noticed, {equivalent:,} without effect, "
        f"{counted(survived, 'survivor')}.",
        f"Score: {score(found)}% of the changes that have an effect are noticed.",
        "",
        f"  {'kind':<20}{'noticed':>9}{'no effect':>11}{'survivors':>11}",
    ]
    for kind in found.kinds:
        noticed, same, left = _counts(found, kind).values()
        lines.append(f"  {kind:<20}{noticed:>9}{same:>11}{left:>11}")
    survivors = found.with_status("survivor")
    if survivors:
        lines += ["", "No scenario notices:"]
        for verdict in survivors:
            lines += ["", *_survivor(verdict)]
    return "\n".join(lines)


def score(found: Mutation) -> str:
    """The share of the mutants with an effect that is killed, in percent, rounded down to tenths."""
    killed, survived = found.count("killed"), found.count("survivor")
    tenths = 1000 if not killed + survived else killed * 1000 // (killed + survived)
    return f"{tenths // 10}.{tenths % 10}"


def _survivor(verdict: Verdict) -> Iterator[str]:
    mutant = verdict.mutant
    yield f"  {mutant.place}"
    yield f"    {mutant.text}"
    if verdict.policy:
        yield f"    changes {verdict.policy}"
    yield f"    would be noticed by {mutant.kill}"
    if verdict.facts is not None:
        named = ", ".join(
            f"{name} = {to_json(value)}"
            for name, value in sorted(verdict.facts.items())
            if value is not None
        )
        yield f"    such as: {named}"
    if verdict.why:
        yield f"    not proved to be without effect: {verdict.why}"


def mutation_json(found: Mutation) -> dict[str, Any]:
    """Counts by kind, then every mutant with its result."""
    return {
        "schema": MUTATION_SCHEMA,
        "scenarios": found.scenarios,
        "mutants": found.all_of,
        "score": score(found),
        **_counts(found),
        "kinds": {kind: _counts(found, kind) for kind in found.kinds},
        "verdicts": [
            _verdict(verdict) for verdict in found.verdicts if verdict.status != "no policy"
        ],
    }


def _counts(found: Mutation, kind: str | None = None) -> dict[str, int]:
    return {
        "killed": found.count("killed", kind),
        "equivalent": found.count("equivalent", kind),
        "survivors": found.count("survivor", kind),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    mutant = verdict.mutant
    location = mutant.location
    return {
        "status": verdict.status,
        "kind": mutant.kind,
        "rule": mutant.rule,
        "change": mutant.change,
        **_where(location.file, location.start, location.path),
        "killed_by": None if verdict.killed_by is None else _place(verdict.killed_by),
        "why": verdict.why,
        "policy": verdict.policy,
        "would_notice": mutant.kill if verdict.status == "survivor" else None,
        "facts": None
        if verdict.facts is None
        else {name: to_json(value) for name, value in sorted(verdict.facts.items())},
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "file": place.file,
        "line": place.example_line or place.line,
        "scenario": place.scenario,
    }
