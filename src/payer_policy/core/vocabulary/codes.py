"""One spelling for each code, whatever a biller typed, and the shape that codes of a system have.

Case, blanks, dots and hyphens are settled here. What has not the shape of a code of its system is
refused, never taken for another code. Whether a code exists, and on which dates, is data in
`policies/`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

SYSTEMS: Final = (
    "hcpcs",
    "icd10cm",
    "ndc",
    "modifier",
    "place_of_service",
    "npi",
    "tin",
    "taxonomy",
    "revenue",
    "identifier",
)
"""Code systems with a spelling rule. HCPCS stands for both its levels."""

NO_CODE: Final = "NO CODE"
"""What is looked up for a line that has no procedure code at all: it is in no policy."""


class Shape(NamedTuple):
    """What the codes of a system look like: a pattern, their name, and an example in words."""

    pattern: re.Pattern[str]
    name: str
    looks: str


SHAPES: Final[dict[str, Shape]] = {
    system: Shape(re.compile(pattern, re.ASCII), name, looks)
    for system, pattern, name, looks in (
        # Level II: a letter and four digits. CPT: five digits, or four and a letter (0001U, 0001T).
        ("hcpcs", r"[A-Z]\d{4}|\d{4}[A-Z0-9]", "a HCPCS code", "five characters, such as A1234"),
        (
            "icd10cm",
            r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?",
            "an ICD-10-CM code",
            "a letter and digits, such as A12.3",
        ),
        ("ndc", r"\d{11}", "an NDC", "11 digits, or 10 with hyphens, such as 1234-5678-90"),
        ("modifier", r"[A-Z0-9]{2}", "a modifier", "two letters or digits, such as JW"),
        ("place_of_service", r"\d{2}", "a place of service", "two digits, such as 11"),
        ("npi", r"\d{10}", "an NPI", "ten digits"),
        ("tin", r"\d{9}", "a tax number (TIN)", "nine digits, such as 12-3456789"),
        # NUCC codes end with X; older ones, which claims still carry, do not.
        ("taxonomy", r"[0-9A-Z]{10}", "a taxonomy code", "ten characters, such as 207L00000X"),
        ("revenue", r"\d{4}", "a revenue code", "four digits, such as 0636"),
    )
}
_ICD10CM = re.compile(r"[A-Z]\d[0-9A-Z]{1,5}\Z", re.ASCII)
_HYPHENED_TIN = re.compile(r"\d{2}-\d{7}\Z", re.ASCII)
_TEN_DIGITS = re.compile(r"\d{10}\Z", re.ASCII)
_NDC_PARTS: Final = {(4, 4, 2), (5, 3, 2), (5, 4, 1), (5, 4, 2)}


def normalize_code(system: str | None, text: str) -> str:
    """The one spelling of a code; a text that is no such code comes back trimmed, in capitals.

    >>> normalize_code("icd10cm", " g35a ")
    'G35.A'
    >>> normalize_code("ndc", "66794-157-02")
    '66794015702'
    """
    if system is None or system == "identifier":
        return text.strip()
    code = text.strip()
    if code.isascii():  # capitals of other letters could be plain ones: "ß" is "SS"
        code = code.upper()
    if system == "icd10cm":
        bare = "".join(code.replace(".", "").split())
        if _ICD10CM.match(bare):
            return bare if len(bare) == 3 else f"{bare[:3]}.{bare[3:]}"
        return code
    if system == "ndc":
        return _ndc11(code) or code
    if system == "tin" and _HYPHENED_TIN.match(code):
        return code.replace("-", "")
    if system == "place_of_service" and code.isdigit():
        return code.zfill(2)
    if system == "revenue" and len(code) == 3 and code.isdigit():
        return code.zfill(4)  # a spreadsheet drops the leading zero
    return code


def malformed(system: str | None, text: str) -> tuple[str, str | None] | None:
    """What is wrong with a text that is no code of its system, and what to type; None: it is one."""
    shape = SHAPES.get(system or "")
    if shape is None or shape.pattern.fullmatch(normalize_code(system, text)):
        return None
    expected = f"{shape.name} was expected ({shape.looks})"
    family = family_of(system, text)
    if family is not None:
        return expected, f"{family} stands for all codes below it: write one of them in full"
    if system == "icd10cm" and text.rstrip().endswith("-"):
        return expected, "for a family of codes, write three to six characters, such as A12.3-"
    hint = None
    # What copies out of documents bring: full-width letters, hyphens, invisible characters.
    folded = unicodedata.normalize("NFKC", text)
    plain = normalize_code(system, "".join(c for c in folded if c.isascii() and c.isalnum()))
    if shape.pattern.fullmatch(plain):
        hint = f"write {plain}"
    elif is_ambiguous_ndc(system, text):
        hint = "write it with its hyphens: ten digits without them could be three different NDCs"
    strange = next(
        (c for c in text if not (c.isascii() and c.isprintable()) and not c.isspace()), None
    )
    if strange is not None:
        found = f"it has a character that is in no code (U+{ord(strange):04X})"
        hint = f"{found}; {hint}" if hint else found
    return expected, hint


# --- families of codes -----------------------------------------------------------------------------

_HEAD: Final = re.compile(r"[A-Z]\d[0-9A-Z]{1,4}", re.ASCII)
"""The characters of ICD-10-CM codes that families are named by: at least three, and one is left."""
_LONGEST: Final = 7
"""Number of characters of the longest ICD-10-CM codes."""
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def family_of(system: str | None, text: str) -> str | None:
    """The one spelling of a family of codes, such as `G43.7-`: every code below it; None: it is none.

    >>> family_of("icd10cm", "k50-")
    'K50.-'
    """
    if system != "icd10cm" or not text.isascii():
        return None
    head, dash, rest = text.strip().upper().partition("-")
    bare = "".join(head.replace(".", "").split())
    if not dash or rest or not _HEAD.fullmatch(bare):
        return None
    return f"{bare[:3]}.{bare[3:]}-"


def category(code: str, since: date | None) -> tuple[str, str]:
    """That a code is a category where one is meant that a claim can carry, and what to type.

    Args:
        code: An ICD-10-CM code.
        since: The first day on which it is a category; None: it always is.
    """
    when = "" if since is None else f" from {since}"
    message = f"{code} is a category{when}, which no claim can carry"
    return message, f"write {code}{'' if '.' in code else '.'}- for all codes below it"


def families_above(code: str) -> Iterator[str]:
    """Every family that a code is in, the narrowest first."""
    return (f"{code[:end]}-" for end in range(len(code) - 1, 3, -1))


class CodeFamilies(frozenset[str]):
    """Codes, and families that stand for every code below them: a test of membership, no list of all.

    What is below a family is in it, a code or a narrower family; the code that it is named by is not.
    """

    @cached_property
    def _heads(self) -> tuple[str, ...]:
        return tuple(sorted(text[:-1] for text in self if text[-1:] == "-"))

    def __contains__(self, code: object) -> bool:
        return super().__contains__(code) or (
            isinstance(code, str) and code[:-1].startswith(self._heads)
        )

    def isdisjoint(self, other: Iterable[object]) -> bool:
        return not any(code in self for code in other)

    def __le__(self, other: AbstractSet[object]) -> bool:
        """Whether another set has every code, and a code of every family."""
        return all(
            not CodeFamilies({text}).isdisjoint(other) if text[-1:] == "-" else text in other
            for text in self
        )


def codes_of(system: str | None, texts: Iterable[str]) -> frozenset[str]:
    """A set of codes of a system, in their one spelling; families among them stand for their codes."""
    made = frozenset(texts)
    return CodeFamilies(made) if any(family_of(system, text) for text in made) else made


def families_in(codes: object) -> frozenset[str]:
    """The families in a set of codes."""
    if not isinstance(codes, CodeFamilies):
        return frozenset()
    return frozenset(text for text in codes if text.endswith("-"))


def code_below(family: str, number: int, families: Collection[str] = ()) -> str | None:
    """A text with the shape of a code below a family that is in none of its narrower families.

    Another number, another text, as far as there are so many; None: there is none.
    """
    head = family[:-1]
    width = _LONGEST - len(head.replace(".", ""))
    narrower = CodeFamilies(one for one in families if one[:-1] != head and one.startswith(head))
    many = len(_DIGITS) ** width
    for more in range(many):
        left, tail = many - 1 - (number + more) % many, ""
        for _ in range(width):
            left, digit = divmod(left, len(_DIGITS))
            tail = _DIGITS[digit] + tail
        if head + tail not in narrower:
            return head + tail
    return None


def is_ambiguous_ndc(system: str | None, text: str) -> bool:
    """Whether a text is the ten digits of an NDC without hyphens: a zero is missing in one of three
    places, and it is not known which."""
    return system == "ndc" and _TEN_DIGITS.match("".join(_without_n4(text).split())) is not None


def remark_on_ndc(text: str) -> tuple[str, str, str] | None:
    """What to remark of an NDC that is read, but not as it stands: a code, a sentence, a hint."""
    if is_ambiguous_ndc("ndc", text):
        message = f'"{text.strip()}": ten digits without hyphens could be three different NDCs, so '
        return "ambiguous-code", f"{message}the product is not known", "write it with its hyphens"
    if text.strip().upper().startswith("N4") and malformed("ndc", text) is None:
        message = f'"{text.strip()}": the qualifier N4 is before the NDC; it was removed'
        return "glued-qualifier", message, "write the NDC alone"
    return None


NDC_QUANTITY_UNITS: Final[Mapping[str, Any]] = MappingProxyType(
    {"ML": "volume", "UN": "container", "ME": 1_000, "GR": 1_000_000, "F2": "international units"}
)
"""The units of an NDC quantity (X12 CTP05-1): milliliters, containers, milligrams, grams, international
units. What one of them is: of the product, of the activity of the drug, or so many mcg of it."""


def remark_on_ndc_unit(text: str | None) -> tuple[str, str, str] | None:
    """What to remark of the unit of an NDC quantity (None: there is none): a code, a sentence, a hint."""
    hint = f"one of {', '.join(NDC_QUANTITY_UNITS)} was expected"
    if text is None:
        return (
            "not-read",
            "the NDC quantity has no unit, so it is not compared with the units",
            hint,
        )
    if text.strip().upper() in NDC_QUANTITY_UNITS:
        return None
    message = (
        f'"{text.strip()}" is no unit of an NDC quantity, so it is not compared with the units'
    )
    return "not-read", message, hint


_STAND_INS: Final = {
    "hcpcs": ("Y", 4),
    "icd10cm": ("Y99.", 4),
    "ndc": ("9", 10),
    "modifier": ("", 2),
    "place_of_service": ("", 2),
    "npi": ("9", 9),
    "tin": ("9", 8),
    "taxonomy": ("9", 9),
    "revenue": ("9", 3),
}


def stand_in(system: str | None, number: int) -> str:
    """A text with the shape of a code of the system; another number, another text (as far as the
    system has so many). Whether there is such a code is not known."""
    if system not in _STAND_INS:
        return f"OTHER{number}"
    start, digits = _STAND_INS[system]
    return f"{start}{(10**digits - 1 - number) % 10**digits:0{digits}d}"


def of_another_system(code: str) -> bool:
    """Whether a procedure code says itself that it is none: `system|code`, or no code at all.

    The part before the bar is no procedure code: `A1234|JZ` is one, with a wrong separator.
    """
    system, bar, _ = code.partition("|")
    return code == NO_CODE or (bool(bar) and malformed("hcpcs", system) is not None)


def _without_n4(text: str) -> str:
    """An NDC without the qualifier N4, which a paper form has before it."""
    return text.strip().upper().removeprefix("N4").strip()


def _ndc11(code: str) -> str | None:
    """The 11-digit billing form: each part padded with zeros to 5-4-2."""
    code = _without_n4(code)
    parts = code.split("-")
    if len(parts) == 3 and code.isascii() and all(part.isdigit() for part in parts):
        # Labels sometimes print a package part of one digit with a 4-digit product part; padding
        # to the widths is right for each published layout.
        if tuple(len(part) for part in parts) in _NDC_PARTS:
            return parts[0].zfill(5) + parts[1].zfill(4) + parts[2].zfill(2)
        return None
    bare = "".join(code.split())
    return bare if len(bare) == 11 and bare.isascii() and bare.isdigit() else None
