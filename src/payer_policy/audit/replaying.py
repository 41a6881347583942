"""`Replayer`: decides the answers of a record again, by the policies that they name, byte for byte.

It looks for the hash of each policy among the folders it has. A row that cannot be decided again is
reported with the reason, never skipped.
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
from payer_policy.determination import Determination, ServiceLine
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
    """The result for one row."""

    seq: int
    claim_number: str | None
    status: Status
    why: Why = ""
    """The kind of reason, where it cannot be decided again."""
    message: str = ""
    """The reason in a sentence; for an answer that is the same, what it was decided from."""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Folder:
    """A folder of policies to decide by."""

    name: str
    library: Library
    source: str | None = None
    """Its hash as in entries (`policy.folder_hash`, or that of the bundle it came in)."""
    _engines: dict[str, Engine] = field(default_factory=dict, repr=False, compare=False)
    _windows: dict[str, dict[str, tuple[date, str]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def engine(self, name: str) -> Engine:
        """The engine of a name on the folder's policies."""
        if name not in self._engines:
            self._engines[name] = Engine(self.library, name)
        return self._engines[name]

    def windows(self, address: str) -> Mapping[str, tuple[date, str]]:
        """The first day and the version of each ruleset of a policy, by the ruleset's hash."""
        if address not in self._windows:
            found = self._windows[address] = {}
            days = self.library.windows(address) if address in self.library.policies else ()
            for first, *_ in days:
                if (ruleset := self.library.ruleset(address, first)) is not None:
                    found.setdefault(ruleset.hash, (first, ruleset.version))
        return self._windows[address]


class _Cannot(PayerPolicyError):
    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why, self.message = why, message


class Replayer:
    """Decides rows again by the first folder that has their policies.

    Not safe to share between threads.
    """

    def __init__(self, folders: Sequence[Folder]) -> None:
        self._folders = tuple(folders)

    def replay(self, row: Row) -> Replayed | None:
        """Decide one row again; None if it is not an answer (a redaction). Never raises for a row."""
        try:
            if not is_as_written(row):
                what = "the row is not as it was written (audit verify)"
                return Replayed(row.seq, None, "cannot", "not as written", what)
            return self._replay(row)
        except _Cannot as cannot:
            why, message = cannot.why, cannot.message
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            # The hash is right, but another version of the product wrote the row.
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
        note = "decided from the request"
        if member["request"] is None:
            found = self._by_facts(member, folder)
            note = "decided from the facts; the request was kept as a hash only"
        elif not recorded:
            found = self._without_policy(member, kept.get("source"))
        else:
            found = self._by_request(member, folder, kept.get("source"))
        if kept["product"] != product_version():
            note += f"; the record was made by version {kept['product']}"
        differing = tuple(found[:MOST_DIFFERENCES])
        status: Status = "differs" if differing else "same"
        return Replayed(row.seq, row.claim_number, status, "", note, differing)

    # --- finding the policies ----------------------------------------------------------------------

    def _folder_of(self, recorded: Sequence[Any], source: str | None) -> Folder:
        """The folder that has all policies of an answer, preferably the one that answered."""
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
    ) -> list[Difference]:
        answers = member["answers"]
        engine = folder.engine(answers[0]["determination"]["engine"])
        try:
            decided, without = engine.decide_fully(request_from_mapping(member["request"]))
        except PolicyError as error:
            refusal = f"refused: {error.diagnostics[0].message}"
            return [Difference(("request",), "decided", refusal)]
        left = [
            (
                {name: to_json(value) for name, value in stated_facts(one)},
                one.determination.to_json(),
            )
            for one in decided
        ]
        out: list[Difference] = []
        for path, answer in _numbered(answers):
            wanted, where = answer["determination"], (*path, "determination")
            found = next((one for one in left if _about(one[1]) == _about(wanted)), None)
            if found is None:
                out.append(Difference(where, _hash(wanted), "no determination by it"))
                continue
            left.remove(found)
            out += _compared((*path, "facts"), answer["facts"], found[0])
            out += _compared(where, wanted, found[1])
        if folder.source is not None and folder.source == source:
            # The same folder as then must give all the same answers.
            out += [Difference(("determination",), "none", _hash(more)) for _, more in left]
            now = [one.to_json() for one in without]
            out += _compared(("without_policy",), member["without_policy"], now)
        return out

    def _without_policy(self, member: Mapping[str, Any], source: str | None) -> list[Difference]:
        """That no policy was found: by the folder that answered, or by any that answers the same."""
        recorded = member["without_policy"]
        request = member["request"]
        now: list[Any] = []
        for folder in self._folders:
            try:
                decided, without = folder.engine("compiled").decide_fully(
                    request_from_mapping(request)
                )
            except PolicyError as error:
                now = [f"refused: {error.diagnostics[0].message}"]
            else:
                now = [f"decided by {one.determination.policy.address}" for one in decided]
                now += [one.to_json() for one in without]
            if canonical(now) == canonical(recorded):
                return []
            if folder.source is not None and folder.source == source:
                return _compared(("without_policy",), recorded, now)
        raise _Cannot(
            "no policy file",
            "no policy was found then; no folder given says so now, and none is known to be the "
            "one that answered",
        )

    def _by_facts(self, member: Mapping[str, Any], folder: Folder) -> list[Difference]:
        if not member["answers"]:
            raise _Cannot(
                "request not kept", "no policy was found, and the request was kept as a hash only"
            )
        out: list[Difference] = []
        for path, answer in _numbered(member["answers"]):
            wanted = answer["determination"]
            if _undated(wanted) or answer.get("days"):
                raise _Cannot(
                    "request not kept",
                    "an answer that depends on several days of service, or has none, is decided from "
                    "the request, and that was kept as a hash only",
                )
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
            # Which rows of reference data were read is known from a request only.
            again = {**made.to_json(), "reference_hash": wanted["reference_hash"]}
            out += _compared((*path, "determination"), wanted, again)
        return out


