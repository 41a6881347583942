"""A file of records: each line opened, its policy found in the folder, and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from payer_policy.policy.library import Library
from payer_policy.ruleset import Ruleset
from payer_policy.sealed import Wrong, at, opened
from payer_policy.verify.answers import around, together, without_policy
from payer_policy.verify.steps import DATE, Verified, check
from payer_policy.verify.values import read


class Verifier:
    """Checks records against the policies of one folder."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def verify_all(self, lines: Iterable[bytes]) -> list[Verified]:
        """Check the lines of a file of records, and that no record of a request is missing."""
        return together([self.verify(line) for line in lines])

    def verify(self, line: bytes) -> Verified:
        """Check one line of a file of records, whatever its bytes are.

        The records beside it are not looked at: `verify_all` does.
        """
        library, (content, wrong) = self._library, opened(line)
        if not content:
            return Verified({}, 0, wrong)
        ruleset = None if "without_policy" in content else _ruleset(content, library)
        if "without_policy" in content:
            checked = without_policy(content, library)
        elif ruleset is None:
            gone = Wrong(("policy",), at(content, "policy"), "no such policy on that day")
            return Verified(content, 0, (*wrong, gone))
        else:
            checked = check(content, ruleset, library.facts_by_source)
        beside = around(content, library)
        return Verified(
            content,
            checked.steps + beside.steps,
            (*wrong, *checked.wrong, *beside.wrong),
            (*checked.unchecked, *beside.unchecked),
        )


def _ruleset(content: Any, library: Library) -> Ruleset | None:
    """The ruleset that the record names: by hash or, where no file has it any more, by day."""
    address, hash_ = at(content, "policy", "address"), at(content, "policy", "hash")
    day = read(DATE, at(content, "policy", "first_day"), None)
    known = isinstance(address, str) and address in library.policies
    for one in (*([address] if known else []), *library.addresses()):
        for first, _, _ in library.windows(one):
            ruleset = library.ruleset(one, first)
            if ruleset is not None and ruleset.hash == hash_:
                return ruleset
    return library.ruleset(address, day) if known and day is not None else None
