"""What policies mean where rules engines go wrong: small policies, requests, and what is right of them.

Each file of `cases/` holds a policy for the folder `base/`, its statements, the facts that it adds, and
requests; and what `check`, `prove` and `decide` make of them.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine, PolicyError
from payer_policy.analysis.deep import deep_check
from payer_policy.analysis.prove import prove
from payer_policy.cli.options import settled
from payer_policy.policy.library import Library
from payer_policy.policy.loading import read_library

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").glob("*.json"))
ADDRESS = "lab/main"
"""The policy of a case."""


def built(case: dict[str, Any], folder: Path) -> Path:
    """The policy folder of a case."""
    shutil.copytree(HERE / "base", folder)
    place = folder / ADDRESS
    place.mkdir(parents=True)
    (place / "2024-01-01.json").write_text(json.dumps(case["policy"]), "utf-8")
    if "statements" in case:
        (place / "statements.json").write_text(json.dumps(case["statements"]), "utf-8")
    vocabulary = folder / "vocabulary.json"
    declared = json.loads(vocabulary.read_text("utf-8"))
    declared["facts"].update(case.get("facts", {}))
    vocabulary.write_text(json.dumps(declared), "utf-8")
    return folder


def checked(folder: Path) -> tuple[list[str], Library | None]:
    """The codes of what `check --deep` reports, and the folder where it can be used."""
    library, problems = read_library(folder)
    if library is not None:
        problems = [*settled(library, problems), *deep_check(Engine(library))]
    return sorted(problem.code for problem in problems), library


def decided(engine: Engine, request: dict[str, Any]) -> list[Any]:
    """The decision, the rules behind it, the facts that are asked for, and what is assumed."""
    try:
        (made,) = engine.decide(request).determinations
    except PolicyError as error:
        return ["refused", *((one.code, one.location.path) for one in error.diagnostics)]
    return [
        made.decision,
        [one.rule for one in made.findings],
        [one.fact for one in made.missing],
        [one.name for one in made.assumptions],
    ]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case(path: Path, tmp_path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    expect = case["expect"]
    codes, library = checked(built(case, tmp_path / "p"))

    assert codes == expect["check"]
    if library is None:
        return
    for name in ("compiled", "durable", "checked"):
        engine = Engine(library, name)
        for request, wanted in expect["decide"].items():
            found = decided(engine, case["requests"][request])
            assert json.loads(json.dumps(found)) == wanted, (name, request)
    proofs = prove(Engine(library), ADDRESS) if "statements" in case else ()
    assert {one.statement.id: one.verdict for one in proofs} == expect.get("prove", {})
    for one in proofs:
        assert (one.counterexample is not None) == (one.verdict == "broken")


@pytest.mark.parametrize("spelling", ["10", "10.0", "10.000000"])
def test_one_number_has_one_meaning_however_it_is_spelled(spelling: str, tmp_path: Path) -> None:
    """Three hundred rules on one number are looked up by its value."""
    case = json.loads((HERE / "cases" / "all-rules-fire.json").read_text("utf-8"))
    rule = case["policy"]["rules"][0]
    rules = [
        {**rule, "id": f"r{number}", "when": {"fact": "x.i1", "is": number}}
        for number in range(300)
    ]
    engine = Engine.open(built({"policy": {**case["policy"], "rules": rules}}, tmp_path / "p"))
    text = json.dumps(case["requests"]["yes"]["facts"] | {"x.i1": "?"}).replace('"?"', spelling)
    facts = json.loads(text, parse_float=str)

    assert decided(engine, {**case["requests"]["yes"], "facts": facts})[:2] == ["deny", ["r10"]]
