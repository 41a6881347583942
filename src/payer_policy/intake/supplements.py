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

from payer_policy.diagnostics import Diagnostic, Location, PolicyError, did_you_mean
from payer_policy.intake.json_split import members_of
from payer_policy.intake.model import Intake, Locator, inconsistencies
from payer_policy.intake.places import Piece, Places
from payer_policy.json_models import validated
from payer_policy.json_source import JsonDocument, JsonPath, decode_utf8
from payer_policy.request.given import line_numbers
from payer_policy.request.models import NAMES, Authorization, Coverage, PriorLine, Provider, Request
from payer_policy.vocabulary.types import shown

_MAX_HINTS = 20
_MAX_LISTED = 10
_ADDRESS: Final = re.compile(
    r"(?P<number>.*\S)\s+(?:#(?P<position>[1-9][0-9]*)|@(?P<npi>[0-9]{10}))"
)


class _LineEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    facts: dict[str, Any] = Field(default_factory=dict)


class _Entry(BaseModel):
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

    def is_about(self, intake: Intake, position: int | None) -> bool:
        """Whether this is said of a claim, or of all claims of its number.

        Args:
            intake: The claim as it was read.
            position: Which claim of the file it is, from 1; None where nobody counts.
        """
        if self.key == intake.claim_id:
            return True
        address = _ADDRESS.fullmatch(self.key)
        if address is None or address["number"] != intake.claim_id:
            return False
        if address["npi"] is not None:
            return _npi_of(intake) == address["npi"]
        return position is not None and int(address["position"]) == position

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


def read_supplements(data: bytes, file: str, *, counted: bool = True) -> dict[str, Supplement]:
    """Read a facts file.

    Args:
        data: The file.
        file: Its name, for messages.
        counted: Whether claims are counted, so that an entry can address one by its position.

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
        address = _ADDRESS.fullmatch(claim_id)
        if not counted and address is not None and address["position"] is not None:
            found.append(_not_counted(claim_id, address["number"], key.location()))
            continue
        about = f"claim {claim_id}: "
        try:
            document = piece.read()
        except PolicyError as error:
            found.extend(replace(d, message=f"{about}{d.message}") for d in error.diagnostics)
            continue
        entry, problems = validated(
            _Entry,
            document,
            names={
                **NAMES,
                _Entry: "an entry of the facts file",
                _LineEntry: "a line in the facts file",
            },
        )
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


def _not_counted(key: str, number: str, where: Location) -> Diagnostic:
    message = f"{shown(key)} addresses a claim by its position; claims are not counted here"
    hint = f'address it by its billing provider, as "{number} @<NPI>", or decide the file by itself'
    return Diagnostic("wrong-value", message, where, hint)


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


class Supplements:
    """A facts file, asked claim by claim for what it says."""

    def __init__(self, entries: Mapping[str, Supplement]) -> None:
        self._entries = entries
        self._addressed: dict[str, list[Supplement]] = {}
        for entry in entries.values():
            if address := _ADDRESS.fullmatch(entry.key):
                self._addressed.setdefault(address["number"], []).append(entry)

    def about(self, intake: Intake, position: int | None = None) -> list[Supplement]:
        """The entries about a claim: those that address it; without any, that of its number."""
        if not intake.claim_id:
            return []
        named = self._addressed.get(intake.claim_id, ())
        found = [entry for entry in named if entry.is_about(intake, position)]
        by_number = self._entries.get(intake.claim_id)
        return found or ([] if by_number is None else [by_number])


def supplemented(intakes: Iterable[Intake], supplements: Mapping[str, Supplement]) -> list[Intake]:
    """The same claims with their facts.

    A claim is refused that its facts contradict, and each of several claims that an entry could be
    about: of those that share a number, a frequency tells apart a claim from its correction, and
    nothing but an address one practice's claim from another's.
    """
    given = list(intakes)
    entries = Supplements(supplements)
    claims = [at for at, intake in enumerate(given) if not intake.is_note]
    position = {at: number for number, at in enumerate(claims, 1)}
    about = {at: entries.about(given[at], position[at]) for at in claims}
    holders: dict[str, list[int]] = {}
    for at, found in about.items():
        for entry in found:
            holders.setdefault(entry.key, []).append(at)
    out = []
    for at, intake in enumerate(given):
        found = about.get(at, [])
        if not found or intake.request is None:
            out.append(intake)
            continue
        supplement = found[0]
        rivals = [o for o in holders[supplement.key] if o != at and _mixed_up(intake, given[o])]
        try:
            if len(found) > 1:
                raise PolicyError([_said_twice(intake, found)])
            if rivals:
                raise PolicyError([_ambiguous(intake, position[at], given[rivals[0]], supplement)])
            merged = apply_supplement(intake.request, supplement)
            where = (*intake.locators, supplement.locator(merged))
            intake = replace(intake, request=merged, locators=where)
        except PolicyError as error:
            said = (*intake.diagnostics, *error.diagnostics)
            intake = replace(intake, request=None, diagnostics=said)
        out.append(intake)
    return out


def _npi_of(intake: Intake) -> str | None:
    return None if intake.request is None else intake.request.provider.billing_npi


def _mixed_up(one: Intake, other: Intake) -> bool:
    """Whether what is said of the number of two claims could be meant for only one of them."""
    if one.frequency == other.frequency:
        return True
    billing = {_npi_of(one), _npi_of(other)} - {None}
    return len(billing) > 1


def _ambiguous(intake: Intake, position: int, other: Intake, entry: Supplement) -> Diagnostic:
    message = (
        f"claim {intake.claim_id}: the facts given under {shown(entry.key)} could be about this "
        f"claim or about the one at {other.place}"
    )
    npi = _npi_of(intake)
    by_provider = npi is not None and npi != _npi_of(other)
    keys = [f'"{intake.claim_id} @{npi}"'] if by_provider else []
    keys.append(f'"{intake.claim_id} #{position}"')
    hint = f"give its facts under {' or '.join(keys)}"
    return Diagnostic("ambiguous-facts", message, intake.place, hint)


def _said_twice(intake: Intake, found: Sequence[Supplement]) -> Diagnostic:
    keys = " and ".join(shown(entry.key) for entry in found)
    message = f"claim {intake.claim_id}: facts about it are given twice, under {keys}"
    return Diagnostic("duplicate-key", message, found[1].place, "put all its facts under one key")


def unmatched(supplements: Mapping[str, Supplement], intakes: Iterable[Intake]) -> list[Diagnostic]:
    """A warning for every entry of the facts file that is about no claim."""
    claims = [intake for intake in intakes if not intake.is_note]
    known = {intake.claim_id for intake in claims if intake.claim_id}
    entries = Supplements(supplements)
    used = {
        entry.key
        for position, intake in enumerate(claims, 1)
        for entry in entries.about(intake, position)
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
