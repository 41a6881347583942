"""Statements about a small policy: what is true is proved, and each slip is shown by a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from payer_policy.analysis import prove as proving
from payer_policy.analysis.prove import Proof, prove
from payer_policy.cli import payer_policy
from payer_policy.engine import Engine
from payer_policy.engines.symbolic.search import NotProved
from payer_policy.specs.reading import read_feature
from payer_policy.specs.replay import replay, scripts_of
from tests.places import ROOT
from tests.policy.checks.building import build

SHIPPED = ROOT / "policies"
POLICY = "north/iron/2024-01-01.json"


def fact(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"fact": name, operator: value}


APPROVED = fact("decision", "is", "approve")
FIRST = fact("therapy.phase", "is", "first")
STATEMENTS: Mapping[str, dict[str, Any]] = {
    "first-needs-oral-iron": {
        "when": {"all": [APPROVED, FIRST]},
        "always": fact("oral.tried", "is", True),
    },
    "untried-is-not-approved": {
        "never": {"all": [APPROVED, FIRST, fact("oral.tried", "is", False)]}
    },
    "never-more-than-the-label": {
        "never": {"all": [APPROVED, fact("units.billed", "more_than", {"parameter": "most_units"})]}
    },
    "repeats-need-no-oral-iron": {
        "never": {
            "all": [
                fact("therapy.phase", "is", "repeat"),
                fact("reasons.rule", "includes", "oral-iron-first"),
            ]
        }
    },
    "oral-iron-is-carc-50": {
        "when": fact("reasons.rule", "includes", "oral-iron-first"),
        "always": {
            "all": [
                fact("decision", "is", "deny"),
                fact("reasons.carc", "includes", "50"),
                fact("reasons.group", "is", ["CO"]),
            ]
        },
    },
    "denied-stays-denied": {"stays": fact("decision", "is", "deny")},
    "what-is-not-tolerated-counts": {
        "when": fact("oral.outcome", "is", "not_tolerated"),
        "always": fact("oral.tried", "is", True),
    },
    "six-weeks-at-least": {
        "never": {
            "all": [
                fact("oral.tried", "is", True),
                fact("oral.outcome", "is", "failed"),
                fact("oral.weeks", "less_than", {"parameter": "oral_weeks"}),
            ]
        }
    },
    "help-is-no-failure": {
        "never": {"all": [fact("oral.tried", "is", True), fact("oral.outcome", "is", "helped")]}
    },
    "no-one-is-pended-for-age": {
        "never": {"all": [fact("patient.age", "at_least", 0), fact("reasons.rule", "is", ["odd"])]}
    },
}
ODD = {
    "id": "odd",
    "title": "Never there",
    "cites": ["manual"],
    "when": {"all": [FIRST, fact("therapy.phase", "is", "repeat")]},
    "then": {"pend": {"because": "No."}},
}


def made(folder: Path, only: Mapping[str, Any] = STATEMENTS, **case: Any) -> Engine:
    statements = [{"id": id_, "title": f"It is {id_}", **said} for id_, said in only.items()]
    case.setdefault("add_rules", {POLICY: []})
    rules = {POLICY: [ODD, *case["add_rules"].get(POLICY, [])]}
    write = {"north/iron/statements.json": {"title": "Iron", "statements": statements}}
    build({**case, "add_rules": rules, "write": {**write, **case.get("write", {})}}, folder)
    return Engine.open(folder)


def verdicts(engine: Engine, address: str = "north/iron") -> dict[str, Proof]:
    return {proof.statement.id: proof for proof in prove(engine, address)}


def test_what_is_true_is_proved_here_and_for_who_inherits_it(tmp_path: Path) -> None:
    engine = made(tmp_path / "policies")
    for address in ("north/iron", "south/iron"):
        found = verdicts(engine, address)
        assert {id_: (one.verdict, one.why) for id_, one in found.items()} == dict.fromkeys(
            STATEMENTS, ("proved", None)
        )
        assert {one.statement.origin for one in found.values()} == {"north/iron"}


RULE = '"when": {"fact": "units.billed", "more_than": {"parameter": "most_units"}},'
SLIPS: Mapping[str, tuple[set[str], dict[str, Any]]] = {
    "the weeks count from the other side": (
        {"six-weeks-at-least"},
        {
            "edit": {
                POLICY: [
                    [
                        '{"fact": "oral.weeks", "at_least": {"parameter": "oral_weeks"}}',
                        '{"fact": "oral.weeks", "at_most": {"parameter": "oral_weeks"}}',
                    ]
                ]
            }
        },
    ),
    "a week less will do": (
        {"six-weeks-at-least"},
        {
            "edit": {
                POLICY: [
                    [
                        '{"fact": "oral.weeks", "at_least": {"parameter": "oral_weeks"}}',
                        '{"fact": "oral.weeks", "at_least": 5}',
                    ]
                ]
            }
        },
    ),
    "help counts as failure": (
        {"help-is-no-failure"},
        {
            "edit": {
                POLICY: [
                    [
                        '{"fact": "oral.outcome", "is": "not_tolerated"}',
                        '{"fact": "oral.outcome", "in": ["not_tolerated", "helped"]}',
                    ]
                ]
            }
        },
    ),
    "the tolerance is forgotten": (
        {"what-is-not-tolerated-counts", "six-weeks-at-least"},
        {
            "edit": {
                POLICY: [
                    [
                        '{"fact": "oral.outcome", "is": "not_tolerated"}',
                        '{"fact": "oral.outcome", "is": "failed"}',
                    ]
                ]
            }
        },
    ),
    "the wrong phase is asked": (
        {"first-needs-oral-iron", "untried-is-not-approved", "repeats-need-no-oral-iron"},
        {
            "edit": {
                POLICY: [
                    [
                        '{"fact": "therapy.phase", "is": "first"},\n          {"fact": "oral.tried"',
                        '{"fact": "therapy.phase", "is": "repeat"},\n          {"fact": "oral.tried"',
                    ]
                ]
            }
        },
    ),
    "a pend instead of a denial": (
        {"oral-iron-is-carc-50"},
        {"edit": {POLICY: [['        "deny": {\n', '        "pend": {\n']]}},
    ),
    "another reason code": (
        {"oral-iron-is-carc-50"},
        {"edit": {POLICY: [['"carc": "50"', '"carc": "16"']]}},
    ),
    "more than the label passes": (
        {"never-more-than-the-label"},
        {
            "edit": {
                POLICY: [[RULE, RULE.replace('{"parameter": "most_units"}', "400")]],
            }
        },
    ),
    "the limit is not looked at when it is not known": (
        set(),
        {"edit": {POLICY: [[RULE, RULE + ' "if_unknown": "assume_not_holding",']]}},
    ),
    "who says nothing is denied": (
        {"denied-stays-denied"},
        {
            "add_rules": {
                POLICY: [
                    {
                        "id": "silence",
                        "title": "Silence",
                        "cites": ["manual"],
                        "when": fact("patient.pregnant", "is_known", False),
                        "then": {
                            "deny": {
                                "group": "CO",
                                "carc": "50",
                                "rarc": ["N130"],
                                "because": "No.",
                            }
                        },
                    }
                ]
            }
        },
    ),
    "an override that goes too far": (
        {"first-needs-oral-iron", "untried-is-not-approved"},
        {
            "add_rules": {
                POLICY: [
                    {
                        "id": "kind",
                        "title": "Kind",
                        "cites": ["manual"],
                        "when": fact("patient.age", "at_least", 65),
                        "then": {"advise": {"because": "Be kind."}},
                        "overrides": ["oral-iron-first"],
                    }
                ]
            }
        },
    ),
    "an assumption that approves": (
        {"first-needs-oral-iron"},
        {
            "edit": {
                POLICY: [
                    [
                        '"title": "Oral iron comes first",',
                        '"title": "Oral iron comes first", "if_unknown": "assume_not_holding",',
                    ]
                ]
            }
        },
    ),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_shown_by_a_request_that_an_engine_decides(name: str, tmp_path: Path) -> None:
    expected, case = SLIPS[name]
    engine = made(tmp_path / "policies", **case)
    found = verdicts(engine)

    assert {id_ for id_, one in found.items() if one.verdict == "broken"} == expected
    assert "not proved" not in {one.verdict for one in found.values()}
    for proof in found.values():
        if proof.counterexample is None:
            continue
        shown = proof.counterexample
        again = engine.decide(shown.case.request).determinations
        assert shown.case.determination in again
        # As a scenario it says the same, and passes.
        file = tmp_path / f"{proof.statement.id}.feature"
        file.write_text(f"Feature: {name}\n\n{shown.scenario}", "utf-8")
        for script in scripts_of(read_feature(file, file.name)):
            assert replay(script, engine).failure is None


def test_a_counterexample_is_as_plain_as_it_can_be(tmp_path: Path) -> None:
    _, case = SLIPS["who says nothing is denied"]
    proof = verdicts(made(tmp_path / "policies", **case))["denied-stays-denied"]

    assert proof.counterexample is not None
    scenario = proof.counterexample.scenario
    assert scenario.startswith(
        "Scenario: Against `denied-stays-denied`\n"
        "  Given a claim to North Health for J1756 on 2025-03-03\n"
        "  When the claim is decided\n"
        "  Then it is denied\n"
        "  And the reasons are\n"
        "    | rule    | group | carc | rarc |\n"
        "    | silence | CO    | 50   | N130 |\n"
        "  Given these facts\n"
    )
    assert scenario.count("\n    | ") == 4
    assert scenario.endswith("  When the claim is decided\n  Then it is pended\n")


def test_a_statement_about_what_never_arises_says_so(tmp_path: Path) -> None:
    odd = {
        "idle": {
            "when": fact("reasons.rule", "includes", "odd"),
            "always": fact("decision", "is", "deny"),
        }
    }
    (proof,) = verdicts(made(tmp_path / "policies", odd)).values()

    assert (proof.verdict, proof.why) == ("proved", "its case never arises")


def test_a_statement_holds_on_its_dates_and_where_it_is_not_withdrawn(tmp_path: Path) -> None:
    only = {
        "from-2025": {
            "never": fact("reasons.rule", "includes", "odd"),
            "in_force": {"from": "2025-01-01"},
        },
        "until-2024": {
            "never": fact("service.date", "after", "2024-12-31"),
            "in_force": {"through": "2024-12-31"},
        },
    }
    withdrawn = '"withdraws": {"statement:until-2024": "South Health has its own."},'
    south = [['"rules": []', f'{withdrawn} "rules": []']]
    engine = made(tmp_path / "policies", only, edit={"south/iron/2024-01-01.json": south})

    found = verdicts(engine)
    assert {
        id_: (one.verdict, str(one.first_day), str(one.last_day)) for id_, one in found.items()
    } == {
        "until-2024": ("proved", "2024-01-01", "2024-12-31"),
        "from-2025": ("proved", "2025-01-01", "None"),
    }
    assert set(verdicts(engine, "south/iron")) == {"from-2025"}


def test_what_the_solver_gives_up_is_not_proved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Tired(proving.Search):
        def find(self, *formulas: Any) -> Any:
            raise NotProved("timeout")

    monkeypatch.setattr(proving, "Search", Tired)
    found = verdicts(made(tmp_path / "policies"))

    # What no fact can turn round is proved without a solver.
    by_structure = found.pop("denied-stays-denied")
    assert (by_structure.verdict, by_structure.why) == ("proved", None)
    assert {(one.verdict, one.why) for one in found.values()} == {
        ("not proved", "the solver gave up: timeout")
    }


def test_medicares_statements_are_proved() -> None:
    found = list(prove(Engine.open(SHIPPED), "medicare/intrathecal-baclofen"))

    assert len({proof.statement.id for proof in found}) >= 17
    assert {(proof.verdict, proof.why) for proof in found} <= {
        ("proved", None),
        ("proved", "its case never arises"),
    }


# --- the command -----------------------------------------------------------------------------------


def command(folder: Path, *more: str) -> Result:
    return CliRunner().invoke(
        payer_policy, ["prove", "--policies", str(folder), "--jobs", "1", *more]
    )


def test_the_command_ends_with_0_when_all_are_proved(tmp_path: Path) -> None:
    made(tmp_path / "policies")
    result = command(tmp_path / "policies")

    assert result.exit_code == 0, result.output
    assert "20 of 20 proved" in result.output


def test_the_command_shows_what_breaks_a_statement(tmp_path: Path) -> None:
    _, case = SLIPS["help counts as failure"]
    made(tmp_path / "policies", **case)
    result = command(tmp_path / "policies", "help-is-no-failure", "--policy", "north/iron")
    as_json = json.loads(command(tmp_path / "policies", "help-is-no-failure", "--json").output)

    assert result.exit_code == 1
    assert "BROKEN" in result.output
    assert "Scenario: Against `help-is-no-failure`" in result.output
    assert [one["verdict"] for one in as_json["proofs"]] == ["broken", "broken"]
    assert as_json["proofs"][0]["counterexample"]["request"]["facts"]["oral.outcome"] == "helped"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-such"], "`no-such` is not a statement of this folder"),
        (["help-is-no-failur"], "did you mean `help-is-no-failure`?"),
        (["--policy", "north/irn"], "did you mean `north/iron`?"),
    ],
)
def test_a_wrong_call_is_told(words: list[str], said: str, tmp_path: Path) -> None:
    made(tmp_path / "policies")
    result = command(tmp_path / "policies", *words)

    assert result.exit_code == 2
    assert said in result.output


def test_without_statements_it_says_where_they_go(tmp_path: Path) -> None:
    build({}, tmp_path / "policies")
    result = command(tmp_path / "policies")

    assert (result.exit_code, "statements.json" in result.output) == (0, True)
