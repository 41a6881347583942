"""The proof of a determination: what is said and left out, and that nothing can be slipped in."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from payer_policy.core.ruleset import Constant, FactRef, Not, Reference
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.determination import About, Determiner, NoPolicy, ServiceLine
from payer_policy.determination.explain import explain
from payer_policy.determination.render import (
    render_determination,
    render_no_policy,
)
from payer_policy.determination.trees import Explanation, Node
from tests.determination.build import (
    CASES,
    DAY,
    EXAMPLE,
    KNOWN,
    LINE,
    any_of,
    at_least,
    concludes,
    decide,
    evaluate,
    every,
    fact,
    finding,
    no,
    rule,
    ruleset,
    test,
    yes,
)

MARKS = {"●": HOLDS, "○": FAILS, "?": UNKNOWN}


def told(rules, words, facts=(), *, lines=(LINE,), **more) -> Explanation:
    made = ruleset(rules, facts)
    given = {word.strip("!"): not word.startswith("!") for word in words.split()}
    given = {name: value for name, value in given.items() if not name.startswith("?")}
    return explain(made, evaluate(made, given), given, decide(made, given, lines), **more)


def drawn(nodes, depth=0) -> list[str]:
    """`  ● sentence (aside)`, one line a node, indented."""
    marks = {HOLDS: "● ", FAILS: "○ ", UNKNOWN: "? ", None: ""}
    lines = []
    for node in nodes:
        aside = f" ({node.aside})" if node.aside else ""
        lines.append("  " * depth + marks[node.truth] + node.sentence + aside)
        lines += drawn(node.children, depth + 1)
    return lines


def tree(text: str) -> list[str]:
    lines = text.strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip())
    return [line[margin:] for line in lines]


def facts(*names):
    return [
        fact(name, "boolean", f"whether {name.upper()} is so", no=f"{name.upper()} is not so")
        for name in names
    ]


ABC = facts(*"abcd")


@pytest.mark.parametrize(
    ("condition", "known", "expected"),
    [
        # An `all` that holds shows every part, one that fails the first that does.
        (every(yes("a"), yes("b")), "a b", "● A is so / ● B is so"),
        (every(yes("a"), yes("b"), yes("c")), "a !b !c", "○ B is so"),
        # An `any` that holds shows what holds, one that fails every part.
        (any_of(yes("a"), yes("b"), yes("c")), "a !b c", "● A is so / ● C is so"),
        (any_of(yes("a"), yes("b")), "!a !b", "○ A is so / ○ B is so"),
        # What is unknown stands with what holds already, and without what fails.
        (every(yes("a"), yes("b")), "a", "● A is so / ? B is so"),
        (any_of(yes("a"), yes("b")), "!a", "? B is so"),
        (at_least(2, yes("a"), yes("b"), yes("c")), "a b !c",
         "● at least 2 of these are true / _● A is so / _● B is so"),
        (at_least(2, yes("a"), yes("b"), yes("c")), "a !b !c",
         "○ at least 2 of these are true / _○ B is so / _○ C is so"),
        (at_least(2, yes("a"), yes("b"), yes("c")), "a !b",
         "? at least 2 of these are true / _● A is so / _? C is so"),
        # Denied tests are said as denials; denied groups keep their parts as they are.
        (no("a"), "!a", "● A is not so"),
        (Not(any_of(yes("a"), yes("b"))), "!a !b",
         "● none of these is true / _○ A is so / _○ B is so"),
        (Not(every(yes("a"), yes("b"))), "a !b", "● not all of these are true / _○ B is so"),
        (Not(every(yes("a"), yes("b"))), "a b",
         "○ not all of these are true / _● A is so / _● B is so"),
        # Headings stand only where they are needed.
        (every(yes("a"), every(yes("b"), yes("c"))), "a b c",
         "● A is so / ● B is so / ● C is so"),
        (every(yes("a"), any_of(every(yes("b"), yes("c")), yes("d"))), "a b c !d",
         "● A is so / ● B is so / ● C is so"),
        (every(yes("a"), any_of(yes("b"), yes("c"))), "a b c",
         "● A is so / ● any of these is true / _● B is so / _● C is so"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_a_condition_shows_what_decides_it_and_no_more(condition, known, expected, turned):
    rules = [rule("r", condition, finding("deny", codes=""), "The rule")]
    node = next(
        node for node in told(rules, known, ABC, include_failing=True).nodes() if node.rule == "r"
    )
    lines = [line.replace("  ", "_") for line in drawn(node.children)]
    assert " / ".join(lines) == expected
    if turned:  # the values that made it so are there for programs
        assert {name for child in node.walk() for name, _ in child.values} <= set("abcd")


VALUES = [
    fact("n", "integer", "the dose", unit="mg"),
    fact("m", "integer", "the limit", unit="mg"),
    fact("units", "integer", "the units", unit="billing units"),
    fact("codes", "codes", "the codes"),
    fact("phase", "choice", "the phase", values=("first_fill", "refill")),
]


@pytest.mark.parametrize(
    ("made", "known", "aside"),
    [
        (test("n", "is", 4), {"n": 4}, ""),
        (test("n", "is", 4), {"n": 5}, "it is 5 mg"),
        (test("n", "is_not", 4), {"n": 4}, ""),
        (test("n", "at_least", 4), {"n": 6}, "it is 6 mg"),
        (test("n", "at_least", 4), {}, ""),
        (test("units", "at_least", 4), {"units": 1}, "they are 1 billing unit"),
        (test("n", "at_least", FactRef("m")), {"n": 6, "m": 5}, "it is 6 mg; the limit: 5 mg"),
        (test("n", "at_least", FactRef("m")), {"n": 6}, "it is 6 mg; the limit: not known"),
        (test("n", "at_least", FactRef("m")), {"m": 5}, "the dose: not known; the limit: 5 mg"),
        (test("n", "at_least", FactRef("m")), {}, ""),
        (test("codes", "includes", "A"), {"codes": frozenset("BC")}, "they are B, C"),
        (test("codes", "includes", "A"), {"codes": frozenset()}, "there are none"),
        (test("phase", "is", "refill"), {"phase": "first_fill"}, "it is first fill"),
        (test("n", "is_known", True), {"n": 4}, ""),
    ],
)
def test_a_test_says_the_values_that_its_sentence_does_not(made, known, aside):
    rules = ruleset([rule("r", made, finding("deny"))], VALUES)
    evaluation = evaluate(rules, known)
    explained = explain(rules, evaluation, known, decide(rules, known), include_failing=True)
    (leaf,) = [node for node in explained.nodes() if node.sentence.startswith("the ")]
    assert leaf.aside == aside
    assert dict(leaf.values) == {name: known.get(name) for name in dict(leaf.values)}


def test_derived_facts_lead_to_their_rules_once():
    rules = [
        rule("c", yes("a"), concludes(k=True), "It is concluded"),
        rule("one", every(yes("k"), yes("b")), finding("deny"), "The first"),
        rule("two", yes("k"), finding("deny"), "The second"),
    ]
    declared = [
        *ABC,
        fact("k", "boolean", "whether k is so", no="k is not so", derived=True, otherwise=False),
    ]
    assert drawn(told(rules, "a b", declared).sections) == tree(
        """
        Line 1 is denied
          ● The first
            ● k is so
              ● It is concluded
                ● A is so
            ● B is so
          ● The second
            ● k is so (see above)
    """.rstrip()
    )


def test_a_default_is_proved_by_the_rules_that_do_not_conclude_otherwise():
    rules = [
        rule("c", yes("a"), concludes(k=True), "It is concluded"),
        rule("one", no("k"), finding("deny"), "The first"),
    ]
    declared = [
        *ABC,
        fact("k", "boolean", "whether k is so", no="k is not so", derived=True, otherwise=False),
    ]
    assert drawn(told(rules, "!a", declared).sections) == tree(
        """
        Line 1 is denied
          ● The first
            ● k is not so (no rule concludes otherwise)
              ○ It is concluded
                ○ A is so
    """.rstrip()
    )


OVERRIDDEN = [
    rule("over", yes("a"), finding("advise"), "The stronger"),
    rule("under", yes("b"), finding("deny"), "The weaker", overridden_by=("over",)),
]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("!a b", "● B is so / ● “The stronger” (over), to which it would give way, does not hold"),
        ("a b", "● its own condition holds / ● it is overridden by a rule that applies / "
                "_● The stronger (see above)"),
        ("a !b", "○ B is so"),
        ("!a !b", "○ B is so"),
        ("b", "● its own condition holds / ? it is overridden by a rule that cannot be determined / "
              "_? The stronger / __? A is so"),
        ("!a", "? B is so"),
        ("", "? B is so / ? it is overridden by a rule that cannot be determined / _? The stronger / "
             "__? A is so"),
        ("a", "? B is so"),
    ],
)  # fmt: skip
def test_what_overrides_a_rule_is_said(known, expected):
    explained = told(OVERRIDDEN, known, ABC, include_failing=True)
    node = next(node for node in explained.nodes() if node.rule == "under")
    if known == "a":  # overridden whatever b is: known not to hold
        assert node.truth == FAILS
        assert "is overridden" in " ".join(drawn(node.children))
        return
    lines = [line.replace("  ", "_") for line in drawn(node.children)]
    assert " / ".join(lines) == expected


def test_an_approval_shows_what_came_closest_and_on_request_all():
    facts_, lines = CASES["approved"]
    determination = decide(EXAMPLE, facts_, lines)
    evaluation = evaluate(EXAMPLE, facts_)
    short = explain(EXAMPLE, evaluation, facts_, determination)
    whole = explain(EXAMPLE, evaluation, facts_, determination, include_failing=True)
    assert [node.sentence for node in short.sections] == [
        "Lines 1 and 2 are approved (3 billing units and 1 billing unit)",
        "Closest rules",
    ]
    failing = {
        one.id
        for one, truth in zip(EXAMPLE.rules, evaluation.truths, strict=True)
        if truth == FAILS and not one.id.startswith(("authorized", "certified"))
    }
    assert {node.rule for node in whole.sections[-1].children} == failing
    assert short.sections[0].notes == (
        "8 of 9 rules that could deny, pend or reduce do not apply; 1 does not affect this.",
    )


def test_an_internal_fault_is_told_first_and_nothing_is_made_of_a_disagreement():
    evaluation = evaluate(EXAMPLE, KNOWN)._replace(disagreement="`x`: holds, fails")
    determination = decide(EXAMPLE, KNOWN, evaluation=evaluation)
    explained = explain(EXAMPLE, evaluation, KNOWN, determination)
    (section,) = explained.sections
    assert section.notes == ("The engines do not agree: `x`: holds, fails",)


def test_an_engine_that_failed_is_explained_without_an_evaluation():
    determination = Determiner(EXAMPLE).pend_for_internal_error(
        ValueError(), (LINE,), About("C-1", "claim", "X", DAY, "e")
    )
    text = explain(EXAMPLE, None, KNOWN, determination).as_text()
    assert "The engine `e` failed on this request (value error)." in text
    assert "Pended: internal error" in render_determination(determination)


def test_a_conflict_names_the_rules_that_contradict_each_other():
    rules = [
        rule("one", yes("a"), concludes(k=1), "The first"),
        rule("two", yes("b"), concludes(k=2), "The second"),
        rule("deny", test("k", "is", 1), finding("deny"), "The denial"),
    ]
    declared = [*ABC, fact("k", "integer", "the number", derived=True)]
    lines = drawn(told(rules, "a b", declared).sections)
    assert "    ? the number is 1 (rules that apply conclude different values)" in lines
    assert {"      ● The first", "      ● The second"} <= set(lines)


def test_lines_that_fare_alike_are_told_together():
    rules = [rule("waste", yes("a"), finding("deny", on="discarded"), "No waste")]
    lines = [
        ServiceLine(n, n, frozenset({"discarded" if n % 2 else "administered"}))
        for n in range(1, 5)
    ]
    sections = told(rules, "a", ABC, lines=lines).sections
    assert [section.sentence for section in sections[:2]] == [
        "Lines 1 and 3 are denied",
        "Lines 2 and 4 are approved (2 billing units and 4 billing units)",
    ]


@pytest.mark.parametrize(
    ("unit", "lines", "note"),
    [
        ("u", (LINE,), "It applies, but how many units it leaves is not known."),
        (2, (LINE._replace(units=None),),
         "It applies, but the units billed on line 1 are not known."),
        (2, (LINE._replace(units=None), LINE._replace(number=2)),
         "It applies, but the limit for line 2 depends on earlier lines still pending."),
    ],
)  # fmt: skip
def test_what_is_unknown_of_a_reduction_is_said(unit, lines, note):
    to = FactRef(unit) if isinstance(unit, str) else Constant(unit)
    rules = [rule("limit", yes("a"), finding("reduce", to=to), "The limit")]
    explained = told(rules, "a", [*ABC, fact("u", "integer")], lines=lines)
    assert note in [note for node in explained.nodes() for note in node.notes]


def test_a_very_long_chain_is_not_followed_to_its_end():
    rules = [
        rule(f"c-{n:03}", yes(f"k{n - 1}") if n else yes("a"), concludes(**{f"k{n}": True}))
        for n in range(400)
    ]
    text = told([*rules, rule("deny", yes("k399"), finding("deny"))], "a", ABC).as_text()
    assert "k399" in text
    assert "not followed further" in text


# --- what is typed by others stays text ----------------------------------------------------------

NASTY = '<script>alert("x")</script> & [a](javascript:b) \x1b[31m\n# head'


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.links = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def nasty():
    made = ruleset(
        [rule("r", test("code", "is", "A"), finding("deny", "It is {code}."), NASTY)],
        [fact("code", "code", "the code"), fact("x", "boolean", NASTY, NASTY)],
        references={
            "source": Reference("source", NASTY, "javascript:alert(1)"),
        },
    )
    made = replace(
        made, rules=(*made.rules, rule("x", yes("x"), finding("pend"), cites=("source", "web")))
    )
    made = replace(
        made,
        references=made.references
        | {"web": Reference("web", "Web", 'https://example.org/?a=1&b="2"')},
        title=NASTY,
    )
    known = {"code": "A"}
    return made, known


def test_nothing_that_is_typed_by_others_becomes_markup():
    made, known = nasty()
    determination = decide(made, known, claim_id=NASTY)
    explained = explain(made, evaluate(made, known), known, determination, include_failing=True)
    page = _Tags()
    page.feed(explained.as_html())
    assert page.open == []
    ours = "html head meta title style body main h1 h2 section ul ol li details summary span p a"
    assert page.seen <= {*ours.split()}
    assert all(link.startswith(("#source-", "https://")) for link in page.links)
    markdown = explained.as_markdown()
    assert "<script>" not in markdown
    assert "[a](javascript" not in markdown
    assert "](<javascript" not in markdown
    for text in (explained.as_text(), markdown, render_determination(determination)):
        assert "\x1b" not in text
        assert "\n# head" not in text


def test_html_is_whole_and_loads_nothing():
    facts_, lines = CASES["nothing-known"]
    explained = explain(EXAMPLE, evaluate(EXAMPLE, facts_), facts_, decide(EXAMPLE, facts_, lines))
    page = explained.as_html()
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "prefers-color-scheme: dark" in page
    assert not {"script", "link", "img", "iframe"} & tags.seen
    assert 'class="heard">unknown: ' in page


def test_an_explanation_is_json_too():
    facts_, lines = CASES["reduced"]
    made = explain(EXAMPLE, evaluate(EXAMPLE, facts_), facts_, decide(EXAMPLE, facts_, lines))
    told_ = json.loads(json.dumps(made.to_json()))
    (limit,) = told_["sections"][0]["children"]
    assert (limit["rule"], limit["truth"]) == ("unit-limit", "holds")
    assert limit["children"][0]["values"] == {"units.billed": 12}


@pytest.mark.parametrize("width", [80, 100])
def test_text_keeps_to_its_width(width):
    for facts_, lines in CASES.values():
        determination = decide(EXAMPLE, facts_, lines)
        explained = explain(EXAMPLE, evaluate(EXAMPLE, facts_), facts_, determination)
        for text in (
            explained.as_text(width=width),
            render_determination(determination, width=width),
        ):
            assert max(map(len, text.splitlines())) <= width
            assert not any(line != line.rstrip() for line in text.splitlines())


def test_sources_are_numbered_by_first_mention():
    explained = told([rule("r", yes("a"), finding("deny"))], "a", ABC)
    assert [source.id for source in explained.sources()] == ["source"]
    assert explained.as_text().endswith("Sources\n[1] A source <https://example.org/source>\n")
    assert Explanation("Nothing", (Node("To see"),)).as_text() == "Nothing\n\nTo see\n"


# --- at a terminal -------------------------------------------------------------------------------


def test_colors_only_where_asked_for():
    for case in CASES.values():
        determination = decide(EXAMPLE, *case)
        plain, colored = (render_determination(determination, color=on) for on in (False, True))
        assert "\x1b" not in plain
        for code in ("0", "1", "2", *(f"1;{n}" for n in range(31, 37)), *map(str, range(31, 37))):
            colored = colored.replace(f"\x1b[{code}m", "")
        assert colored == plain


NO_POLICY = NoPolicy(
    "C-1",
    "X9999",
    DAY,
    (3, 4),
    (("payer", None), ("code", "X9999"), ("date of service", DAY)),
    ("a/b covers X9999, for the payer a",),
)


def test_a_service_without_a_policy_says_what_was_looked_for_and_what_nearly_applied():
    assert render_no_policy(NO_POLICY) == (
        "NO POLICY  C-1 · X9999 on 2024-03-05\n"
        "No policy applies to lines 3 and 4, so nothing is decided: neither approved nor denied.\n"
        "\n"
        "Looked for\n"
        "  payer            not given\n"
        "  code             X9999\n"
        "  date of service  2024-03-05\n"
        "\n"
        "Nearly applied\n"
        "  · a/b covers X9999, for the payer a.\n"
    )
    bare = NoPolicy(None, None, None, (), (), ())
    assert render_no_policy(bare) == (
        "NO POLICY  no code, no date of service\n"
        "No policy applies to this service, so nothing is decided: neither approved nor denied.\n"
    )


def test_a_service_with_a_pended_line_is_called_pended():
    facts_ = KNOWN | {"waste.recorded": False, "infection": True}
    determination = decide(EXAMPLE, facts_, CASES["denied-in-part"][1])
    assert [line.outcome for line in determination.lines] == ["pend", "deny"]
    assert render_determination(determination).startswith("PENDED")


@pytest.mark.parametrize(
    ("about", "lines", "says"),
    [
        ({}, (LINE,), "Claim C-1, X1234 on 2024-03-05: approved"),
        ({"kind": "preauthorization"}, (LINE,),
         "Preauthorization request C-1, X1234 on 2024-03-05: approved"),
        ({"claim_id": None}, (LINE,), "Claim, X1234 on 2024-03-05: approved"),
        ({"claim_id": None}, (), "Requirements, X1234 on 2024-03-05: pended"),
        ({"code": None, "service_date": None}, (LINE,),
         "Claim C-1, no code, no date of service: approved"),
    ],
)  # fmt: skip
def test_the_headline_says_what_was_decided_on_what(about, lines, says):
    determination = decide(EXAMPLE, KNOWN, lines, **about)
    explained = explain(EXAMPLE, evaluate(EXAMPLE, KNOWN), KNOWN, determination)
    assert explained.title == says


def test_more_than_five_of_anything_are_counted_and_listed_on_request():
    determination = decide(EXAMPLE, *CASES["nothing-known"])
    (assumption, *_) = [one for one in determination.assumptions if one.rule is not None]
    many = determination.with_details(
        assumptions=tuple(
            replace(assumption, rule=f"check-{n}", waits_for=(f"fact.{n}",)) for n in range(7)
        ),
        missing=tuple(replace(determination.missing[0], fact=f"asked.{n}") for n in range(7)),
        unsettled=tuple(replace(determination.unsettled[0], rule=f"open-{n}") for n in range(6)),
    )

    text = render_determination(many, how_to_list_all="--full")
    full = render_determination(many, full=True)

    assert "7 questions that would decide this claim" in text
    assert "asked.4" in text and "asked.5" not in text
    assert "… 2 more questions (--full lists all)" in text
    assert "open-4" in text and "open-5" not in text
    assert "… 1 more rule (--full lists all)" in text
    assert (
        "7 checks not run: fact.0, fact.1, fact.2, fact.3, fact.4 and 2 more not provided." in text
    )
    assert "check-0" not in text
    for name in ("asked.6", "open-5", "check-6", "fact.6"):
        assert name in full
    assert "more question" not in full


def test_a_clean_approval_is_four_lines_at_most():
    text = render_determination(decide(EXAMPLE, *CASES["approved"]))

    assert len(text.splitlines()) <= 4
    assert text.startswith(
        "APPROVED  C-1 · X1234 on 2024-03-05\nLines 1 and 2: 4 billing units allowed"
    )
