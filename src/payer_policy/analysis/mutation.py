"""Which small changes of the policies a scenario notices: each mutant is killed, equivalent, or survives.

A mutant costs little. A scenario can notice a change only of a rule whose truth changes on it, or, where
the effect changes, of a rule that holds or is unknown on it. Only those scenarios are run again, until
the first one fails, and unchanged rules are not read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from payer_policy.analysis.mutants import (
    KINDS,
    InvalidMutant,
    Mutant,
    changed_library,
)
from payer_policy.analysis.policy_json import named_in
from payer_policy.analysis.scenario_run import (
    Evaluated,
    ScenarioRun,
    run_scenarios,
)
from payer_policy.analysis.verdicts import Answer, Differs, NotProved
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.in_parallel import ask_each
from payer_policy.core.ruleset import Rule, Ruleset
from payer_policy.core.semantics import Facts, truth_of
from payer_policy.core.truth import FAILS, NEGATED, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import Value
from payer_policy.engine import Engine
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.protocol import Evaluation, Evaluator
from payer_policy.engines.step_by_step import StepByStep
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from payer_policy.specs.failures import Place
from payer_policy.specs.reading import read_features
from payer_policy.specs.replay import replay

Status = Literal["killed", "equivalent", "survivor", "no policy"]
"""`no policy`: with the change the file would be refused, so it cannot go unnoticed."""


_Changed = tuple[Ruleset | None, Ruleset | None]
"""A ruleset and what a change makes of it; None: none is in force."""
Prover = Callable[[Ruleset, Ruleset], Answer]
"""Compares a ruleset with its change."""


# --- results -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one mutant."""

    mutant: Mutant
    status: Status
    killed_by: Place | None = None
    """The scenario that fails with the change."""
    why: str | None = None
    """For an equivalent one, why it is; for a survivor, why no proof was found."""
    policy: str | None = None
    """For a survivor, a policy that it changes, with the first day of its window."""
    facts: Mapping[str, Value | None] | None = None
    """For a survivor, facts on which the change makes a difference, where they were found."""


