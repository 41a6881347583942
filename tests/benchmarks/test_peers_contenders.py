"""The contenders that need no package, and what all of them share: held to the reference's answers.

Nothing here looks at a time. The others are held to the same answers by `benchmarks/peers/run.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.places import ROOT

OURS = ("workload", "reference", "halves", "contenders", "report")


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks/peers"))
    # Modules of these plain names must neither come from elsewhere nor stay behind.
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_ours(name)}
    yield SimpleNamespace(**{name: pytest.importorskip(name) for name in OURS})
    for name in [name for name in sys.modules if _is_ours(name)]:
        del sys.modules[name]
    sys.modules.update(before)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS


@pytest.mark.parametrize(
    ("name", "rules", "guarded"),
    [
        ("handwritten", 20, True),
        ("handwritten", 60, True),
        ("handwritten", 40, False),
        ("handwritten-account", 60, True),
    ],
)
def test_python_by_hand_answers_as_the_reference(
    peers: Any, tmp_path: Path, name: str, rules: int, guarded: bool
) -> None:
    about = peers.contenders.contenders()[name]
    policy = peers.workload.make_policy(rules, guarded=guarded)
    shape, decide = about.build(policy, tmp_path)
    for request in peers.workload.claims(policy, 300):
        decision, findings = decide(shape(request))
        assert (decision, tuple(findings)) == peers.reference.answer(policy, request)[:2], request


@pytest.mark.parametrize(("rules", "guarded"), [(20, True), (40, True), (40, False)])
def test_the_two_halves_of_each_rule_are_its_three_truths(
    peers: Any, rules: int, guarded: bool
) -> None:
    policy = peers.workload.make_policy(rules, guarded=guarded)
    full = peers.halves.in_full(policy)
    halves = peers.halves.halves_in_full(policy)
    assert [half.rule.id for half in halves] == list(full)
    for request in peers.workload.claims(policy, 60):
        facts = peers.workload.typed_facts(policy, request["facts"])
        for half in halves:
            truth = peers.reference.holds(full[half.rule.id], facts)
            assert _true(peers, half.holds, facts) is (truth is True)
            assert _true(peers, half.may_hold, facts) is (truth is not False)


def _true(peers: Any, formula: Any, facts: Any) -> bool:
    """A formula of guarded tests in two-valued logic."""
    if not isinstance(formula, peers.halves.Guarded):
        parts = [_true(peers, part, facts) for part in formula.parts]
        return all(parts) if isinstance(formula, peers.halves.And) else any(parts)
    if any(facts[name] is None for name in formula.facts):
        return bool(formula.lenient)
    test = formula.test
    if test.op == "at_most":  # only made by turning a test round, so the reference has none
        above = peers.workload.Test(test.fact, "more_than", test.value)
        return not peers.reference.test_holds(above, facts)
    return bool(peers.reference.test_holds(test, facts))


def test_every_contender_says_what_it_is(peers: Any) -> None:
    rows = peers.contenders.contenders()
    assert len(rows) > 15
    for name, about in rows.items():
        assert name == about.name
        assert about.build or about.batch
        assert all(
            (about.title, about.unknown, about.reasons, about.proof, about.dates, about.note)
        )


def test_what_failed_stays_in_the_report(peers: Any, tmp_path: Path) -> None:
    timed = {"mean_us": 2.0, "p50_us": 2.0, "p99_us": 3.0, "ratio": 1.0, "first_ms": 1.0}
    said = {"unknown": "u", "reasons": "r", "proof": "p", "dates": "d", "note": "n"}
    results = {
        "machine": "a machine", "claims": 1, "rounds": 1, "rows": 1,
        "about": {name: said | {"title": f"the {name} <row>"} for name in ("one", "two", "three")},
        "single": {"two": {"failed": "not installed: why"}, "one": timed},
        "growth": {"one": {"200": timed, "2000": {"failed": "took longer"}}},
        "unguarded": {},
        "batch": {"three": {"failed": "no such command"}},
        "many": {"1": {"mean_us": 1.0, "p99_us": 1.0, "first_ms": 1.0, "open_ms": 1.0}},
    }  # fmt: skip
    text = peers.report.markdown(results)
    for reason in ("not installed: why", "took longer", "no such command"):
        assert reason in text
    assert text.index("the one") < text.index("the two")
    peers.report.plot(tmp_path / "plot.svg", results)
    drawn = ElementTree.parse(tmp_path / "plot.svg")
    assert "the one <row>" in "".join(drawn.getroot().itertext())
    readme = tmp_path / "README.md"
    readme.write_text(
        f"a\n{peers.report.BEGIN}\nwhat was there\n{peers.report.END}\nz\n", encoding="utf-8"
    )
    peers.report.write_readme(readme, results)
    assert "what was there" not in readme.read_text(encoding="utf-8")
    assert readme.read_text(encoding="utf-8").endswith("z\n")
