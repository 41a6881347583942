"""The forward-chaining engine: durable-rules, given only tokens that it handles rightly.

A ruleset is taken apart into Horn clauses, two halves a rule (known to hold, known to fail). Each
body of clauses is one durable rule: a conjunction of literals over one fact, such as
`{"$and": [{"t": "s3"}, {"x12": "T"}, {"x40": "F"}]}`. The tests themselves are evaluated by
`payer_policy.core.semantics`; durable-rules only sees that test x12 holds. What fires goes back into
its working memory as the next stratum's tokens, so that derived facts, overriding rules and parts
of conditions drive the rules that wait for them.

What durable-rules cannot be trusted with, and what is done about it:

- It has hard limits, and silent faults beyond them: at most 60 rules are registered together (a
  shard), a fact shows at most 190 tokens, a conjunction has at most 25 literals. Longer conditions
  and those with a large normal form are cut into nodes with tokens of their own.
- It distinguishes property names by a 32-bit hash alone: the names here are generated, and checked for
  collisions.
- Its `Host` runs two timer threads, swallows exceptions, and rewrites a state fact at each firing
  (20 µs instead of 1 µs). So only its engine proper is used, the C extension, and six calls of it.
- A sentinel rule must be the last to fire for every fact, and nothing may fire twice or
  unexpectedly. Anything else, and any error of the library, is an `EngineFailure`; what was
  registered is then thrown away, and registered anew for the next call.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import threading
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, NoReturn

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    DerivedFact,
    Not,
    Rule,
    Ruleset,
    Test,
    facts_in_test,
)
from payer_policy.core.semantics import Facts, truth_of_test
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import Value
from payer_policy.engines.protocol import EngineFailure, EngineUnavailable, Evaluation

RULES_A_SHARD: Final = 59
"""And the sentinel. The library fails when a fact meets 65 conditions side by side."""
PROPERTIES_A_FACT: Final = 190
"""And the id, the sid and the type. The library's limit is 252."""
LITERALS_A_CLAUSE: Final = 24
"""And the type guard. The library's limit is about 30."""
CLAUSES_A_CONJUNCTION: Final = 16
"""How far nested conditions are multiplied out before they are cut into nodes."""
COMBINATIONS: Final = 40
"""How many combinations "at least k of n" is written out as before it is halved."""

Subject = str | Condition
"""The subject of a token: a rule (its id), or a condition or a part of one."""


class Firing(NamedTuple):
    """What a durable rule settled when it fired: because `matched`, the subject holds or fails."""

    stratum: int
    subject: Subject
    half: Truth
    """HOLDS or FAILS: which of the subject's two halves this settles."""
    matched: tuple[tuple[Subject, Truth], ...]


def durable_available() -> bool:
    """Whether durable-rules is installed and can be loaded."""
    try:
        _library()
    except EngineUnavailable:
        return False
    return True


def _library() -> Any:
    try:
        import durable_rules_engine
    except ImportError as error:
        raise EngineUnavailable(
            "The engine `durable` needs the package durable-rules, which needs a Python older than "
            "3.13 and a C compiler to install (pip install durable-rules==2.0.28). "
            "The engine `compiled` gives the same answers without it."
        ) from error
    return durable_rules_engine


# --- Horn clauses ------------------------------------------------------------------------------

Literal = tuple[int, Truth]
"""A token's index, and HOLDS or FAILS."""
Arm = frozenset[Literal]
"""Literals that settle something together."""


class Halves(NamedTuple):
    """The arms that make something known to hold, and those that make it known to fail."""

    holds: tuple[Arm, ...]
    fails: tuple[Arm, ...]

    def swapped(self) -> Halves:
        return Halves(self.fails, self.holds)

    @property
    def is_literal(self) -> bool:
        return all(len(half) == 1 and len(half[0]) == 1 for half in self)


ALWAYS: Final = Halves((frozenset(),), ())


class Clause(NamedTuple):
    """One durable rule to be: once all of the arm is known, everything that it settles is."""

    stratum: int
    """The first in which all of the arm can be known."""
    arm: Arm
    settles: list[Literal]


