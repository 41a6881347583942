"""Small words: values with their units, lists, labels inside sentences. No rule is read here.

Used by `decide` for the slots of findings, and by `english` and `explain` for everything else, so
that a value reads the same wherever it is printed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import FactType, Value, exact_number, format_value


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLURAL_UNITS: Final = _words("minutes hours days weeks months years points containers") | {
    "billing units"
}


def in_words(value: Value | None, type_: FactType | None = None) -> str:
    """A value as people read it: `6 weeks`, `1 week`, `yes`, `2024-03-05`, `not known`.

    >>> in_words(1, FactType("integer", "weeks"))
    '1 week'
    """
    text = format_value(value, type_)
    one = value == 1 and type_ is not None and type_.unit in _PLURAL_UNITS
    return text[:-1] if one and value is not True else text


def in_unit(value: Value | None, unit: str | None) -> str:
    """A value with a unit of its own, where it has one."""
    return in_words(value, None if unit is None else FactType("decimal", unit))


def reversal_of(original: str) -> str:
    """What a void asks for."""
    return (
        f"This claim voids claim {original}. Reverse what was paid on that claim; nothing is allowed on "
        "this one."
    )


def listed(items: Sequence[str], word: str = "and") -> str:
    """Items in a row.

    >>> listed(["a", "b", "c"], "or")
    'a, b or c'
    """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def counted(count: int, noun: str) -> str:
    """`1 line`, `3 lines`."""
    return f"{count} {noun if count == 1 else noun + 's'}"


def line_list(numbers: Sequence[int]) -> str:
    """`line 1`, `lines 1, 2 and 4`."""
    return f"line{'' if len(numbers) == 1 else 's'} {listed([str(number) for number in numbers])}"


def capital(text: str) -> str:
    """The text with a capital first letter, otherwise unchanged."""
    return text[:1].upper() + text[1:]


def stop(text: str) -> str:
    """The text with a full stop, where it does not end a sentence already."""
    return text if text.endswith((".", "!", "?", ":", "…")) else f"{text}."


def certified_in_words(what: Mapping[str, Any]) -> str:
    """`Certified: 20 units of J3420 (of 40 asked), at most 10 every 3 months, from … through …`.

    Args:
        what: `Certified.to_json()`.
    """
    quantity, asked = what["quantity"], what["asked"]
    said = "as asked" if quantity is None else in_unit(exact_number(quantity), "billing units")
    if what["codes"]:
        said += f" of {listed(what['codes'])}"
    if asked is not None and asked != quantity:
        said += f" (of {asked} asked)"
    if (per := what["quantity_per"]) is not None:
        each = per["period"]
        every = each.removesuffix("s") if per["every"] == 1 else f"{per['every']} {each}"
        said += f", at most {per['quantity']} every {every}"
    for word, key in (("from", "valid_from"), ("through", "valid_through")):
        if what[key] is not None:
            said += f", {word} {what[key]}"
    return f"Certified: {said}."


def day(value: date | None) -> str:
    """A date, or words for none."""
    return "no date" if value is None else value.isoformat()


def service_in_words(code: str | None, service_date: date | None) -> str:
    """The code and the date of a service, in a headline."""
    if service_date is None:
        return f"{code or 'no code'}, no date of service"
    return f"{code or 'no code'} on {day(service_date)}"


# --- labels of facts in sentences ------------------------------------------------------------
# A label is a noun phrase ("the length of oral therapy"), a question ("how long the response
# lasted") or, for a boolean, "whether" and a clause. Each is put into a sentence here.

_ARTICLES: Final = _words("a an the this that these those its his her their any no each every")
_QUESTION: Final = _words("whether which what how when where who whose why")


def label_of(name: str, fact: Fact | None) -> str:
    """A fact's label inside a sentence, with an article where it has none of its own."""
    return name if fact is None else with_article(fact.label.strip())


@lru_cache(maxsize=4096)
def with_article(label: str) -> str:
    """`the length of oral therapy` for `length of oral therapy`."""
    first = label.partition(" ")[0].lower()
    known = first in _ARTICLES or first in _QUESTION or first in ("another", "all", "both", "some")
    return label if known or not label[:1].islower() else f"the {label}"


def is_question(label: str) -> bool:
    """Whether a label is an indirect question, after which a colon reads better than "is"."""
    return label.partition(" ")[0].lower() in _QUESTION


_PREPOSITIONS: Final = _words(
    "of on in with to for that since before after between from at by per under over through left "
    "and or which who"
)
_NOT_PLURAL: Final = ("ss", "us", "is", "'s", "’s")


@lru_cache(maxsize=4096)
def is_plural(label: str) -> bool:
    """Whether a noun phrase is plural: "the units billed" is, "the number of units" is not."""
    for word in label.split(" "):
        if word in _PREPOSITIONS:
            return False
        if word.rstrip(",").endswith("s") and not word.rstrip(",").endswith(_NOT_PLURAL):
            return True
        if word.endswith(","):
            return False
    return False


def there_is(label: str) -> tuple[str, str]:
    """That there is such a thing, and that there is none.

    >>> there_is("the date of the last dose")
    ('there is a date of the last dose', 'there is no date of the last dose')
    >>> there_is("the units on earlier claims")
    ('there are units on earlier claims', 'there are no units on earlier claims')
    """
    rest = _without_article(label)
    if is_plural(label):
        return f"there are {rest}", f"there are no {rest}"
    article = "an" if rest[:1].lower() in "aeiou" else "a"
    return f"there is {article} {rest}", f"there is no {rest}"


def _without_article(label: str) -> str:
    first, _, rest = label.partition(" ")
    if first in ("a", "an", "the", "any"):
        return rest
    return f"other {rest}" if first == "another" else label


_STEERS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+"
)


def one_line(text: str) -> str:
    """The text without line breaks, control characters or marks that turn the direction of what
    follows, for a terminal or a page."""
    return _STEERS.sub(" ", text)


WIDTH: Final = 100
"""Characters in a line of text, where nothing else is asked for."""


def wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    """The text as lines of printable characters.

    Args:
        text: What to print; line breaks in it are blanks.
        first: The indent of the first line.
        rest: The indent of the others.
        width: Maximum number of characters in a line; lines with a deep indent may be longer.
    """
    return textwrap.wrap(
        one_line(text),
        max(width, len(rest) + 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
