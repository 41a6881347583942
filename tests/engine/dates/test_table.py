"""What is decided of services whose date is missing, or that run over several days: `cases/`.

A case has a folder of policies (see `tests.policy.checks.building`), requests, and of each determination:
the decision, its findings with codes, its lines (`number outcome billed allowed`), what is asked, whether
a version of the policy decided, and what a sentence says. The same holds on every engine, and in files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.audit import record as recorder
from payer_policy.audit.checker import Verifier
from payer_policy.determination import Determination, Outcome
from payer_policy.engines import why_unavailable
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from tests.batch.building import decided, rows_of, write_lines
from tests.policy.checks.building import build

FILES = sorted((Path(__file__).parent / "cases").glob("*.json"))
TABLES = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
CASES = [(name, case) for name, table in TABLES.items() for case in table["cases"]]
EACH = pytest.mark.parametrize(
    ("table", "case"), CASES, ids=[f"{name}: {case['name']}" for name, case in CASES]
)
ENGINES = ("compiled", "durable", "checked")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for name, table in TABLES.items():
        found[name] = tmp_path_factory.mktemp(name) / "policies"
        build(table["folder"], found[name])
    return found


@pytest.fixture(scope="module")
def libraries(folders: dict[str, Path]) -> dict[str, Library]:
    return {name: open_library(folder) for name, folder in folders.items()}


def findings(made: Determination) -> list[str]:
    return [
        " ".join(filter(None, (one.kind, one.rule, one.group, one.carc, *one.rarcs)))
        for one in made.findings
    ]


def said(made: Determination) -> Iterator[tuple[str, Any]]:
    yield "decision", made.decision
    yield "findings", findings(made)
    yield (
        "lines",
        [
            f"{line.number} {line.outcome} {line.billed_units} "
            f"{'-' if line.allowed_units is None else line.allowed_units}"
            for line in made.lines
        ],
    )
    yield "missing", [question.fact for question in made.missing]
    yield "dated", made.policy.version is not None and made.policy.hash is not None


def holds(outcome: Outcome, expected: list[dict[str, Any]]) -> None:
    if expected[0]["decision"] == "no_policy":
        assert outcome.determinations == () and outcome.without_policy
        return
    assert len(outcome.determinations) == len(expected)
    for made, wanted in zip(outcome.determinations, expected, strict=True):
        found = dict(said(made))
        for key in wanted.keys() - {"says"}:
            same = sorted if key == "missing" else list
            value = found[key] if isinstance(found[key], (str, bool)) else same(found[key])
            asked = wanted[key] if isinstance(wanted[key], (str, bool)) else same(wanted[key])
            assert value == asked, (key, made)
        sentences = " ".join(one.because for one in made.findings)
        assert wanted.get("says", "") in sentences
        assert "not known" not in sentences


@pytest.mark.parametrize("name", ENGINES)
@EACH
def test_every_engine(
    libraries: dict[str, Library], name: str, table: str, case: dict[str, Any]
) -> None:
    if (why := why_unavailable(name)) is not None:
        pytest.skip(why)
    holds(Engine(libraries[table], name).decide(case["request"]), case["expect"])


@EACH
def test_the_record_follows(
    libraries: dict[str, Library], table: str, case: dict[str, Any]
) -> None:
    library = libraries[table]
    engine = Engine(library, "compiled")
    records = recorder.records(engine, case["request"], *engine.decide_fully(case["request"]))
    for one in Verifier(library).verify_all(list(records)):
        assert (one.wrong, one.unchecked) == ((), ())


@pytest.mark.parametrize("table", TABLES)
def test_a_file_of_them_has_the_same_answers(
    folders: dict[str, Path], libraries: dict[str, Library], table: str, tmp_path: Path
) -> None:
    requests = [case["request"] for case in TABLES[table]["cases"]]
    decided([write_lines(tmp_path / "claims.jsonl", requests)], tmp_path / "out", folders[table])
    rows = rows_of(tmp_path / "out")
    engine = Engine(libraries[table])
    wanted = [
        (record, one.decision, one.service_date, [found.rule for found in one.findings])
        for record, request in enumerate(requests, 1)
        for one in engine.decide(request).determinations
    ]
    found = [
        (row["record"], row["decision"], row["service_date"], row["findings"])
        for row in rows
        if row["decision"] != "no_policy"
    ]
    assert found == wanted
    assert all((row["policy_hash"] is None) == (row["policy_version"] is None) for row in rows)
