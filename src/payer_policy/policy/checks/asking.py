"""Whether a rule decides by what was not submitted: `is_known`, and what depends on it.

A test whether a fact is known flips when the fact is learned, so what it settles is settled by missing
information. It is harmless only where it cannot let anything through: in advice, and in a review that
ends when the fact is known, if the rule overrides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Constant,
    FindingEffect,
    Not,
    Rule,
    facts_in_test,
    tests_in,
)
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.resolve import where_fact
from payer_policy.policy.versions import Merged

CODE: Final = "is-known"
ASKS: Final = "is_known"


def asking(
    rule: Rule, raw: Any, merged: Merged, vocabulary: Vocabulary
) -> Iterator[tuple[str, JsonPath]]:
    """The warnings about a rule, each with its place in the rule.

    Args:
        rule: The rule, typed.
        raw: Its condition as it is written.
        merged: The policy, with the rules that it overrides.
        vocabulary: Where facts are computed.
    """
    kind = rule.effect.kind if isinstance(rule.effect, FindingEffect) else "conclude"
    reached = _reached(rule.id, merged)
    direct = dict.fromkeys(t.fact for t in tests_in(rule.condition) if t.operator == ASKS)
    harmless = kind == "advise" or (kind == "pend" and not _may_rise(rule.condition))
    if reached or not harmless:
        for name in direct:
            where = where_fact(raw, name, ("when",), ASKS)
            yield f"`is_known` on `{name}` decides by what was not submitted{reached}", where
    if kind == "advise" and not reached:
        return
    read = dict.fromkeys(name for test in tests_in(rule.condition) for name in facts_in_test(test))
    for name in read:
        if name in direct:
            continue
        asked = next(_behind(name, vocabulary, frozenset()), None)
        if asked is not None:
            text = f"`{name}` is computed with `is_known` on `{asked}`, so it "
            yield (
                f"{text}decides by what was not submitted{reached}",
                where_fact(raw, name, ("when",)),
            )


def _reached(id_: str, merged: Merged) -> str:
    """What a rule reaches through what it overrides, in words; empty: nothing that decides."""
    path, seen = [id_], {id_}
    while True:
        placed = merged.rules.get(path[-1])
        others = (
            [] if placed is None else [one for one in merged.overrides[path[-1]] if one not in seen]
        )
        known = [one for one in others if one in merged.rules]
        if not known:
            return ""
        deciding = [one for one in known if merged.rules[one].model.then.advise is None]
        path.append((deciding or known)[0])
        seen.add(path[-1])
        if deciding:
            steps = "`, which overrides `".join(path[1:])
            return f": this rule overrides `{steps}`"


def _behind(name: str, vocabulary: Vocabulary, seen: frozenset[str]) -> Iterator[str]:
    """The facts of which a computed fact asks whether they are known."""
    fact = vocabulary.facts.get(name)
    computed = None if fact is None else (fact.source or {}).get("compute")
    for test in _tests(computed):
        inner = test.get("fact")
        if not isinstance(inner, str) or inner in seen:
            continue
        if ASKS in test:
            yield inner
        else:
            yield from _behind(inner, vocabulary, seen | {name})


def _tests(raw: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(raw, Mapping):
        if "fact" in raw:
            yield raw
        for child in raw.values():
            yield from _tests(child)
    elif isinstance(raw, list):
        for child in raw:
            yield from _tests(child)


def _may_rise(condition: Condition, negated: bool = False) -> bool:
    """Whether a condition may hold only once a fact is known that it asks for."""
    match condition:
        case Not(part):
            return _may_rise(part, not negated)
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            return any(_may_rise(part, negated) for part in parts)
        case _:
            asks = condition.operator == ASKS
            return asks and (condition.right == (Constant(True),)) is not negated
