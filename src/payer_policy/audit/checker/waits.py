"""Which facts an unknown rule waits for, and the questions: computed again for the checker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from payer_policy.core.ruleset import (
    FindingEffect,
    Rule,
    Ruleset,
    Test,
    facts_in_expression,
    facts_in_test,
)
from payer_policy.core.sealed import at, names

OF_THE_RULE: Final = ("condition", "authorization")
"""What may be unknown about a rule itself, rather than about the units it allows."""


class Waits:
    """The facts to ask for behind each unknown rule. Rules are added in the ruleset's order.

    `known` and `truths` are those of the checker, which fills them as it goes through the rules.
    """

    def __init__(
        self, ruleset: Ruleset, known: Mapping[str, Any], truths: Mapping[str, str]
    ) -> None:
        self.ruleset, self.known, self.truths = ruleset, known, truths
        self.rules: dict[str, set[str]] = {}
        self._order = {name: place for place, name in enumerate(ruleset.facts)}

    def add(self, rule: Rule, unknown: Iterable[Test]) -> None:
        """Add a rule whose condition is unknown because of these tests."""
        if self.truths[rule.id] == "unknown":
            facts = self.behind(name for test in unknown for name in facts_in_test(test))
            others = (self.rules.get(id_, set()) for id_ in rule.overridden_by)
            self.rules[rule.id] = facts.union(*others)

    def behind(self, facts: Iterable[str]) -> set[str]:
        """The facts to ask for so that the unknown ones of `facts` become known."""
        out: set[str] = set()
        for name in facts:
            if self.known.get(name) is not None:
                continue
            if (derived := self.ruleset.derived.get(name)) is not None:
                by = (self.ruleset.rules[index].id for index, _ in derived.concluded_by)
                out = out.union(*(self.rules.get(id_, set()) for id_ in by))
                continue
            made_from = set(self._made_from(name, frozenset()))
            out |= {one for one in made_from if self.known.get(one) is None} or {name}
        return out

    def waits_for(self, id_: str, what: str | None = None) -> list[str]:
        """The facts to ask for that an open rule waits for, in the order of the vocabulary.

        `what` is what is unknown: its condition, its amount, or something that no answer settles; None:
        the rule is assumed not to apply.
        """
        if what == "preauthorization":
            return self._ordered(self.behind([str(self.ruleset.needed_by)]))
        if what == "amount":
            return self._ordered(self._amount(id_))
        if what is not None and what not in OF_THE_RULE:
            return []
        rule, facts = self._rule(id_), self.rules.get(id_, set())
        silenced = rule is not None and rule.section in self.ruleset.silences
        effect = None if rule is None else rule.effect
        if what is not None and silenced and getattr(effect, "kind", "") != "certify":
            # Whether an authorization covers the service decides if the rule counts.
            facts = facts | self.behind([str(self.ruleset.covered_by)])
        return self._ordered(facts)

    def questions(self, open_: Iterable[tuple[str, str]], was: Any) -> list[dict[str, Any]]:
        """A question for each fact that an open rule waits for, in the recorded order.

        The order is advice, and so is the wording where the vocabulary has none.
        """
        asking: dict[str, set[str]] = {}
        for id_, what in open_:
            more = self._amount(id_) if what in OF_THE_RULE else ()
            for name in (*self.waits_for(id_, what), *more):
                asking.setdefault(name, set()).add(id_)
        return self.asking(asking, was)

    def asking(self, asking: Mapping[str, set[str]], was: Any) -> list[dict[str, Any]]:
        """A question for each fact, for the rules that wait for it, in the recorded order."""
        order = [name for name in names(was) if name in asking]
        return [
            self._question(name, at(was, name, "question"), sorted(asking[name]))
            for name in dict.fromkeys([*order, *self._ordered(asking)])
        ]

    def _question(self, name: str, said: Any, rules: list[str]) -> dict[str, Any]:
        fact = self.ruleset.facts.get(name)
        said = said if isinstance(said, str) and said.endswith("?") else "a question"
        return {
            "fact": name,
            "label": name if fact is None else fact.label,
            "question": (fact and fact.question) or said,
            "supplied_by": fact and fact.supplied_by,
            "correctable": fact is not None and fact.correctable,
            "rules": rules,
        }

    def _rule(self, id_: str) -> Rule | None:
        return next((rule for rule in self.ruleset.rules if rule.id == id_), None)

    def _amount(self, id_: str) -> set[str]:
        rule = self._rule(id_)
        if rule is None or not isinstance(rule.effect, FindingEffect):
            return set()
        return self.behind(
            name for one in rule.effect.amounts() for name in facts_in_expression(one)
        )

    def _ordered(self, facts: Iterable[str]) -> list[str]:
        return sorted(facts, key=lambda name: (self._order.get(name, len(self._order)), name))

    def _made_from(self, name: str, seen: frozenset[str]) -> Iterator[str]:
        """The facts to ask for instead of a computed fact without a question of its own."""
        fact = self.ruleset.facts.get(name)
        computed = None if fact is None or fact.question else (fact.source or {}).get("compute")
        used = [
            other
            for other in _facts_in(computed)
            if other in self.ruleset.facts and other not in self.ruleset.derived
            if other not in seen
        ]  # fmt: skip
        for other in used:
            yield from self._made_from(other, seen | {name})
        if not used:
            yield name


def _facts_in(expression: Any) -> Iterator[str]:
    if isinstance(expression, Mapping):
        for key, value in expression.items():
            if key == "fact" and isinstance(value, str):
                yield value
            else:
                yield from _facts_in(value)
    elif isinstance(expression, (list, tuple)):
        for item in expression:
            yield from _facts_in(item)
