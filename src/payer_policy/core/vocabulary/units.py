"""Units of quantity and time: vectors of dimensions with exact factors, as a table of UCUM codes.

A unit is written by its UCUM code or as people write it; `mg/kg`, `g/(24.h)` and the like are read by
a small grammar. A product of two units adds their vectors and a quotient subtracts them, so
concentration times volume is a mass. Units are known only while a policy or a value is read; after
that there are plain numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from payer_policy.core.diagnostics import PayerPolicyError, did_you_mean


class _Row(NamedTuple):
    """A unit of the table: its name, its UCUM code, what it measures, and how large it is."""

    name: str
    ucum: str
    dimension: str
    size: Fraction
    """How many of the smallest units of its dimension it is."""
    one: str = ""
    """Its name for one of it, which also follows a slash; empty: the same."""
    also: str = ""
    """What else people write, between blanks."""


_F: Final = Fraction
_TABLE: Final = (
    # The first of each dimension is the one that messages propose.
    _Row("mg", "mg", "mass", _F(1_000), also="milligram milligrams"),
    _Row("mcg", "ug", "mass", _F(1), also="microgram micrograms"),
    _Row("g", "g", "mass", _F(1_000_000), also="gm gram grams"),
    _Row("kg", "kg", "mass", _F(10**9), also="kilogram kilograms"),
    _Row("ng", "ng", "mass", _F(1, 1_000), also="nanogram nanograms"),
    _Row("lb", "[lb_av]", "mass", _F(45_359_237 * 10), also="lbs pound pounds"),
    _Row("oz", "[oz_av]", "mass", _F(45_359_237 * 10, 16), also="ounce ounces"),
    _Row("mL", "mL", "volume", _F(1), also="cc milliliter milliliters"),
    _Row("dL", "dL", "volume", _F(100), also="deciliter deciliters"),
    _Row("L", "L", "volume", _F(1_000), also="liter liters"),
    _Row("uL", "uL", "volume", _F(1, 1_000), also="mcL microliter microliters"),
    _Row("days", "d", "time", _F(1_440), "day"),
    _Row("minutes", "min", "time", _F(1), "min", "minute"),
    _Row("hours", "h", "time", _F(60), "hour", "hr hrs"),
    _Row("weeks", "wk", "time", _F(10_080), "week", "wks"),
    _Row("seconds", "s", "time", _F(1, 60), "second", "sec"),
    # A month has no fixed number of days, so months and years do not convert to days.
    _Row("months", "mo", "calendar time", _F(1), "month"),
    _Row("years", "a", "calendar time", _F(12), "year", "yr yrs"),
    _Row("cm", "cm", "length", _F(1), also="centimeter centimeters"),
    _Row("mm", "mm", "length", _F(1, 10)),
    _Row("m", "m", "length", _F(100)),
    _Row("in", "[in_i]", "length", _F(254, 100), also="inch inches"),
    _Row("ft", "[ft_i]", "length", _F(3_048, 100), also="foot feet"),
    _Row("mmol", "mmol", "amount of substance", _F(1)),
    _Row("umol", "umol", "amount of substance", _F(1, 1_000)),
    # Equivalents per mole differ by substance, so the two do not convert.
    _Row("meq", "meq", "equivalents", _F(1), also="mEq"),
    _Row("mmHg", "mm[Hg]", "pressure", _F(1)),
    # The body surface that a filtration rate is given for, as UCUM writes it.
    _Row("{1.73_m2}", "{1.73_m2}", "standard body surface", _F(1)),
    _Row("billing units", "{billing_unit}", "billing units", _F(1), "billing unit"),
    _Row("points", "{points}", "points", _F(1), "point"),
    _Row("containers", "{container}", "containers", _F(1), "container"),
    # A dimension of its own: whether 50 or 0.5 is meant is never guessed.
    _Row("%", "%", "percent", _F(1)),
    _Row("USD", "{USD}", "money", _F(1)),
    # An amount of whatever drug is meant: of the dimension of its code, in units of size 1.
    _Row("drug amount", "{drug_amount}", "drug amount", _F(1)),
)
_USUAL_RATES: Final = ("mcg/day", "mg/day", "mcg/mL", "mg/mL", "mg/kg", "mg/m2", "mL/min")
_COUNTS: Final = ("billing units", "points", "containers")
DRUG_AMOUNT: Final = "drug amount"
"""The unit, and the dimension, of amounts of the drug while nothing says which drug is meant."""
_AMOUNTS: Final = ("mass", "volume", "amount of substance", "equivalents", "containers")
"""What a drug can be measured by, beside the units of its own activity."""
ACTIVITY: Final = ("[U]", "[iU]", "[IU]", "[arb'U]", "[USP'U]")
"""UCUM codes of units that are units of some product only: without its kind, none is a unit here."""
_REFUSED: Final = {
    "a temperature": "Cel [degF] [degR] K degC degF °C °F",
    "a logarithm": "Np B dB bel B[SPL] B[V] B[mV] B[W] [pH] pH",
}
_RAISED: Final = str.maketrans("23456789", "²³⁴⁵⁶⁷⁸⁹")
_PREFERRED: Final = {"µ": "u", "μ": "u", "²": "2", "³": "3"}
_EXAMPLES: Final = "write a UCUM code, such as mg, mg/kg, mm[Hg] or g/(24.h)"
_MOST_CHARACTERS: Final = 100
"""Longer texts are no units; a unit is a few words."""
_MOST_PARTS: Final = 12
"""Units of more parts than this are no units that anyone uses."""


class Unit(NamedTuple):
    """A unit: its dimensions with their exponents, and how many of the smallest units it is."""

    name: str
    powers: tuple[tuple[str, int], ...]
    size: Fraction

    @property
    def counts(self) -> bool:
        """Whether it counts things, so that a plain number can be one: billing units, points."""
        return self.name in _COUNTS

    @property
    def measures(self) -> str:
        """Its dimensions in words: `mass/volume`."""
        return _in_words(self.powers).translate(_RAISED)

    @property
    def described(self) -> str:
        """Its name, and what it measures where that is another word: `mL (volume)`."""
        return self.name if self.name == self.measures else f"{self.name} ({self.measures})"

    @property
    def measures_a_drug(self) -> bool:
        """Whether amounts of a drug can be in it: mg, mL, units of its activity."""
        if len(self.powers) != 1 or self.powers[0][1] != 1:
            return False
        dimension = self.powers[0][0]
        return dimension in _AMOUNTS or dimension.startswith("activity ")

    def factor_to(self, other: Unit) -> Fraction | None:
        """What a number in this unit is multiplied by to be one in the other; None: no such factor."""
        return self.size / other.size if self.powers == other.powers else None


class NotAUnit(PayerPolicyError, ValueError):
    """A text is no unit. The message says what was found; the hint, if any, what to write."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def _in_words(
    powers: Iterable[tuple[str, int]],
    several: Mapping[str, str] = MappingProxyType({}),
    one: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Dimensions with their exponents as one text, each by its name; `one` after a slash."""
    above: list[str] = []
    below: list[str] = []
    for dimension, exponent in powers:
        raised = "" if abs(exponent) == 1 else str(abs(exponent))
        side, names = (above, several) if exponent > 0 else (below, one)
        side.append(f"{names.get(dimension, dimension)}{raised}")
    return "/".join([" × ".join(above) or "1", *below]) if below else " × ".join(above) or "ratio"


def _combined(name: str, parts: Iterable[tuple[Unit, int]]) -> Unit:
    powers: Counter[str] = Counter()
    size = Fraction(1)
    for unit, exponent in parts:
        for dimension, own in unit.powers:
            powers[dimension] += exponent * own
        size *= unit.size**exponent
    return Unit(name, tuple(sorted(item for item in powers.items() if item[1])), size)


_NAMED: Final = {row.name: Unit(row.name, ((row.dimension, 1),), row.size) for row in _TABLE}
_ATOMS: Final = {
    spelled: _NAMED[row.name]
    for row in _TABLE
    for spelled in (row.name, row.ucum, row.one, *row.also.split())
    if spelled
}
_ANY_CASE: Final = {spelled.casefold(): unit for spelled, unit in _ATOMS.items()}
_ONE: Final = {row.name: row.one or row.name for row in _TABLE}
_UCUM: Final = {row.name: row.ucum for row in _TABLE}
_TYPICAL: Final = {row.dimension: row.name for row in reversed(_TABLE)}
_TYPICAL_ONE: Final = {row.dimension: row.one or row.name for row in reversed(_TABLE)}
_TERM: Final = re.compile(r"(10\*-?\d{1,2}|\d{1,9})|(.+?)(-?[1-9])?", re.ASCII | re.DOTALL)
_NUMBER: Final = re.compile(r"\d+", re.ASCII)


class UnitTable:
    """The units that can be named: those of the table, and those that were declared beside them."""

    def __init__(
        self, declared: Mapping[str, Unit] | None = None, amount: Unit | None = None
    ) -> None:
        self.declared: Mapping[str, Unit] = declared or {}
        self.amount = amount
        """A unit of the drug that is meant; None: any drug may be."""
        self._read: dict[str, Unit] = {}

    def with_declared(self, declared: Mapping[str, Unit]) -> UnitTable:
        """These units and some more; itself where there are no more."""
        return UnitTable({**self.declared, **declared}, self.amount) if declared else self

    def of_drug(self, amount: Unit) -> UnitTable:
        """The same, where amounts of the drug have the dimension of a unit."""
        return UnitTable(self.declared, amount)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the units that need no grammar, and of a few that do."""
        return (*UNITS, *self.declared)

    def like(self, unit: Unit) -> list[str]:
        """The names of the units that a unit converts to, its own among them."""
        found = [name for name in self.names if unit.factor_to(self.read(name)) is not None]
        return found if unit.name in found else [unit.name, *found]

    def named(self, text: str | None) -> Unit | None:
        """The unit that a text names; None for no text and for one that is no unit."""
        try:
            return None if text is None else self.read(text)
        except NotAUnit:
            return None

    def read(self, text: str) -> Unit:
        """The unit that a text names, by its UCUM code or as people write it.

        Raises:
            NotAUnit: with what to write.
        """
        found = self._read.get(text)
        if found is None:
            found = self._parsed(text)
            if len(self._read) < 1_000:
                self._read[text] = found
        return found

    def _parsed(self, text: str) -> Unit:
        plain = "".join(_PREFERRED.get(one, one) for one in text.strip())
        if len(plain) > _MOST_CHARACTERS:
            raise NotAUnit("a text of more than 100 characters is not a unit")
        parser = _Parser(self, plain)
        made = parser.unit()
        if all(unit.name == "" for unit, _ in parser.atoms):
            raise NotAUnit(f"`{plain}` is a number and not a unit")
        if "" in (unit.name for unit, _ in parser.atoms):  # a number in it, as in g/(24.h)
            return made._replace(name=plain)
        above = [unit.name for unit, exponent in parser.atoms if exponent == 1]
        below = list(_under(parser.atoms))
        if len(above) > 1 or len(above) + len(below) < len(parser.atoms):
            return made._replace(name=plain)
        return made._replace(name="/".join([above[0] if above else "", *below]))

    def atom(self, text: str) -> Unit | None:
        """The unit of a name without a slash in it."""
        words = " ".join(text.split())
        if words.startswith("{") and words[1:-1] in self.declared:
            return self.declared[words[1:-1]]  # as `ucum_of` writes it
        found = self.declared.get(words) or _ATOMS.get(words) or _ANY_CASE.get(words.casefold())
        if found is not None and found.name == DRUG_AMOUNT and self.amount is not None:
            return found._replace(powers=self.amount.powers)
        return found

    def refusal(self, text: str) -> NotAUnit:
        """Why a part of a unit is none."""
        for what, those in _REFUSED.items():
            if text in those.split():
                hint = "declare the fact without a unit, and say the scale in its label"
                return NotAUnit(f"`{text}` is {what}, which no factor converts", hint)
        if text in ACTIVITY:
            kinds = [name for name in self.declared if name.endswith(f" {text}")]
            example = kinds[0] if kinds else f"onabotulinumtoxinA {text}"
            hint = f'name its kind: "{example}"' + (
                "" if kinds else ", declared in `units` as a unit of that kind"
            )
            return NotAUnit(
                f"`{text}` is a unit of one product only, and it is not said of which", hint
            )
        near = did_you_mean(text, [*self.names, *_ATOMS])
        return NotAUnit(f"`{text}` is not a unit", near or _EXAMPLES)


