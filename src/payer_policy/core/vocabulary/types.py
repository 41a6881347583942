"""The types that a fact can have, and how a raw value becomes an exact one.

Values are `bool`, `int`, `Decimal`, `date`, `str` (codes and choices) and `frozenset[str]`. Integral
decimals are held as `int`, so that equal numbers are equal bytes. A float is never a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, TypeVar

from payer_policy.core.diagnostics import PayerPolicyError, nearest
from payer_policy.core.vocabulary.codes import is_ambiguous_ndc, malformed, normalize_code
from payer_policy.core.vocabulary.units import (
    BUILT_IN,
    DRUG_AMOUNT,
    NotAUnit,
    Unit,
    UnitTable,
    activity,
    ucum_of,
)

Kind = Literal["boolean", "integer", "decimal", "date", "code", "choice", "codes"]


class Nothing(Enum):
    """What is known of a fact of which it is known that there is no such thing.

    There is one such value, `NONE`. It is not None, which is "not known".
    """

    NONE = "none"


NONE: Final = Nothing.NONE
NONE_TEXT: Final = "none"
"""How it is written in JSON, tables and scenarios."""

Units = int | Decimal | Fraction
"""An exact number: never a float."""
Value = bool | int | Decimal | Fraction | date | str | frozenset[str] | Nothing

NUMERIC: Final = frozenset({"integer", "decimal"})
MAX_NUMBER: Final = 10**12
"""Quantities, doses and money of a claim are below this; anything larger is a slip or an attack."""
MAX_PLACES: Final = 6
_PLACES_AS_GIVEN: Final = 2 * MAX_PLACES  # a nanogram in milligrams is some micrograms
MAX_TEXT: Final = 200
MAX_URL: Final = 2000
"""Characters of a URL that a message shows; browsers and servers agree on about as many."""

_NUMERAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?\Z", re.ASCII)
_QUANTITY = re.compile(
    r"\s*([+-]?\d{1,40}(?:\.\d{1,40})?)(?:\s*([A-Za-z\[{%/(µμ].{0,100})|\s+(10\*.{0,100}))\s*\Z",
    re.ASCII,
)
_URL = re.compile(r"(?:https?://|urn:)\S*\Z", re.IGNORECASE)
_ONE_WORD = re.compile(r"\S+")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})\Z",
    re.ASCII,
)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class FactType:
    """What values a fact can have. `unit` is for numbers, `values` for choices, `system` for codes.

    With `can_be_none` it may also be known that there is no such thing: the value `NONE`.

    `minimum` and `maximum` are the least and the most that a supplied number or date can be: there
    are no negative units, and no birth in the year 1.

    `shown_in` is the unit that people know such amounts by, where it is not `unit`, and how many of it
    one `unit` is.

    A value that is given in another unit is converted; `precision` is what it is then rounded to, half
    up. `units` are the units that such a value may name.
    """

    kind: Kind
    unit: str | None = None
    values: tuple[str, ...] = ()
    ordered: bool = False
    system: str | None = None
    minimum: int | Decimal | date | None = None
    maximum: int | Decimal | date | None = None
    can_be_none: bool = False
    shown_in: tuple[str, Fraction] | None = None
    precision: int | Decimal | None = field(default=None, compare=False)
    units: UnitTable = field(default=BUILT_IN, compare=False, repr=False)

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic is possible: numbers, and ordered choices by their position."""
        return self.kind in NUMERIC or self.ordered

    def describe(self) -> str:
        """The type in words, for messages and the dictionary."""
        return f"{self._describe()}, or none" if self.can_be_none else self._describe()

    def _describe(self) -> str:
        match self.kind:
            case "boolean":
                return "true or false"
            case "integer":
                return f"a whole number{f' of {self.unit}' if self.unit else ''}"
            case "decimal":
                return f"a number{f' of {self.unit}' if self.unit else ''}"
            case "date":
                return "a date (YYYY-MM-DD)"
            case "choice":
                how = "one in this order" if self.ordered else "one"
                return f"{how} of {', '.join(self.values)}"
            case "code":
                return f"{_article(self.system)} code" if self.system else "a code"
            case "codes":
                return f"a list of {self.system.upper() if self.system else ''} codes".replace(
                    "  ", " "
                )


def _article(system: str | None) -> str:
    name = (system or "").replace("_", " ")
    return f"an {name}" if name[:1] in "aeiou" else f"a {name}"


