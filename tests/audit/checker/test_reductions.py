"""Reductions whose amount is shared by lines in order, some of which wait: each way once, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from payer_policy.core.ruleset import Constant
from payer_policy.determination import ServiceLine
from tests.audit.checker.test_random import checked, for_all, recorded
from tests.determination.build import finding, rule, ruleset, yes

A, D = frozenset({"administered"}), frozenset({"discarded"})
RULES = for_all(
    ruleset(
        [
            rule("of-all", yes("few"), finding("reduce", "6 in all.", to=Constant(6))),
            rule(
                "of-waste",
                yes("few.waste"),
                finding("reduce", "2 of waste.", on="discarded", to=Constant(2)),
            ),
            rule("waste-refused", yes("waste.refused"), finding("deny", "No.", on="discarded")),
            rule("looked-at", yes("odd"), finding("pend", "A person looks.", on="administered")),
        ]
    )
)
KNOWN = {"few": True, "few.waste": True, "waste.refused": False, "odd": False}

CASES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]], list[tuple[Any, ...]]]] = {
    # facts that differ, lines (units, parts), (outcome, allowed units, findings, unsettled)
    "each takes what is left": (
        {},
        [(4, A), (5, A), (3, D)],
        [
            ("approve", 4, ["of-all"]),
            ("reduce", 2, ["of-all"]),
            ("deny", 0, ["of-all", "of-waste"]),
        ],
    ),
    "the tighter of two": (
        {},
        [(3, D), (5, A)],
        [("reduce", 2, ["of-all", "of-waste"]), ("reduce", 4, ["of-all"])],
    ),
    "a denied line takes nothing": (
        {"waste.refused": True},
        [(5, D), (6, A)],
        [("deny", 0, ["of-all", "of-waste", "waste-refused"]), ("approve", 6, ["of-all"])],
    ),
    "a later line waits for an earlier one that pends": (
        {"odd": True},
        [(4, A), (2, D)],
        [("pend", None, ["looked-at"]), ("approve", 2, [])],
    ),
    "and pends where it makes a difference": (
        {"odd": True},
        [(5, A), (2, D)],
        [("pend", None, ["looked-at", "of-all"]), ("pend", None, ["of-all"])],
    ),
    "units that are not known": (
        {},
        [(None, A), (1, D)],
        [("pend", None, []), ("pend", None, [])],
    ),
    "a reduction that may hold": (
        {"few": None},
        [(9, A), (1, D)],
        [("pend", None, []), ("pend", None, [])],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_lines_share_an_amount(name: str) -> None:
    """What is recorded is what is meant, the checker agrees, and with no other units."""
    differ, given, wanted = CASES[name]
    lines = tuple(ServiceLine(n, units, parts) for n, (units, parts) in enumerate(given, 1))
    content = recorded(RULES, KNOWN | differ, lines)

    said = content["determination"]["lines"]
    assert [(one["outcome"], one["allowed_units"], one["findings"]) for one in said] == wanted
    assert checked(content, RULES).wrong == ()
    for index, one in enumerate(said):
        for units in {0, 1, 2, 4, 5, 6, 9, None} - {one["allowed_units"]}:
            content["determination"]["lines"][index] = {**one, "allowed_units": units}
            wrong = checked(content, RULES).wrong
            assert [each[:3] for each in wrong] == [
                (
                    ("determination", "lines", str(index + 1), "allowed_units"),
                    units,
                    one["allowed_units"],
                )
            ]
        content["determination"]["lines"][index] = one


def test_what_is_left_before_a_line_is_a_step() -> None:
    lines = (ServiceLine(1, 4, A), ServiceLine(2, 5, A))
    content = recorded(RULES, KNOWN, lines)
    assert content["proof"]["lines"][1]["left"] == {"of-all": [2, 2]}
    content["proof"]["lines"][1]["left"]["of-all"] = [2, 3]

    (wrong,) = checked(content, RULES).wrong

    assert wrong[:3] == (("proof", "lines", "2", "left", "of-all"), [2, 3], [2, 2])
