"""What is decided from what holds: one row a case. A line is `number:units:parts`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from payer_policy.core.ruleset import Arithmetic, Conclude, Constant, FactRef, Reason
from payer_policy.core.truth import HOLDS
from payer_policy.determination import About, Determiner, ServiceLine
from payer_policy.engines.protocol import Evaluation
from tests.determination.build import (
    DAY,
    EXAMPLE,
    KNOWN,
    concludes,
    decide,
    evaluate,
    fact,
    finding,
    rule,
    ruleset,
    test,
    yes,
)

DENY = rule("deny", yes("d"), finding("deny"))
DENY_WASTE = rule("deny-waste", yes("dw"), finding("deny", on="discarded"))
PEND = rule("pend", yes("p"), finding("pend"))
ASSUMED = rule("assumed", yes("a"), finding("deny"), assume_not_holding=True)
NOTE = rule("note", yes("n"), finding("advise"))
LIMIT = rule("limit", yes("r"), finding("reduce", to=FactRef("to")))
CAP = rule("cap", yes("c"), finding("reduce", to=3, on="administered"))
RULES = ruleset(
    [ASSUMED, CAP, DENY, DENY_WASTE, LIMIT, NOTE, PEND],
    [fact("to", "decimal", unit="billing units")],
)
ALL = dict.fromkeys(("d", "dw", "p", "a", "n", "r", "c"), False)


def facts_of(words: str) -> dict:
    """`"d r to=4 p=?"`: d and r are yes, `to` is 4, p is not known; everything else is no."""
    facts = dict(ALL)
    for word in words.split():
        name, _, value = word.partition("=")
        if value == "?":
            facts.pop(name, None)
        else:
            facts[name] = (Fraction(value) if "/" in value else Decimal(value)) if value else True
    return facts


def lines_of(words: str) -> tuple[ServiceLine, ...]:
    lines = []
    for number, word in enumerate(words.split(), 1):
        units, _, part = word.partition(":")
        parts = frozenset({"administered" if part == "a" else "discarded"} if part else ())
        lines.append(ServiceLine(number, None if units == "?" else Decimal(units), parts))
    return tuple(lines)


def told(determination) -> str:
    """`approve 4, reduce 2/6, deny, pend`."""
    said = []
    for line in determination.lines:
        match line.outcome:
            case "approve":
                assert line.allowed_units == line.billed_units
                said.append(f"approve {line.allowed_units}")
            case "reduce":
                said.append(f"reduce {line.allowed_units}/{line.billed_units}")
            case "deny":
                assert line.allowed_units == 0
                said.append("deny")
            case "pend":
                assert line.allowed_units is None
                said.append("pend")
    return ", ".join(said)


TABLE = [
    # facts            lines        lines' outcomes                      decision
    ("", "4", "approve 4", "approve"),
    ("", "4:a 2:d", "approve 4, approve 2", "approve"),
    ("n", "4", "approve 4", "approve"),
    ("n=?", "4", "approve 4", "approve"),
    ("d", "4:a 2:d", "deny, deny", "deny"),
    ("dw", "4:a 2:d", "approve 4, deny", "partial"),
    ("dw", "4:a", "approve 4", "approve"),
    ("dw=?", "4:a 2:d", "approve 4, pend", "pend"),
    ("dw=?", "4:a", "approve 4", "approve"),
    ("p", "4:a 2:d", "pend, pend", "pend"),
    ("p dw", "4:a 2:d", "pend, deny", "pend"),
    ("d p", "4", "deny", "deny"),
    ("d=? p", "4", "pend", "pend"),
    ("d p=?", "4", "deny", "deny"),
    ("d=?", "4", "pend", "pend"),
    ("p=?", "4", "pend", "pend"),
    ("a=?", "4", "approve 4", "approve"),
    ("a", "4", "deny", "deny"),
    ("a=? d=?", "4", "pend", "pend"),
    # a reduction to a total
    ("r to=6", "4 2", "approve 4, approve 2", "approve"),
    ("r to=5", "4 2", "approve 4, reduce 1/2", "partial"),
    ("r to=4", "4 2", "approve 4, deny", "partial"),
    ("r to=3", "4", "reduce 3/4", "partial"),
    ("r to=0", "4", "deny", "deny"),
    ("r to=-2", "4", "deny", "deny"),
    ("r to=2.5", "4", "reduce 2.5/4", "partial"),
    ("r to=5/2", "4", "reduce 5/2/4", "partial"),
    ("r to=9", "0", "approve 0", "approve"),
    ("r=? to=9", "4", "pend", "pend"),
    ("r to=?", "4", "pend", "pend"),
    ("r to=4", "?", "pend", "pend"),
    ("", "?", "approve None", "approve"),
    ("r to=4", "4 ?", "approve 4, pend", "pend"),
    ("r to=4", "? 4", "pend, pend", "pend"),
    # denied lines take nothing of the total; lines that pend may
    ("dw r to=4", "2:d 4:a", "deny, approve 4", "partial"),
    ("dw=? r to=4", "2:d 4:a", "pend, pend", "pend"),
    ("dw=? r to=6", "2:d 4:a", "pend, approve 4", "pend"),
    ("dw=? r to=4", "4:a 2:d", "approve 4, deny", "partial"),
    # several reductions: the least on each line, and what a line takes counts for all
    ("c r to=5", "4:a 4:d", "reduce 3/4, reduce 2/4", "partial"),
    ("c r to=2", "4:a 4:d", "reduce 2/4, deny", "partial"),
    ("c", "4:a 4:d", "reduce 3/4, approve 4", "partial"),
    ("c", "2:a 2:a", "approve 2, reduce 1/2", "partial"),
    ("c=? r to=5", "4:a 4:d", "pend, pend", "pend"),
    ("c=? r to=8", "4:a 4:d", "pend, approve 4", "pend"),
    ("c r to=5 p", "4:a 4:d", "pend, pend", "pend"),
    # no lines: one line on which everything falls
    ("", "", "", "approve"),
    ("dw", "", "", "deny"),
    ("dw=?", "", "", "pend"),
    ("c", "", "", "pend"),
    ("p", "", "", "pend"),
    ("a=?", "", "", "approve"),
]


@pytest.mark.parametrize(("facts", "lines", "outcomes", "decision"), TABLE)
def test_lines_and_decision(facts, lines, outcomes, decision):
    determination = decide(RULES, facts_of(facts), lines_of(lines))
    assert (told(determination), determination.decision) == (outcomes, decision)


def found(determination) -> dict[str, tuple[int, ...]]:
    return {one.rule: one.lines for one in determination.findings}


def unsettled(determination) -> dict[str, tuple[str, tuple[int, ...], tuple[str, ...]]]:
    return {one.rule: (one.unknown, one.lines, one.waits_for) for one in determination.unsettled}


@pytest.mark.parametrize(
    ("facts", "lines", "expected"),
    [
        ("d dw n", "4:a 2:d", {"deny": (1, 2), "deny-waste": (2,), "note": (1, 2)}),
        ("dw", "4:a", {}),
        ("dw", "", {"deny-waste": ()}),
        ("d p=?", "4", {"deny": (1,)}),
        ("p dw", "4:a 2:d", {"pend": (1, 2), "deny-waste": (2,)}),
        ("r to=9", "4 2", {}),
        ("r to=5", "4 2", {"limit": (1, 2)}),
        ("r to=0", "4 2", {"limit": (1, 2)}),
        ("c r to=2", "4:a 4:d", {"cap": (1,), "limit": (1, 2)}),
        ("dw r to=3", "2:d 4:a", {"deny-waste": (1,), "limit": (1, 2)}),
        # what is denied or waits for a review is cut all the same
        ("d r to=3", "4", {"deny": (1,), "limit": (1,)}),
        ("d=? r to=3", "4", {"limit": (1,)}),
        ("d r to=4", "4", {"deny": (1,)}),
        ("c r to=9", "4:a 4:d", {"cap": (1,)}),
        ("r to=3", "4 ?", {"limit": (1, 2)}),
        ("r to=4", "4 ?", {}),
        ("p r to=3", "4", {"limit": (1,), "pend": (1,)}),
        ("r to=?", "4", {}),
        ("r to=4", "?", {}),
        ("r to=4", "", {"limit": ()}),
    ],
)
def test_findings_and_where_they_fall(facts, lines, expected):
    determination = decide(RULES, facts_of(facts), lines_of(lines))
    assert found(determination) == expected
    for line in determination.lines:
        assert line.findings == tuple(
            one.rule for one in determination.findings if line.number in one.lines
        )


@pytest.mark.parametrize(
    ("facts", "lines", "expected"),
    [
        ("d=?", "4 2", {"deny": ("condition", (1, 2), ("d",))}),
        ("d dw=? p=?", "4:a 2:d", {}),
        ("dw p=?", "4:a 2:d", {"pend": ("condition", (1,), ("p",))}),
        ("dw=?", "4:a 2:d", {"deny-waste": ("condition", (2,), ("dw",))}),
        ("p d=?", "4", {"deny": ("condition", (1,), ("d",))}),
        ("a=? n=?", "4", {}),
        ("r=? to=4", "4", {"limit": ("condition", (1,), ("r",))}),
        ("r to=?", "4 2", {"limit": ("amount", (1, 2), ("to",))}),
        ("r to=4", "2 ?", {"limit": ("line units", (2,), ())}),
        (
            "dw=? r to=4",
            "2:d 4:a",
            {"deny-waste": ("condition", (1,), ("dw",)), "limit": ("earlier lines", (2,), ())},
        ),
        ("d=?", "", {"deny": ("condition", (), ("d",))}),
    ],
)
def test_what_is_not_settled(facts, lines, expected):
    determination = decide(RULES, facts_of(facts), lines_of(lines))
    assert unsettled(determination) == expected
    asked = {name for _, _, waits_for in expected.values() for name in waits_for}
    assert {question.fact for question in determination.missing} == asked
    assert (determination.information_request is not None) == bool(expected)


@pytest.mark.parametrize(
    ("facts", "lines", "expected"),
    [("a=?", "4", ["a"]), ("a", "4", None), ("", "4", None), ("a=? d", "4", None),
     ("a=? p", "4", ["a"]), ("a=?", "", ["a"])],
)  # fmt: skip
def test_an_assumption_is_listed_only_where_something_rests_on_it(facts, lines, expected):
    determination = decide(RULES, facts_of(facts), lines_of(lines))
    waits = [list(one.waits_for) for one in determination.assumptions]
    assert waits == ([] if expected is None else [expected])
    assert all(one.rule == "assumed" for one in determination.assumptions)


def test_lines_stand_and_are_filled_in_the_order_of_their_numbers():
    lines = (ServiceLine(7, 4), ServiceLine(2, 3))
    determination = decide(RULES, facts_of("r to=5"), lines)
    assert [line.number for line in determination.lines] == [2, 7]
    assert told(determination) == "approve 3, reduce 2/4"


def test_two_lines_may_have_one_number():
    determination = decide(RULES, facts_of("d"), (ServiceLine(1, 4), ServiceLine(1, 3)))
    assert (told(determination), found(determination)) == ("deny, deny", {"deny": (1,)})


def test_no_information_is_asked_for_where_the_policy_names_no_codes_for_it():
    rules = ruleset([DENY], information_request=None)
    determination = decide(rules, {})
    assert determination.missing
    assert determination.information_request is None
    assert decide(ruleset([DENY]), {}).information_request == Reason("CO", "252", ("N706",))


def test_a_sentence_shows_values_with_their_units():
    text = "{a} of {b}, {c}, {d}, {e}, {f} on {g}: {parameter:limit}, {nothing}."
    rules = ruleset(
        [
            rule("c-one", yes("x"), concludes(e=True)),
            rule("note", yes("x"), finding("advise", text)),
        ],
        [
            fact("a", "decimal", unit="weeks"),
            fact("b", "decimal", unit="mg"),
            fact("c", "codes"),
            fact("d", "choice", values=("not_tolerated",)),
            fact("f", "boolean"),
            fact("g", "date"),
        ],
        parameters=EXAMPLE.parameters
        | {"limit": type(EXAMPLE.parameters["day_limit"])("limit", Decimal("2.50"), "mg")},
    )
    facts = {
        "x": True,
        "a": 1,
        "b": Fraction(1, 3),
        "c": frozenset({"JZ", "JW"}),
        "d": "not_tolerated",
        "g": DAY,
    }
    (note,) = decide(rules, facts).findings
    assert note.because == (
        "1 week of 1/3 mg, JW, JZ, not tolerated, yes, not known on 2024-03-05: 2.5 mg, not known."
    )


CONFLICTED = ruleset(
    [
        rule("one", yes("x"), concludes(k=1)),
        rule("two", yes("y"), concludes(k=2)),
        rule("deny", yes("z"), finding("deny")),
        rule("pend", yes("w"), finding("pend")),
        rule("reads", test("k", "is", 7), finding("deny")),
    ],
    [fact("k", "integer", "the number of the case", derived=True)],
)


@pytest.mark.parametrize(
    ("facts", "lines", "because"),
    [
        ("x y z", "deny, deny", {"deny": (1, 2)}),  # a denial that reads nothing of it stands
        ("x y", "pend, pend", {}),  # `reads` waits for it, whatever else is known
        ("x", "approve 4, approve 2", {}),
    ],
)
def test_a_conflict_leaves_the_fact_unknown(facts, lines, because):
    known = {"x": False, "y": False, "z": False, "w": False, "b": False} | dict.fromkeys(
        facts.split(), True
    )
    determination = decide(CONFLICTED, known, lines_of("4 2"))
    assert told(determination) == lines
    assert found(determination) == because
    assert determination.internal is None
    noted = [(one.fact, one.label, one.rules) for one in determination.conflicts]
    disagree = ("k", "the number of the case", ("one", "two"))
    assert noted == ([disagree] if known["y"] else [])
    assert determination.missing == ()


ASKED = ruleset(
    [
        rule("one", yes("x"), concludes(k=1)),
        rule("two", yes("y"), concludes(k=2)),
        rule("assumed", test("k", "is", 1), finding("deny"), assume_not_holding=True),
        rule("far", test("k", "is", 1), concludes(far=True)),
        rule("assumed-far", yes("far"), finding("reduce", to=1), assume_not_holding=True),
        rule("asks", test("k", "is_known", True), finding("deny")),
        rule("asks-not", test("k", "is_known", False), finding("pend")),
    ],
    [fact("k", "integer", derived=True)],
)


@pytest.mark.parametrize("only", ["assumed", "assumed-far", "asks", "asks-not"])
def test_nothing_that_reads_a_fact_in_conflict_is_approved(only):
    """Neither what may be assumed not to hold, nor what asks whether the fact is known."""
    kept = [one for one in ASKED.rules if isinstance(one.effect, Conclude) or one.id == only]
    made = ruleset(kept, [fact("k", "integer", derived=True)])
    determination = decide(made, {"x": True, "y": True}, lines_of("4"))
    assert told(determination) == "pend"
    assert [one.rule for one in determination.unsettled] == [only]
    assert determination.assumptions == ()


def test_nothing_of_a_disagreement_is_repeated_as_found():
    evaluation = evaluate(RULES, facts_of("d"))._replace(disagreement="`deny`: holds, fails")
    determination = decide(RULES, facts_of("d"), lines_of("4"), evaluation)
    assert told(determination) == "pend"
    assert determination.internal == "The engines do not agree: `deny`: holds, fails"
    assert (determination.findings, determination.derived) == ((), ())


def test_a_disagreement_pends_even_what_both_would_approve():
    evaluation = evaluate(RULES, facts_of(""))._replace(disagreement="derived `x`: 1, 2")
    assert told(decide(RULES, facts_of(""), lines_of("4"), evaluation)) == "pend"


class LookupOfMemberError(Exception):
    pass


def test_an_engine_that_fails_pends_and_tells_no_member_data():
    determination = Determiner(RULES).pend_for_internal_error(
        LookupOfMemberError("born 1980-01-01"),
        lines_of("4 2:d"),
        About("C-1", "claim", "X", DAY, "compiled"),
    )
    assert (told(determination), determination.decision) == ("pend, pend", "pend")
    assert determination.internal == (
        "The engine `compiled` failed on this request (lookup of member error). "
        "Nothing was decided."
    )
    assert "1980" not in str(determination.to_json())


def test_derived_facts_that_are_known_are_told_by_name():
    determination = decide(EXAMPLE, KNOWN)
    assert determination.derived == (("authorized", False), ("oral.failed", True))
    assert decide(EXAMPLE, {}).derived == ()


def test_given_values_of_derived_facts_are_ignored():
    rules = ruleset(
        [
            rule("c", yes("x"), concludes(k=True)),
            rule("r", yes("y"), finding("reduce", "{k}", to=FactRef("u"))),
        ],
        [fact("u", "integer")],
    )
    determination = decide(rules, {"x": False, "k": True, "y": True, "u": 1}, lines_of("4"))
    assert determination.findings[0].because == "no"


def test_a_reduction_by_arithmetic_that_divides_by_zero_pends():
    to = Arithmetic("quotient", (Constant(4), FactRef("u")))
    rules = ruleset([rule("r", yes("y"), finding("reduce", to=to))], [fact("u", "integer")])
    determination = decide(rules, {"y": True, "u": 0}, lines_of("4"))
    assert unsettled(determination) == {"r": ("amount", (1,), ())}
    assert determination.missing == ()


def test_a_ruleset_without_findings_approves_and_one_without_rules_too():
    only = ruleset([rule("c", yes("x"), concludes(k=True))])
    assert decide(only, {}).decision == "approve"
    assert decide(ruleset([]), {}).decision == "approve"


def test_an_evaluation_is_read_by_place_whatever_sequence_it_is():
    evaluation = evaluate(RULES, facts_of("d"))
    as_bytes = Evaluation(bytes(evaluation.truths), evaluation.derived)
    assert HOLDS in as_bytes.truths
    assert decide(RULES, facts_of("d"), evaluation=as_bytes) == decide(RULES, facts_of("d"))


# --- bounds, sections, authorizations, lines that follow ---------------------------------------------


def bounds(determination) -> str:
    """`0-3 4-4`."""
    return " ".join(
        f"{line.allowed_least}-{line.allowed_most}" for line in determination.lines
    ).replace("None", "?")


@pytest.mark.parametrize(
    ("facts", "lines", "expected"),
    [
        ("", "4", "4-4"),
        ("", "?", "?-?"),
        ("d", "4", "0-0"),
        ("p", "4", "0-4"),
        ("p", "?", "0-?"),
        ("d=? r to=3", "4", "0-3"),  # a known excess is not hidden by a review
        ("p r to=3", "4 2", "0-3 0-2"),
        ("r to=?", "4", "0-4"),
        ("r to=3", "?", "0-3"),
        ("r to=3", "? 2", "0-3 0-2"),
        ("dw=? r to=4", "2:d 4:a", "0-2 2-4"),  # so many are left in any case
        ("c r to=5", "4:a 4:d", "3-3 2-2"),
        ("p r to=0", "4", "0-0"),
    ],
)
def test_how_many_units_at_least_and_at_most(facts, lines, expected):
    assert bounds(decide(RULES, facts_of(facts), lines_of(lines))) == expected


COVERED = ruleset(
    [
        rule("covered", yes("a"), concludes(covered=True)),
        rule("assumed", yes("s"), finding("deny"), section="need", assume_not_holding=True),
        rule("coding", yes("c"), finding("deny", codes="CO 16 M53"), section="coding"),
        rule("cut", yes("u"), finding("reduce", to=3), section="need"),
        rule("need", yes("n"), finding("deny"), section="need"),
        rule("review", yes("r"), finding("pend"), section="need"),
    ],
    sections=("need", "coding"),
    silences=frozenset({"need"}),
    covered_by="covered",
)


def kinds(determination) -> dict[str, str]:
    return {
        one.rule: f"{one.kind}{' silenced' if one.silenced else ''}"
        for one in determination.findings
    }


@pytest.mark.parametrize(
    ("facts", "outcome", "findings", "open_", "asked"),
    [
        # covered: what is found is advice, and what is not known is not asked
        ("a n r u", "approve 4", {"need": "advise silenced", "review": "advise silenced",
                                  "cut": "advise silenced"}, {}, ()),
        ("a n=? r=? u=?", "approve 4", {}, {}, ()),
        ("a n c", "deny", {"need": "advise silenced", "coding": "deny"}, {}, ()),
        ("a c=?", "pend", {}, {"coding": "condition"}, ("c",)),
        # not covered: as ever
        ("n", "deny", {"need": "deny"}, {}, ()),
        ("u", "reduce 3/4", {"cut": "reduce"}, {}, ()),
        ("n=?", "pend", {}, {"need": "condition"}, ("n",)),
        # nobody knows: what would deny pends, and the authorization is asked for
        ("a=? n", "pend", {}, {"need": "authorization"}, ("a",)),
        ("a=? s", "pend", {}, {"assumed": "authorization"}, ("a",)),
        ("a=? u", "pend", {}, {"cut": "authorization"}, ("a",)),
        ("a=? n=?", "pend", {}, {"need": "condition"}, ("a", "n")),
        ("a=? c", "deny", {"coding": "deny"}, {}, ()),
        ("a=?", "approve 4", {}, {}, ()),
    ],
)  # fmt: skip
def test_an_authorization_silences_sections(facts, outcome, findings, open_, asked):
    known = dict.fromkeys(("a", "s", "c", "u", "n", "r"), False)
    for word in facts.split():
        if word.endswith("=?"):
            known.pop(word[0])
        else:
            known[word] = True
    determination = decide(COVERED, known, lines_of("4"))
    assert told(determination) == outcome
    assert kinds(determination) == findings
    assert {one.rule: one.unknown for one in determination.unsettled} == open_
    assert sorted(one.fact for one in determination.missing) == sorted(asked)


@pytest.mark.parametrize(
    ("facts", "sections", "headline"),
    [
        ("n c", ("need", "coding"), "need"),
        ("n c", ("coding", "need"), "coding"),
        ("n c", (), "coding"),  # by id
        ("r c", ("need", "coding"), "coding"),  # a denial before a review
        ("r u", ("need",), "review"),
        ("a n", ("need",), "need"),  # advice leads where there is nothing else
        ("", ("need",), None),
    ],
)
def test_the_headline_is_by_kind_then_section_then_id(facts, sections, headline):
    known = dict.fromkeys(("a", "s", "c", "u", "n", "r"), False) | dict.fromkeys(
        facts.split(), True
    )
    determination = decide(replace(COVERED, sections=sections), known, lines_of("4"))
    assert determination.headline == headline


FOLLOWING = ruleset(
    [
        rule("cap", yes("c"), finding("reduce", to=FactRef("to"), on="administered")),
        rule("deny-a", yes("da"), finding("deny", codes="CO 16 N822", on="administered")),
        rule("deny-d", yes("dd"), finding("deny", on="discarded")),
        rule("limit", yes("r"), finding("reduce", to=FactRef("to"))),
        rule("pend-a", yes("pa"), finding("pend", on="administered")),
    ],
    [fact("to", "decimal", unit="billing units")],
    follows={"discarded": "administered"},
)
FOLLOWS = "built-in:discarded-follows-administered"


@pytest.mark.parametrize(
    ("facts", "lines", "outcomes", "found_on", "open_"),
    [
        ("", "4:a 2:d", "approve 4, approve 2", (), ()),
        ("da", "4:a 2:d", "deny, deny", (2,), ()),
        ("da", "2:d 4:a", "deny, deny", (1,), ()),
        ("da=?", "4:a 2:d", "pend, pend", (), (2,)),
        ("pa", "4:a 2:d", "pend, pend", (), (2,)),
        ("da dd", "4:a 2:d", "deny, deny", (), ()),  # denied by its own
        ("pa dd", "4:a 2:d", "pend, deny", (), ()),
        ("c to=0", "4:a 2:d", "deny, deny", (2,), ()),
        ("c to=1", "4:a 2:d", "reduce 1/4, approve 2", (), ()),
        ("c to=4", "4:a 3:a 2:d", "approve 4, deny, approve 2", (), ()),  # one is paid
        ("da", "2:d", "approve 2", (), ()),  # nothing to follow
        ("r to=4", "3:d 4:a", "approve 3, reduce 1/4", (), ()),  # in the order of the lines
        ("da r to=4", "3:d 4:a 1:d", "deny, deny, deny", (1, 3), ()),
    ],
)
def test_discarded_lines_follow_administered_ones(facts, lines, outcomes, found_on, open_):
    known = dict.fromkeys(("c", "da", "dd", "r", "pa"), False) | facts_of(facts)
    if "da=?" in facts:
        known.pop("da")
    determination = decide(FOLLOWING, known, lines_of(lines))
    assert told(determination) == outcomes
    assert found(determination).get(FOLLOWS, ()) == found_on
    waiting = [one for one in determination.unsettled if one.rule == FOLLOWS]
    assert [(one.unknown, one.lines) for one in waiting] == (
        [("lines followed", open_)] if open_ else []
    )


def test_the_finding_on_lines_that_follow_repeats_what_leads():
    known = dict.fromkeys(("c", "da", "dd", "r", "pa"), False) | {"da": True}
    determination = decide(FOLLOWING, known, lines_of("4:a 2:d"))
    one = next(one for one in determination.findings if one.rule == FOLLOWS)
    assert (one.kind, one.group, one.carc, one.rarcs) == ("deny", "CO", "16", ("N822",))
    assert one.because == (
        "None of the administered lines is paid (line 1: Rule deny-a), so the discarded-drug lines "
        "are not paid."
    )
    assert determination.headline == "deny-a"
