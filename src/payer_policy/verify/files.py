"""One line of a file of records: opened, its policy found in the folder, and checked."""

from __future__ import annotations

from typing import Any

from payer_policy.policy.library import Library
from payer_policy.ruleset import Ruleset
from payer_policy.sealed import Wrong, at, keyed, names, opened
from payer_policy.verify.steps import DATE, Verified, check
from payer_policy.verify.values import read


class Verifier:
    """Checks records against the policies of one folder."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def verify(self, line: bytes) -> Verified:
        """Check one line of a file of records, whatever its bytes are."""
        library, (content, wrong) = self._library, opened(line)
        if not content:
            return Verified({}, 0, wrong)
        ruleset = None if "without_policy" in content else _ruleset(content, library)
        if "without_policy" in content:
            checked = _without_policy(content, library)
        elif ruleset is None:
            gone = Wrong(("policy",), at(content, "policy"), "no such policy on that day")
            checked = Verified(content, 0, (gone,))
        else:
            checked = check(content, ruleset, library.facts_by_source)
        return checked._replace(wrong=(*wrong, *checked.wrong))


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
