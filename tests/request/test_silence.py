"""What was not provided of a service, and what rests on it, against the same worked out step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import pytest

from payer_policy.core.semantics import Facts, truth_of, value_of
from payer_policy.core.truth import FAILS, HOLDS
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import Value
from payer_policy.language.sources import Computed
from payer_policy.policy.basis import Basis
from payer_policy.policy.learning import Learning, left_by_lines
from payer_policy.policy.loading import open_library
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.derive import Context, Derivation
from payer_policy.request.given import Given
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.services import services_of, view_lines
from payer_policy.request.silence import Silence, Silences, _mixed, without_questions
from tests.generated_claims import claims
from tests.places import ROOT

LIBRARY = open_library(ROOT / "policies")
RULESETS = [
    LIBRARY.ruleset(address, LIBRARY.windows(address)[-1][0])
    for address in ("medicare/intrathecal-baclofen", "commercial-strict/intrathecal-baclofen")
]
SILENT: dict[str, Value] = {
    "boolean": False, "integer": 0, "decimal": 0, "date": date(2020, 1, 1), "codes": frozenset()
}  # fmt: skip


def changed(seed: int) -> Basis:
    """The shipped vocabulary with other meanings of silence."""
    random = Random(seed)

    def other(fact: Fact) -> Fact:
        if fact.derived or random.random() < 0.7:
            return fact
        means = None if fact.absent_means is not None else SILENT.get(fact.type.kind)
        return replace(fact, absent_means=means)

    vocabulary = LIBRARY.vocabulary
    facts = {name: other(fact) for name, fact in vocabulary.facts.items()}
    return LIBRARY.basis.with_changes(replace(vocabulary, facts=facts), None)


def step_by_step(
    basis: Basis, ruleset: Any, context: Context, given: Mapping[str, Value], facts: Facts
) -> Silence:
    """The meaning: each value is worked out again of what was provided, with nothing else known."""
    vocabulary, day = basis.vocabulary, ruleset.first_day
    needed = sorted(
        name
        for name in ruleset.facts
        if name in vocabulary.facts and not vocabulary.facts[name].derived
    )
    sources = basis.sources_on(needed, day)
    learning = Learning(ruleset, vocabulary.facts, sources)
    unprovided = {name: replace(fact, absent_means=None) for name, fact in vocabulary.facts.items()}
    silent = replace(vocabulary, facts=unprovided)
    resting = sorted(learning.resting_on())
    said, _ = Derivation.over(basis, resting, day, silent).facts(context, given)
    unsaid: dict[str, set[str]] = {}
    for one in resting:
        if left_by_lines(sources.get(one)) or said.get(one) is None:
            for name in (name for name in needed if one in learning.inputs(name)):
                unsaid.setdefault(name, set()).add(one)

    class Bare(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            source, left = sources.get(name), left_by_lines(sources.get(name))
            if name not in unsaid:
                value = facts.get(name)
            elif left:
                value = said.get(name)
                value = None if None in left or value in left else value
            elif isinstance(source, Computed):
                if source.condition is not None:
                    truth = truth_of(without_questions(source.condition), self)
                    value = {HOLDS: True, FAILS: False}.get(truth)
                else:
                    assert source.expression is not None
                    value = value_of(source.expression, self)
                value = given.get(name) if value is None else value
            else:
                value = said.get(name)
            self[name] = value
            return value

        def get(self, name: str, default: object = None) -> Any:
            return self[name]

    bare = Bare()
    rests = [name for name in unsaid if facts.get(name) is not None and bare[name] is None]
    return Silence(frozenset(rests), {name: frozenset(one) for name, one in unsaid.items()})


@pytest.mark.parametrize("seed", range(12))
def test_the_silence_is_that_of_the_meaning(seed: int) -> None:
    basis = LIBRARY.basis if seed == 0 else changed(seed)
    reference = LIBRARY.reference
    compared = 0
    for ruleset in RULESETS:
        assert ruleset is not None
        silences = Silences(basis, ruleset)
        derivation = Derivation.over(basis, ruleset.facts, ruleset.first_day)
        for raw in claims(seed, 25):
            request = request_from_mapping(raw)
            given = Given.read(LIBRARY.vocabulary, request)
            views = view_lines(request, reference)
            for service in services_of(views):
                payer = ruleset.policy.partition("/")[0]
                about = authorization_facts(request, payer, service)
                context = Context(request, payer, service, views, about, given.lists)
                mine = given.of(service.numbers)
                facts, contradictions, silent = derivation.read(context, mine)
                if contradictions:
                    continue
                expected = step_by_step(basis, ruleset, context, mine, facts)
                assert silences.of(context, mine, facts, silent) == expected
                assert silences.of(context, mine, facts) == expected
                compared += 1
    assert compared > 50


def test_the_changed_vocabularies_have_facts_that_silence_is_mixed_into() -> None:
    ruleset = RULESETS[0]
    assert ruleset is not None
    mixed = 0
    for seed in range(1, 12):
        basis = changed(seed)
        silences = Silences(basis, ruleset)
        mixed += sum(
            _mixed(name, silences._sources, basis.vocabulary) for name in silences._made_from
        )
    assert mixed > 20
