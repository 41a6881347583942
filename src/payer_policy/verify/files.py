"""One line of a file of records: opened, its policy found in the folder, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payer_policy.policy.hashing import PartHashes, part_hashes
from payer_policy.policy.library import Library
from payer_policy.ruleset import Ruleset
from payer_policy.sealed import Wrong, at, keyed, names, opened
from payer_policy.verify.dates import check_days, check_undated, is_undated
from payer_policy.verify.steps import DATE, Verified, check
from payer_policy.verify.values import read


class Verifier:
    """Checks records against the policies of one folder."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._hashes: dict[str, PartHashes] = {}

    def verify(self, line: bytes) -> Verified:
        """Check one line of a file of records, whatever its bytes are."""
        content, wrong = opened(line)
        if not content:
            return Verified({}, 0, wrong)
        checked = self._checked(content)
        return checked._replace(wrong=(*wrong, *checked.wrong))

    def _checked(self, content: Any) -> Verified:
        library = self._library
        days = content.get("days")
        if isinstance(days, list) and days:
            return self._each_day(content, days)
        if is_undated(content):
            return check_undated(content, library)
        ruleset = None if "without_policy" in content else _ruleset(content, library)
        if "without_policy" in content:
            checked = _without_policy(content, library)
        elif ruleset is None:
            gone = Wrong(("policy",), at(content, "policy"), "no such policy on that day")
            checked = Verified(content, 0, (gone,))
        else:
            if ruleset.hash not in self._hashes:
                self._hashes[ruleset.hash] = part_hashes(ruleset, library.reference_hash)
            hashes = self._hashes[ruleset.hash]
            checked = check(content, ruleset, hashes, library.facts_by_source)
        return checked

    def _each_day(self, content: Any, days: Sequence[Any]) -> Verified:
        """A determination that rests on several days: each of them, and then what follows."""
        steps, wrong = 0, list(check_days(content, days))
        for number, day in enumerate(days, 1):
            checked = self._checked({key: one for key, one in day.items() if key != "days"})
            steps += checked.steps
            at_day = ("days", str(number))
            wrong += [one._replace(path=(*at_day, *one.path)) for one in checked.wrong]
        return Verified(content, steps, tuple(wrong))


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


def _without_policy(content: Any, library: Library) -> Verified:
    """Where no policy was found: is there none for the payer, the code and the day?

    Where there is one, whether it applies rests on facts that such a record does not hold; no value
    counts as checked then. A policy that is said to be near must be in the folder.
    """
    was = at(keyed(content), "without_policy")
    day, near = read(DATE, at(was, "service_date"), None), names(was, "near")
    key = str(at(was, "looked_for", "payer", "value")), str(at(was, "code"))
    of_code = library.by_code.get(key, ())
    nearly = [one for one in of_code if day is None or library.ruleset(one, day) is not None]
    wrong = [
        Wrong(("without_policy", "near"), said, "no such policy in the folder")
        for said in near
        if said.partition(" ")[0] not in library.policies
    ]
    return Verified(content, 0 if nearly else 1, tuple(wrong))