def _under(atoms: Sequence[tuple[Unit, int]]) -> Iterator[str]:
    for unit, exponent in atoms:
        if exponent < 0:
            yield f"{_ONE.get(unit.name, unit.name)}{-exponent if exponent < -1 else ''}"


class _Parser:
    """Reads one unit: terms with `.` and `/` between them, from left to right, as UCUM says."""

    def __init__(self, units: UnitTable, text: str) -> None:
        self.units, self.text = units, text
        self.tokens = list(_tokens(text))
        self.atoms: list[tuple[Unit, int]] = []
        if len(self.tokens) > 2 * _MOST_PARTS:
            raise NotAUnit(f"`{text}` has more than {_MOST_PARTS} parts")

    def unit(self) -> Unit:
        made = self._terms(1)
        if self.tokens:
            raise self._malformed()
        return made

    def _terms(self, sign: int) -> Unit:
        parts: list[tuple[Unit, int]] = []
        way = 1
        if self.tokens[:1] == ["/"]:
            way = -1
            self.tokens.pop(0)
        while True:
            parts.append((self._term(sign * way), way))
            if self.tokens[:1] not in (["/"], ["."]):
                return _combined(self.text, parts)
            way = -1 if self.tokens.pop(0) == "/" else 1

    def _term(self, sign: int) -> Unit:
        token = self.tokens.pop(0) if self.tokens else ""
        if token == "(":
            inner = self._terms(sign)
            if self.tokens[:1] != [")"]:
                raise self._malformed()
            self.tokens.pop(0)
            return inner
        if token in ("", "/", ".", ")"):
            raise self._malformed()
        whole = self.units.atom(token)
        if whole is not None:
            self.atoms.append((whole, sign))
            return whole
        found = _TERM.fullmatch(token)
        assert found is not None  # the second alternative takes any text
        number, base, raised = found.groups()
        if number is not None:
            ten, _, exponent = number.partition("10*") if "*" in number else (number, "", "")
            size = Fraction(10) ** int(exponent) if exponent else Fraction(int(ten))
            if not size:
                raise self._malformed()
            self.atoms.append((Unit("", (), size), sign))
            return self.atoms[-1][0]
        unit = self.units.atom(base) if raised else None
        if unit is None:
            raise self.units.refusal(token)
        self.atoms.append((unit, sign * int(raised)))
        return _combined(token, [(unit, int(raised))])

    def _malformed(self) -> NotAUnit:
        return NotAUnit(f"`{self.text}` is not a unit", _EXAMPLES)


