"""A supplied fact against the form, against what is computed, and against what silence means."""

from __future__ import annotations

from typing import Any

import pytest

from payer_policy import Engine, PolicyError
from tests.policy.checks.building import build


def flag(source: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "boolean", "label": "a flag", "question": "Is it?", **more}
    return made if source is None else {**made, "from": source}


def where(fact: str, **test: Any) -> dict[str, Any]:
    return {"compute": {"condition": {"fact": fact, **test}}}


FACTS = {
    "x.through": {
        "type": "date", "label": "the last day", "question": "Which?", "from": {"service": "through"}
    },
    "x.number": {"type": "integer", "label": "a number", "question": "How many?"},
    "x.jw": flag({"lines": "service", "any": {"line": "modifiers", "includes": "JW"}},
                 absent_means=False),
    "x.spans": flag(where("x.through", after={"fact": "service.date"}), absent_means=False),
    "x.many": flag(where("x.number", at_least=5), absent_means=False),
    "x.quiet": flag(absent_means=False),
    "x.after_quiet": flag(where("x.quiet", **{"is": True}), absent_means=False),
    "x.far": flag(where("x.after_quiet", **{"is": True})),
}  # fmt: skip
CASE = {
    "add_facts": FACTS,
    "add_rules": {
        "north/iron/2024-01-01.json": [
            {
                "id": name.replace(".", "-").replace("_", "-"),
                "title": f"{name} is so",
                "cites": ["manual"],
                "when": {"fact": name, "is": True},
                "then": {"advise": {"because": "It is so."}},
            }
            for name, fact in FACTS.items()
            if fact["type"] == "boolean"
        ]
    },
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("supplied") / "policies"
    build(CASE, folder)
    return Engine.open(folder)


def decided(engine: Engine, facts: dict[str, Any], through: str | None = "2024-06-03") -> list[str]:
    """The flags that hold."""
    line = {"code": "J1756", "units": 1, "date": "2024-06-03", "through": through}
    request = {"id": "SYN-1", "coverage": {"payer": "north"}, "lines": [line], "facts": facts}
    (determination,) = engine.decide(request).determinations
    return [one.rule for one in determination.findings if one.rule.startswith("x-")]


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        # the form says otherwise, whatever silence would have meant
        ({"x.jw": True}, ["x.jw"]),
        ({"x.spans": True}, ["x.spans"]),
        ({"x.spans": True, "x.jw": True}, ["x.spans", "x.jw"]),
        # what is computed from given values says otherwise
        ({"x.many": True, "x.number": 3}, ["x.many"]),
        ({"x.many": False, "x.number": 7}, ["x.many"]),
        ({"x.quiet": False, "x.after_quiet": True}, ["x.after_quiet"]),
        ({"x.quiet": True, "x.after_quiet": False}, ["x.after_quiet"]),
        ({"x.after_quiet": False, "x.far": True}, ["x.far"]),
    ],
)
def test_what_the_form_or_a_given_value_contradicts_is_refused(
    engine: Engine, facts: dict[str, Any], refused: list[str]
) -> None:
    with pytest.raises(PolicyError) as found:
        decided(engine, facts)

    assert {(one.code, one.location.path) for one in found.value.diagnostics} == {
        ("contradicts-claim", f"$.facts.{name}") for name in refused
    }


@pytest.mark.parametrize(
    ("facts", "held"),
    [
        ({}, []),
        ({"x.jw": False, "x.spans": False}, []),
        ({"x.many": True}, ["x-many"]),  # the number is not known: only silence says no
        ({"x.many": True, "x.number": 7}, ["x-many"]),
        ({"x.quiet": True}, ["x-after-quiet", "x-far", "x-quiet"]),
        ({"x.after_quiet": True}, ["x-after-quiet", "x-far"]),  # silence says what it is made from
        ({"x.far": True}, ["x-far"]),
        ({"x.far": True, "x.after_quiet": True}, ["x-after-quiet", "x-far"]),
    ],
)
def test_what_only_silence_contradicts_is_used(
    engine: Engine, facts: dict[str, Any], held: list[str]
) -> None:
    assert decided(engine, facts) == held
