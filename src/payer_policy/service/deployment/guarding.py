"""Decides whether a signed bundle may be deployed now: not an older one again, and not an expired one.

A signature never expires, so anyone with an old bundle could put it back under a newer name. The sequence
in its manifest prevents that: the highest one deployed is remembered, here and optionally in a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, NoReturn

from payer_policy.bundle.manifest import MAX_SEQUENCE, Manifest
from payer_policy.bundle.problems import BundleError, problem
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.whole_file import locked, opened, whole_file

SCHEMA: Final = "payer-policy/highest-sequence/1"
_LONGEST: Final = 1_000
"""Maximum bytes read of the file, which has about 70."""


class Guard:
    """Judges the manifests of bundles whose signature was verified.

    Args:
        minimum: The lowest accepted sequence.
        file: Keeps the highest sequence across restarts; several processes may share it.
        clock: The current time; without it, no bundle expires.
    """

    def __init__(
        self,
        minimum: int | None = None,
        file: Path | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._minimum, self._file, self._clock = minimum, file, clock
        self._highest: int | None = None

    def admit(self, name: str, manifest: Manifest | None) -> None:
        """Return if a bundle may come into force now. A plain folder has no manifest, and may.

        Raises:
            BundleError: It is expired, or its sequence is too low or missing; or the file of the highest
                sequence cannot be read.
        """
        if manifest is None:
            return
        problems = []
        if self.is_expired(manifest):
            message = f"its last day was {manifest.about.expires} (UTC)"
            hint = "build it again with a later day (bundle build --expires)"
            problems.append(problem("expired", name, message, hint))
        sequence, floor = manifest.about.sequence, self._floor(name)
        if floor is not None and sequence is None:
            message = f"it has no sequence; {floor:,} or higher was expected"
            hint = "build it again with a sequence (bundle build --sequence)"
            problems.append(problem("no-sequence", name, message, hint))
        elif floor is not None and sequence is not None and sequence < floor:
            problems.append(_older(name, sequence, floor))
        if problems:
            raise BundleError(problems)

    def remember(self, name: str, manifest: Manifest | None) -> None:
        """Rule out lower sequences from now on; called before a bundle comes into force.

        Raises:
            BundleError: Another process has deployed a higher one, or the file cannot be written; the
                bundle must not come into force then.
        """
        sequence = None if manifest is None else manifest.about.sequence
        if sequence is None:
            return
        if self._file is not None:
            try:
                lock = self._file.with_name(f".{self._file.name}.lock")
                with opened(lock, "ab") as held, locked(held):
                    before = self._read(name)
                    if before is not None and before > sequence:
                        raise BundleError([_older(name, sequence, before)])
                    if before != sequence:
                        with whole_file(self._file) as file:
                            content = {"schema": SCHEMA, "sequence": sequence}
                            file.write((json.dumps(content) + "\n").encode("ascii"))
            except OSError as error:
                self._unusable(name, error)
        self._highest = max(sequence, self._highest or 0)

    def is_expired(self, manifest: Manifest | None) -> bool:
        """Whether the last day of a bundle is over."""
        last = last_day(manifest)
        return last is not None and self._clock is not None and _today(self._clock) > last

    def _floor(self, name: str) -> int | None:
        known = (self._minimum, self._highest, self._read(name))
        return max((one for one in known if one is not None), default=None)

    def _read(self, name: str) -> int | None:
        """The sequence in the file; None where there is no file yet."""
        if self._file is None:
            return None
        try:
            with self._file.open("rb") as file:
                value = json.loads(file.read(_LONGEST).decode("ascii"))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._unusable(name, error)
        except (ValueError, RecursionError):
            value = None
        sequence = value.get("sequence") if isinstance(value, dict) else None
        if (
            not isinstance(value, dict)
            or value.get("schema") != SCHEMA
            or type(sequence) is not int
            or not 0 <= sequence <= MAX_SEQUENCE
        ):
            message = f"{self._file}: the file does not contain the highest sequence deployed"
            hint = f'write {{"schema": "{SCHEMA}", "sequence": N}} into it, or name another file'
            raise BundleError([problem("not-remembered", name, message, hint)])
        return int(sequence)

    def _unusable(self, name: str, error: OSError) -> NoReturn:
        why = (error.strerror or "unknown reason").lower()
        message = f"{self._file}: the highest sequence deployed cannot be stored: {why}"
        raise BundleError([problem("not-remembered", name, message)]) from None


def _older(name: str, sequence: int, floor: int) -> Diagnostic:
    message = f"its sequence is {sequence:,}; {floor:,} or higher was expected"
    hint = "to go back to older policies, build them again with a higher sequence"
    return problem("older-sequence", name, message, hint)


def last_day(manifest: Manifest | None) -> date | None:
    """The last day (UTC) on which a bundle may come into force; None: it does not expire."""
    return None if manifest is None else manifest.about.expires


def _today(clock: Callable[[], datetime]) -> date:
    return clock().astimezone(UTC).date()