def _tokens(text: str) -> Iterator[str]:
    """The parts of a unit: its signs, and what is between them; brackets of a code stay whole."""
    word, depth = "", 0
    for one in text:
        depth += (one in "[{") - (one in "]}")
        if one in "./()" and depth <= 0:
            if word.strip():
                yield word.strip()
            yield one
            word = ""
        else:
            word += one
    if word.strip():
        yield word.strip()


BUILT_IN: Final = UnitTable()
"""The units of the table alone."""
UNITS: Final[tuple[str, ...]] = (*_NAMED, *_USUAL_RATES)
"""Names of units: of all that need no grammar, and of usual ones that do."""
_BY_MEANING: Final = {
    (unit.powers, unit.size): unit for unit in map(BUILT_IN.read, reversed(UNITS))
}


def nominal(kind: str, unit: Unit, ucum: str) -> Unit:
    """The unit of a kind, which converts to no unit of another kind and to none without."""
    powers = tuple((f"{dimension} of {kind}", exponent) for dimension, exponent in unit.powers)
    return Unit(f"{kind} {ucum}", powers, unit.size)


def activity(ucum: str) -> Unit | None:
    """The unit of an activity code, of no kind yet; None: it is no activity code."""
    return Unit(ucum, ((f"activity in {ucum}", 1),), Fraction(1)) if ucum in ACTIVITY else None


