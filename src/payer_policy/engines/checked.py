"""Two engines side by side: what they do not agree on is not decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from payer_policy.core.ruleset import Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import UNKNOWN, WORDS
from payer_policy.core.vocabulary.types import format_value
from payer_policy.engines.protocol import Engine, EngineFailure, Evaluation, Evaluator


class CheckedEngine:
    """Runs two engines on everything. Where they differ the evaluation carries both accounts."""

    def __init__(self, first: Engine, second: Engine, name: str = "checked") -> None:
        self.first, self.second, self.name = first, second, name

    def compile(self, ruleset: Ruleset, /) -> CheckedEvaluator:
        """The ruleset, compiled by both engines."""
        return CheckedEvaluator(ruleset, self.first, self.second)


class CheckedEvaluator:
    """Two evaluators of one ruleset. `first` and `second` can be asked for more (`firings`)."""

    def __init__(self, ruleset: Ruleset, first: Engine, second: Engine) -> None:
        self._ruleset = ruleset
        self._names = first.name, second.name
        self.first, self.second = first.compile(ruleset), second.compile(ruleset)

    def __call__(self, facts: Facts, /) -> Evaluation:
        """What both say; whatever they do not both say is unknown, and `disagreement` tells why.

        Raises:
            EngineFailure: neither engine gives an answer.
        """
        one, other = self._answer(self.first, facts), self._answer(self.second, facts)
        if isinstance(one, Exception) or isinstance(other, Exception):
            return self._failed(one, other)
        if _same(one, other):
            return one
        # A truth or a value that only one engine gives is given by none.
        return Evaluation(
            [a if a == b else UNKNOWN for a, b in zip(one.truths, other.truths, strict=True)],
            {
                name: value if name in other.derived and other.derived[name] == value else None
                for name, value in one.derived.items()
            },
            tuple(sorted({*one.conflicts, *other.conflicts})),
            f"The engines {self._names[0]} and {self._names[1]} do not agree. "
            + " ".join(self._differences(one, other)),
        )

    def _answer(self, evaluator: Evaluator, facts: Facts) -> Evaluation | Exception:
        try:
            answer = evaluator(facts)
        except Exception as error:
            return error
        if len(answer.truths) != len(self._ruleset.rules):
            return EngineFailure("its answer is not about these rules")
        return answer

    def _failed(self, one: Evaluation | Exception, other: Evaluation | Exception) -> Evaluation:
        told = " ".join(
            f"The engine {name} failed: {answer}."
            if isinstance(answer, Exception)
            else f"The engine {name} says: {'; '.join(self._account(answer))}."
            for name, answer in zip(self._names, (one, other), strict=True)
        )
        if isinstance(one, Exception) and isinstance(other, Exception):
            raise EngineFailure(told) from one
        return Evaluation(
            [UNKNOWN] * len(self._ruleset.rules),
            dict.fromkeys(self._ruleset.derived),
            (),
            told,
        )

    def _account(self, answer: Evaluation) -> Iterator[str]:
        for rule, truth in zip(self._ruleset.rules, answer.truths, strict=True):
            yield f"`{rule.id}` {WORDS[truth]}"

    def _differences(self, one: Evaluation, other: Evaluation) -> Iterator[str]:
        first, second = self._names
        for rule, a, b in zip(self._ruleset.rules, one.truths, other.truths, strict=True):
            if a != b:
                yield f"Rule `{rule.id}`: {first} says it {WORDS[a]}, {second} says it {WORDS[b]}."
        for name in sorted({*one.derived, *other.derived}):
            a_value, b_value = one.derived.get(name), other.derived.get(name)
            if a_value != b_value:
                yield (
                    f"Derived fact `{name}`: {first} says {format_value(a_value)}, "
                    f"{second} says {format_value(b_value)}."
                )
        if one.conflicts != other.conflicts:
            yield (
                f"Conflicts: {first} sees {_listed(one.conflicts)}, "
                f"{second} sees {_listed(other.conflicts)}."
            )


def _same(one: Evaluation, other: Evaluation) -> bool:
    return (
        list(one.truths) == list(other.truths)
        and dict(one.derived) == dict(other.derived)
        and one.conflicts == other.conflicts
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
