"""What has no effect on any possible request: `deep_check(engine)`.

Policies that apply to nothing, rules that can never hold, rules that are always overridden, tests
without effect, rules that stay undetermined though everything is known, code sets that nothing names.
A rule can be part of many policies and windows of dates: it is reported where it is written, and only
if it has no effect in any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from payer_policy.analysis.policy_json import nodes_of, parts_of, rulesets_of
from payer_policy.analysis.possible import FoundRequest, Requests, facts_for
from payer_policy.analysis.witness import Case, Decider, NotConfirmed, plainest_of
from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import All, AtLeast, Condition, Not, Rule, Ruleset, Test, written
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import HOLDS, UNKNOWN
from payer_policy.core.vocabulary.types import Value
from payer_policy.determination.words import in_words
from payer_policy.engine import Engine
from payer_policy.engines.symbolic.formulas import Halves
from payer_policy.engines.symbolic.logic import Formula, all_of, either, negated, same
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.language.sources import Computed
from payer_policy.policy.checks.policies import ACKNOWLEDGEABLE_PER_RULE
from payer_policy.policy.files import RuleModel
from payer_policy.policy.library import Library
from payer_policy.policy.versions import Placed, PolicyVersion

RuleKey = tuple[str, str]
"""The version that a rule is written in, and its id."""


@dataclass
class _RuleSoFar:
    """What is known so far about one rule, over all its policies and windows."""

    placed: Placed[RuleModel]
    rule: Rule
    holds: bool = False
    holds_alone: bool = False
    witness: str | None = None
    """For a rule that is always overridden: a request for which it would hold."""
    overriders: tuple[str, ...] = ()
    why: str | None = None
    """For a rule that never holds: the tests that no request meets together."""
    tests: dict[int, bool] = field(default_factory=dict)
    """By the number of a test in the condition, whether it has an effect somewhere."""
    stays_open: str | None = None
    doubtful: bool = False
    """The solver gave up on it somewhere, so nothing is reported about it."""


def deep_check(engine: Engine) -> list[Diagnostic]:
    """A warning for everything in the policies that has no effect and that no file acknowledges."""
    return sorted(set(_Deep(engine).found()), key=Diagnostic.sort_key)


class _Deep:
    def __init__(self, engine: Engine) -> None:
        self._engine, self._library = engine, engine.library
        self._rules: dict[RuleKey, _RuleSoFar] = {}
        self._acknowledged: set[tuple[str, str]] = set()

    def found(self) -> Iterator[Diagnostic]:
        listed = self._library.policies.values()
        bases = {base for versions in listed for version in versions for base in version.extends}
        for address in self._library.addresses():
            windows = rulesets_of(self._library, [address])
            applies = [self._examine(ruleset, merged.rules) for ruleset, merged in windows]
            if not any(applies) and address not in bases:
                yield self._never_applies(address)
        for so_far in self._rules.values():
            yield from self._of_rule(so_far)
        for versions in listed:
            for version in versions:
                yield from self._unused_acknowledgements(version)
        yield from _unused_code_sets(self._library)

    # --- one window ------------------------------------------------------------------------------

    def _examine(self, ruleset: Ruleset, placed: Mapping[str, Placed[RuleModel]]) -> bool:
        """Examine one ruleset. False: it applies to no request, so its rules are not examined.

        That is normal for a policy that is written only to be extended.
        """
        window = Window(self._engine, ruleset)
        try:
            if not window.can(True):
                return False
        except NotProved:
            pass
        for index, rule in enumerate(ruleset.rules):
            where = placed[rule.id]
            key = (where.version.name, rule.id)
            so_far = self._rules.setdefault(key, _RuleSoFar(where, rule))
            try:
                self._ask(window, index, so_far)
            except NotProved:
                so_far.doubtful = True
        return True

    def _never_applies(self, address: str) -> Diagnostic:
        version = self._library.policies[address][-1]
        base = version
        for _, _, merged in self._library.windows(address):
            base = next((one for one in reversed(merged.chain) if one.model.applies_to), version)
        return base.document.problem(
            "never-applies",
            f"policy `{address}` applies to no request on any of its days, so none of its rules "
            "ever decides",
            ("applies_to",),
            key=True,
            hint="correct `applies_to`, or remove the policy",
            warning=True,
        )

    def _ask(self, window: Window, index: int, so_far: _RuleSoFar) -> None:
        requests, rule = window.requests, window.ruleset.rules[index]
        halves, alone = requests.formulas.rules[index], requests.formulas.own[index]
        so_far.holds = so_far.holds or window.can(halves.holds)
        if not so_far.holds and not so_far.holds_alone:
            so_far.holds_alone = window.can(alone.holds)
            if so_far.holds_alone:
                so_far.overriders = rule.overridden_by
                so_far.witness = window.witness(
                    alone.holds, lambda case: truth_of(rule.condition, case.known) == HOLDS
                )
            elif so_far.why is None:
                so_far.why = window.contradiction(rule)
        if so_far.holds and so_far.stays_open is None:
            so_far.stays_open = window.stays_open(index)
        for number, other in enumerate(_without_each_test(rule.condition)):
            if so_far.tests.get(number) or other is None:
                so_far.tests.setdefault(number, True)
                continue
            without = requests.formulas.conditions.halves(other)
            so_far.tests[number] = window.can(_differ(alone, without))

    # --- what is said of a rule ------------------------------------------------------------------

    def _of_rule(self, so_far: _RuleSoFar) -> Iterator[Diagnostic]:
        if so_far.doubtful:
            return
        id_ = so_far.rule.id
        if not so_far.holds and not so_far.holds_alone:
            because = f": {so_far.why}" if so_far.why else ""
            yield from self._say(
                so_far, "never-holds", f"rule `{id_}` can never hold{because}",
                "change one of its tests, or remove the rule",
            )  # fmt: skip
            return
        if not so_far.holds:
            others = ", ".join(f"`{other}`" for other in so_far.overriders)
            yield from self._say(
                so_far, "hidden-by-overrides",
                f"rule `{id_}` is overridden by {others} whenever it would hold, such as for "
                f"{so_far.witness}",
                "remove the rule, or override it in fewer cases",
            )  # fmt: skip
            return
        if so_far.stays_open is not None:
            yield from self._say(
                so_far, "never-settled",
                f"rule `{id_}` stays open though every fact is known, such as for {so_far.stays_open}",
                "say what holds where the arithmetic has no result (a division by zero)",
            )  # fmt: skip
        idle = [number for number, matters in sorted(so_far.tests.items()) if not matters]
        paths = list(_paths_of_tests(so_far.placed.model.when))
        for number in idle:
            exact = len(paths) == len(so_far.tests)
            path = (*so_far.placed.path, "when", *paths[number]) if exact else so_far.placed.path
            yield from self._say(
                so_far, "test-without-effect",
                f"rule `{id_}` holds in the same cases without this test"
                + ("" if len(idle) == 1 else "; where two say the same, one of them can go"),
                "remove the test, or say what it was meant to tell apart",
                path,
            )  # fmt: skip

    def _say(
        self, so_far: _RuleSoFar, code: str, message: str, hint: str, path: JsonPath | None = None
    ) -> Iterator[Diagnostic]:
        version = so_far.placed.version
        name = f"{code}:{so_far.rule.id}"
        if name in version.model.acknowledges:
            self._acknowledged.add((version.name, name))
            return
        yield version.document.problem(
            code,
            message,
            so_far.placed.path if path is None else path,
            key=path is None,
            hint=f'{hint}; if it is meant: "acknowledges": {{"{name}": "why"}}',
            warning=True,
        )

    def _unused_acknowledgements(self, version: PolicyVersion) -> Iterator[Diagnostic]:
        for name in version.model.acknowledges:
            if (
                name.partition(":")[0] in ACKNOWLEDGEABLE_PER_RULE
                and (version.name, name) not in self._acknowledged
            ):
                yield version.document.problem(
                    "unused-acknowledgement",
                    f"`{name}` is acknowledged, but there is nothing to warn of",
                    ("acknowledges", name),
                    key=True,
                    hint="remove it",
                    warning=True,
                )


class Window:
    """One ruleset's formulas, and questions to the solver about them."""

    def __init__(self, engine: Engine, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._decider = Decider(engine, ruleset.policy)
        self._facts = facts_for([engine.library], [ruleset])
        self.requests = Requests(engine.library, ruleset, self._facts)
        self._search = Search(self._facts, self.requests.everything())
        self._vocabulary = engine.library.vocabulary
        self._known: Formula | None = None

    def can(self, formula: Formula) -> bool:
        """Whether there is such a request. Raises NotProved."""
        return self._search.find(formula) is not None

    def witness(self, formula: Formula, shows: Callable[[Case], bool]) -> str:
        """The plainest request for which a formula holds, in words.

        `shows` says whether a request that an engine decided shows it. Raises NotProved, also where
        the engine does not confirm what the solver found.
        """

        def confirmed(tried: FoundRequest) -> bool:
            case = self._decider.decide(tried)
            return case is not None and case.decided.ruleset is self.ruleset and shows(case)

        named = self._decider.named
        found = plainest_of(self._search, self.requests, formula, confirmed, named, self._plain())
        assert found is not None
        return self._in_words(found.facts)

    def _plain(self) -> list[Formula]:
        """The wishes, with dates that a reader finds ordinary."""
        names = self._facts.names()
        days = [name for name in names if self._facts.types[name].kind == "date"]
        return [
            *self.requests.wishes(),
            *(self._facts[name].value >= NOT_LONG_AGO.toordinal() for name in days),
        ]

    def contradiction(self, rule: Rule) -> str | None:
        """The parts of a rule's condition that no request meets together. Raises NotProved."""
        if not isinstance(rule.condition, All):
            return None
        conditions = self.requests.formulas.conditions
        parts = [
            (number, conditions.halves(part).holds)
            for number, part in enumerate(rule.condition.parts, 1)
        ]
        for part in list(parts):
            fewer = [other for other in parts if other is not part]
            if not self.can(all_of(holds for _, holds in fewer)):
                parts = fewer
        numbers = [str(number) for number, _ in parts]
        if len(numbers) == 1:
            return f"part {numbers[0]} of its condition by itself holds for no request"
        return (
            f"parts {', '.join(numbers[:-1])} and {numbers[-1]} of its condition exclude each other"
        )

    def stays_open(self, index: int) -> str | None:
        """A request about which everything is known, and on which the rule is undetermined."""
        if self._known is None:
            self._known = all_of(
                self._facts[name].known
                for name in self._facts.names()
                if not isinstance(self.requests.source(name), Computed)
            )
        # An attribute that the files of a drug leave out (a billing unit) is not a fault of the rule.
        inputs = self.requests.learning.inputs_of[index]
        said = [known for name, known in self.requests.in_files.items() if name in inputs]
        formula = all_of([self._known, *said, self.requests.formulas.rules[index].unknown])
        model = self._search.find(formula)
        if model is None:
            return None
        found = self.requests.in_model(model)
        case = self._decider.decide(found)
        evaluation = None if case is None else case.decided.evaluation
        if evaluation is None or evaluation.truths[index] != UNKNOWN:
            raise NotConfirmed("the engine does not confirm what the solver found")
        read = {name: value for name, value in found.facts.items() if name in self.ruleset.facts}
        return self._in_words(read)

    def _in_words(self, facts: Mapping[str, Value]) -> str:
        said = [
            f"{fact.label} {in_words(facts[name], fact.type)}"
            for name, fact in self._vocabulary.facts.items()
            if name in facts and name not in self._decider.named
        ]
        shown = ", ".join(said[:SHOWN]) or "a request that says nothing more"
        return shown + (f" and {len(said) - SHOWN} more facts" if len(said) > SHOWN else "")


NOT_LONG_AGO: Final = date(1950, 1, 1)
"""The earliest date in a found request, where any date would do."""
SHOWN: Final = 4
"""The number of facts of a found request that a message names."""


def _differ(one: Halves, other: Halves) -> Formula:
    return either(
        negated(same(one.holds, other.holds)), negated(same(one.possible, other.possible))
    )


# --- tests -----------------------------------------------------------------------------------------


def _without_each_test(condition: Condition) -> Iterator[Condition | None]:
    """The condition without each of its tests in turn; None where nothing would be left."""
    if isinstance(condition, Test) or written(condition) is not None:
        yield None
        return
    if isinstance(condition, Not):
        for other in _without_each_test(condition.part):
            yield None if other is None else Not(other)
        return
    parts = condition.parts
    needed = condition.count if isinstance(condition, AtLeast) else 1
    for at, part in enumerate(parts):
        for other in _without_each_test(part):
            left = (*parts[:at], *(() if other is None else (other,)), *parts[at + 1 :])
            yield replace(condition, parts=left) if len(left) >= needed else None


def _paths_of_tests(raw: Any, path: JsonPath = ()) -> Iterator[JsonPath]:
    """The paths of the tests of a raw condition, in the order of `tests_in`."""
    if "fact" in raw:
        yield path
    for inner, part in parts_of(raw):
        yield from _paths_of_tests(part, (*path, *inner))


# --- code sets -------------------------------------------------------------------------------------


def _unused_code_sets(library: Library) -> Iterator[Diagnostic]:
    """Code sets that nothing names, and that list no code which anything names."""
    documents = [library.vocabulary_document.value]
    documents += [v.document.value for versions in library.policies.values() for v in versions]
    documents += [beside.document.value for beside in library.statements.values()]
    named = {text for _, text in nodes_of(documents) if isinstance(text, str)}
    for name, code_set in sorted(library.reference.code_sets.items()):
        if name in named or any(entry.value in named for entry in code_set.codes):
            continue
        where = Location(f"{_folder_of(library)}code_sets/{name}.json")
        message = f"no policy, fact or statement names the code set `{name}`, or a code of it"
        yield Diagnostic("unused-code-set", message, where, "remove it", severity="warning")


def _folder_of(library: Library) -> str:
    return library.vocabulary_document.file.removesuffix("vocabulary.json")
