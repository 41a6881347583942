"""The proof of a determination as a tree in plain English: `explain(…)`.

Every rule on the way, with the values that made it so and its citation. An approval is proved too:
by what comes closest to refusing it, and on request by every rule that was shown not to hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Conclude,
    Condition,
    Constant,
    FindingEffect,
    Not,
    Reason,
    Rule,
    Ruleset,
    Test,
    facts_in_test,
    lookups_in,
    written,
)
from payer_policy.core.semantics import Facts, truth_of
from payer_policy.core.truth import FAILS, HOLDS, NEGATED, UNKNOWN, Truth
from payer_policy.core.vocabulary.model import LEAST, MOST, UNBOUNDED, bound_name
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import Units, Value
from payer_policy.determination.english import English, defined, lead, reason_in_words
from payer_policy.determination.model import (
    Conflict,
    Determination,
    Finding,
    LineOutcome,
    Question,
)
from payer_policy.determination.rules import citations_of
from payer_policy.determination.trees import Explanation, Node
from payer_policy.determination.words import (
    capital,
    certified_in_words,
    counted,
    in_unit,
    in_words,
    is_plural,
    line_list,
    listed,
    reversal_of,
    service_in_words,
    stop,
)
from payer_policy.engines.protocol import Evaluation

CLOSEST: Final = 3
"""Maximum number of closest rules shown for an approval."""

DEEPEST: Final = 40
"""Maximum number of rules followed from one to the next."""

DECISIONS: Final = {
    "approve": "approved",
    "deny": "denied",
    "pend": "pended",
    "partial": "decided line by line",
    "reduce": "approved for fewer units",
    "void": "void",
    "not_required": "not required",
    "no_policy": "without a policy",
}
_ALL: Final = lead(All(())).rstrip(":")
_ANY: Final = lead(AnyOf(())).rstrip(":")
_WAITS: Final = {
    "amount": "it applies, but how many units it leaves is not known",
    "line units": "it applies, but the units billed on {lines} are not known",
    "earlier lines": "it applies, but the limit for {lines} depends on earlier lines still pending",
    "authorization": "it applies, but whether an authorization covers the service is not known",
    "preauthorization": "all lines wait for whether preauthorization is needed",
    "lines followed": "{lines} can be paid only if the line that they follow is, which still pends",
}


def explain(
    ruleset: Ruleset,
    evaluation: Evaluation | None,
    facts: Facts,
    determination: Determination,
    *,
    include_failing: bool = False,
) -> Explanation:
    """Why the determination was made, as a tree of sentences.

    Args:
        ruleset: The policy that decided.
        evaluation: The result of the engine; None where it failed.
        facts: The facts that were decided on.
        determination: The determination.
        include_failing: Add every rule that could deny, pend or reduce and does not apply, each with
            the reason.
    """
    title = headline(determination)
    sections: list[Node] = []
    if determination.internal is not None:
        sections.append(Node("Pended: internal error", notes=(determination.internal,)))
    for conflict in determination.conflicts:
        sections.append(Node(disagreement(conflict), notes=(CONFLICT,)))
    if determination.policy.version is None:
        sections += _without_rules(determination)
    elif evaluation is not None and evaluation.disagreement is None:
        explainer = _Explainer(ruleset, evaluation, facts, determination)
        sections += explainer.sections(include_failing)
    return Explanation(title, tuple(sections))


SILENT: Final = "Assumed, since not provided"
"""The words before the facts that are assumed."""
CONFLICT: Final = "It stays unknown, and nothing that reads it is approved. Correct the policy."


def disagreement(conflict: Conflict) -> str:
    """The fact that rules of the policy contradict one another about, and the rules."""
    return f"Rules that apply disagree on {conflict.label}: {listed(conflict.rules)}"


def _without_rules(determination: Determination) -> Iterable[Node]:
    """The answer where no rule of the policy was evaluated."""
    if determination.voids is not None:
        yield Node("No rule is evaluated for a void", notes=(reversal_of(determination.voids),))
        return
    numbers = [line.number for line in determination.lines]
    verb = "is" if len(numbers) == 1 else "are"
    text = f"{capital(line_list(numbers))} {verb} pended" if numbers else "The service is pended"
    yield Node(text, children=tuple(map(_built_in, determination.findings)))
    if determination.missing:
        yield Node("What is missing", children=tuple(map(_asked, determination.missing)))


def _built_in(found: Finding) -> Node:
    codes = reason_in_words(Reason(found.group, found.carc, found.rarcs))
    said = f"“{found.because}”"
    note = f"{codes}: {said}" if codes else said
    return Node(found.title, HOLDS, rule=found.rule, citations=found.citations, notes=(note,))


def _asked(question: Question) -> Node:
    by = f"from the {question.supplied_by}" if question.supplied_by else ""
    return Node(question.question, aside=by)


_KINDS: Final = {"claim": "Claim", "preauthorization": "Preauthorization request"}


def headline(determination: Determination) -> str:
    """The request, the service and the decision, in one sentence."""
    what = _KINDS.get(determination.kind, capital(determination.kind))
    if determination.claim_id is not None:
        what = f"{what} {determination.claim_id}"
    elif not determination.lines:
        what = "Requirements"
    service = service_in_words(determination.code, determination.service_date)
    said = DECISIONS[determination.decision]
    if determination.recommended is not None:
        said += ", recommended for denial"
    return f"{what}, {service}: {said}"


RECOMMENDED: Final = "Recommended for denial: a clinician must confirm it."


def disposed_in_words(line: LineOutcome) -> str:
    """What becomes of a line."""
    plain = DECISIONS[line.outcome]
    return {
        "return": f"{plain}, returned for correction",
        "packaged": f"{plain}, paid in another line",
    }.get(line.disposition, plain)


def units_in_words(units: Units | None) -> str:
    """`4 units`, `1 unit`, or that they are not known."""
    return "units not known" if units is None else in_unit(units, "billing units")


class _Explainer:
    """Builds the tree. Each rule and each derived fact is expanded once, where it is first met."""

    def __init__(
        self,
        ruleset: Ruleset,
        evaluation: Evaluation,
        facts: Facts,
        determination: Determination,
    ) -> None:
        self._ruleset = ruleset
        self._english = English(ruleset)
        self._truths = evaluation.truths
        self._conflicts = frozenset(evaluation.conflicts)
        self._known: dict[str, Value | None] = {**facts, **evaluation.derived}
        self._determination = determination
        self._index = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        self._found = {found.rule: found for found in determination.findings}
        self._depth = 0
        self._told: set[str] = set()
        """Rules already explained, and derived facts under `=name`."""

    # --- sections -------------------------------------------------------------------------------

    def sections(self, include_failing: bool) -> Iterable[Node]:
        determination = self._determination
        approved = False
        if determination.lines:
            for lines in self._alike(determination.lines):
                approved |= lines[0].outcome in ("approve", "reduce")
                yield self._lines(lines)
        else:
            approved = determination.decision == "approve"
            yield self._without_lines()
        advice = [found for found in determination.findings if found.kind == "advise"]
        if advice:
            yield Node("To note", children=tuple(self._finding(found) for found in advice))
        if determination.certified is not None:
            yield Node(certified_in_words(determination.certified.to_json()))
        if determination.missing:
            yield self._missing()
        assumed = [one.rule for one in determination.assumptions if one.rule is not None]
        if assumed:
            yield Node(
                "Not checked: the facts are missing, and the policy allows payment without them",
                children=tuple(self._rule(self._index[rule]) for rule in assumed),
            )
        silent = [one for one in determination.assumptions if one.fact is not None]
        if silent:
            yield Node(SILENT, children=tuple(Node(f"{one.title} · {one.fact}") for one in silent))
        failing = [
            index
            for index, rule in enumerate(self._ruleset.rules)
            if isinstance(rule.effect, FindingEffect)
            and rule.effect.kind != "advise"
            and self._truths[index] == FAILS
            and rule.id not in self._told
        ]
        failing.sort(key=lambda index: self._ruleset.rules[index].id)
        if include_failing and failing:
            yield Node(
                f"Rules that do not apply: {len(failing)}",
                children=tuple(self._rule(index) for index in failing),
            )
        elif approved and (closest := self._closest(failing)):
            yield Node("Closest rules", children=tuple(self._rule(one) for one in closest))
        concluding = [
            index
            for index, rule in enumerate(self._ruleset.rules)
            if isinstance(rule.effect, Conclude)
            and self._truths[index] == HOLDS
            and rule.id not in self._told
        ]
        if concluding:
            nodes = tuple(self._rule(index, (self._concluded(index),)) for index in concluding)
            yield Node("Other conclusions", children=nodes)

    def _concluded(self, index: int) -> str:
        effect = self._ruleset.rules[index].effect
        values = effect.values if isinstance(effect, Conclude) else ()
        return f"So {listed([self._english.states(name, value) for name, value in values])}."

    def _alike(self, lines: Sequence[LineOutcome]) -> Iterable[list[LineOutcome]]:
        groups: dict[tuple[object, ...], list[LineOutcome]] = {}
        for line in lines:
            waits = tuple(
                rule.rule for rule in self._determination.unsettled if line.number in rule.lines
            )
            groups.setdefault((line.disposition, line.findings, waits), []).append(line)
        return groups.values()

    def _lines(self, lines: Sequence[LineOutcome]) -> Node:
        outcome = lines[0].outcome
        numbers = [line.number for line in lines]
        verb = "is" if len(lines) == 1 else "are"
        text = f"{capital(line_list(numbers))} {verb} {disposed_in_words(lines[0])}"
        if outcome == "reduce":
            text += ": " + listed(
                [
                    f"{in_words(line.allowed_units)} of {units_in_words(line.billed_units)}"
                    + ("" if len(lines) == 1 else f" on line {line.number}")
                    for line in lines
                ]
            )
        elif outcome == "approve":
            text += f" ({listed([units_in_words(line.billed_units) for line in lines])})"
        return self._outcome(text, outcome, lines[0].findings, set(numbers))

    def _without_lines(self) -> Node:
        outcome = self._determination.decision
        text = {
            "approve": "No rule denies or pends the service as described",
            "deny": "The service as described is denied",
            "pend": "The service as described cannot be decided yet",
        }.get(outcome, "The service as described")
        rules = tuple(found.rule for found in self._determination.findings)
        return self._outcome(text, outcome, rules, None)

    def _outcome(
        self, text: str, outcome: str, rules: Sequence[str], numbers: set[int] | None
    ) -> Node:
        """Why lines have their outcome: what decides it first, then what else was found."""
        order = {"deny": 0, "pend": 1, "reduce": 2, "certify": 3}
        found = [self._found[id_] for id_ in rules if self._found[id_].kind != "advise"]
        headline = self._determination.headline
        found.sort(key=lambda one: (one.rule != headline, order[one.kind]))
        children = [self._finding(one) for one in found]
        for one in self._determination.unsettled:
            if numbers is not None and not numbers & set(one.lines):
                continue
            if one.rule not in self._index:
                note = f"{capital(_WAITS[one.unknown].format(lines=line_list(one.lines)))}."
                children.append(Node(one.title, UNKNOWN, rule=one.rule, notes=(note,)))
            elif one.unknown == "condition":
                children.append(self._rule(self._index[one.rule]))
            else:
                lines = line_list(one.lines) if one.lines else "the lines"
                waits = _WAITS[one.unknown].format(lines=lines)
                node = self._rule(self._index[one.rule])
                note = f"{capital(waits)}."
                children.append(replace(node, truth=UNKNOWN, notes=(*node.notes, note)))
        notes: tuple[str, ...] = ()
        if outcome in ("approve", "reduce"):
            notes = (self._why_approved(len(found)),)
        return Node(text, notes=notes, children=tuple(children))

    def _why_approved(self, own: int) -> str:
        """Why a line is approved that has `own` reductions."""
        deciding = [
            self._truths[index]
            for index, rule in enumerate(self._ruleset.rules)
            if isinstance(rule.effect, FindingEffect) and rule.effect.kind != "advise"
        ]
        failing = deciding.count(FAILS)
        assumed = sum(one.rule is not None for one in self._determination.assumptions)
        others = len(deciding) - failing - assumed - own
        text = f"{failing} of {counted(len(deciding), 'rule')} that could deny, pend or reduce "
        text += "does not apply" if failing == 1 else "do not apply"
        if assumed:
            text += f"; {assumed} not checked"
        if others:
            text += f"; {others} {'does' if others == 1 else 'do'} not affect this"
        return stop(text)

    def _missing(self) -> Node:
        children = []
        for place, question in enumerate(self._determination.missing, 1):
            by = f"from the {question.supplied_by}" if question.supplied_by else ""
            titles = [
                self._ruleset.rules[self._index[id_]].title
                for id_ in question.rules
                if id_ in self._index
            ]
            settles = f"For: {'; '.join(title.rstrip('.') for title in titles)}"
            children.append(Node(f"{place}. {question.question}", aside=by, notes=(settles,)))
        return Node(
            "Questions that would decide this claim, most useful first", children=tuple(children)
        )

    def _finding(self, found: Finding) -> Node:
        if found.rule not in self._index:
            return _built_in(found)
        codes = reason_in_words(Reason(found.group, found.carc, found.rarcs))
        said = f"“{found.because}”"
        notes = [f"{codes}: {said}" if codes else said]
        if found.silenced:
            notes.append("Advice only, since an authorization covers the service.")
        if found.review is not None:
            notes.append("A clinician must confirm it.")
        if found.follow_up:
            notes.append("To be reviewed after payment.")
        return self._rule(self._index[found.rule], notes=tuple(notes))

    def _closest(self, failing: Sequence[int]) -> list[int]:
        """Rules that are one test away from holding although some of their tests do hold."""
        near = []
        for index in failing:
            rule = self._ruleset.rules[index]
            distance, met = self._distance(rule.condition, False)
            if distance == 0:  # its condition holds, and another rule overrides it
                near.append((0, 0, rule.id, index))
            elif distance == 1 and met:
                near.append((1, -met, rule.id, index))
        return [index for _, _, _, index in sorted(near)[:CLOSEST]]

    def _distance(self, condition: Condition, negated: bool) -> tuple[int, int]:
        """How many tests would have to turn for the condition to hold, and how many are met."""
        if written(condition) is not None:
            truth = truth_of(condition, self._known)
            holds = (NEGATED[truth] if negated else truth) == HOLDS
            return (0, 1) if holds else (1, 0)
        match condition:
            case Not(part):
                return self._distance(part, not negated)
            case All(parts) | AnyOf(parts) | AtLeast(_, parts):
                needed = len(parts) if isinstance(condition, All) else 1
                if isinstance(condition, AtLeast):
                    needed = condition.count
                if negated:
                    needed = len(parts) - needed + 1
                each = sorted(
                    (self._distance(part, negated) for part in parts),
                    key=lambda pair: (pair[0], -pair[1]),
                )[: max(needed, 0)]
                return sum(pair[0] for pair in each), sum(pair[1] for pair in each)
        raise AssertionError(condition)

    # --- rules ----------------------------------------------------------------------------------

    def _rule(self, index: int, notes: tuple[str, ...] = ()) -> Node:
        rule = self._ruleset.rules[index]
        truth = self._truths[index]
        title = rule.title.rstrip(".")
        if rule.id in self._told:
            return Node(title, truth, "see above", rule=rule.id, notes=notes)
        if self._depth == DEEPEST:
            return Node(title, truth, "not followed further", rule=rule.id, notes=notes)
        self._told.add(rule.id)
        self._depth += 1
        children = tuple(self._why(rule, truth))
        self._depth -= 1
        cites = citations_of(self._ruleset, rule)
        return Node(title, truth, rule=rule.id, citations=cites, notes=notes, children=children)

    def _why(self, rule: Rule, truth: Truth) -> Iterable[Node]:
        """What makes a rule hold, fail or stay unknown: its condition, and what overrides it."""
        own = truth_of(rule.condition, self._known)
        overriding = [self._index[id_] for id_ in rule.overridden_by if id_ in self._index]
        if truth == HOLDS or own == truth or not overriding:
            yield from self._parts(rule.condition)
        elif own == HOLDS:
            yield Node("its own condition holds", HOLDS)
        for index in overriding:
            other = self._truths[index]
            if truth == HOLDS:
                title = self._english.named(self._ruleset.rules[index].id)
                yield Node(f"{title}, to which it would give way, does not hold", HOLDS)
            elif truth == FAILS and other == HOLDS and own != FAILS:
                yield Node(
                    "it is overridden by a rule that applies", HOLDS, children=(self._rule(index),)
                )
            elif truth == UNKNOWN and other == UNKNOWN:
                text = "it is overridden by a rule that cannot be determined"
                yield Node(text, UNKNOWN, children=(self._rule(index),))

    # --- conditions -----------------------------------------------------------------------------

    def _parts(self, condition: Condition) -> list[Node]:
        """A rule's condition, without a heading where its parts can be listed under the rule."""
        node = self._condition(condition, False)
        heading = node.sentence in (_ALL, _ANY) and node.children
        return list(node.children) if heading else [node]

    def _condition(self, condition: Condition, negated: bool, *, expand: bool = True) -> Node:
        test = written(condition)
        if test is not None:
            node = self._test(test, truth_of(condition, self._known), negated, expand)
            return replace(node, sentence=node.sentence + defined(condition.called))
        match condition:
            case Not(part):
                return self._condition(part, not negated, expand=expand)
            case All(parts) | AnyOf(parts) if len(parts) == 1:
                return self._condition(parts[0], negated, expand=expand)
            case All(parts) | AnyOf(parts) | AtLeast(_, parts):
                truth = truth_of(condition, self._known)
                shown = self._shown(condition, parts, truth, expand)
                if len(shown) == 1 and not negated and not isinstance(condition, AtLeast):
                    return shown[0]  # the one part that decides says it all
                return Node(
                    lead(condition, negated).rstrip(":"),
                    NEGATED[truth] if negated else truth,
                    children=tuple(shown),
                )
        raise AssertionError(condition)

    def _shown(
        self, condition: Condition, parts: Sequence[Condition], whole: Truth, expand: bool
    ) -> list[Node]:
        """The parts that make a combination what it is, and no more."""
        both = [(part, truth_of(part, self._known)) for part in parts]
        if whole == UNKNOWN:
            # What applies already is stated in short; what failed in an `any` decides nothing.
            return [
                self._condition(part, False, expand=expand and truth == UNKNOWN)
                for part, truth in both
                if truth != FAILS
            ]
        chosen = [part for part, truth in both if truth == whole]
        if isinstance(condition, All) and whole == FAILS:
            chosen = chosen[:1]  # one failing part is proof enough
        nodes: list[Node] = []
        for part in chosen:
            node = self._condition(part, False, expand=expand)
            if isinstance(condition, All) and whole == HOLDS and node.sentence == _ALL:
                nodes += node.children  # all of these, and all of those
            else:
                nodes.append(node)
        return nodes

    def _test(self, test: Test, truth: Truth, negated: bool, expand: bool) -> Node:
        names = tuple(dict.fromkeys(facts_in_test(test)))
        children: list[Node] = []
        asides = self._values(test, truth, names)
        if expand:
            for name in names:
                if name not in self._ruleset.derived:
                    continue
                if f"={name}" in self._told:
                    asides.append("see above")
                else:
                    why, rules = self._behind(name)
                    asides += why
                    children += rules
        return Node(
            self._english.test(test, negated=negated),
            NEGATED[truth] if negated else truth,
            "; ".join(dict.fromkeys(asides)),
            tuple((name, self._known.get(name)) for name in names),
            children=tuple(children),
        )

    def _values(self, test: Test, truth: Truth, names: Sequence[str]) -> list[str]:
        """The values that decided a test, where the sentence does not state them."""
        operator = OPERATORS[test.operator]
        value = self._known.get(test.fact)
        first = test.right[0]
        if value is None and (bounds := self._between(test.fact)):
            return [bounds]
        if operator.shape == "flag" or all(self._known.get(name) is None for name in names):
            return []
        said = []
        equal = (operator.name, truth) in (("is", HOLDS), ("is_not", FAILS))
        plain = isinstance(first, Constant) and (equal or isinstance(first.value, bool))
        if value is None:
            said.append(f"{self._english.fact(test.fact)}: not known")
        elif not plain:
            many = isinstance(value, frozenset) or is_plural(self._english.fact(test.fact))
            it = "they are" if many else "it is"
            if value == frozenset():
                it = "there are"
            said.append(f"{it} {self._english.value(test.fact, value)}")
        for side in test.right:
            said += [self._english.looked_up(one, self._known) for one in lookups_in(side)]
        for name in names:
            if name != test.fact:
                other = self._known.get(name)
                said.append(f"{self._english.fact(name)}: {self._english.value(name, other)}")
        return said

    def _between(self, name: str) -> str:
        """The least and the most that a fact from records can be, as far as the rows say any."""
        said = []
        for side, word in ((LEAST, "at least"), (MOST, "at most")):
            bound = self._known.get(bound_name(name, side))
            if bound is not None and bound != UNBOUNDED[side][self._ruleset.facts[name].type.kind]:
                said.append(f"{word} {self._english.value(name, bound)}")
        if not said:
            return ""
        they = "they are" if is_plural(self._english.fact(name)) else "it is"
        return f"{they} {' and '.join(said)}, by the rows that are known"

    # --- derived facts --------------------------------------------------------------------------

    def _behind(self, name: str) -> tuple[list[str], list[Node]]:
        """Why a derived fact has its value, in short, and the rules; each is explained once."""
        self._told.add(f"={name}")
        derived = self._ruleset.derived[name]
        value = self._known.get(name)
        by_truth: dict[Truth, list[int]] = {HOLDS: [], UNKNOWN: [], FAILS: []}
        for index, _ in derived.concluded_by:
            by_truth[self._truths[index]].append(index)
        if name in self._conflicts:
            rules = by_truth[HOLDS]
            return ["rules that apply conclude different values"], self._rules(rules)
        if value is None:
            return [], self._rules(by_truth[UNKNOWN])
        if by_truth[HOLDS]:
            return [], self._rules(by_truth[HOLDS])
        return ["no rule concludes otherwise"], self._rules(by_truth[FAILS])

    def _rules(self, indices: Iterable[int]) -> list[Node]:
        return [self._rule(index) for index in indices]
