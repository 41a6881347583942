"""Tests, conditions, effects and labels, each beside the sentence that it becomes."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from payer_policy.core.ruleset import (
    Arithmetic,
    Constant,
    FactRef,
    FindingEffect,
    Not,
    Parameter,
    Reason,
    Score,
    Window,
    written,
)
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import FactType
from payer_policy.determination import words
from payer_policy.determination.english import (
    English,
    Item,
    as_markdown,
    as_text,
    describe_ruleset,
    escape_markdown,
    read_ruleset,
)
from payer_policy.determination.words import in_words, is_plural, with_article
from tests.determination.build import (
    EXAMPLE,
    any_of,
    at_least,
    concludes,
    every,
    fact,
    finding,
    no,
    rule,
    ruleset,
    sentence,
    test,
    yes,
)

GRADES = ("none", "mild", "severe")
FACTS = [
    fact("weeks", "integer", "length of therapy", unit="weeks"),
    fact("dose", "decimal", "the dose", unit="mg"),
    fact("units", "decimal", "the units billed", unit="billing units"),
    fact("hours", "decimal", "how long the response lasted", unit="hours"),
    fact("count", "integer", "the number of doses given"),
    fact("phase", "choice", "the phase", values=("trial", "first_fill", "refill")),
    fact("origin", "choice", "where it comes from", values=("spine", "brain_injury")),
    fact("grade", "choice", "the grade", values=GRADES, ordered=True),
    fact("grade.before", "choice", "the grade before", values=GRADES, ordered=True),
    fact("day", "date", "the date of service"),
    fact("trial", "date", "the date of the trial"),
    fact("code", "code", "the drug code"),
    fact("codes", "codes", "the diagnoses"),
    fact("packaged", "boolean", "whether the drug is packaged", no="the drug is not packaged"),
    fact(
        "infection",
        "boolean",
        "an active infection",
        yes="there is an active infection",
        no="there is no active infection",
    ),
]
LIMITS = {
    "limit": Parameter("limit", 8, "billing units"),
    "wait": Parameter("wait", 6, "weeks"),
    "flag": Parameter("flag", True),
    "share": Parameter("share", Decimal("0.5")),
}
ENGLISH = English(ruleset([], FACTS, parameters=LIMITS))
SMALL = Constant(frozenset({"B1", "A1"}), "code_set:few")
LARGE = Constant(frozenset(f"A{n}" for n in range(7)), "code_set:many")
EMPTY = Constant(frozenset(), "code_set:none")
LIMIT = Constant(8, "parameter:limit")
GRADE = Score("grade", GRADES)


def days(count, unit="days", direction="before", anchor=None):
    amount = Constant(count) if isinstance(count, int) else count
    return Window(amount, unit, direction, anchor or FactRef("day"))


TESTS = [
    (test("weeks", "at_least", 6), "the length of therapy is at least 6 weeks", "less than"),
    (test("weeks", "at_most", 1), "the length of therapy is at most 1 week", "more than"),
    (test("dose", "more_than", Decimal("2.50")), "the dose is more than 2.5 mg", "at most"),
    (test("dose", "less_than", Fraction(1, 3)), "the dose is less than 1/3 mg", "at least"),
    (test("units", "at_most", LIMIT), "the units billed are at most 8 billing units "
     "(parameter limit)", "more than"),
    (test("weeks", "at_least", Constant(42, "parameter:wait")),
     "the length of therapy is at least 6 weeks (parameter wait)", "less than"),
    (test("dose", "between", 1, 2), "the dose is between 1 mg and 2 mg", "not between"),
    (test("count", "in", [3, 10, 2]), "the number of doses given is one of 2, 3 or 10", "none of"),
    (test("hours", "at_least", 4), "how long the response lasted: at least 4 hours", "less than"),
    (test("phase", "is", "first_fill"), "the phase is first fill", "is not"),
    (test("phase", "is_not", "trial"), "the phase is not trial", "is trial"),
    (test("phase", "in", ["refill", "trial"]), "the phase is one of trial or refill", "none of"),
    (test("phase", "in", ["refill"]), "the phase is refill", "is not"),
    (test("phase", "not_in", ["refill"]), "the phase is not refill", "is refill"),
    (test("origin", "is", "brain_injury"), "where it comes from: brain injury", ": not brain"),
    (test("origin", "in", ["spine", "brain_injury"]),
     "where it comes from: one of spine or brain injury", "none of"),
    (test("grade", "at_least", 1, left=GRADE), "the grade is at least mild", "less than mild"),
    (test("grade", "between", 0, 1, left=GRADE), "the grade is between none and mild", "not"),
    (test("grade", "less_than", Score("grade.before", GRADES), left=GRADE),
     "the grade is less than the grade before", "at least the grade before"),
    (test("grade", "is", FactRef("grade.before")), "the grade is the same as the grade before",
     "not the same"),
    (test("day", "after", date(2024, 3, 5)), "the date of service is after 2024-03-05",
     "on or before"),
    (test("day", "on_or_before", date(2024, 3, 5)),
     "the date of service is on or before 2024-03-05", "after"),
    (test("day", "on_or_after", date(2024, 3, 5)),
     "the date of service is on or after 2024-03-05", "before"),
    (test("trial", "before", FactRef("day")),
     "the date of the trial is before the date of service", "on or after"),
    (test("trial", "within", days(6, "months")),
     "the date of the trial is within 6 months before the date of service", "not within"),
    (test("trial", "within", days(1, "business_days", "after")),
     "the date of the trial is within 1 business day after the date of service", "not within"),
    (test("trial", "within", days(Constant(6, "parameter:wait"), "weeks")), "the date of the trial "
     "is within 6 weeks (parameter wait) before the date of service", "not within"),
    (test("trial", "within", days(FactRef("count"), "days")), "the date of the trial is within "
     "the number of doses given (in days) before the date of service", "not within"),
    (test("code", "is", "A1"), "the drug code is A1", "is not A1"),
    (test("code", "in", SMALL), "the drug code is in the code set “few” (A1 and B1)", "not in"),
    (test("code", "not_in", LARGE), "the drug code is not in the code set “many” (7 codes)",
     "is in"),
    (test("codes", "includes", "A1"), "the diagnoses include A1", "do not include A1"),
    (test("codes", "includes", FactRef("code")), "the diagnoses include the drug code", "do not"),
    (test("codes", "includes_any", ["B1", "A1"]), "the diagnoses include any of A1 or B1",
     "none of"),
    (test("codes", "includes_any", ["A1"]), "the diagnoses include A1", "do not include A1"),
    (test("codes", "includes_all", ["A1", "B1"]), "the diagnoses include all of A1 and B1",
     "do not include all of"),
    (test("codes", "excludes", ["A1", "B1"]), "the diagnoses include none of A1 or B1", "any of"),
    (test("codes", "includes_any", SMALL),
     "the diagnoses include a code of the code set “few” (A1 and B1)", "no code of"),
    (test("codes", "excludes", EMPTY),
     "the diagnoses include no code of the code set “none” (no code on these dates)", "a code of"),
    (test("codes", "is", ["A1"]), "the diagnoses are exactly A1", "are not exactly"),
    (test("packaged", "is", True), "the drug is packaged", "is not packaged"),
    (test("packaged", "is", False), "the drug is not packaged", "is packaged"),
    (test("packaged", "is_not", True), "the drug is not packaged", "is packaged"),
    (test("packaged", "is", Constant(True, "parameter:flag")),
     "the drug is packaged (parameter flag)", "not packaged"),
    (test("infection", "is", True), "there is an active infection", "there is no active"),
    (test("dose", "outside", 1, 2), "the dose is outside 1 mg and 2 mg", "is not outside"),
    (test("count", "multiple_of", 4), "the number of doses given is a multiple of 4",
     "is not a multiple of 4"),
    (test("trial", "exists", True), "there is a date of the trial", "there is no date of the trial"),
    (test("trial", "is_known", True), "the date of the trial is known", "is not known"),
    (test("units", "is_known", False), "the units billed are not known", "are known"),
    (test("hours", "is_known", True), "how long the response lasted is known", "is not known"),
]  # fmt: skip


@pytest.mark.parametrize(("made", "says", "says_not"), TESTS, ids=[row[1] for row in TESTS])
def test_a_test_is_a_clause_and_so_is_its_denial(made, says, says_not):
    assert ENGLISH.condition(made) == Item(says)
    denied = ENGLISH.condition(made, negated=True).text
    assert says_not in denied
    assert ENGLISH.condition(Not(made)) == Item(denied)
    assert ENGLISH.condition(Not(Not(made))) == Item(says)


def test_every_operator_has_a_row():
    words = {test.operator for row in TESTS if (test := written(row[0]))}
    assert words == set(OPERATORS)


def sums(operation, *arguments):
    return Arithmetic(operation, tuple(
        Constant(one) if isinstance(one, int) else one for one in arguments
    ))  # fmt: skip


UNITS, DOSE = FactRef("units"), FactRef("dose")


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (sums("sum", UNITS, 1), "the units billed plus 1 billing unit"),
        (sums("difference", UNITS, 2), "the units billed minus 2 billing units"),
        (sums("product", UNITS, 2), "the units billed times 2"),
        (sums("quotient", DOSE, 10), "the dose divided by 10"),
        (sums("round_up", sums("quotient", DOSE, 10)), "the dose divided by 10, rounded up"),
        (sums("round_down", sums("sum", UNITS, DOSE)), "(the units billed plus the dose), "
         "rounded down"),
        (sums("round_half_up", DOSE), "the dose, rounded half up"),
        (sums("round_up", UNITS, 4), "the units billed, rounded up to a multiple of 4 billing units"),
        (sums("product", sums("sum", UNITS, DOSE), 2), "(the units billed plus the dose) times 2"),
        (sums("difference", UNITS, sums("sum", DOSE, 1)),
         "the units billed minus (the dose plus 1 billing unit)"),
        (sums("sum", UNITS, sums("product", DOSE, 2)), "the units billed plus the dose times 2"),
        (sums("quotient", UNITS, sums("product", DOSE, 2)),
         "the units billed divided by (the dose times 2)"),
        (sums("minimum", UNITS, 4, DOSE),
         "the lesser of the units billed, 4 billing units and the dose"),
        (sums("maximum", UNITS, 4), "the greater of the units billed and 4 billing units"),
        (sums("days_between", FactRef("trial"), FactRef("day")),
         "the days from the date of the trial to the date of service"),
        (sums("years_between", FactRef("trial"), FactRef("day")),
         "the full years from the date of the trial to the date of service"),
        (sums("sum", UNITS, Constant(Decimal("0.5"), "parameter:share")),
         "the units billed plus 0.5 billing units (parameter share)"),
        (Constant(5, None, "mg"), "5 mg"),
        (GRADE, "the step of the grade"),
    ],
)  # fmt: skip
def test_an_expression_is_a_noun(expression, says):
    assert ENGLISH.expression(expression, "units") == says


LONG = yes("packaged")


@pytest.mark.parametrize(
    ("condition", "lead"),
    [
        (every(LONG, LONG), "all of these are true:"),
        (any_of(LONG, LONG), "any of these is true:"),
        (at_least(2, LONG, LONG), "at least 2 of these are true:"),
        (at_least(1, LONG, LONG), "at least 1 of these is true:"),
        (Not(every(LONG, LONG)), "not all of these are true:"),
        (Not(any_of(LONG, LONG)), "none of these is true:"),
        (Not(at_least(2, LONG, LONG)), "fewer than 2 of these are true:"),
        (Not(Not(every(LONG, LONG))), "all of these are true:"),
        (every(LONG), "the drug is packaged"),
        (Not(any_of(LONG)), "the drug is not packaged"),
        (every(any_of(no("packaged"))), "the drug is not packaged"),
    ],
)
def test_a_condition_is_a_lead_with_its_parts(condition, lead):
    item = ENGLISH.condition(condition)
    assert item.text == lead
    assert item.items == ((Item("the drug is packaged"),) * 2 if lead.endswith(":") else ())


@pytest.mark.parametrize(
    ("effect", "says"),
    [
        (finding("deny", "No."), "Then the whole service is denied, with CO 50: “No.”"),
        (finding("deny", "No.", on="discarded", codes="CO 16 N822 MA130"),
         "Then the discarded-drug lines are denied, with CO 16, N822, MA130: “No.”"),
        (finding("pend", "Look at {units}.", codes=""),
         "Then the whole service is pended for review: “Look at [the units billed].”"),
        (finding("advise", "Note {parameter:wait}."),
         "Then an advisory note is added to the whole service, with CO 50: “Note 6 weeks.”"),
        (finding("reduce", "Less.", to=LIMIT), "Then the whole service is allowed at most 8 "
         "billing units (parameter limit); the rest is denied, with CO 50: “Less.”"),
        (finding("reduce", "Less.", to=1, on="administered"), "Then the administered lines "
         "together are allowed at most 1 billing unit; the rest is denied, with CO 50: “Less.”"),
        (FindingEffect("pend", Reason(None, None, ("N1",)), sentence("So."), None),
         "Then the whole service is pended for review, with N1: “So.”"),
    ],
)  # fmt: skip
def test_an_effect_is_a_sentence(effect, says):
    assert ENGLISH.effect(effect) == (says,)


def test_few_conclusions_stand_in_a_sentence_and_many_in_a_list():
    few = ENGLISH.effect(concludes(packaged=False, phase="trial"))
    assert few == ("Then it is concluded that the drug is not packaged and the phase is trial.",)
    lead, items = ENGLISH.effect(
        concludes(packaged=True, codes=frozenset({"A1"}), units=1, infection=False)
    )
    assert lead == "Then it is concluded that:"
    assert [item.text for item in items] == [
        "the drug is packaged",
        "the diagnoses are A1",
        "the units billed are 1 billing unit",
        "there is no active infection",
    ]


@pytest.mark.parametrize(
    ("declared", "yes_", "no_"),
    [
        (
            fact("f", "boolean", "whether it is packaged", no="it is not packaged"),
            "it is packaged",
            "it is not packaged",
        ),
        (
            fact("f", "boolean", "an infection", yes="there is one", no="there is none"),
            "there is one",
            "there is none",
        ),
        # Without phrases nothing is made up.
        (
            fact("f", "boolean", "whether it is packaged"),
            "it is packaged",
            "whether it is packaged: no",
        ),
        (fact("f", "boolean", "an infection"), "an infection: yes", "an infection: no"),
    ],
)
def test_a_yes_and_a_no_read_as_the_vocabulary_says(declared, yes_, no_):
    assert (declared.states(True), declared.states(False)) == (yes_, no_)


@pytest.mark.parametrize(
    ("label", "plural"),
    [
        ("the units billed", True),
        ("the number of units", False),
        ("the diagnoses", True),
        ("the status of the form", False),
        ("the units, in all", True),
        ("the previous dose", False),
        ("the patient's age", False),
        ("the most units for one day", True),
        ("the time between two doses", False),
    ],
)
def test_labels_agree_with_their_verb(label, plural):
    assert is_plural(label) is plural


def test_labels_get_an_article_where_they_have_none():
    kept = ["the dose", "an infection", "whether it is so", "how long it took", "JW units"]
    assert [with_article(label) for label in kept] == kept
    assert with_article("length of therapy") == "the length of therapy"


@pytest.mark.parametrize(
    ("value", "unit", "says"),
    [
        (1, "billing units", "1 billing unit"),
        (True, "days", "yes"),
        (1, "mg", "1 mg"),
        (Decimal("1.0"), "years", "1 year"),
        (2, "years", "2 years"),
        (None, "years", "not known"),
        (1, "USD", "1 USD"),
    ],
)
def test_values_in_words(value, unit, says):
    assert in_words(value, FactType("decimal", unit)) == says


def test_the_examples_in_the_words_module_hold():
    assert doctest.testmod(words).failed == 0


def test_a_policy_names_every_rule_parameter_and_source_once_in_its_place():
    headings = [section.heading for section in describe_ruleset(EXAMPLE).sections]
    assert headings == [
        "Who it applies to",
        "Parameters",
        "Intermediate conclusions",
        "What is denied",
        "What pends",
        "What is reduced",
        "Advisory notes",
        "Sources",
    ]
    text = read_ruleset(EXAMPLE)
    for made in EXAMPLE.rules:
        assert text.count(f"[{made.id}]") == 1


def test_an_empty_policy_reads_too():
    text = read_ruleset(ruleset([], references={}, information_request=None))
    assert "It applies when the drug code is X1234" in text.replace("drug.code", "the drug code")
    assert "What is denied" not in text


def test_text_keeps_to_its_width():
    for width in (80, 100):
        assert max(map(len, as_text(describe_ruleset(EXAMPLE), width=width).splitlines())) <= width


def test_markdown_starts_at_the_level_asked_for():
    lines = as_markdown(describe_ruleset(EXAMPLE), level=3).splitlines()
    assert lines[0] == "### Infusion: an example"
    assert not any(line.startswith("####### ") for line in lines)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b *c* [d](e)", r"a\_b \*c\* \[d\](e)"),
        ("<script>&", "&lt;script&gt;&amp;"),
        ("1. one", r"1\. one"),
        ("a | b # c `d`", r"a \| b \# c \`d\`"),
        ("two\nlines\x1b[31m", r"two lines \[31m"),
        ("- item", r"\- item"),
        ("+ item", r"\+ item"),
    ],
)
def test_markdown_prints_text_as_it_is(text, escaped):
    assert escape_markdown(text) == escaped


def test_unknown_names_are_printed_as_they_are():
    bare = English(ruleset([rule("r", yes("x"), finding("deny"))]))
    assert bare.fact("no.such") == "no.such"
    assert bare.named("no-such-rule") == "no-such-rule"
    assert bare.part("elsewhere") == "the elsewhere"
    assert bare.states("no.such", True) == "no.such is yes"
