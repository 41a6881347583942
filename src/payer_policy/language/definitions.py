"""The values and conditions that a policy defines once, typed where they are first used.

`{"define": "name"}` means what the policy defines by that name: it is put in its place, and only people
see that it had a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple

from payer_policy.core.json_source import Reporter
from payer_policy.core.ruleset import Arithmetic, Lookup, Moved
from payer_policy.core.vocabulary.types import shown
from payer_policy.language.elaborate import Elaborator
from payer_policy.language.expressions import DATE, ISO_DATE, Typed
from payer_policy.language.scope import Scope

DEFINE: Final = "define:"
"""What the name of a definition begins with among the names that a rule uses."""

Kind = Literal["value", "when"]


class Definition(NamedTuple):
    """A definition as it is written."""

    kind: Kind | None
    """None: it is written as neither or both, which is reported where the file is read."""
    raw: Any
    report: Reporter
    """Reports what is wrong in it; paths are below the definition."""


class Definitions:
    """The definitions of one policy. Each is typed once, whatever uses it."""

    def __init__(self, written: Mapping[str, Definition], scope: Scope) -> None:
        """`scope` is that of the policy's rules."""
        self._written = written
        self._scope = scope
        self._made: dict[str, tuple[Any, frozenset[str]]] = {}
        self._open: list[str] = []

    @property
    def kinds(self) -> Mapping[str, Kind | None]:
        """By name, whether it is a value or a condition; None: neither, which is reported."""
        return {name: definition.kind for name, definition in self._written.items()}

    def made(self, name: str) -> Any:
        """The condition of a definition, or its value with its type; None where it is wrong, which is
        reported where it is written."""
        if name in self._open:
            self._report_circle(name)
            return None
        if name not in self._made:
            used = {DEFINE + name}
            self._open.append(name)
            made = self._typed(name, replace(self._scope, used=used.add, definitions=self))
            self._open.pop()
            self._made[name] = made, frozenset(used)
        made, names = self._made[name]
        for one in names:
            self._scope.used(one)
        return made

    def check(self) -> bool:
        """Whether all definitions are sound; what is wrong is reported."""
        sound = [self.made(name) is not None for name in self._written]
        return all(sound)

    def _typed(self, name: str, scope: Scope) -> Any:
        kind, raw, report = self._written[name]
        if kind is None:
            return None
        elaborator = Elaborator(scope, report)
        if kind == "when":
            condition = elaborator.condition(raw, ("when",))
            return None if condition is None else replace(condition, called=name)
        date = isinstance(raw, str) and ISO_DATE.match(raw)
        if isinstance(raw, (str, list, bool)) and not date:
            message = f"found {shown(raw)}; a number, a date, or what is worked out was expected"
            hint = f'make it a parameter: "parameters": {{"…": {{"value": {shown(raw)}}}}}'
            report("wrong-type", message, ("value",), hint=hint)
            return None
        typed: Typed | None = elaborator.typed(raw, DATE if date else None, ("value",))
        if typed is None:
            return None
        expression = typed.expression
        if isinstance(expression, (Arithmetic, Lookup, Moved)):
            expression = replace(expression, called=name)
        return typed._replace(expression=expression, called=f"`{name}`")

    def _report_circle(self, name: str) -> None:
        circle = [*self._open[self._open.index(name) :], name]
        message = f"it needs itself: {' -> '.join(circle)}"
        if len(circle) > 2:
            message = f"definitions need one another in a circle: {' -> '.join(circle)}"
        kind, _, report = self._written[name]
        report("cycle", message, (str(kind),), key=True, hint="write one of them without the other")
