"""A sentence of the step library: its forms, what it takes, and how a misspelled one is recognized.

A form is written as people say it, with slots in braces: `line {line} is {decision=denied|pended}`.
A slot takes one word or several; the step checks its value, so that a wrong date is reported as a
wrong date and not as an unknown sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache, lru_cache
from inspect import cleandoc
from itertools import product
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from payer_policy.specs.case import Case

Kind = Literal["given", "when", "then"]
Arguments = Mapping[str, str]
Run = Callable[["Case", Arguments, "Table"], None]


class Row(NamedTuple):
    """One row of a table: its line in the file, and its cells."""

    line: int
    cells: tuple[str, ...]


Table = tuple[Row, ...]
"""The header first."""

_SLOT: Final = re.compile(r"\{(\w+)(?:=([^}]*))?\}")
_SEVERAL_WORDS: Final = (
    *("payer", "fact", "value", "fact_and_value", "field_and_value"),
    *("codes", "rarcs", "text", "modifiers", "removed", "cleared"),
)
_PATTERNS: Final = {
    **dict.fromkeys(_SEVERAL_WORDS, r".+"),
    "reason": r"[A-Za-z]+[ -]\S+",
    "part": r"the drug lines|the claim|the request|the authorization|line \S+",
}
"""What a slot takes; any other slot takes one word."""
_SHOWN: Final = {
    "fact_and_value": "{fact} is {value}",
    "field_and_value": "{field} {value}",
    "cleared": "{field}",
    "removed": "{modifiers}",
}
"""How a slot is written for people."""
_PLAIN: Final = str.maketrans(
    {"“": '"', "”": '"'} | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " ")
)
"""Signs and blanks that word processors put in place of plain ones."""


@dataclass(frozen=True)
class Step:
    """One sentence that a scenario may say, in all its forms."""

    kind: Kind
    forms: tuple[str, ...]
    run: Run
    about: str
    """What it means, in a sentence or two."""
    example: str
    """The sentence in a scenario, with its keyword and its table."""
    table: bool = False
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", tuple(_pattern(form) for form in self.forms))

    def arguments(self, text: str) -> Arguments | None:
        """The values of the slots if the text is this sentence; else None."""
        for pattern in self._patterns:
            found = pattern.fullmatch(text.translate(_PLAIN))
            if found is not None:
                return {name: value.strip() for name, value in found.groupdict().items()}
        return None


def sentence(
    steps: list[Step],
    kind: Kind,
    *forms: str,
    table: bool = False,
    columns: Iterable[str] = (),
) -> Callable[[Run], Run]:
    """A decorator that adds a sentence to the library, with the function that runs it.

    The last paragraph of the function's docstring is the sentence's example; what is before it is
    its help.

    Args:
        steps: Where to add it.
        kind: Its keyword.
        forms: Its forms, the first one to learn first.
        table: Whether a table is below it.
        columns: The table's columns or fields, to list in the help.
    """

    def add(run: Run) -> Run:
        about, _, example = cleandoc(run.__doc__ or "").rpartition("\n\n")
        known = f" {'Fields' if '| field' in example else 'Columns'}: {', '.join(columns)}."
        about = " ".join(about.split()) + (known if columns else "")
        steps.append(Step(kind, forms, run, about, example, table))
        return run

    return add


def _pattern(form: str) -> re.Pattern[str]:
    out, at = [], 0
    for slot in _SLOT.finditer(form):
        name, choices = slot.groups()
        inside = (
            "|".join(re.escape(choice) for choice in choices.split("|"))
            if choices
            else _PATTERNS.get(name, r"\S+")
        )
        out += [re.escape(form[at : slot.start()]), f"(?P<{name}>{inside})"]
        at = slot.end()
    return re.compile("".join([*out, re.escape(form[at:])]))


def matching(steps: Iterable[Step], kind: str, text: str) -> tuple[Step, Arguments] | None:
    """The step of that kind whose sentence the text is. No two have a sentence in common."""
    for step in steps:
        if step.kind == kind and (arguments := step.arguments(text)) is not None:
            return step, arguments
    return None


def plain(form: str) -> str:
    """A form as people read it: `the (claim|request) is decided`."""

    def shown(slot: re.Match[str]) -> str:
        if slot.group(2):
            return f"({slot.group(2)})"
        return _SHOWN.get(slot.group(1), slot.group())

    return _SLOT.sub(shown, form)


def sentences_of(form: str) -> Iterator[str]:
    """The form with each of its choices written out; slots that take anything stay."""
    choices = [
        [(slot.group(), choice) for choice in slot.group(2).split("|")]
        for slot in _SLOT.finditer(form)
        if slot.group(2)
    ]
    for chosen in product(*choices):
        text = form
        for slot, choice in chosen:
            text = text.replace(slot, choice)
        yield text


# --- the nearest right sentence for a misspelled one -----------------------------------------------

_TOO_FAR: Final = 0.45
_MISSING_WORD, _STRAY_WORD, _OTHER_WORD, _EMPTY_SLOT, _LONGER_SLOT = 1.0, 0.7, 1.2, 1.0, 0.02


def nearest_sentence(steps: Iterable[Step], kind: str, text: str) -> str | None:
    """The sentence of that kind that is closest, with its slots filled from the text."""
    words = tuple(text.translate(_PLAIN).split())
    best: tuple[float, str] | None = None
    for step in steps:
        if step.kind != kind:
            continue
        for form in step.forms:
            for sentence in sentences_of(form):
                pieces = tuple(sentence.split())
                cost, filled = _aligned(pieces, words)
                fixed = sum(not _SLOT.search(piece) for piece in pieces)
                relative = cost / (fixed + 1)
                if relative <= _TOO_FAR and (best is None or relative < best[0]):
                    best = relative, " ".join(filled)
    return None if best is None else best[1]


def _aligned(pieces: Sequence[str], words: Sequence[str]) -> tuple[float, list[str]]:
    """The cheapest way to lay words along the pieces of a sentence: its cost, and the sentence."""

    @cache
    def rest(i: int, j: int) -> tuple[float, tuple[str, ...]]:
        if i == len(pieces):
            return _STRAY_WORD * (len(words) - j), ()
        piece = pieces[i]
        options: list[tuple[float, tuple[str, ...]]] = []
        slot = _SLOT.search(piece)
        if j < len(words):
            cost, filled = rest(i, j + 1)
            options.append((cost + _STRAY_WORD, filled))
            if slot is None:
                cost, filled = rest(i + 1, j + 1)
                options.append((cost + _difference(piece, words[j]), (piece, *filled)))
        if slot is None:
            cost, filled = rest(i + 1, j)
            options.append((cost + _MISSING_WORD, (piece, *filled)))
            return min(options)
        cost, filled = rest(i + 1, j)
        options.append((cost + _EMPTY_SLOT, (piece.replace(slot.group(), "…"), *filled)))
        several = slot.group(1) in _PATTERNS
        for end in range(j + 1, (len(words) if several else min(j + 1, len(words))) + 1):
            inside = " ".join(words[j:end]).strip('"')
            if slot.group(1) == "text":
                inside = f'"{inside}"'
                shown = piece.replace(f'"{slot.group()}"', inside)
            else:
                shown = piece.replace(slot.group(), inside)
            cost, filled = rest(i + 1, end)
            options.append((cost + _LONGER_SLOT * (end - j), (shown, *filled)))
        return min(options)

    cost, filled = rest(0, 0)
    return cost, list(filled)


@lru_cache(maxsize=4096)
def _difference(piece: str, word: str) -> float:
    if piece == word:
        return 0.0
    alike = SequenceMatcher(None, piece.casefold(), word.casefold()).ratio()
    return 1 - alike + 0.05 if alike >= 0.6 else _OTHER_WORD
