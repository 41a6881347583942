"""A file of records: opens each line, finds its policy in the folder, and checks it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from payer_policy.audit.checker.answers import around, together, without_policy
from payer_policy.audit.checker.dates import check_days, check_undated, is_undated, voided
from payer_policy.audit.checker.steps import DATE, Verified, check
from payer_policy.audit.checker.values import read
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.sealed import Wrong, at, opened
from payer_policy.policy.library import Library


class Verifier:
    """Checks records against the policies of one folder."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def verify_all(self, lines: Iterable[bytes]) -> list[Verified]:
        """Check the lines of a file of records, and that no record of a request is missing."""
        return together([self.verify(line) for line in lines])

    def verify(self, line: bytes) -> Verified:
        """Check one line of a file of records. Never raises for its bytes.

        The records beside it are not looked at: `verify_all` does.
        """
        content, wrong = opened(line)
        if not content:
            return Verified({}, 0, wrong)
        checked, beside = self._checked(content), around(content, self._library)
        return Verified(
            content,
            checked.steps + beside.steps,
            (*wrong, *checked.wrong, *beside.wrong),
            (*checked.unchecked, *beside.unchecked),
        )

    def _checked(self, content: Any) -> Verified:
        """Check what a record says about its own service."""
        library, days = self._library, content.get("days")
        if isinstance(days, list) and days:
            return self._each_day(content, days)
        if "without_policy" in content:
            return without_policy(content, library)
        if is_undated(content):
            return check_undated(content, library)
        ruleset = _ruleset(content, library)
        if ruleset is None:
            gone = Wrong(("policy",), at(content, "policy"), "no such policy on that day")
            return Verified(content, 0, (gone,))
        checked = check(content, ruleset, library.facts_by_source)
        if voided(content, library) is None:
            return checked
        decision = at(content, "determination", "decision")
        void = Wrong(("determination", "decision"), decision, "void, with no rule evaluated")
        return checked._replace(wrong=(*checked.wrong, void))

    def _each_day(self, content: Any, days: Sequence[Any]) -> Verified:
        """Check a determination that rests on several days: each day, and then what follows."""
        steps, wrong, unchecked = 0, list(check_days(content, days)), list[str]()
        for number, day in enumerate(days, 1):
            if not isinstance(day, dict):
                wrong.append(Wrong(("days", str(number)), day, "what is behind the day's answer"))
                continue
            checked = self._checked({key: one for key, one in day.items() if key != "days"})
            steps += checked.steps
            at_day = ("days", str(number))
            wrong += [one._replace(path=(*at_day, *one.path)) for one in checked.wrong]
            unchecked += checked.unchecked
        return Verified(content, steps, tuple(wrong), tuple(dict.fromkeys(unchecked)))


def _ruleset(content: Any, library: Library) -> Ruleset | None:
    """The ruleset that the record names: by hash or, if no file has it any more, by day."""
    address, hash_ = at(content, "policy", "address"), at(content, "policy", "hash")
    day = read(DATE, at(content, "policy", "first_day"), None)
    known = isinstance(address, str) and address in library.policies
    for one in (*([address] if known else []), *library.addresses()):
        same = [
            ruleset
            for first, _, _ in library.windows(one)
            if (ruleset := library.ruleset(one, first)) is not None and ruleset.hash == hash_
        ]
        if same:  # versions with the same meaning differ in name and days
            return next((ruleset for ruleset in same if ruleset.first_day == day), same[0])
    return library.ruleset(address, day) if known and day is not None else None
