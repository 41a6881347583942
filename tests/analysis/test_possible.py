"""What is said of every request is what the engine says of each: the ground that proofs stand on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest

from payer_policy.analysis.possible import FoundRequest, Requests, facts_for
from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.analysis.witness import Case, Decider, outcome_of
from payer_policy.core.ruleset import Constant, FactRef, Test
from payer_policy.core.vocabulary.model import bounded_by
from payer_policy.core.vocabulary.outcome import ASSUMPTIONS, DECISION, OUTCOME
from payer_policy.core.vocabulary.types import NONE, Value
from payer_policy.engine import Engine
from payer_policy.engines.symbolic.logic import negated, truth_in
from payer_policy.engines.symbolic.search import Search
from payer_policy.language.sources import Computed, DrugAttribute
from tests.places import POLICIES


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


def sayable(engine: Engine, requests: Requests, random: Random) -> dict[str, Value]:
    """Random facts that a request could give: none below its minimum, none that contradicts another."""
    ruleset = requests.ruleset
    out: dict[str, Value] = {}
    for name, value in random_facts(random, palette_of(ruleset)).items():
        if bounded_by(name) is not None:
            continue
        type_ = ruleset.facts[name].type
        if value is NONE:
            out[name] = value
            continue
        if type_.minimum is not None and value < type_.minimum:  # type: ignore[operator]
            continue
        if type_.maximum is not None and value > type_.maximum:  # type: ignore[operator]
            continue
        if isinstance(requests.source(name), Computed | DrugAttribute):
            continue
        out[name] = value
    by_source = engine.library.facts_by_source
    payer = ruleset.policy.partition("/")[0]
    out[by_source["service", "code"]] = random.choice(sorted(engine.library.codes[ruleset.policy]))
    out[by_source["service", "date"]] = ruleset.first_day
    out[by_source["request", "coverage.payer"]] = payer
    (business,) = engine.library.reference.payers[payer].lines_of_business
    out[by_source["request", "coverage.line_of_business"]] = business
    out.setdefault(by_source["request", "kind"], random.choice(["claim", "preauthorization"]))
    out.setdefault(by_source["request", "frequency"], "1")
    return out


def cases(
    engine: Engine, address: str, count: int, seed: int
) -> Iterator[tuple[Requests, Any, Case]]:
    """Random requests to the first and the last window of a policy, each with its one model."""
    library = engine.library
    windows = library.windows(address)
    decider = Decider(engine, address, [ASSUMPTIONS])
    random = Random(seed)
    for first in {windows[0][0], windows[-1][0]}:
        ruleset = library.ruleset(address, first)
        assert ruleset is not None
        facts = facts_for([library], [ruleset])
        requests = Requests(library, ruleset, facts, [ASSUMES_NOTHING])
        requests.halves(ASSUMES_NOTHING)
        search = Search(facts, requests.everything())
        for _ in range(count):
            given = sayable(engine, requests, random)
            parts = (
                None
                if random.random() < 0.5
                else frozenset(part for part in requests.parts if random.random() < 0.5)
            )
            case = decider.decide(FoundRequest(given, parts))
            if case is None:
                continue  # it contradicts itself, or the policy does not apply
            fixed = [*facts.all_given(given), requests.without_lists()]
            for part, there in requests.parts.items():
                fixed.append(there if parts is None or part in parts else negated(there))
            yield requests, search.find(*fixed), case


ASSUMES_NOTHING = Test(ASSUMPTIONS, "is", FactRef(ASSUMPTIONS), (Constant(frozenset()),))


def term_is_exact(requests: Requests, name: str) -> bool:
    """Of codes that no condition tells apart, one stands for all."""
    return requests.ruleset.facts[name].type.kind != "codes"


@pytest.mark.parametrize(
    "address",
    [
        "medicare/intrathecal-baclofen",
        "medicare/baclofen-under-another-code",
        "commercial-strict/intrathecal-baclofen",
        "commercial-standard/intrathecal-baclofen-official",
    ],
)
def test_decision_and_reasons_are_those_of_the_engine(engine: Engine, address: str) -> None:
    seen: dict[str, int] = {}
    for requests, model, case in cases(engine, address, 40, 7):
        if model is None:
            # A service has no such lines: they are counted, and the count says otherwise.
            assert case.parts is not None
            continue
        decision = outcome_of(case.determination)[DECISION]
        seen[str(decision)] = seen.get(str(decision), 0) + 1
        assert [name for name, is_it in requests.decisions.items() if truth_in(model, is_it)] == [
            decision
        ]
        for name, wanted in outcome_of(case.determination).items():
            term = requests.outcome[name]
            assert requests.facts.term_in(model, name, term) == wanted, name
        assumed = requests.outcome[ASSUMPTIONS]
        assert requests.facts.value_in(model, ASSUMPTIONS, assumed.value) == case.known[ASSUMPTIONS]
        facts: Mapping[str, Value | None] = case.decided.facts
        for name in requests.ruleset.facts:
            if name not in requests.ruleset.derived and name in facts:
                term = requests.read(name)
                known = truth_in(model, term.known)
                assert known == (facts[name] is not None), name
                if known and term_is_exact(requests, name):
                    assert requests.facts.term_in(model, name, term) == facts[name], name
    assert sum(seen.values()) > 30
    assert set(OUTCOME) - {ASSUMPTIONS} == set(outcome_of(case.determination))


def test_approvals_can_be_found_for_every_policy(engine: Engine) -> None:
    """A domain that is too narrow would prove anything: each policy approves and denies something."""
    library = engine.library
    for address in library.addresses():
        first = library.windows(address)[-1][0]
        ruleset = library.ruleset(address, first)
        assert ruleset is not None
        facts = facts_for([library], [ruleset])
        requests = Requests(library, ruleset, facts)
        search = Search(facts, requests.everything())
        decider = Decider(engine, address)
        for decision, formula in requests.decisions.items():
            model = search.find(formula)
            if model is None and decision == "not_required":
                continue  # some payers ask for it in every case
            if model is None:
                assert (address.rpartition("/")[2], decision) in {
                    ("baclofen-under-another-code", "pend"),
                    ("baclofen-under-another-code", "approve"),
                    ("baclofen-under-another-code", "deny"),
                }
                continue
            case = decider.decide(requests.in_model(model))
            assert case is not None
            assert case.determination.decision == decision
