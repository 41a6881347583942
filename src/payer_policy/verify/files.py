"""One line of a file of records: opened, its policy found in the folder, and checked."""

from __future__ import annotations

from typing import Any

from payer_policy.policy.library import Library
from payer_policy.ruleset import Ruleset
from payer_policy.sealed import Wrong, at, keyed, names, opened
from payer_policy.verify.steps import DATE, Verified, check
from payer_policy.verify.values import read


def verify(line: bytes, library: Library) -> Verified:
    """Check one line of a file of records, whatever its bytes are."""
    content, wrong = opened(line)
    if not content:
        return Verified({}, 0, wrong)
    if "without_policy" in content:
        return Verified(content, 1, (*wrong, *_without_policy(keyed(content), library)))
    ruleset = _ruleset(content, library)
    if ruleset is None:
        gone = Wrong(("policy",), at(content, "policy"), "no such policy on that day")
        return Verified(content, 0, (*wrong, gone))
    checked = check(content, ruleset, library.reference_hash, library.facts_by_source)
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


def _without_policy(content: Any, library: Library) -> list[Wrong]:
    """Where no policy was found, each for the payer, code and day must be said not to apply."""
    was, values = content["without_policy"], at(content, "without_policy", "looked_for")
    day, near = read(DATE, at(was, "service_date"), None), at(was, "near")
    key = str(at(values, "payer", "value")), str(at(was, "code"))
    nearly = [
        one for one in library.by_code.get(key, ()) if day is None or library.ruleset(one, day)
    ]
    return [Wrong(("without_policy", "near"), near, f"{one} is for this code on this day")
            for one in nearly if not any(said.startswith(one) for said in names(near))]  # fmt: skip
