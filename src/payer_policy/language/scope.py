"""What a condition may name: its facts (or line fields), parameters, code sets and known codes."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

from payer_policy.core.json_source import Reporter
from payer_policy.core.tables import Table
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.types import FactType, Value
from payer_policy.core.vocabulary.units import BUILT_IN, UnitTable


def _nowhere(name: str) -> Reporter:
    raise AssertionError(f"a scope with the parameter {name} does not say where its value is")


class ParameterValue(NamedTuple):
    """A parameter as conditions see it."""

    value: Value
    type: FactType


class CodeSetMembers(NamedTuple):
    """The codes of a named code set on the days in question. No system: the file is broken."""

    system: str | None
    codes: frozenset[str]


class Defined(Protocol):
    """What a policy defines by name; `payer_policy.language.definitions.Definitions`."""

    @property
    def kinds(self) -> Mapping[str, Literal["value", "when"] | None]:
        """By name, whether it is a value or a condition; None: neither, which is reported."""

    def made(self, name: str) -> Any:
        """What the name means, typed; None where that is wrong (reported where it is written)."""


@dataclass(frozen=True)
class Scope:
    """The names in force. `subject` is the key that a test starts with.

    `subjects` are the names that may follow it; `facts` those that a right side may name.
    """

    subjects: Mapping[str, FactType]
    facts: Mapping[str, FactType]
    subject: Literal["fact", "line", "field"] = "fact"
    parameters: Mapping[str, ParameterValue | None] | None = None
    """None: none can be used. A value of None is wrong, which is reported where it is written."""
    code_sets: Mapping[str, CodeSetMembers] = field(default_factory=dict)
    known_codes: Callable[[str], frozenset[str]] = lambda system: frozenset()
    """All codes of a system that the policy folder knows on any date; empty: no list, no check."""
    units: UnitTable = BUILT_IN
    """The units that can be named."""
    calendars: Mapping[str, HolidayCalendar | None] = field(default_factory=dict)
    """A calendar of None is wrong, which is reported where it is written."""
    categories: Mapping[str, date | None] = field(default_factory=dict)
    """The ICD-10-CM codes that are categories of codes, with the first day of that; None: always."""
    used: Callable[[str], None] = lambda parameter: None
    """Called with the name of every parameter that is used; with `define:` before that of a definition,
    and with `table:` or `calendar:` before that of a table or a calendar."""
    definitions: Defined | None = None
    """What can be named by `define`; None: nothing."""
    tables: Mapping[str, Table | None] | None = None
    """None: none can be used. A table of None is wrong, which is reported where it is written."""
    bounded: Container[str] = frozenset()
    """The facts that have a least and a most beside them."""
    at_parameter: Callable[[str], Reporter] = _nowhere
    """Reports problems of a parameter's value where that is written."""

    @cached_property
    def can_be_none(self) -> frozenset[str]:
        """The facts that may be known to be none."""
        return frozenset(name for name, type_ in self.facts.items() if type_.can_be_none)
