"""The facts file: what no claim form carries, by claim number.

`{"<claim>": {"facts": {…}, "lines": {"<line number>": {"facts": {…}}}, "authorizations": […],
"history": […], "coverage": {…}, "provider": {…}}}`, every key optional. It fills in what a claim left
out; it never overrules one.

`"<claim>"` is a claim number, and where several claims of a file share one: `"<claim number> @<NPI>"`
for the one of a billing provider, `"<claim number> #<n>"` for the n-th claim of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, did_you_mean
from payer_policy.core.json_models import validated
from payer_policy.core.json_source import JsonDocument, JsonPath, decode_utf8
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.intake import Intake, Locator
from payer_policy.formats.json.places import Piece, Places
from payer_policy.formats.json.split import members_of
from payer_policy.request.checking import inconsistencies
from payer_policy.request.given import line_numbers
from payer_policy.request.models import Authorization, Coverage, PriorLine, Provider, Request

_MAX_HINTS = 20
_MAX_LISTED = 10
_ADDRESS: Final = re.compile(
    r"(?P<number>.*\S)\s+(?:#(?P<position>[1-9][0-9]*)|@(?P<npi>[0-9]{10}))"
)


class _LineEntry(BaseModel, title="a line in the facts file"):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    facts: dict[str, Any] = Field(default_factory=dict)


class _Entry(BaseModel, title="an entry of the facts file"):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    facts: dict[str, Any] = Field(default_factory=dict)
    lines: dict[str, _LineEntry] = Field(default_factory=dict)
    authorizations: tuple[Authorization, ...] | None = Field(
        default=None, max_length=1000, strict=False
    )
    history: tuple[PriorLine, ...] | None = Field(default=None, max_length=10000, strict=False)
    coverage: Coverage = Coverage()
    provider: Provider = Provider()


@dataclass(frozen=True, slots=True)
class Bearer:
    """A claim that bears a number, as far as it turns on it whose facts are whose."""

    number: str | None
    place: Location
    position: int
    """Which claim of its file it is, from 1."""
    npi: str | None = None
    """Its billing provider; None: not known."""
    frequency: str | None = None
    """None: not known."""

    @classmethod
    def of(cls, intake: Intake, position: int) -> Bearer:
        """The bearer that a claim is."""
        npi = None if intake.request is None else intake.request.provider.billing_npi
        return cls(intake.claim_id, intake.place, position, npi, intake.frequency)


@dataclass(frozen=True, slots=True)
class Supplement:
    """What the facts file says about one claim number, and where it says so."""

    key: str
    """As it is written: a claim number, or one with a position or a billing provider."""
    place: Location
    facts: Mapping[str, Any]
    lines: Mapping[str, Mapping[str, Any]]
    """Facts by the number of the line, as it is written."""
    authorizations: tuple[Authorization, ...] | None
    history: tuple[PriorLine, ...] | None
    coverage: Coverage
    provider: Provider
    _document: JsonDocument = field(repr=False, compare=False)
    _piece: Piece = field(repr=False, compare=False)

    def addresses(self, claim: Bearer) -> bool:
        """Whether this is said of a claim by its position or its billing provider."""
        address = _ADDRESS.fullmatch(self.key)
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
        claim_id = name.strip()
        if name == "$schema":
            continue
        if claim_id in seen or not claim_id:
            found.append(_bad_number(claim_id, key.location(), seen.get(claim_id)))
            continue
        seen[claim_id] = key.location()
        about = f"claim {claim_id}: "
        try:
            document = piece.read()
        except PolicyError as error:
            found.extend(replace(d, message=f"{about}{d.message}") for d in error.diagnostics)
            continue
        entry, problems = validated(_Entry, document)
        found.extend(piece.moved(replace(d, message=f"{about}{d.message}")) for d in problems)
        if entry is not None:
            lines = {number: line.facts for number, line in entry.lines.items()}
            parts = (entry.facts, lines, entry.authorizations, entry.history)
            out[claim_id] = Supplement(
                claim_id, seen[claim_id], *parts, entry.coverage, entry.provider, document, piece
            )
    if found:
        raise PolicyError(found)
    return out


def _bad_number(claim_id: str, where: Location, first: Location | None) -> Diagnostic:
    if first is None:
        return Diagnostic("wrong-value", "found an empty claim number", where)
    message = f"claim {claim_id} is given twice; the first is at {first}"
    return Diagnostic("duplicate-key", message, where, "put all its facts under one key")


def apply_supplement(request: Request, supplement: Supplement) -> Request:
    """The request with the supplement's values where it had none.

    Raises:
        PolicyError: the two say different things; every difference is a `contradicts-claim`.
    """
    found: list[Diagnostic] = []

    def differ(path: JsonPath, what: str, ours: object, theirs: object) -> None:
        message = f"{what}: the claim says {shown(ours)}; the facts file says {shown(theirs)}"
        if isinstance(ours, (list, tuple)):
            message = f"{what}: the claim gives them too, and not the same ones"
        hint = "correct the one that is wrong; the facts file only adds what the claim left out"
        found.append(supplement.problem("contradicts-claim", message, path, hint))

    changed: dict[str, Any] = {}
    for part in ("coverage", "provider"):
        ours, theirs = getattr(request, part), getattr(supplement, part)
        update = {}
        for name in type(ours).model_fields:
            old, new = getattr(ours, name), getattr(theirs, name)
            if new is not None and old is None:
                update[name] = new
            elif new is not None and old != new:
                differ((part, name), f"{part}.{name}", old, new)
        changed[part] = ours.model_copy(update=update)

    def added(ours: Mapping[str, Any], theirs: Mapping[str, Any], at: JsonPath) -> dict[str, Any]:
        facts = dict(ours)
        about = f"line {at[1]}: " if at else ""
        for name, new in theirs.items():
            if new is not None and facts.get(name) is None:
                facts[name] = new
            elif new is not None and not _same(facts[name], new):
                differ((*at, "facts", name), f"{about}the fact `{name}`", facts[name], new)
        return facts

    changed["facts"] = added(request.facts, supplement.facts, ())
    if supplement.lines:
        numbers = [str(number) for number in line_numbers(request)]
        for number in supplement.lines:
            if number not in numbers:
                found.append(_no_such_line(supplement, number, numbers))
        changed["lines"] = tuple(
            line
            if (theirs := supplement.lines.get(number)) is None
            else line.model_copy(update={"facts": added(line.facts, theirs, ("lines", number))})
            for number, line in zip(numbers, request.lines, strict=True)
        )
    for part in ("authorizations", "history"):
        old, new = getattr(request, part), getattr(supplement, part)
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
    addressed = (_ADDRESS.fullmatch(key) for key in supplements)
    return frozenset([*supplements, *(found["number"] for found in addressed if found)])


def attributed(
    supplements: Mapping[str, Supplement], claims: Sequence[Bearer]
) -> list[Supplement | Diagnostic | None]:
    """Of each claim the entry that is about it; or why that is not known; or None, without any.

    An entry that addresses a claim is about it alone; one of its number is about every other claim
    of that number. Where those are several, their frequencies tell apart a claim from its
    correction, and nothing but an address one practice's claim from another's.

    Args:
        supplements: The facts file.
        claims: All claims that bear a number of it.
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
            if address := _ADDRESS.fullmatch(entry.key):
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
        """Another claim that the entry could be meant for, and for this one not; None: there is none.

        A frequency that is not known could be any.
        """
        alike = (
            [one for those in self._first_two.values() for one in those]
            if claim.frequency is None
            else [*self._first_two.get(claim.frequency, ()), *self._first_two.get(None, ())]
        )
        others = [one for npi, one in self._by_npi.items() if claim.npi not in (None, npi)]
        return next((one for one in (*alike, *others) if one is not claim), None)


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
    message = (
        f"claim {claim.number}: the facts given under {shown(entry.key)} could be about this "
        f"claim or about the one at {_where(other.place)}"
    )
    keys = []
    if claim.npi is not None and claim.npi != other.npi:
        keys.append(f'"{claim.number} @{claim.npi}"')
    if claim.position != other.position:
        keys.append(f'"{claim.number} #{claim.position}"')
    hint = f"give its facts under {' or '.join(keys)}"
    if not keys:
        hint = "decide each of the two files by itself, with the facts of its own claims"
    return Diagnostic("ambiguous-facts", message, claim.place, hint)


def _where(place: Location) -> str:
    return f"{place.path} of {place.file}" if place.start is None else str(place)


def _said_twice(claim: Bearer, found: Sequence[Supplement]) -> Diagnostic:
    keys = " and ".join(shown(entry.key) for entry in found)
    message = f"claim {claim.number}: facts about it are given twice, under {keys}"
    return Diagnostic("duplicate-key", message, found[1].place, "put all its facts under one key")


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
        if key not in used:
            hint = did_you_mean(key, known) if len(out) < _MAX_HINTS else None
            message = f"no claim that was read has the number {key}; its facts were not used"
            address = _ADDRESS.fullmatch(key)
            if key in known:
                message = (
                    f"each claim of the number {key} has facts of its own; these were not used"
                )
                hint = None
            elif address is not None:
                which = f"is number {address['position']} of the file"
                if address["npi"] is not None:
                    which = f"is billed by {address['npi']}"
                message = (
                    f"no claim that was read has the number {address['number']} and {which}; "
                    "its facts were not used"
                )
                hint = did_you_mean(address["number"], known - {address["number"]})
            out.append(
                Diagnostic("unmatched-facts", message, supplement.place, hint, severity="warning")
            )
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
