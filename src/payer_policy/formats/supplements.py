"""The facts file: what no claim form carries, by claim number.

`{"<claim>": {"facts": {…}, "records": {…}, "lines": {"<line number>": {"facts": {…}, "records": {…}}},
"authorizations": […], "history": […], "other_payers": […], "eligibility": […], "coverage": {…},
"provider": {…}}}`, every key optional. It fills in what a claim left out; it never overrules one.

`"<claim>"` is a claim number, and where several claims of a file share one: `"<claim number> @<NPI>"`
for the one of a billing provider, `"<claim number> #<n>"` for the n-th claim of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, did_you_mean
from payer_policy.core.json_models import validated
from payer_policy.core.json_source import MAX_ELEMENTS, JsonDocument, JsonPath, decode_utf8
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.intake import Intake, Locator
from payer_policy.formats.json.places import Piece, Places
from payer_policy.formats.json.split import members_of
from payer_policy.request.checking import inconsistencies
from payer_policy.request.given import line_numbers
from payer_policy.request.models import (
    MAX_PAYERS,
    Authorization,
    Coverage,
    EligibilitySpan,
    History,
    Line,
    OtherPayer,
    PriorLine,
    Provider,
    Request,
)

_MAX_HINTS = 20
_MAX_LISTED = 10
_ADDRESS: Final = re.compile(
    r"(?P<number>.*\S)\s+(?:#(?P<position>[1-9][0-9]*)|@(?P<npi>[0-9]{10}))"
)


_ONE_KEY: Final = "put all its facts under one key"


class _LineEntry(BaseModel, title="a line in the facts file"):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    facts: dict[str, Any] = Field(default_factory=dict)
    records: dict[str, Any] = Field(default_factory=dict)


class _Entry(_LineEntry, title="an entry of the facts file"):
    lines: dict[str, _LineEntry] = Field(default_factory=dict)
    authorizations: tuple[Authorization, ...] | None = Field(
        default=None, max_length=1000, strict=False
    )
    history: (
        Annotated[tuple[PriorLine, ...], Field(max_length=MAX_ELEMENTS, strict=False)]
        | History
        | None
    ) = None
    other_payers: tuple[OtherPayer, ...] | None = Field(
        default=None, max_length=MAX_PAYERS, strict=False
    )
    eligibility: tuple[EligibilitySpan, ...] | None = Field(
        default=None, max_length=1000, strict=False
    )
    coverage: Coverage = Coverage()
    provider: Provider = Provider()


@dataclass(frozen=True, slots=True)
class Bearer:
    """A claim with a number, and what decides which entry of the facts file is about it."""

    number: str | None
    place: Location
    position: int
    """Its position among the claims of its file, from 1."""
    npi: str | None = None
    """Its billing provider; None: not known."""
    frequency: str | None = None
    """None: not known."""

    @classmethod
    def of(cls, intake: Intake, position: int) -> Bearer:
        """The claim of an intake."""
        npi = None if intake.request is None else intake.request.provider.billing_npi
        return cls(intake.claim_id, intake.place, position, npi, intake.frequency)


@dataclass(frozen=True, slots=True)
class Supplement:
    """One entry of the facts file."""

    key: str
    """As it is written: a claim number, or one with a position or a billing provider."""
    place: Location
    entry: _Entry
    """What it says."""
    _document: JsonDocument = field(repr=False, compare=False)
    _piece: Piece = field(repr=False, compare=False)

    @property
    def address(self) -> re.Match[str] | None:
        """The claim number with its position or billing provider; None: it is a number alone."""
        return _ADDRESS.fullmatch(self.key)

    def addresses(self, claim: Bearer) -> bool:
        """Whether this names a claim by its position or its billing provider."""
        address = self.address
        if address is None or address["number"] != claim.number:
            return False
        if address["npi"] is not None:
            return claim.npi == address["npi"]
        return int(address["position"]) == claim.position

    def locator(self, request: Request) -> Locator:
        """Where a part of the request is written, if it is written here."""
        numbers = [str(number) for number in line_numbers(request)]

        def locate(path: JsonPath) -> Location | None:
            if path[0] == "lines" and len(path) > 1:
                path = ("lines", numbers[int(path[1])], *path[2:])
            return self._piece.locate(path)

        return locate

    def problem(self, code: str, message: str, path: JsonPath, hint: str | None) -> Diagnostic:
        """A diagnostic at a part of this entry of the facts file."""
        found = self._document.problem(code, f"claim {self.key}: {message}", path, hint=hint)
        return self._piece.moved(found)


def read_supplements(data: bytes, file: str) -> dict[str, Supplement]:
    """Read a facts file.

    Args:
        data: The file.
        file: Its name, for messages.

    Raises:
        PolicyError: with every problem. A facts file is taken whole or not at all, since a claim
            decided without its facts would be decided on less than was given.
    """
    text = decode_utf8(data, file)
    places = Places(text, file)
    start = text[: len(text) - len(text.lstrip(" \t\r\n\ufeff"))]
    if not text.startswith("{", len(start)):
        what = "the file is empty" if len(start) == len(text) else "this is not a JSON object"
        where = places.location(len(start), len(start) + 1)
        message = f'{what}; an object such as {{"<claim number>": {{"facts": {{…}}}}}} was expected'
        raise PolicyError([Diagnostic("wrong-type", message, where)])
    out: dict[str, Supplement] = {}
    found: list[Diagnostic] = []
    seen: dict[str, Location] = {}
    for member in members_of(places):
        if isinstance(member, Diagnostic):
            found.append(member)
            continue
        name, key, piece = member
        claim_id, where = name.strip(), key.location()
        if name == "$schema":
            continue
        if not claim_id:
            found.append(Diagnostic("wrong-value", "found an empty claim number", where))
        elif claim_id in seen:
            message = f"claim {claim_id} is given twice; the first is at {seen[claim_id]}"
            found.append(Diagnostic("duplicate-key", message, where, _ONE_KEY))
        else:
            seen[claim_id] = where
            try:
                out[claim_id] = _read_entry(claim_id, where, piece)
            except PolicyError as error:
                about = f"claim {claim_id}: "
                found += [replace(d, message=about + d.message) for d in error.diagnostics]
    if found:
        raise PolicyError(found)
    return out


def _read_entry(claim_id: str, where: Location, piece: Piece) -> Supplement:
    document = piece.read()
    entry, problems = validated(_Entry, document)
    if entry is None:
        raise PolicyError([piece.moved(problem) for problem in problems])
    return Supplement(claim_id, where, entry, document, piece)


def apply_supplement(request: Request, supplement: Supplement) -> Request:
    """The request with the supplement's values where it had none.

    Raises:
        PolicyError: the two say different things; every difference is a `contradicts-claim`.
    """
    entry, found = supplement.entry, list[Diagnostic]()

    def differ(path: JsonPath, what: str, ours: object, theirs: object) -> None:
        message = f"{what}: the claim says {shown(ours)}; the facts file says {shown(theirs)}"
        if isinstance(ours, (list, tuple)):
            message = f"{what}: the claim gives them too, and not the same ones"
        hint = "correct the one that is wrong; the facts file only adds what the claim left out"
        found.append(supplement.problem("contradicts-claim", message, path, hint))

    changed: dict[str, Any] = {}
    for part in ("coverage", "provider"):
        ours, theirs = getattr(request, part), getattr(entry, part)
        update = {}
        for name in type(ours).model_fields:
            old, new = getattr(ours, name), getattr(theirs, name)
            if new is not None and old is None:
                update[name] = new
            elif new is not None and old != new:
                differ((part, name), f"{part}.{name}", old, new)
        changed[part] = ours.model_copy(update=update)

    def added(ours: Request | Line, theirs: _LineEntry, at: JsonPath) -> dict[str, Any]:
        about = f"line {at[1]}: " if at else ""
        made: dict[str, Any] = {}
        for part, noun in (("facts", "the fact"), ("records", "the records")):
            made[part] = dict(getattr(ours, part))
            for name, new in getattr(theirs, part).items():
                old = made[part].get(name)
                if new is not None and old is None:
                    made[part][name] = new
                elif new is not None and not _same(old, new):
                    differ((*at, part, name), f"{about}{noun} `{name}`", old, new)
        return made

    changed |= added(request, entry, ())
    numbers = [str(number) for number in line_numbers(request)]
    found += [_no_such_line(supplement, one, numbers) for one in entry.lines if one not in numbers]
    changed["lines"] = tuple(
        line
        if (theirs := entry.lines.get(number)) is None
        else line.model_copy(update=added(line, theirs, ("lines", number)))
        for number, line in zip(numbers, request.lines, strict=True)
    )
    for part in ("authorizations", "history", "other_payers", "eligibility"):
        old, new = getattr(request, part), getattr(entry, part)
        if new is not None and old is not None and old != new:
            differ((part,), f"`{part}`", old, new)
        changed[part] = new if old is None else old
    merged = request.model_copy(update=changed)
    for slip in inconsistencies(merged):
        found.append(supplement.problem(slip.code, slip.message, slip.path, slip.hint))
    if found:
        raise PolicyError(found)
    return merged


def _no_such_line(supplement: Supplement, number: str, numbers: Sequence[str]) -> Diagnostic:
    listed = ", ".join(numbers[:_MAX_LISTED]) + (", …" if len(numbers) > _MAX_LISTED else "")
    has = f"its lines are {listed}" if numbers else "it has no lines"
    message = f"the claim has no line {shown(number)}; {has}"
    hint = did_you_mean(number, numbers) or "correct the line number"
    return supplement.problem("unknown-line", message, ("lines", number), hint)


def numbers_in(supplements: Mapping[str, Supplement]) -> frozenset[str]:
    """The claim numbers that entries of a facts file could be about."""
    addressed = (entry.address for entry in supplements.values())
    return frozenset([*supplements, *(found["number"] for found in addressed if found)])


def attributed(
    supplements: Mapping[str, Supplement], claims: Sequence[Bearer]
) -> list[Supplement | Diagnostic | None]:
    """For each claim the entry about it; or why that is not known; or None: there is no entry.

    An entry that addresses a claim is about it alone; an entry of its number is about every other
    claim of that number. Where there are several, frequencies distinguish a claim from its
    correction; only an address distinguishes the claims of two practices.

    Args:
        supplements: The facts file.
        claims: All claims with a number of it.
    """
    all_entries = _Entries(supplements)
    entries = [all_entries.about(claim) for claim in claims]
    bearers: dict[str, list[Bearer]] = {}
    for claim, found in zip(claims, entries, strict=True):
        for entry in found:
            bearers.setdefault(entry.key, []).append(claim)
    crowds = {key: _Crowd(those) for key, those in bearers.items()}
    out: list[Supplement | Diagnostic | None] = []
    for claim, found in zip(claims, entries, strict=True):
        if len(found) > 1:
            out.append(_said_twice(claim, found))
        elif not found:
            out.append(None)
        else:
            rival = crowds[found[0].key].rival_of(claim)
            out.append(found[0] if rival is None else _ambiguous(claim, rival, found[0]))
    return out


class _Entries:
    """The entries of a facts file, to be asked for those about a claim."""

    def __init__(self, supplements: Mapping[str, Supplement]) -> None:
        self._by_number = supplements
        self._addressed: dict[str, list[Supplement]] = {}
        for entry in supplements.values():
            if address := entry.address:
                self._addressed.setdefault(address["number"], []).append(entry)

    def about(self, claim: Bearer) -> list[Supplement]:
        """The entries that address a claim; without any, that of its number."""
        if claim.number is None:
            return []
        addressed = self._addressed.get(claim.number, ())
        found = [entry for entry in addressed if entry.addresses(claim)]
        by_number = self._by_number.get(claim.number)
        return found or ([] if by_number is None else [by_number])


class _Crowd:
    """The claims that one entry could be about. It answers in the same time however many they are."""

    def __init__(self, claims: Sequence[Bearer]) -> None:
        self._first_two: dict[str | None, list[Bearer]] = {}
        """By frequency; more than two need not be known."""
        self._by_npi: dict[str, Bearer] = {}
        for claim in claims:
            same = self._first_two.setdefault(claim.frequency, [])
            if len(same) < 2:
                same.append(claim)
            if claim.npi is not None and len(self._by_npi) < 2:
                self._by_npi.setdefault(claim.npi, claim)

    def rival_of(self, claim: Bearer) -> Bearer | None:
        """Another claim that the entry could be meant for instead of this one; None: there is none.

        A frequency that is not known could be any.
        """
        unknown = claim.frequency is None
        frequencies = list(self._first_two) if unknown else [claim.frequency, None]
        same = [one for each in frequencies for one in self._first_two.get(each, ())]
        others = [one for npi, one in self._by_npi.items() if claim.npi not in (None, npi)]
        return next((one for one in (*same, *others) if one is not claim), None)


def supplemented(intakes: Iterable[Intake], supplements: Mapping[str, Supplement]) -> list[Intake]:
    """The same claims with their facts.

    A claim is refused that its facts contradict, and each of several claims that an entry could be
    about (`attributed`).
    """
    given = list(intakes)
    claims = [at for at, intake in enumerate(given) if intake.is_claim]
    bearers = [Bearer.of(given[at], position) for position, at in enumerate(claims, 1)]
    for at, found in zip(claims, attributed(supplements, bearers), strict=True):
        intake = given[at]
        if found is None or intake.request is None:
            continue
        try:
            if isinstance(found, Diagnostic):
                raise PolicyError([found])
            merged = apply_supplement(intake.request, found)
            where = (*intake.locators, found.locator(merged))
            given[at] = replace(intake, request=merged, locators=where)
        except PolicyError as error:
            said = (*intake.diagnostics, *error.diagnostics)
            given[at] = replace(intake, request=None, diagnostics=said)
    return given


def _ambiguous(claim: Bearer, other: Bearer, entry: Supplement) -> Diagnostic:
    place = other.place
    at = f"{place.path} of {place.file}" if place.start is None else str(place)
    which = f"this claim or about the one at {at}"
    message = f"claim {claim.number}: the facts under {shown(entry.key)} could be about {which}"
    keys = []
    if claim.npi is not None and claim.npi != other.npi:
        keys.append(f'"{claim.number} @{claim.npi}"')
    if claim.position != other.position:
        keys.append(f'"{claim.number} #{claim.position}"')
    hint = f"give its facts under {' or '.join(keys)}"
    if not keys:
        hint = "decide each of the two files by itself, with the facts of its own claims"
    return Diagnostic("ambiguous-facts", message, claim.place, hint)


def _said_twice(claim: Bearer, found: Sequence[Supplement]) -> Diagnostic:
    keys = " and ".join(shown(entry.key) for entry in found)
    message = f"claim {claim.number}: facts about it are given twice, under {keys}"
    return Diagnostic("duplicate-key", message, found[1].place, _ONE_KEY)


def unmatched(supplements: Mapping[str, Supplement], intakes: Iterable[Intake]) -> list[Diagnostic]:
    """A warning for every entry of the facts file that is about no claim."""
    claims = [intake for intake in intakes if intake.is_claim]
    known = {intake.claim_id for intake in claims if intake.claim_id}
    entries = _Entries(supplements)
    used = {
        entry.key
        for position, intake in enumerate(claims, 1)
        for entry in entries.about(Bearer.of(intake, position))
    }
    out: list[Diagnostic] = []
    for key, supplement in supplements.items():
        if key in used:
            continue
        number, others, address = key, known, supplement.address
        which = f"no claim that was read has the number {key}"
        if key in known:
            which, others = f"each claim of the number {key} has an entry of its own", set()
        elif address is not None:
            number, npi = address["number"], address["npi"]
            others = known - {number}
            said = f"is number {address['position']} of the file"
            said = f"is billed by {npi}" if npi is not None else said
            which = f"no claim that was read has the number {number} and {said}"
        hint = did_you_mean(number, others) if len(out) < _MAX_HINTS else None
        message = f"{which}; these facts were not used"
        out.append(Diagnostic("unmatched-facts", message, supplement.place, hint, "warning"))
    return out


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)
