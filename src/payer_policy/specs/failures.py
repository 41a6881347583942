"""Why a scenario fails, as a value and as the text that people read.

`Wrong`: the scenario says something that cannot be meant (a misspelled fact). `Mismatch`: it expects
one thing and the policies say another. Neither shows a Python traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from payer_policy.core.diagnostics import PayerPolicyError


class Wrong(PayerPolicyError):
    """A step that cannot be meant. `line`: the line of the table's row that is wrong, if any."""

    def __init__(self, message: str, hint: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message, self.hint, self.line = message, hint, line


class Mismatch(PayerPolicyError):
    """The determination is not what a `Then` says.

    `rules` are the rules to prove in the account that follows, the most important first.
    """

    def __init__(
        self, expected: str, found: str, *, rules: Sequence[str] = (), hint: str | None = None
    ) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected, self.found, self.rules, self.hint = expected, found, tuple(rules), hint


@dataclass(frozen=True, slots=True)
class Place:
    """A scenario in its file; `example` is the row of an outline with its column names."""

    file: str
    feature: str
    scenario: str
    line: int
    example: tuple[tuple[str, str], ...] = ()
    example_line: int | None = None
    policy: str | None = None
    """The policy for which a scenario of a module is run."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed step of one scenario."""

    place: Place
    line: int
    sentence: str
    """The step with its keyword, as it was run."""
    row: str | None = None
    """The row of the step's table that is wrong; `line` is then the row's."""
    problem: str | None = None
    expected: str | None = None
    found: str | None = None
    hint: str | None = None
    account: str | None = None
    """The determination, and why it is so."""

    def text(self) -> str:
        """The failure as people read it; its first line is where and what."""
        place = self.place
        lines = [f"{place.file}:{self.line}: {self.row or self.sentence}"]
        if self.row is not None:
            lines.append(f"  in the table of   {self.sentence}")
        lines.append(f"  in the scenario   {place.scenario} (line {place.line})")
        if place.example:
            values = ", ".join(f"{name} = {value}" for name, value in place.example)
            at = f" (line {place.example_line})" if place.example_line else ""
            lines.append(f"  with the example  {values}{at}")
        if place.policy is not None:
            lines.append(f"  for the policy    {place.policy}")
        lines.append("")
        if self.expected is not None:
            lines += [
                *_labeled("  expected: ", self.expected),
                *_labeled("  but found: ", self.found or ""),
            ]
        if self.problem is not None:
            lines += _labeled("  ", self.problem)
        if self.hint is not None:
            lines += _labeled("  ", self.hint)
        if self.account:
            lines += ["", *(f"  {line}".rstrip() for line in self.account.splitlines())]
        return "\n".join(line.rstrip() for line in lines)

    def to_json(self) -> dict[str, Any]:
        named = ("row", "problem", "expected", "found", "hint", "account")
        return {"line": self.line, "step": self.sentence} | {
            name: getattr(self, name) for name in named
        }


def _labeled(label: str, text: str) -> list[str]:
    first, *rest = text.splitlines() or [""]
    return [label + first, *(" " * len(label) + line for line in rest)]


def failure_of(
    error: Wrong | Mismatch, place: Place, line: int, sentence: str, account: str | None
) -> Failure:
    """The failure that an error of a step is."""
    failure = Failure(place, line, sentence, hint=error.hint)
    if isinstance(error, Mismatch):
        return replace(failure, expected=error.expected, found=error.found, account=account)
    return replace(failure, problem=error.message)