@dataclass(frozen=True)
class Mutation:
    """All mutants and their results. `all_of`: the number of mutants before sampling."""

    verdicts: tuple[Verdict, ...]
    scenarios: int
    all_of: int

    def with_status(self, status: Status) -> tuple[Verdict, ...]:
        return tuple(one for one in self.verdicts if one.status == status)

    def count(self, status: Status, kind: str | None = None) -> int:
        return sum(
            one.status == status and kind in (None, one.mutant.kind) for one in self.verdicts
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        met = {one.mutant.kind for one in self.verdicts if one.status != "no policy"}
        return tuple(kind for kind in KINDS if kind in met)


def sample(mutants: Sequence[Mutant], one_in: int) -> list[Mutant]:
    """About one mutant in `one_in`, the same ones each time, whatever mutants are added."""
    return [
        mutant
        for mutant in mutants
        if int(hashlib.sha256(_identity(mutant)).hexdigest(), 16) % one_in == 0
    ]


def _identity(mutant: Mutant) -> bytes:
    return f"{mutant.file}|{mutant.kind}|{mutant.rule}|{mutant.change}".encode()


# --- the run -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setup:
    """What every process of a run reads."""

    folder: Path
    features: tuple[Path, ...]
    base: Path
    prove: Callable[[Engine], Prover] | None = None
    """Makes what compares a ruleset with its change; a name of a module, so that other processes
    find it. `equivalence.Equivalence`, as a rule; None: nothing is proved."""

    def judge(self) -> Judge:
        """Read and run everything.

        Raises:
            PolicyError: a policy or a feature file is wrong.
            ScenariosFail: scenarios fail already.
        """
        engine = Engine(open_library(self.folder), "compiled")
        played = run_scenarios(engine, read_features(self.features, self.base))
        return Judge(played, None if self.prove is None else self.prove(engine))


def run_mutants(
    setup: Setup,
    mutants: Sequence[Mutant],
    *,
    jobs: int = 2,
    of: int | None = None,
    report: Callable[[int], None] = lambda done: None,
) -> Mutation:
    """What becomes of each mutant, in the order given; the same for any number of processes.

    Args:
        setup: What to read.
        mutants: From `mutants_of` the same folder.
        jobs: Processes. Few mutants are done in this one.
        of: How many mutants these are taken from; None: they are all.
        report: Called with the number of mutants done.

    Raises:
        PolicyError: a policy or a feature file is wrong.
        ScenariosFail: scenarios fail already.
    """
    verdicts: list[Verdict] = []
    scenarios = 0 if mutants else len(setup.judge().played.scripts)
    processes = 1 if len(mutants) < _WORTH_IT else jobs
    for verdict, played in ask_each(setup.judge, mutants, _judged, processes=processes):
        scenarios = played
        verdicts.append(verdict)
        report(len(verdicts))
    return Mutation(tuple(verdicts), scenarios, len(mutants) if of is None else of)


_WORTH_IT: Final = 64
"""Mutants that take as long as the start of another process."""


def _judged(judge: Judge, mutant: Mutant) -> tuple[Verdict, int]:
    return judge(mutant), len(judge.played.scripts)


# --- one mutant ----------------------------------------------------------------------------------------


def _evaluator(ruleset: Ruleset) -> Evaluator:
    """Evaluates a few cases step by step, without preparation; compiles where there are many."""
    plain: Evaluator = StepByStep().compile(ruleset)
    compiled: Evaluator | None = None
    asked = 0

    def evaluate(facts: Facts, /) -> Evaluation:
        nonlocal asked, compiled
        asked += 1
        if asked <= _FEW:
            return plain(facts)
        if compiled is None:
            compiled = CompiledEngine().compile(ruleset)
        return compiled(facts)

    return evaluate


_FEW: Final = 12
"""The number of evaluations step by step that take as long as compiling."""


@dataclass
class _Tried:
    """The scenarios that were run against one mutant, and the engine that has its change."""

    library: Library
    engine: Engine
    done: set[int] = field(default_factory=set)


class Judge:
    """Decides for mutants of one folder whether the scenarios that were run on it notice them."""

    def __init__(self, played: ScenarioRun, prove: Prover | None = None) -> None:
        self.played, self.prove = played, prove
        self._by_window = played.by_window()
        self._without: dict[str, list[Evaluated]] = {}
        for one in played.seen:
            if one.ruleset is None:
                self._without.setdefault(one.address, []).append(one)
        self._words: list[str] | None = None

    def __call__(self, mutant: Mutant) -> Verdict:
        """The result for a mutant."""
        played = self.played
        try:
            library = changed_library(played.library, mutant)
            tried = _Tried(library, played.engine.with_changes(library, _evaluator))
            killer = self._killer(mutant, tried)
            if killer is not None:
                return Verdict(mutant, "killed", played.scripts[killer].place)
            return self._survived(mutant, library)
        except (InvalidMutant, PolicyError):
            return Verdict(mutant, "no policy")

    def _killer(self, mutant: Mutant, tried: _Tried) -> int | None:
        """A scenario that fails with the change."""
        later: list[int] = []
        for scripts, asking in self._candidates(mutant, tried):
            later += asking
            found = self._first_failing(scripts, tried)
            if found is not None:
                return found
        return self._first_failing(later, tried)

    def _first_failing(self, scripts: Iterable[int], tried: _Tried) -> int | None:
        for index in scripts:
            if index not in tried.done:
                tried.done.add(index)
                script = self.played.scripts[index]
                if replay(script, tried.engine, with_account=False).failure is not None:
                    return index
        return None

    def _candidates(self, mutant: Mutant, tried: _Tried) -> Iterator[tuple[list[int], list[int]]]:
        """Scenarios that may notice, one window at a time: those with another outcome, and those
        that may only ask other questions."""
        if mutant.kind == "code of a code set":
            naming = self._naming(mutant)
            self._sound(tried.library, naming)
            yield naming, []
            return
        for (address, first), group in self._windows(mutant, tried.library):
            if mutant.kind == "date":
                yield self._on_other_days(tried.library, address, group), []
                continue
            ruleset = self.played.library.ruleset(address, first)
            other = tried.library.ruleset(address, first)
            assert ruleset is not None
            if other is None:
                yield [seen.script for seen in group], []
                continue
            change = _Change(ruleset, other)
            if change.everything:
                without = self._without.get(address, ())
                yield [seen.script for seen in (*group, *without)], []
            elif change.anything:
                yield self._touched(change, group)
        if mutant.kind == "date":
            for address, without in sorted(self._without.items()):
                yield self._on_other_days(tried.library, address, without), []

    def _windows(
        self, mutant: Mutant, library: Library
    ) -> list[tuple[tuple[str, date], list[Evaluated]]]:
        """The windows that the change may affect, those with the most scenarios first."""
        mine = self.played.library
        touched = {
            address
            for address, spans in mine.spans.items()
            if library.spans[address] is not spans or mutant.file == "vocabulary"
        }
        groups = [item for item in self._by_window.items() if item[0][0] in touched]
        own = mutant.file.rpartition("/")[0]
        return sorted(groups, key=lambda item: (item[0][0] != own, -len(item[1]), item[0]))

    def _on_other_days(
        self, library: Library, address: str, group: Iterable[Evaluated]
    ) -> list[int]:
        """The scenarios on whose day another ruleset is in force than before."""
        days: dict[date, list[int]] = {}
        for one in group:
            days.setdefault(one.day, []).append(one.script)
        changed = [day for day in sorted(days) if self._changed(library, address, day) is not None]
        return [script for day in changed for script in days[day]]

    def _changed(self, library: Library, address: str, day: date) -> _Changed | None:
        """The ruleset of a day and what the change makes of it; None: the same."""
        ruleset = self.played.library.ruleset(address, day)
        other = library.ruleset(address, day)
        if ruleset is None or other is None:
            return None if ruleset is other else (ruleset, other)
        return (ruleset, other) if _Change(ruleset, other).anything else None

    def _touched(self, change: _Change, group: Iterable[Evaluated]) -> tuple[list[int], list[int]]:
        certain, asking = [], []
        for seen in group:
            found = change.touches(seen)
            if found == "outcome":
                certain.append(seen.script)
            elif found == "questions" and self.played.scripts[seen.script].asks:
                asking.append(seen.script)
        return certain, asking

    def _naming(self, mutant: Mutant) -> list[int]:
        """The scenarios that name the code that is removed."""
        if self._words is None:
            self._words = [_plain(script.words()) for script in self.played.scripts]
        name, index = mutant.file.partition("/")[2], int(mutant.path[1])
        code = _plain(self.played.library.reference.code_sets[name].codes[index].value)
        return [at for at, words in enumerate(self._words) if code in words]

    def _sound(self, library: Library, scripts: Iterable[int]) -> None:
        """Return if the policies that the scenarios read are valid with the change.

        Raises:
            PolicyError: One is not.
        """
        wanted = set(scripts)
        for (address, first), group in self._by_window.items():
            if any(seen.script in wanted for seen in group):
                library.ruleset(address, first)

    # --- survivors -----------------------------------------------------------------------------------

    def _survived(self, mutant: Mutant, library: Library) -> Verdict:
        """A mutant that no scenario noticed: it changes nothing, is proved to, or survives."""
        # Without a prover only the first is needed, to be named.
        found = self._changed_rulesets(library, mutant.file.rpartition("/")[0])
        changed = list(found if self.prove is not None else islice(found, 1))
        vocabulary = self.played.library.vocabulary_document.value
        if mutant.file.removeprefix("code_sets/") in named_in(vocabulary, "code_set"):
            # It changes how facts are computed, so comparing rulesets proves nothing.
            policy = _named(changed[0]) if changed else None
            return Verdict(mutant, "survivor", policy=policy)
        if not changed:
            return Verdict(mutant, "equivalent", why="it changes no ruleset in force")
        return self._proved(mutant, changed)

    def _proved(self, mutant: Mutant, changed: list[_Changed]) -> Verdict:
        policy = _named(changed[0])
        if self.prove is None:
            return Verdict(mutant, "survivor", policy=policy)
        why = None
        for ruleset, other in changed:
            if ruleset is None or other is None:
                return Verdict(mutant, "survivor", policy=_named((ruleset, other)))
            answer = self.prove(ruleset, other)
            match answer:
                case Differs(facts):
                    named = _named((ruleset, other))
                    return Verdict(mutant, "survivor", policy=named, facts=facts)
                case NotProved(reason) if why is None:
                    why, policy = reason, _named((ruleset, other))
        if why is not None:
            return Verdict(mutant, "survivor", why=why, policy=policy)
        return Verdict(mutant, "equivalent", why="proved for every request")

    def _changed_rulesets(self, library: Library, own: str) -> Iterator[_Changed]:
        """The rulesets that the change affects, before and after it; `own` first."""
        mine = self.played.library
        for address in sorted(mine.addresses(), key=lambda address: (address != own, address)):
            if (
                library.spans[address] is mine.spans[address]
                and library.vocabulary is mine.vocabulary
                and library.reference is mine.reference
            ):
                continue
            days = {first for one in (mine, library) for first, _, _ in one.windows(address)}
            for day in sorted(days):
                if (changed := self._changed(library, address, day)) is not None:
                    yield changed


def _plain(text: str) -> str:
    return text.casefold().replace(".", "").replace("-", "")


def _named(pair: _Changed) -> str:
    ruleset = pair[0] or pair[1]
    assert ruleset is not None
    return f"{ruleset.policy} from {ruleset.first_day}"


# --- what a change of a ruleset can touch ------------------------------------------------------------


class _Change:
    """How a changed ruleset differs from the original, and on which cases that can show."""

    def __init__(self, ruleset: Ruleset, other: Ruleset) -> None:
        self.everything = ruleset.applies_to != other.applies_to
        self._request = ruleset.information_request != other.information_request
        self._index = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        others = {rule.id: rule for rule in other.rules}
        self._rules: list[tuple[int, Rule, Rule | None]] = []
        for index, rule in enumerate(ruleset.rules):
            changed = others.pop(rule.id, None)
            if changed is not rule and (changed is None or _meaning(changed) != _meaning(rule)):
                self._rules.append((index, rule, changed))
        self._added = list(others.values())
        self._defaults = [
            (name, fact.otherwise)
            for name, fact in ruleset.derived.items()
            if name in other.derived and other.derived[name].otherwise != fact.otherwise
        ]

    @property
    def anything(self) -> bool:
        return bool(
            self.everything or self._request or self._rules or self._added or self._defaults
        )

    def touches(self, seen: Evaluated) -> Literal["outcome", "questions"] | None:
        """What the change may have changed in a determination; None: nothing."""
        assert seen.decided is not None
        evaluation = seen.decided.evaluation
        if evaluation is None:
            return "outcome"
        truths, known = evaluation.truths, seen.known()
        if self._request and seen.decided.determination.information_request is not None:
            return "outcome"
        if any(known.get(name) == value for name, value in self._defaults):
            return "outcome"
        out: Literal["outcome", "questions"] | None = None
        for index, rule, changed in self._rules:
            truth = truths[index]
            if changed is None or changed.effect != rule.effect:
                if truth != FAILS:
                    return "outcome"
                if changed is None:
                    continue
            if changed.assume_not_holding != rule.assume_not_holding and truth == UNKNOWN:
                return "outcome"
            now = self._truth(changed, truths, known)
            if now != truth:
                return "outcome"
            if truth == UNKNOWN:
                out = "questions"
        for rule in self._added:
            if self._truth(rule, truths, known) != FAILS:
                return "outcome"
        return out

    def _truth(
        self, rule: Rule, truths: Sequence[Truth], known: Mapping[str, Value | None]
    ) -> Truth:
        truth = truth_of(rule.condition, known)
        for blocker in rule.overridden_by:
            if blocker in self._index:
                truth &= NEGATED[truths[self._index[blocker]]]
        return truth


def _meaning(rule: Rule) -> Rule:
    """A rule without the parts that only people read."""
    return replace(rule, title="", cites=(), note=None, origin="")
