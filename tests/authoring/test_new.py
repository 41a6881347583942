"""`payer-policy new`: each file passes `check` as it is, and nothing that exists is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy
from tests.policy.checks.building import build

PAYER = ["payer", "lakeside", "--title", "Lakeside", "--identifier", "LAKE1", "--synthetic"]
DRUG = ["drug", "J0897", "--title", "Denosumab, 1 mg", "--ingredient", "denosumab"]
UNIT = ["--amount", "1", "--unit", "mg"]
POLICY = ["policy", "lakeside/denosumab", "--title", "Denosumab", "--from", "2025-01-01"]
CODES = ["--code", "J0897", "--extends", "general/doses", "--source", "Lakeside policy 12"]
EXAMPLE = ["example", "lakeside/denosumab", "clean-claim", "--date", "2025-03-03"]
MORE = ["--units", "60", "--diagnosis", "D50.0"]
SCENARIO = ["scenario", "lakeside/denosumab", "--title", "A clean claim is paid"]
START = ["--example", "clean-claim"]
MODULE = {
    "title": "Doses",
    "effective": {"from": "2024-01-01"},
    "abstract": True,
    "references": {"manual": {"title": "Manual"}},
    "rules": [
        {
            "id": "many-units",
            "title": "Many units",
            "cites": ["manual"],
            "when": {"fact": "units.billed", "at_least": 200},
            "then": {"pend": {"because": "{units.billed} are many."}},
        }
    ],
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build({"write": {"general/doses/2024-01-01.json": MODULE}}, tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAYER_POLICIES", raising=False)
    return tmp_path


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(payer_policy, arguments, input=typed, catch_exceptions=False)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


STEPS = (PAYER, [*DRUG, *UNIT], [*POLICY, *CODES], [*EXAMPLE, *MORE], [*SCENARIO, *START])


def test_from_an_empty_payer_to_a_scenario_that_passes(here: Path) -> None:
    before = files(here)
    for step in STEPS:
        made = run("new", *step)
        assert made.exit_code == 0, made.output
        assert run("check").exit_code == 0
    more = files(here)
    assert sorted(set(more) - set(before)) == [
        "features/lakeside/denosumab/a-clean-claim-is-paid.feature",
        "policies/drugs/J0897.json",
        "policies/lakeside/denosumab/2025-01-01.json",
        "policies/lakeside/denosumab/examples/clean-claim.json",
        "policies/lakeside/payer.json",
    ]
    assert all(more[name] == content for name, content in before.items())
    spec = run("spec", "--engine", "compiled")
    assert spec.exit_code == 0 and "1 scenario: 1 passed" in spec.output
    assert "Then it is approved" in more[
        "features/lakeside/denosumab/a-clean-claim-is-paid.feature"
    ].decode("utf-8")


def test_what_is_asked_for_and_what_is_given_give_the_same_bytes(here: Path) -> None:
    run("new", *DRUG, *UNIT)
    given = (here / "policies/drugs/J0897.json").read_bytes()
    (here / "policies/drugs/J0897.json").unlink()
    made = run("new", "drug", "J0897", typed="Denosumab, 1 mg\ndenosumab\n1\nmg\n")
    assert made.exit_code == 0
    assert (here / "policies/drugs/J0897.json").read_bytes() == given


@pytest.mark.parametrize("at", range(len(STEPS)))
def test_what_exists_is_refused_and_nothing_is_changed(here: Path, at: int) -> None:
    for step in STEPS:
        run("new", *step)
    before = files(here)
    made = run("new", *STEPS[at])
    assert made.exit_code == 2
    assert "exists, and nothing was written" in " ".join(made.output.split())
    assert files(here) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([*DRUG, "--amount", "ten", "--unit", "mg"], "`ten` is not a number"),
        ([*DRUG, "--amount", "1", "--unit", "furlongs"], "furlongs"),
        (["drug", "X1", *DRUG[2:], *UNIT], "X1"),
        (
            [*POLICY, "--code", "J0897", "--extends", "general/dose"],
            "did you mean `general/doses`?",
        ),
        (["policy", "denosumab", *POLICY[2:], "--code", "J0897"], "denosumab"),
        ([*EXAMPLE, *MORE], "there is no policy `lakeside/denosumab`"),
        (["example", "north/iron", "odd", "--date", "2025-03-03", "--units", "x"], "`x` is not"),
        (["example", "north/iron", "Odd", "--date", "2025-03-03", "--units", "3"], "Odd"),
        (["scenario", "north/iron", "--title", "T", *START], "has no example `clean-claim`"),
    ],
)
def test_what_check_would_not_accept_is_not_written(
    here: Path, arguments: list[str], says: str
) -> None:
    before = files(here)
    made = run("new", *arguments)
    assert made.exit_code == 2
    assert says in " ".join(made.output.split())
    assert files(here) == before