def _minimal(arms: Iterable[Arm]) -> tuple[Arm, ...]:
    """The arms without doubles, without contradictions, and without what another arm implies."""
    kept: list[Arm] = []
    for arm in sorted(set(arms), key=lambda arm: (len(arm), sorted(arm))):
        if len({token for token, _ in arm}) == len(arm) and not any(k <= arm for k in kept):
            kept.append(arm)
    return tuple(kept)


class _Clauses:
    """Takes a ruleset apart into tokens and clauses over them, with the stratum of each."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.subjects: list[Subject] = []
        """The subject of each token."""
        self.known_from: list[int] = []
        """The first stratum in whose facts the token can be."""
        self.clauses: dict[Arm, Clause] = {}
        self.tests: dict[Test, int] = {}
        self.rules: dict[str, int] = {}
        self._derived = ruleset.derived
        self._ids = [rule.id for rule in ruleset.rules]
        self._halves: dict[Condition, Halves] = {}
        self._nodes: dict[Halves, int] = {}
        for rule in ruleset.rules:
            self.rules[rule.id] = self._settled(rule.id, self._halves_of_rule(rule))

    def settled_from(self, derived: DerivedFact) -> int:
        """The first stratum that can use a derived fact's value."""
        try:
            tokens = [self.rules[self._ids[index]] for index, _ in derived.concluded_by]
        except KeyError as missing:
            raise EngineFailure(
                f"{derived.name} is read before the rule {missing} that concludes it"
            ) from None
        return max((self.known_from[token] for token in tokens), default=0)

    def _token(self, subject: Subject, known_from: int) -> int:
        self.subjects.append(subject)
        self.known_from.append(known_from)
        return len(self.subjects) - 1

    def _settled(self, subject: Subject, halves: Halves) -> int:
        """A token that the arms of the halves settle, each in the first stratum that it can."""
        token = self._token(subject, 0)
        known_from = 0
        for half, arms in ((HOLDS, halves.holds), (FAILS, halves.fails)):
            for arm in arms:
                stratum = max((self.known_from[literal] for literal, _ in arm), default=0)
                known_from = max(known_from, stratum + 1)
                clause = self.clauses.setdefault(arm, Clause(stratum, arm, []))
                clause.settles.append((token, half))
        self.known_from[token] = known_from
        return token

    @staticmethod
    def _literal(token: int) -> Halves:
        return Halves((frozenset({(token, HOLDS)}),), (frozenset({(token, FAILS)}),))

    def _cut(self, subject: Subject, halves: Halves) -> Halves:
        """The same as one literal, over a node of its own."""
        if halves.is_literal:
            return halves
        if halves not in self._nodes:
            self._nodes[halves] = self._settled(subject, halves)
        return self._literal(self._nodes[halves])

    def _halves_of_rule(self, rule: Rule) -> Halves:
        condition = self._halves_of(rule.condition)
        if not rule.overridden_by:
            return condition
        overriding: list[tuple[Subject, Halves]] = [
            (id_, self._literal(self.rules[id_]).swapped()) for id_ in rule.overridden_by
        ]
        return self._joined([(rule.condition, condition), *overriding])

    def _halves_of(self, condition: Condition) -> Halves:
        if condition not in self._halves:
            self._halves[condition] = self._make_halves(condition)
        return self._halves[condition]

    def _make_halves(self, condition: Condition) -> Halves:
        match condition:
            case Test():
                derived = [self._derived[n] for n in facts_in_test(condition) if n in self._derived]
                known_from = max((self.settled_from(fact) for fact in derived), default=0)
                self.tests[condition] = self._token(condition, known_from)
                return self._literal(self.tests[condition])
            case Not(part):
                return self._halves_of(part).swapped()
            case All(parts):
                return self._joined([(part, self._halves_of(part)) for part in parts])
            case AnyOf(parts):
                return self._joined([(part, self._halves_of(part)) for part in parts], any_of=True)
            case AtLeast(count, parts):
                return self._at_least(count, parts)

    def _joined(self, parts: Sequence[tuple[Subject, Halves]], *, any_of: bool = False) -> Halves:
        """The halves of all of the parts, or of any of them: that is "not all of them not"."""
        if len(parts) == 1:
            return parts[0][1]
        halves = [part.swapped() if any_of else part for _, part in parts]

        def size(index: int) -> tuple[int, int]:
            return len(halves[index].holds), max(map(len, halves[index].holds), default=0)

        while (
            math.prod(len(part.holds) for part in halves) > CLAUSES_A_CONJUNCTION
            or sum(size(index)[1] for index in range(len(halves))) > LITERALS_A_CLAUSE
        ):
            large = [index for index, part in enumerate(halves) if not part.is_literal]
            if not large:
                return self._nested(parts, any_of=any_of)
            index = max(large, key=size)
            cut = self._cut(*parts[index])
            halves[index] = cut.swapped() if any_of else cut
        joined = Halves(
            _minimal(
                frozenset().union(*arms) for arms in itertools.product(*(p.holds for p in halves))
            ),
            _minimal(arm for part in halves for arm in part.fails),
        )
        return joined.swapped() if any_of else joined

    def _nested(self, parts: Sequence[tuple[Subject, Halves]], *, any_of: bool) -> Halves:
        """A conjunction that is too long even of single literals, through nodes."""
        nodes: list[tuple[Subject, Halves]] = []
        for start in range(0, len(parts), LITERALS_A_CLAUSE):
            some = parts[start : start + LITERALS_A_CLAUSE]
            some = [(subject, self._cut(subject, halves)) for subject, halves in some]
            conditions = tuple(subject for subject, _ in some if not isinstance(subject, str))
            subject: Subject = AnyOf(conditions) if any_of else All(conditions)
            if len(conditions) < len(some):
                subject = "none of " + ", ".join(s for s, _ in some if isinstance(s, str))
            nodes.append((subject, self._cut(subject, self._joined(some, any_of=any_of))))
        return self._joined(nodes, any_of=any_of)

    def _at_least(self, count: int, parts: tuple[Condition, ...]) -> Halves:
        size = len(parts)
        if count <= 0:
            return ALWAYS
        if count > size:
            return ALWAYS.swapped()
        if count in (1, size):
            return self._halves_of(All(parts) if count == size else AnyOf(parts))
        failing = size - count + 1
        if math.comb(size, count) + math.comb(size, failing) <= COMBINATIONS:
            cut = [self._cut(part, self._halves_of(part)) for part in parts]

            def combinations(arms: list[Arm], many: int) -> tuple[Arm, ...]:
                return _minimal(
                    frozenset().union(*some) for some in itertools.combinations(arms, many)
                )

            return Halves(
                combinations([part.holds[0] for part in cut], count),
                combinations([part.fails[0] for part in cut], failing),
            )
        # Some of the first half of the parts, and the rest of the second half.
        left, right = parts[: size // 2], parts[size // 2 :]
        return self._halves_of(
            AnyOf(
                tuple(
                    All((AtLeast(some, left), AtLeast(count - some, right)))
                    for some in range(max(0, count - len(right)), min(count, len(left)) + 1)
                )
            )
        )


# --- durable rules -----------------------------------------------------------------------------

_SENTINEL: Final = "end"
_TYPE: Final = "t"
_RESERVED: Final = ["id", "sid", "$s", "$i", "$m", "$forward", "$time", "$timerName", "$baseTime"]
_WORDS: Final = {HOLDS: "T", FAILS: "F"}


def _hash(text: str) -> int:
    """FNV-1a of 32 bits: the library's only notion of a name, an id or a sid."""
    value = 0x811C9DC5
    for byte in text.encode("ascii"):
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def _names(prefix: str, taken: set[int]) -> Iterator[str]:
    """Short names, none of which the library could mistake for another."""
    for number in itertools.count():
        name = f"{prefix}{number}"
        if (hashed := _hash(name)) not in taken:
            taken.add(hashed)
            yield name


class _Fact(NamedTuple):
    """The fact asserted in one stratum for one shard: which tokens it shows, and what may fire."""

    shard: int
    id: str
    head: str
    properties: tuple[tuple[int, Truth, str], ...]
    """Token, truth, and the JSON of the property if the token has that truth."""
    unconditional: bool
    clauses: dict[str, Clause]
    """By the name of the durable rule."""


class _Stratum(NamedTuple):
    derived: tuple[DerivedFact, ...]
    """Settled now: all rules that could conclude them have been through."""
    tests: tuple[tuple[int, Test], ...]
    """Can be evaluated now, and were not before."""
    facts: tuple[_Fact, ...]


class _Plan:
    """A ruleset as durable rules, in shards, and the facts to assert, in strata. Immutable."""

    def __init__(self, ruleset: Ruleset) -> None:
        made = _Clauses(ruleset)
        self.subjects = tuple(made.subjects)
        self.rules = tuple(made.rules[rule.id] for rule in ruleset.rules)
        taken = {_hash(name) for name in (_TYPE, *_RESERVED)}
        names = _names("x", taken)
        self.properties = tuple(next(names) for _ in made.subjects)
        clauses = sorted(made.clauses.values(), key=lambda clause: clause.stratum)
        settled = {name: made.settled_from(fact) for name, fact in ruleset.derived.items()}
        strata = 1 + max((*(clause.stratum for clause in clauses), *settled.values()), default=0)
        self.fact_ids = tuple(itertools.islice(_names("f", taken), strata))
        self.shards: list[str] = []
        facts: list[list[_Fact]] = [[] for _ in range(strata)]
        for shard in self._packed(clauses):
            for stratum, fact in self._register(shard):
                facts[stratum].append(fact)
        self.strata = tuple(
            _Stratum(
                tuple(fact for name, fact in ruleset.derived.items() if settled[name] == stratum),
                tuple((t, test) for test, t in made.tests.items() if made.known_from[t] == stratum),
                tuple(facts[stratum]),
            )
            for stratum in range(strata)
        )

    @staticmethod
    def _packed(clauses: Sequence[Clause]) -> Iterator[list[Clause]]:
        """The clauses in order, as few shards as the limits allow."""
        shard: list[Clause] = []
        shown: set[int] = set()
        for clause in clauses:
            if not shard or shard[-1].stratum != clause.stratum:
                shown = set()
            shown |= {token for token, _ in clause.arm}
            if shard and (len(shard) == RULES_A_SHARD or len(shown) > PROPERTIES_A_FACT):
                yield shard
                shard, shown = [], {token for token, _ in clause.arm}
            shard.append(clause)
        if shard:
            yield shard

    def _register(self, shard: list[Clause]) -> Iterator[tuple[int, _Fact]]:
        """Adds the shard's durable rules; the facts that they wait for, each with its stratum."""
        rules: dict[str, object] = {}
        for stratum, clauses in itertools.groupby(shard, key=lambda clause: clause.stratum):
            group = list(clauses)
            guard = {_TYPE: f"s{stratum}"}
            used = Counter(literal for clause in group for literal in clause.arm)
            named: dict[str, Clause] = {}
            for clause in group:
                # Often used literals come first: rules that begin alike share nodes of the Rete.
                arm = sorted(clause.arm, key=lambda literal: (-used[literal], literal))
                shown = [{self.properties[token]: _WORDS[truth]} for token, truth in arm]
                name = f"a{len(rules)}"
                rules[name] = {"all": [{"m": {"$and": [guard, *shown]}}]}
                named[name] = clause
            properties = tuple(
                (token, truth, f'"{self.properties[token]}":"{_WORDS[truth]}"')
                for token, truth in sorted(used)
            )
            yield (
                stratum,
                _Fact(
                    len(self.shards),
                    self.fact_ids[stratum],
                    f'"{_TYPE}":"{guard[_TYPE]}"',
                    properties,
                    any(not clause.arm for clause in named.values()),
                    named,
                ),
            )
        rules[_SENTINEL] = {"all": [{"m": {"$ex": {_TYPE: 1}}}]}
        self.shards.append(json.dumps(rules))


class _Session:
    """The shards as registered with durable-rules, by one process. Used by one thread at a time."""

    def __init__(self, plan: _Plan) -> None:
        self.library = _library()
        self.process = os.getpid()
        self.lock = threading.Lock()
        self.evaluations = itertools.count()
        self.fact_hashes = {_hash(id_) for id_ in plan.fact_ids}
        self.handles: list[int] = []
        self._states: list[tuple[int, str]] = []
        """Handles and sids of the last evaluation."""
        self._free = weakref.finalize(self, self._delete, self.library, self._states, self.handles)
        self._free.atexit = False
        try:
            for shard in plan.shards:
                self.handles.append(self.library.create_ruleset("r", shard))
        except Exception as error:
            raise EngineFailure(f"durable-rules refused the rules: {error}") from error

    @property
    def closed(self) -> bool:
        return not self._free.alive

    def close(self) -> None:
        """Free everything that is registered."""
        self._free()

    def abandon(self) -> None:
        """Free the rules, but touch no state: what is left of them after a failure is not known."""
        self._states.clear()
        self._free()

    @staticmethod
    def _delete(library: Any, states: list[tuple[int, str]], handles: list[int]) -> None:
        while states:
            library.delete_state(*states.pop())
        while handles:
            library.delete_ruleset(handles.pop())

    def fresh_sid(self) -> str:
        """A sid never used before, whose state fact has another hash than every fact of the plan."""
        return next(
            sid
            for sid in (f"e{number}" for number in self.evaluations)
            if _hash(f"sid-{sid}") not in self.fact_hashes
        )

    def fire(self, fact: _Fact, shown: Sequence[str], sid: str) -> list[tuple[Clause, str]]:
        """Assert one fact; the clauses that fired, in order, each with the library's message.

        Raises:
            EngineFailure: anything but what was expected. The session is closed then.
        """
        try:
            return self._fire(fact, shown, sid)
        except BaseException as error:
            self.abandon()
            if isinstance(error, EngineFailure) or not isinstance(error, Exception):
                raise
            raise EngineFailure(f"durable-rules failed: {error!r}") from error

    def _fire(self, fact: _Fact, shown: Sequence[str], sid: str) -> list[tuple[Clause, str]]:
        handle = self.handles[fact.shard]
        text = ",".join((f'{{"id":"{fact.id}","sid":"{sid}"', fact.head, *shown)) + "}"
        code, state = self.library.assert_fact(handle, text)
        if code:
            raise EngineFailure(f"durable-rules did not take a fact (result {code})")
        started = self.library.start_action_for_state(handle, state)
        message = started[1] if started else None
        fired: dict[str, str] = {}
        while message is not None:
            name = message[2 : message.index('"', 2)]
            if name in fired or _SENTINEL in fired:
                raise EngineFailure(f"durable-rules fired {name} twice or too late")
            fired[name] = message
            message = self.library.complete_and_start_action(handle, state)
        if fired.pop(_SENTINEL, None) is None:
            raise EngineFailure("durable-rules stopped before all rules were through")
        return [(fact.clauses[name], message) for name, message in fired.items()]

    def retire(self, sid: str, shards: Iterable[int]) -> None:
        """Defers deleting the states of this evaluation until the next one.

        Deleted at once they would leave the end of the heap free, and the C library would give that
        back to the system and ask for it again at each evaluation: two or three times slower.

        Raises:
            EngineFailure: the library failed. The session is closed then.
        """
        try:
            while self._states:
                self.library.delete_state(*self._states.pop())
            self._states += ((self.handles[shard], sid) for shard in shards)
        except BaseException as error:
            self.abandon()
            if not isinstance(error, Exception):
                raise
            raise EngineFailure(f"durable-rules failed: {error!r}") from error


class DurableEvaluator:
    """A ruleset in durable-rules. Calls take turns; what is registered is freed with it."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._plan = _Plan(ruleset)
        self._session = _Session(self._plan)

    def __call__(self, facts: Facts, /) -> Evaluation:
        """What holds.

        Raises:
            EngineFailure: durable-rules did not do what it must. The next call starts afresh.
        """
        return self._evaluate(facts, None)

    def firings(self, facts: Facts, /) -> list[Firing]:
        """Everything that fires on these facts, in order: how the answer came about."""
        account: list[Firing] = []
        self._evaluate(facts, account)
        return account

    @property
    def strata(self) -> int:
        """How many times working memory is added to."""
        return len(self._plan.strata)

    @property
    def shards(self) -> int:
        """How many sets of durable rules are registered."""
        return len(self._plan.shards)

    def close(self) -> None:
        """Free what is registered with durable-rules. A later call registers it again."""
        if self._session.process == os.getpid():
            with self._session.lock:
                self._session.close()

    def _evaluate(self, facts: Facts, account: list[Firing] | None) -> Evaluation:
        while True:
            session = self._open_session()
            with session.lock:
                if session.closed:  # while this thread waited
                    continue
                run = _Run(self._ruleset, self._plan, session, facts, account)
                try:
                    return run.to_the_end()
                finally:
                    if not session.closed:
                        session.retire(run.sid, run.shards)

    def _open_session(self) -> _Session:
        # A forked child has its own: the parent's lock may be held for ever there, in the middle of
        # an evaluation. Should two threads meet here, each opens one; one is kept, and the other
        # freed after use.
        session = self._session
        if session.closed or session.process != os.getpid():
            session = self._session = _Session(self._plan)
        return session


class _Run:
    """One evaluation, stratum by stratum."""

    def __init__(
        self,
        ruleset: Ruleset,
        plan: _Plan,
        session: _Session,
        facts: Facts,
        account: list[Firing] | None,
    ) -> None:
        self.plan, self.session, self.account = plan, session, account
        self.sid = session.fresh_sid()
        self.shards: dict[int, None] = {}
        """Those that know the sid."""
        self.known: list[Truth] = [UNKNOWN] * len(plan.subjects)
        """By token."""
        self.facts = dict(facts)
        """With the derived facts, each settled before a test that reads it is evaluated."""
        self.derived: dict[str, Value | None] = dict.fromkeys(ruleset.derived)
        self.conflicts: list[str] = []

    def to_the_end(self) -> Evaluation:
        for stratum in self.plan.strata:
            for derived in stratum.derived:
                self.facts[derived.name] = self.derived[derived.name] = self._settle(derived)
            for token, test in stratum.tests:
                self.known[token] = truth_of_test(test, self.facts)
            for fact in stratum.facts:
                self._assert(fact)
        truths = [self.known[token] for token in self.plan.rules]
        return Evaluation(truths, self.derived, tuple(sorted(self.conflicts)))

    def _assert(self, fact: _Fact) -> None:
        known = self.known
        shown = [text for token, truth, text in fact.properties if known[token] == truth]
        if not shown and not fact.unconditional:
            return  # nothing could fire
        self.shards[fact.shard] = None
        for clause, message in self.session.fire(fact, shown, self.sid):
            for token, half in clause.settles:
                if known[token] not in (UNKNOWN, half):
                    self._unsound("settled something both ways")
                known[token] = half
            if self.account is not None:
                self.account += self._firings(clause, message)

    def _firings(self, clause: Clause, message: str) -> Iterator[Firing]:
        """A firing as the library tells it, which must be what the clause says."""
        (matched,) = json.loads(message).values()
        names, subjects, arm = self.plan.properties, self.plan.subjects, sorted(clause.arm)
        if any(matched["m"].get(names[token]) != _WORDS[truth] for token, truth in arm):
            self._unsound("fired a rule on a fact that does not match it")
        because = tuple((subjects[token], truth) for token, truth in arm)
        for token, half in clause.settles:
            yield Firing(clause.stratum, subjects[token], half, because)

    def _unsound(self, what: str) -> NoReturn:
        self.session.abandon()
        raise EngineFailure(f"durable-rules {what}")

    def _settle(self, derived: DerivedFact) -> Value | None:
        """The value that the rules conclude, once all of them have been through."""
        truths = [
            (self.known[self.plan.rules[rule]], value) for rule, value in derived.concluded_by
        ]
        held = {value for truth, value in truths if truth == HOLDS}
        if len(held) > 1:
            self.conflicts.append(derived.name)
            return None
        if not held:
            return derived.otherwise if all(truth == FAILS for truth, _ in truths) else None
        (value,) = held
        return value if all(truth == FAILS for truth, other in truths if other != value) else None


class DurableEngine:
    """Forward chaining by durable-rules: every determination with its firings.

    Raises:
        EngineUnavailable: durable-rules is not installed.
    """

    name = "durable"

    def __init__(self) -> None:
        _library()

    def compile(self, ruleset: Ruleset, /) -> DurableEvaluator:
        """The ruleset, registered with durable-rules.

        Raises:
            EngineFailure: durable-rules refuses the rules.
        """
        return DurableEvaluator(ruleset)
