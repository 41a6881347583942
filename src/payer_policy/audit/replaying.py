"""`Replayer`: decides the answers of a record again, by the policies that they name, byte for byte.

A policy is found by the hash of its meaning among folders that are given. What cannot be decided
again is told with the reason, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, Final, Literal, NamedTuple

from payer_policy.audit.chain import Row, canonical
from payer_policy.audit.entries import DECISION, product_version
from payer_policy.audit.record import stated_facts
from payer_policy.audit.verifying import is_as_written
from payer_policy.core.diagnostics import PayerPolicyError, PolicyError, did_you_mean
from payer_policy.core.sealed import differences, keyed
from payer_policy.core.vocabulary.types import NONE_TEXT, FactType, Value, parse_value, to_json
from payer_policy.determination import Determination, NoPolicy, ServiceLine
from payer_policy.engine import Engine
from payer_policy.engines import engine_named, why_unavailable
from payer_policy.policy.library import Library
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.silence import Silence

Status = Literal["same", "differs", "cannot"]
Why = Literal[
    "redacted", "left out", "not as written", "no policy file", "no engine", "request not kept", ""
]
MOST_DIFFERENCES: Final = 50


class Difference(NamedTuple):
    """Where an answer differs: the path of the value, as recorded, as decided again."""

    path: tuple[str, ...]
    recorded: Any
    again: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one row."""

    seq: int
    claim_number: str | None
    status: Status
    why: Why = ""
    """Where it cannot be decided again: for which kind of reason."""
    message: str = ""
    """The reason in a sentence; of an answer that is the same, what it was decided from."""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Folder:
    """A folder of policies to decide by."""

    name: str
    library: Library
    source: str | None = None
    """Its hash as entries carry it (`policy.folder_hash`, or that of the bundle it came in)."""
    _engines: dict[str, Engine] = field(default_factory=dict, repr=False, compare=False)
    _windows: dict[str, dict[str, tuple[date, str]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def engine(self, name: str) -> Engine:
        found = self._engines.get(name)
        if found is None:
            found = self._engines[name] = Engine(self.library, name)
        return found

    def windows(self, address: str) -> Mapping[str, tuple[date, str]]:
        """The first day and the version of each ruleset of a policy, by the ruleset's hash."""
        found = self._windows.get(address)
        if found is None:
            found = self._windows[address] = {}
            days = self.library.windows(address) if address in self.library.policies else ()
            for first, *_ in days:
                ruleset = self.library.ruleset(address, first)
                if ruleset is not None:
                    found.setdefault(ruleset.hash, (first, ruleset.version))
        return found


class _Cannot(PayerPolicyError):
    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why, self.message = why, message


class Replayer:
    """Decides rows again by the policies of some folders, of which the first that has them is used.

    Not safe to share between threads.
    """

    def __init__(self, folders: Sequence[Folder]) -> None:
        self._folders = tuple(folders)

    def replay(self, row: Row) -> Replayed | None:
        """One row; None where it is no answer (a redaction). Never raises for what a row holds."""
        try:
            if not is_as_written(row):
                what = "the row is not as it was written (audit verify)"
                return Replayed(row.seq, None, "cannot", "not as written", what)
            return self._replay(row)
        except _Cannot as cannot:
            why, message = cannot.why, cannot.message
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # Sealed rightly, but not by this version of the product.
            why, message = "not as written", f"of a shape not known here ({type(error).__name__})"
        return Replayed(row.seq, row.claim_number, "cannot", why, message)

    def _replay(self, row: Row) -> Replayed | None:
        kept = row.answer
        if kept.get("kind") != DECISION:
            return None
        if row.left_out:
            raise _Cannot("left out", "its member part is not in this export")
        member = row.about_member
        if member is None:
            raise _Cannot("redacted", "its member part was redacted")
        recorded = [one["determination"] for one in member["answers"]]
        folder = self._folder_of(recorded, kept.get("source"))
        if member["request"] is None:
            found, note = self._by_facts(member, folder)
        else:
            found, note = self._by_request(member, folder, kept.get("source"))
        if kept["product"] != product_version():
            note += f"; the record was made by version {kept['product']}"
        differing = tuple(Difference(*one) for one in islice(found, MOST_DIFFERENCES))
        status: Status = "differs" if differing else "same"
        return Replayed(row.seq, row.claim_number, status, "", note, differing)

    # --- finding the policies ----------------------------------------------------------------------

    def _folder_of(self, recorded: Sequence[Any], source: str | None) -> Folder:
        """The folder that has all policies of an answer; of several, the one that gave it."""
        folders = sorted(self._folders, key=lambda one: one.source is None or one.source != source)
        for folder in folders:
            if all(_has(folder, one) for one in recorded):
                break
        else:
            raise _Cannot("no policy file", "; ".join(dict.fromkeys(self._nearest(recorded))))
        for name in {one["engine"] for one in recorded}:
            if (why := _unavailable(name)) is not None:
                raise _Cannot("no engine", why)
        return folder

    def _nearest(self, recorded: Sequence[Any]) -> Iterator[str]:
        for one in recorded:
            address, version, hash_ = _address(one), one["policy"]["version"], _hash(one)
            if any(_has(folder, one) for folder in self._folders):
                continue
            missing = f"no folder given has {address}"
            missing += "" if _undated(one) else f" with the hash {hash_}"
            near = [
                f"{folder.name} has its version {known} with the hash {other}"
                for folder in self._folders
                for other, (_, known) in folder.windows(address).items()
                if known == version
            ]
            if near:
                yield f"{missing}; {near[0]}"
                continue
            versions = sorted(
                {known for folder in self._folders for _, known in folder.windows(address).values()}
            )
            if versions:
                yield f"{missing} (version {version}); known versions: {', '.join(versions)}"
                continue
            known = {one for folder in self._folders for one in folder.library.addresses()}
            hint = did_you_mean(address, known)
            yield f"{missing}, and none has a policy of that name{f'; {hint}' if hint else ''}"

    # --- deciding again ----------------------------------------------------------------------------

    def _by_request(
        self, member: Mapping[str, Any], folder: Folder, source: str | None
    ) -> tuple[Iterator[tuple[tuple[str, ...], Any, Any]], str]:
        answers = member["answers"]
        if not answers:
            return self._without_policy(member, source), "decided from the request"
        engine = folder.engine(answers[0]["determination"]["engine"])
        try:
            decided, without = engine.decide_fully(request_from_mapping(member["request"]))
        except PolicyError as error:
            refusal = error.diagnostics[0]
            return iter([(("request",), "decided", f"refused: {refusal.message}")]), "refused"
        left = [
            (
                {name: to_json(value) for name, value in stated_facts(one)},
                one.determination.to_json(),
            )
            for one in decided
        ]
        out = []
        for number, answer in enumerate(answers, 1):
            wanted = answer["determination"]
            found = next((one for one in left if _about(one[1]) == _about(wanted)), None)
            path = (f"answer {number}",) if len(answers) > 1 else ()
            if found is None:
                out.append(((*path, "determination"), _hash(wanted), "no determination by it"))
                continue
            left.remove(found)
            out += _compared((*path, "facts"), answer["facts"], found[0])
            out += _compared((*path, "determination"), wanted, found[1])
        if folder.source is not None and folder.source == source:
            # The very folder that answered, so it says the same of everything else too.
            out += [(("determination",), "none", _hash(more)) for _, more in left]
            now = [one.to_json() for one in without]
            out += _compared(("without_policy",), member["without_policy"], now)
        return iter(out), "decided from the request"

    def _without_policy(
        self, member: Mapping[str, Any], source: str | None
    ) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
        """That no policy was found: by the folder that said so, or by any that says the same."""
        recorded = member["without_policy"]
        now: list[Any] = []
        for folder in self._folders:
            try:
                decided, without = folder.engine("compiled").decide_fully(
                    request_from_mapping(member["request"])
                )
            except PolicyError as error:
                now = [f"refused: {error.diagnostics[0].message}"]
            else:
                now = _told(decided, without)
            if canonical(now) == canonical(recorded):
                return iter(())
            if folder.source is not None and folder.source == source:
                return iter(_compared(("without_policy",), recorded, now))
        raise _Cannot(
            "no policy file",
            "no policy was found then; no folder given says so now, and none is known to be the "
            "one that answered",
        )

    def _by_facts(
        self, member: Mapping[str, Any], folder: Folder
    ) -> tuple[Iterator[tuple[tuple[str, ...], Any, Any]], str]:
        if not member["answers"]:
            raise _Cannot(
                "request not kept", "no policy was found, and the request was kept as a hash only"
            )
        out = []
        for number, answer in enumerate(member["answers"], 1):
            wanted = answer["determination"]
            if _undated(wanted) or answer.get("days"):
                what = "what turns on the days of service is decided from the request"
                raise _Cannot("request not kept", f"{what}, and that was kept as a hash only")
            day, _ = folder.windows(_address(wanted))[_hash(wanted)]
            policy = folder.engine(wanted["engine"]).policy(_address(wanted), day)
            types = {name: fact.type for name, fact in policy.ruleset.facts.items()}
            facts = {name: _value(types[name], raw) for name, raw in answer["facts"].items()}
            lines = [
                ServiceLine(one["number"], _number(one["billed_units"]), frozenset(one["parts"]))
                for one in wanted["lines"]
            ]
            made: Determination = policy.decide(
                facts,
                member["claim_number"],
                kind=wanted["kind"],
                lines=lines,
                silence=_silence(answer.get("silence")),
            )
            path = (f"answer {number}",) if len(member["answers"]) > 1 else ()
            # Which rows of reference data were read is known of a request only.
            again = {**made.to_json(), "reference_hash": wanted["reference_hash"]}
            out += _compared((*path, "determination"), wanted, again)
        return iter(out), "decided from the facts; the request was kept as a hash only"


def _silence(kept: Mapping[str, Any] | None) -> Silence | None:
    if kept is None:
        return None
    unsaid = {name: frozenset(behind) for name, behind in kept["unsaid"].items()}
    return Silence(frozenset(kept["rests"]), unsaid)


def _unavailable(engine: str) -> str | None:
    """Why an engine cannot decide here, in words."""
    if (why := why_unavailable(engine)) is not None:
        return why
    try:
        engine_named(engine)
    except ValueError as error:
        return str(error)
    return None


def _told(decided: Sequence[Any], without: Sequence[NoPolicy]) -> list[Any]:
    found: list[Any] = [f"decided by {one.determination.policy.address}" for one in decided]
    return found + [one.to_json() for one in without]


def _compared(
    path: tuple[str, ...], recorded: Any, again: Any
) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Where two values differ, if their bytes do."""
    if canonical(recorded) == canonical(again):
        return []
    found = list(differences(path, keyed(recorded), keyed(again)))
    # The same values in another order are other bytes too.
    return found or [(path, "in one order", "in another order")]


def _undated(determination: Any) -> bool:
    """Whether it pends for its date, by no version of its policy."""
    return determination["policy"]["version"] is None


def _has(folder: Folder, determination: Any) -> bool:
    """Whether a folder has the ruleset of a determination, or its policy where none decided."""
    address = _address(determination)
    if _undated(determination):
        return address in folder.library.policies
    return _hash(determination) in folder.windows(address)


def _address(determination: Any) -> str:
    return str(determination["policy"]["address"])


def _hash(determination: Any) -> str:
    return str(determination["policy"]["hash"])


def _about(determination: Any) -> tuple[Any, ...]:
    """Which determination of a request it is."""
    numbers = [line["number"] for line in determination["lines"]]
    return (
        _hash(determination), determination["code"], determination["service_date"], numbers,
    )  # fmt: skip


def _number(raw: Any) -> Any:
    """A number as `to_json` writes it, read back exactly."""
    if not isinstance(raw, str):
        return raw
    return Fraction(raw) if "/" in raw else Decimal(raw)


def _value(type_: FactType, raw: Any) -> Value:
    """A value as `to_json` writes it, read back: also what no request could supply."""
    if type_.kind in ("integer", "decimal") and raw != NONE_TEXT:
        number: Value = _number(raw)
        return number
    return frozenset(raw) if type_.kind == "codes" else parse_value(type_, raw)
