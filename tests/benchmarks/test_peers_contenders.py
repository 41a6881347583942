"""The contenders that need no package, and what all of them share: held to the reference's answers.

Nothing here looks at a time. The others are held to the same answers by `benchmarks/peers/run.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.places import ROOT

OURS = (
    "workload", "line_workload", "reference", "halves", "contenders", "tables", "report", "run",
)  # fmt: skip


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


def test_python_by_hand_answers_claims_with_lines_as_the_reference(
    peers: Any, tmp_path: Path
) -> None:
    policy = peers.line_workload.make_line_policy()
    shape, decide = peers.contenders.contenders()["handwritten"].lines.build(policy, tmp_path)
    for worst in (False, True):
        for request in peers.line_workload.line_claims(policy, 300, worst=worst):
            found = [(*key, tuple(findings)) for *key, findings in decide(shape(request))]
            assert found == peers.reference.line_answers(policy, request), request


@pytest.mark.parametrize("name", ["handwritten", "polars", "duckdb", "payer-policy-batch"])
@pytest.mark.parametrize("worst", [False, True])
def test_batches_of_claim_lines_answer_as_the_reference(
    peers: Any, tmp_path: Path, name: str, worst: bool
) -> None:
    for package in ("pyarrow", *({name} & {"polars", "duckdb"})):
        pytest.importorskip(package)
    lines = peers.line_workload
    policy = lines.make_line_policy()
    requests = list(lines.line_claims(policy, 200, worst=worst))
    table, out = tmp_path / "claims.parquet", tmp_path / "answers"
    rows = lines.line_rows_of(requests)
    peers.workload.write_parquet(table, lines.TABLE_FACTS, rows, at_once=100)
    about = peers.contenders.contenders()[name].lines
    about.batch(policy, tmp_path, table, out)
    right = [peers.reference.line_answers(policy, request) for request in requests]
    assert json.dumps(about.read(out)) == json.dumps(right)


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
    batch = {"seconds": 2.0, "cpu": 3.0, "peak_mb": 4, "claims": 1, "runs": 1}
    run = {
        "date": "2026-11-30", "machine": "a machine", "load": 0.5, "claims": 1, "rounds": 1, "rows": 1,
    }  # fmt: skip
    results = {
        "runs": {"facts": run, "lines": run | {"rows": 2}},
        "about": {name: said | {"title": f"the {name} <row>"} for name in ("one", "two", "three")},
        "single": {"two": {"failed": "not installed: why"}, "one": timed},
        "growth": {"one": {"200": timed, "2000": {"failed": "took longer"}}},
        "unguarded": {},
        "batch": {"three": {"failed": "no such command"}},
        "many": {"1": {"mean_us": 1.0, "p99_us": 1.0, "first_ms": 1.0, "open_ms": 1.0}},
        "lines": {"two": timed},
        "lines_batch": {
            "one": batch | {"worst": batch | {"seconds": 77.0}},
            "two": batch | {"worst": {"failed": "ran out of memory"}},
        },
    }  # fmt: skip
    text = peers.report.markdown(results)
    for reason in ("not installed: why", "took longer", "no such command", "ran out of memory"):
        assert reason in text
    for shown in (
        "2026-11-30",
        "a machine, load 0.5",
        "one <row>, 1 claims",
        "77,000,000",
        "Worst case, ",
    ):
        assert shown in text
    assert peers.report.excerpt(results)
    assert text.index("the one") < text.index("the two")
    peers.report.plot(tmp_path / "plot.svg", results)
    drawn = ElementTree.parse(tmp_path / "plot.svg")
    assert "the one <row>" in "".join(drawn.getroot().itertext())
    page = f"a\n{peers.report.BEGIN}\nwhat was there\n{peers.report.END}\nz\n"
    written = peers.report.between(page, (peers.report.BEGIN, peers.report.END), text)
    assert "what was there" not in written
    assert written.endswith("z\n")


def test_the_pages_and_the_plot_show_the_results(peers: Any, tmp_path: Path) -> None:
    report = peers.report
    results = json.loads(report.RESULTS.read_text(encoding="utf-8"))
    marks = (report.BEGIN, report.END)
    for path, text in (
        (ROOT / "benchmarks/peers/README.md", report.markdown(results)),
        (ROOT / "README.md", report.excerpt(results)),
    ):
        page = path.read_text(encoding="utf-8")
        assert page == report.between(page, marks, text), "call benchmarks/peers/report.py"
    report.plot(tmp_path / "peers.svg", results)
    drawn = (tmp_path / "peers.svg").read_text(encoding="utf-8")
    assert (ROOT / "docs/peers.svg").read_text(encoding="utf-8") == drawn


def test_measuring_some_again_keeps_the_others(peers: Any) -> None:
    empty: dict[str, Any] = {table: {} for table in peers.run.TABLES}
    kept = empty | {
        "runs": {"facts": {"date": "2026-01-01", "rows": 1}},
        "single": {"one": 1, "two": 2},
    }
    some = empty | {"runs": {"facts": {"date": "2026-01-02"}}, "single": {"two": 3}}
    made = peers.run.updated(kept, some, ["two"])
    assert made["single"] == {"one": 1, "two": 3}
    assert made["runs"]["facts"] == {
        "date": "2026-01-01", "rows": 1, "again": {"two": "2026-01-02"},
    }  # fmt: skip
    lines = empty | {"runs": {"lines": {"date": "2026-01-03"}}, "lines": {"two": 4}}
    made = peers.run.updated(made, lines, [])
    assert made["single"]["two"] == 3 and made["lines"] == {"two": 4}
    assert set(made["runs"]) == {"facts", "lines"}