class ValueProblem(PayerPolicyError, ValueError):
    """A raw value does not fit its type. The message says what was found and what was expected."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


class AmbiguousCode(ValueProblem):
    """A text that could be one of several codes. In a request it is not known; in a file it is wrong."""


_MOST_BITS: Final = 1_000
"""A whole number of more bits is not written out: Python refuses to."""


def shown(raw: object) -> str:
    """A raw value as a short piece of text for a message; never a whole document.

    A URL or a code is shown whole: what is cut off may be what matters.
    """
    if raw is True or raw is False:
        return str(raw).lower()
    if raw is None:
        return "null"
    if isinstance(raw, int) and raw.bit_length() > _MOST_BITS:
        return f"a whole number of {raw.bit_length():,} bits"
    if isinstance(raw, str):
        # A control character must not reach the terminal that shows the message.
        most = MAX_URL if _URL.match(raw) else MAX_TEXT if _ONE_WORD.fullmatch(raw) else 40
        plain = "".join(
            char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in raw[: most + 1]
        )
        return f'"{plain}"' if len(plain) <= most else f'"{plain[: min(most, 200) - 3]}…"'
    if isinstance(raw, dict):
        return "an object"
    if isinstance(raw, (list, tuple, set, frozenset)):
        return "a list"
    text = str(raw)
    return text if len(text) <= 40 else text[:37] + "…"


FLOAT: Final = "a binary floating-point number, which is not exact"
"""What a float is called, wherever one is refused. JSON text has none: its numbers are read exactly."""
INSTEAD_OF_FLOAT: Final = "give an int, a Decimal or text; leave it out when it is not known"


def is_numeral(text: str) -> bool:
    """Whether a text is a number in quotation marks."""
    return _NUMERAL.match(text.strip()) is not None


def exact_number(raw: object, most: int = MAX_PLACES) -> int | Decimal:
    """A number or a plain numeral as an exact value; integral values as `int`.

    Raises:
        ValueProblem: not a number, a float, out of range, or more decimal places than `most`.
    """
    if isinstance(raw, str) and _NUMERAL.match(raw.strip()):
        raw = Decimal(raw.strip())
    if isinstance(raw, float):
        raise ValueProblem(
            "wrong-type", f"found {shown(raw)}, {FLOAT}; a number was expected", INSTEAD_OF_FLOAT
        )
    if isinstance(raw, bool) or not isinstance(raw, (int, Decimal)):
        raise ValueProblem("wrong-type", f"found {shown(raw)}; a number was expected")
    if isinstance(raw, Decimal):
        if not raw.is_finite():
            raise ValueProblem("wrong-value", f"found {shown(raw)}; a finite number was expected")
        if -1 <= raw.adjusted() <= 13 and raw == raw.to_integral_value():
            raw = int(raw)
        elif raw == 0:
            return 0
    number: int | Decimal = raw
    if not -MAX_NUMBER < number < MAX_NUMBER:
        huge = isinstance(raw, int) and raw.bit_length() > _MOST_BITS
        what = shown(raw) if huge else f"the number {shown(raw)}"
        raise ValueProblem("wrong-value", f"{what} is too large for a claim")
    if isinstance(number, Decimal):
        places = -int(number.as_tuple().exponent)
        if places > most and (Fraction(number) * 10**most).denominator != 1:
            raise ValueProblem("wrong-value", f"{shown(raw)} has more than {most} decimal places")
        number = number.normalize()
    return number


def calendar_date(raw: object) -> date:
    """An ISO date.

    Raises:
        ValueProblem: not text in the form YYYY-MM-DD, or no such day.
    """
    if type(raw) is date:
        return raw
    if not isinstance(raw, str) or not _ISO_DATE.match(raw):
        hint = "give its `.date()`" if isinstance(raw, datetime) else "write it as YYYY-MM-DD"
        raise ValueProblem("wrong-type", f"found {shown(raw)}; a date was expected", hint)
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueProblem("wrong-value", f"{raw} is not a day of the calendar") from None


def moment(raw: object) -> str:
    """A point in time with its UTC offset in its one spelling, such as 2025-03-05T14:30:00-05:00.

    The offset stays as it was given, since the day is the one there. Parts of a second are dropped.

    Raises:
        ValueProblem: not a date and time with an offset, or no such time.
    """
    text = raw.isoformat() if isinstance(raw, datetime) else raw
    if not isinstance(text, str) or not (found := _MOMENT.match(text)):
        hint = "write it as 2025-03-05T14:30:00-05:00"
        expected = "a date and time with its UTC offset was expected"
        raise ValueProblem("wrong-type", f"found {shown(raw)}; {expected}", hint)
    day, minute, second, offset = found.groups()
    spelled = f"{day}T{minute}:{second or '00'}{'+00:00' if offset == 'Z' else offset}"
    try:
        datetime.fromisoformat(spelled)
    except ValueError:
        raise ValueProblem("wrong-value", f"{text} is not a time of the calendar") from None
    return spelled


def parse_value(type_: FactType, raw: object) -> Value:
    """A raw JSON value (or a cell of a scenario's table) as an exact value of the type.

    Raises:
        ValueProblem: with what was found and what was expected.
    """
    kind = type_.kind
    if type_.can_be_none and (raw is NONE or raw == NONE_TEXT):
        return NONE
    if kind == "boolean":
        if isinstance(raw, bool):
            return raw
        raise ValueProblem("wrong-type", f"found {shown(raw)}; true or false was expected")
    if kind == "integer":
        number = _amount(type_, raw)
        if not isinstance(number, int):
            raise ValueProblem("wrong-type", f"found {shown(raw)}; a whole number was expected")
        return _in_range(type_, number)
    if kind == "decimal":
        return _in_range(type_, _amount(type_, raw))
    if kind == "date":
        return _in_range(type_, calendar_date(raw))
    if kind == "choice":
        if isinstance(raw, int) and not isinstance(raw, bool) and str(raw) in type_.values:
            raw = str(raw)
        if isinstance(raw, str) and raw in type_.values:
            return raw
        close = nearest(raw, type_.values) if isinstance(raw, str) else None
        raise ValueProblem(
            "unknown-value",
            f"found {shown(raw)}; expected one of {', '.join(type_.values)}",
            f"did you mean `{close}`?" if close else None,
        )
    if kind == "code":
        return _code(type_, raw)
    if isinstance(raw, (str, bytes)) or not isinstance(raw, Iterable) or isinstance(raw, dict):
        raise ValueProblem("wrong-type", f"found {shown(raw)}; a list of codes was expected")
    return frozenset(_code(type_, item) for item in raw)


class Quantity(NamedTuple):
    """A number with the unit that was written beside it."""

    number: int | Decimal
    unit: str

    def __str__(self) -> str:
        return f"{format_number(self.number)} {self.unit}"


def quantity_of(raw: object) -> Quantity | None:
    """`"70 kg"` or `{"value": 70, "unit": "kg"}` as a quantity; None: it has not that form.

    Raises:
        ValueProblem: its number is out of range, or no number.
    """
    if isinstance(raw, dict):
        if raw.keys() != {"value", "unit"} or not isinstance(raw["unit"], str):
            return None
        return Quantity(exact_number(raw["value"], _PLACES_AS_GIVEN), " ".join(raw["unit"].split()))
    found = _QUANTITY.match(raw) if isinstance(raw, str) else None
    if found is None:
        return None
    return Quantity(
        exact_number(found[1], _PLACES_AS_GIVEN), " ".join((found[2] or found[3]).split())
    )


def _amount(type_: FactType, raw: object) -> int | Decimal:
    """A supplied number, converted where it carries a unit."""
    if not isinstance(raw, (str, dict)) or (given := quantity_of(raw)) is None:
        if isinstance(raw, dict):
            hint = 'write a number, or {"value": 70, "unit": "kg"}'
            raise ValueProblem(
                "wrong-type", f"found an object; {type_.describe()} was expected", hint
            )
        return exact_number(raw)
    by = _conversion(type_, given)
    if by == 1:
        return exact_number(given.number)
    return _rounded(type_, given, Fraction(given.number) * by)


def _conversion(type_: FactType, given: Quantity) -> Fraction:
    """What a given quantity is multiplied by to be in the unit of a type."""
    try:
        unit = unit_of(type_, given)
    except NotAUnit as problem:
        if type_.unit is None:
            raise ValueProblem("wrong-type", f'found "{given}"; a number was expected') from None
        message = f'found "{given}"; {problem.message}, and {type_.describe()} was expected'
        raise ValueProblem("unknown-unit", message, problem.hint) from None
    if type_.unit is None:
        raise ValueProblem(
            "unit-mismatch",
            f'found "{given}"; a number without a unit was expected',
            f"write {format_number(given.number)}",
        )
    wanted = type_.units.read(type_.unit)
    by = unit.factor_to(wanted)
    if by is None and wanted.name == DRUG_AMOUNT and unit.measures_a_drug:
        by = unit.size  # whether it is of the dimension of the code is asked where that is known
    if by is None:
        message = f'found "{given}"; {unit.described} does not convert to {wanted.described}'
        raise ValueProblem("unit-mismatch", message, give_in(wanted))
    return by


def unit_of(type_: FactType, given: Quantity) -> Unit:
    """The unit that a value of a type is given in. Units of activity alone are those of the drug.

    Raises:
        NotAUnit: it is none.
    """
    own = activity(given.unit) if type_.unit == DRUG_AMOUNT else None
    return own or type_.units.read(given.unit)


def give_in(wanted: Unit) -> str:
    """What to type where a value is wanted in a unit."""
    code = ucum_of(wanted)
    return f"give it in {wanted.name}" + ("" if code == wanted.name else f" (UCUM `{code}`)")


def _rounded(type_: FactType, given: Quantity, exact: Fraction) -> int | Decimal:
    """A converted number at the precision of its type, half up; without one it must fit exactly."""
    if type_.precision is not None:
        step = Fraction(type_.precision)
        exact = (exact / step + Fraction(1, 2)).__floor__() * step
    if exact.denominator == 1:
        return exact_number(exact.numerator)
    places = exact * 10**MAX_PLACES
    if places.denominator != 1:
        message = (
            f'found "{given}", which has more than {MAX_PLACES} decimal places in {type_.unit}'
        )
        hint = f'give it in {type_.unit}, or declare the fact with "precision": 0.1'
        raise ValueProblem("wrong-value", message, hint)
    return exact_number(Decimal(places.numerator).scaleb(-MAX_PLACES))


_Sized = TypeVar("_Sized", int | Decimal, date)


def _in_range(type_: FactType, value: _Sized) -> _Sized:
    least: Any = type_.minimum
    most: Any = type_.maximum
    if (least is None or value >= least) and (most is None or value <= most):
        return value
    what = "a date" if type_.kind == "date" else "a number"
    if least is None:
        less = f"on or before {most}" if what == "a date" else f"of {_bound(most)} or less"
        expected = f"{what} {less}"
    elif most is None:
        more = f"on or after {least}" if what == "a date" else f"of {_bound(least)} or more"
        expected = f"{what} {more}"
    else:
        expected = f"{what} from {_bound(least)} through {_bound(most)}"
    found = value.isoformat() if isinstance(value, date) else shown(value)
    raise ValueProblem("wrong-value", f"found {found}; {expected} was expected")


def _bound(value: int | Decimal | date) -> str:
    return value.isoformat() if isinstance(value, date) else format_number(value)


def _code(type_: FactType, raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueProblem("wrong-type", f"found {shown(raw)}; {type_.describe()} was expected")
    return code_of(type_.system, raw)


def code_of(system: str | None, text: str) -> str:
    """A text as a code of a system, in its one spelling.

    Raises:
        AmbiguousCode: an NDC of ten digits, which could be one of three.
        ValueProblem: it has not the shape of such a code.
    """
    code = normalize_code(system, text)
    if not code:
        raise ValueProblem(
            "wrong-value", "found an empty text", "leave it out when it is not known"
        )
    if len(code) > MAX_TEXT:
        message = f"found {len(code)} characters; at most {MAX_TEXT} were expected"
        raise ValueProblem("wrong-value", message)
    if (wrong := malformed(system, text)) is not None:
        kind = AmbiguousCode if is_ambiguous_ndc(system, text) else ValueProblem
        raise kind("wrong-value", f"found {shown(text)}; {wrong[0]}", wrong[1])
    return code


def format_value(value: Value | None, type_: FactType | None = None) -> str:
    """A value as people read it, with its unit. The same value is always the same text."""
    if type(value) is int:
        return _format_amount(value, type_)
    if value is None:
        return "not known"
    if value is NONE:
        return NONE_TEXT
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) if value else "none"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.replace("_", " ") if type_ is not None and type_.kind == "choice" else value
    return _format_amount(value, type_)


def _format_amount(value: Units, type_: FactType | None) -> str:
    number = format_number(value)
    if type_ is None or not type_.unit:
        return number
    own = f"{number} {type_.unit}"
    if type_.shown_in is None:
        return own
    unit, size = type_.shown_in
    if type(value) is int and not value % size.denominator:
        shown: Units = value // size.denominator * size.numerator
    else:
        shown = Fraction(value) * size
    if -1 < shown < 1:  # 50 mcg is not 0.05 mg to anyone
        return own
    return f"{format_number(shown)} {unit} ({own})"


def format_number(value: int | Decimal | Fraction) -> str:
    """An exact number without an exponent; a fraction that no decimal can hold as `1/3`."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Fraction):
        scaled = value * 10**12
        if scaled.denominator != 1:
            return f"{value.numerator}/{value.denominator}"
        value = Decimal(f"{scaled.numerator}E-12")  # arithmetic would round to 28 digits
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_json(value: Value | None) -> Any:
    """A value as JSON that reads back to the same value: numbers that are not whole as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if value is NONE:
        return NONE_TEXT
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    # A whole number is written as one, also where a sum of decimals made it.
    return int(value) if Fraction(value).denominator == 1 else format_number(value)
