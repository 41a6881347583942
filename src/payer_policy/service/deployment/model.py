"""The policies in force and what happened to them, as values for logs, health checks and decisions."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Final, Literal

from payer_policy.bundle.manifest import Manifest
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.diagnostics.render import report_text
from payer_policy.engine import Engine

SCHEMA: Final = "payer-policy/deployment-event/1"
_SHORT: Final = 12

Kind = Literal["swapped", "refused", "recovered", "expired"]
"""`swapped`: other policies are in force now. `refused`: the policies at the source do not pass, and the
ones in force stay. `recovered`: refused policies are gone, without a swap. `expired`: the last day of the
bundle in force is over; it stays in force."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """Policies in force. Immutable: a decision that takes it once uses these policies only."""

    engine: Engine
    """The engine to decide by."""
    name: str
    """The bundle or folder, as the operator named it."""
    hash: str
    """SHA-256: of a bundle's bytes; of a plain folder, its `folder_hash`."""
    folder_hash: str
    """Of the policies alone, however they were packed."""
    manifest: Manifest | None
    """None: a plain folder, which is not signed."""
    sequence: int
    """1 for the first policies in force in this process, then one more with each swap."""
    since: str | None
    """When it came into force, by the deployment's clock; None: it has no clock."""

    def to_json(self) -> dict[str, Any]:
        """Which policies these are, for a readiness check or the record of a decision."""
        about = None if self.manifest is None else self.manifest.about.model_dump(mode="json")
        return {
            "name": self.name,
            "hash": self.hash,
            "folder_hash": self.folder_hash,
            "signed_by": None if self.manifest is None else self.manifest.signed_by,
            "about": about,
            "engine": self.engine.name,
            "sequence": self.sequence,
            "since": self.since,
        }


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at the source. Equal events are equal values."""

    kind: Kind
    """What happened."""
    sequence: int
    """Events are numbered from 1 in each process."""
    name: str
    """The bundle or folder that the event is about."""
    hash: str
    """The hash of the bundle or folder; where it could not be read, of the reasons."""
    in_force: str | None
    """The hash of the policies in force after the event; None: none are, so nothing can be decided."""
    before: str | None
    """The hash of the policies in force before it."""
    problems: tuple[Diagnostic, ...] = ()
    """Why it was refused: every reason."""
    notes: tuple[str, ...] = ()
    """What an operator should know about the new policies."""
    rollback: bool = False
    """Whether its manifest is older than the previous one."""
    expires: date | None = None
    """The last day (UTC) of the bundle in force."""
    at: str | None = field(default=None, compare=False)
    """When, by the deployment's clock."""

    def text(self) -> str:
        """The event in words, for a log that people read."""
        short = self.hash[:_SHORT]
        if self.kind == "swapped":
            instead = "" if self.before is None else f" instead of {self.before[:_SHORT]}"
            notes = "".join(f"; {note}" for note in self.notes)
            return f"{self.name}: {short} is in force{instead}{notes}"
        kept = "nothing is in force, so nothing can be decided"
        if self.in_force is not None:
            kept = f"{self.in_force[:_SHORT]} stays in force"
        if self.kind == "expired":
            return f"{self.name}: {short} expired after {self.expires} (UTC); {kept}"
        if self.kind == "recovered":
            return f"{self.name}: the refused policies are no longer there; {kept}"
        report = report_text(self.problems, consequence=kept)
        return f"{self.name}: {short} is refused; {kept}\n{report}"

    def to_json(self) -> dict[str, Any]:
        """The event for a log that programs read."""
        return {
            "schema": SCHEMA,
            **{one.name: getattr(self, one.name) for one in fields(self)},
            "problems": [problem.to_json() for problem in self.problems],
            "notes": list(self.notes),
            "expires": None if self.expires is None else self.expires.isoformat(),
        }
