"""What a condition may name: its facts (or line fields), parameters, code sets and known codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.types import FactType, Value


class Reporter(Protocol):
    """Receives one problem; the caller knows the file and finds the line and column."""

    def __call__(
        self,
        code: str,
        message: str,
        path: JsonPath,
        *,
        key: bool = False,
        hint: str | None = None,
        warning: bool = False,
    ) -> None: ...


class AtParameter(Protocol):
    """Receives a problem with a parameter's value, to be shown where the value stands."""

    def __call__(
        self,
        name: str,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        part: str | None = None,
    ) -> None:
        """`part` is the piece of the value's text that is wrong."""


def _nowhere(
    name: str, code: str, message: str, *, hint: str | None = None, part: str | None = None
) -> None:
    raise AssertionError(f"a scope with the parameter {name} does not say where it stands")


class ParameterValue(NamedTuple):
    """A parameter as conditions see it."""

    value: Value
    type: FactType


class CodeSetMembers(NamedTuple):
    """A named code set as it stands on the dates in question. No system: the file is broken."""

    system: str | None
    codes: frozenset[str]


@dataclass(frozen=True)
class Scope:
    """The names in force. `subject` is the key that a test starts with.

    `subjects` are what stands behind that key; `facts` what `{"fact": …}` may name on a right side.
    """

    subjects: Mapping[str, FactType]
    facts: Mapping[str, FactType]
    subject: Literal["fact", "line"] = "fact"
    parameters: Mapping[str, ParameterValue | None] | None = None
    """None: none can stand here. A value of None is wrong, which is said where it stands."""
    code_sets: Mapping[str, CodeSetMembers] = field(default_factory=dict)
    known_codes: Callable[[str], frozenset[str]] = lambda system: frozenset()
    """All codes of a system that the policy folder knows on any date; empty: no list, no check."""
    used: Callable[[str, str], None] = lambda kind, name: None
    """Told of every parameter and code set that is used."""
    at_parameter: AtParameter = _nowhere

    @cached_property
    def can_be_none(self) -> frozenset[str]:
        """The facts that may be known to be none."""
        return frozenset(name for name, type_ in self.facts.items() if type_.can_be_none)