def counted_in(amount: Unit) -> str:
    """The name of the unit of size 1 in which amounts of a drug are counted: mcg for mg."""
    whole = _BY_MEANING.get((amount.powers, Fraction(1)))
    return amount.name if whole is None or amount.size == 1 else whole.name


def ucum_of(unit: Unit) -> str:
    """The UCUM code of a unit; a declared one by its name in curly brackets, UCUM's own way."""
    if unit.name in _UCUM:
        return _UCUM[unit.name]
    above, *below = unit.name.split("/")
    if "(" in unit.name or " × " in unit.name:
        return unit.name
    return "/".join([_code(above), *map(_code, below)])


def _code(name: str) -> str:
    unit = BUILT_IN.atom(name)
    if unit is not None:
        return _UCUM[unit.name]
    return f"{{{name}}}" if " " in name else name


def product_of(units: Sequence[Unit]) -> Unit:
    """The unit of a product of at least one number with a unit."""
    if len(units) == 1:
        return units[0]
    return _known(_combined(" × ".join(map(_shown, units)), [(unit, 1) for unit in units]))


def quotient_of(above: Unit | None, below: Unit) -> Unit:
    """The unit of a quotient; `above` is None for a plain number."""
    under = _ONE.get(below.name, _shown(below))
    if above is None:
        return _known(_combined(f"1/{under}", [(below, -1)]))
    return _known(_combined(f"{_shown(above)}/{under}", [(above, 1), (below, -1)]))


def typical(unit: Unit) -> str:
    """A usual unit of the same dimensions, by its name."""
    return _in_words(unit.powers, _TYPICAL, _TYPICAL_ONE)


def factor(from_unit: str, to_unit: str, units: UnitTable = BUILT_IN) -> Fraction | None:
    """What a number of `from_unit` is multiplied by to be one of `to_unit`; None: no such factor."""
    return units.read(from_unit).factor_to(units.read(to_unit))


def _known(made: Unit) -> Unit:
    """The unit with its own name, where it has one."""
    return _BY_MEANING.get((made.powers, made.size), made)


def _shown(unit: Unit) -> str:
    return f"({unit.name})" if "/" in unit.name or " × " in unit.name else unit.name