def _numbered(answers: Sequence[Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each answer with the start of the paths of its differences."""
    for number, answer in enumerate(answers, 1):
        yield (f"answer {number}",) if len(answers) > 1 else (), answer


def _silence(kept: Mapping[str, Any] | None) -> Silence | None:
    if kept is None:
        return None
    unsaid = {name: frozenset(behind) for name, behind in kept["unsaid"].items()}
    return Silence(frozenset(kept["rests"]), unsaid)


def _unavailable(engine: str) -> str | None:
    """Why an engine cannot decide here; None: it can."""
    if (why := why_unavailable(engine)) is not None:
        return why
    try:
        engine_named(engine)
    except ValueError as error:
        return str(error)
    return None


def _compared(path: tuple[str, ...], recorded: Any, again: Any) -> list[Difference]:
    """Where two values differ, if their bytes do."""
    if canonical(recorded) == canonical(again):
        return []
    found = islice(differences(path, keyed(recorded), keyed(again)), MOST_DIFFERENCES)
    # The same values in another order are other bytes too.
    return [Difference(*one) for one in found] or [
        Difference(path, "in one order", "in another order")
    ]


def _undated(determination: Any) -> bool:
    """Whether it pends for its date, so that no version of its policy decided."""
    return determination["policy"]["version"] is None


def _has(folder: Folder, determination: Any) -> bool:
    """Whether a folder has the ruleset of a determination, or its policy if no ruleset decided."""
    address = _address(determination)
    if _undated(determination):
        return address in folder.library.policies
    return _hash(determination) in folder.windows(address)


def _address(determination: Any) -> str:
    return str(determination["policy"]["address"])


def _hash(determination: Any) -> str:
    return str(determination["policy"]["hash"])


def _about(determination: Any) -> tuple[Any, ...]:
    """What identifies a determination of a request."""
    numbers = [line["number"] for line in determination["lines"]]
    return (
        _hash(determination), determination["code"], determination["service_date"], numbers,
    )  # fmt: skip


def _number(raw: Any) -> Any:
    """A number as `to_json` writes it, exactly."""
    if not isinstance(raw, str):
        return raw
    return Fraction(raw) if "/" in raw else Decimal(raw)


def _value(type_: FactType, raw: Any) -> Value:
    """A value as `to_json` writes it, also one that no request could supply."""
    if type_.kind in ("integer", "decimal") and raw != NONE_TEXT:
        number: Value = _number(raw)
        return number
    return frozenset(raw) if type_.kind == "codes" else parse_value(type_, raw)
