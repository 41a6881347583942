"""The checker for determinations that pend before any rule is asked, rest on several days, or are voids.

These rest on no single version of a policy. As in `steps`, what is expected is computed a second time,
without any code of `determination`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from payer_policy.audit.checker.lines import NUMBER
from payer_policy.audit.checker.steps import DATE, Account, Verified
from payer_policy.audit.checker.values import ZERO, as_json, codes, read
from payer_policy.audit.checker.waits import Waits
from payer_policy.core.ruleset import (
    APPLIES,
    CHANGES,
    DATE_MISSING,
    RESERVED,
    SEVERAL_DAYS,
    Ruleset,
    facts_in_test,
    tests_in,
)
from payer_policy.core.sealed import NOTHING, Wrong, at, differences, keyed, leaves, names
from payer_policy.policy.library import Library

_UNDATED: Final = (DATE_MISSING, SEVERAL_DAYS, APPLIES)
_REFUSES: Final = ("deny", "reduce", "certify")
_KINDS: Final = ("deny", "pend", "reduce", "certify", "advise")
_UNITS: Final = ("allowed_units", "allowed_least", "allowed_most")


def is_undated(content: Any) -> bool:
    """Whether a record is of a service that pends before any rule is asked, or of a void."""
    return at(content, "policy", "version") is None and "determination" in content


def check_undated(content: Mapping[str, Any], library: Library) -> Verified:
    """Check that every line pends by the one finding that says why, or is void."""
    was = keyed(content)
    said = content["determination"]
    address = at(content, "policy", "address")
    found = at(was, "determination", "findings")
    rule = next((one for one in _UNDATED if at(found, one) != NOTHING), DATE_MISSING)
    newest = _ruleset(library, address, rule, at(said, "service_date"))
    if newest is None:
        gone = Wrong(("policy",), at(content, "policy"), "no such policy in the folder")
        return Verified(content, 0, (gone,))
    reason = newest.information_request
    policy = {**dict.fromkeys(("version", "hash", "first_day", "last_day")), "title": newest.title}
    policy = {"address": address, **policy}
    voids = voided(content, library)
    billed = [
        {key: at(line, key) for key in ("number", "units", "parts")}
        for line in _list(content.get("lines"))
    ]
    lines = [
        {"number": line["number"], "parts": line["parts"], "outcome": "pend",
         "disposition": "pend", "billed_units": line["units"], **_open(line["units"]), "findings": [rule]}
        for line in billed
    ]  # fmt: skip
    numbers = list(dict.fromkeys(line["number"] for line in billed))
    finding = {
        "rule": rule, "title": RESERVED[rule], "kind": "pend", **codes(reason),
        "because": at(found, rule, "because"), "on": None, "lines": numbers, "citations": [],
        "silenced": False,
    }  # fmt: skip
    asks = [_question(library)] if rule == DATE_MISSING else []
    facts: dict[str, Any] = {}
    if rule == APPLIES:
        facts, asks = _may_not_apply(newest, was)
    own = {
        **content, "format": "payer-policy/record/2",
        "policy": policy, "meaning": None, "facts": facts, "silence": None, "proof": None,
        "lines": billed,
        "determination": {
            **{key: said.get(key) for key in ("claim_id", "kind", "code", "service_date", "engine")},
            "schema": "payer-policy/determination/1", "claim_id": content.get("request"),
            "decision": "pend", "lines": lines, "findings": [finding], "unsettled": [],
            "missing": asks, "assumptions": [], "derived": {}, "policy": policy,
            "information_request": codes(reason) if asks and reason else None, "internal": None,
            "headline": rule, "conflicts": [], "reference_hash": None,
        },
    }  # fmt: skip
    if voids is not None:
        own["facts"] = voids
        nothing = {"allowed_units": 0, "allowed_least": 0, "allowed_most": 0, "findings": []}
        own["determination"] |= {
            "decision": "void", "findings": [], "missing": [], "information_request": None,
            "headline": None, "lines": [
                {**line, "outcome": "void", "disposition": "void", **nothing} for line in lines],
            "voids": [one["value"] for one in voids.values()][-1],
        }  # fmt: skip
    wrong = [Wrong(*one) for one in differences((), was, keyed(own))]
    return Verified(content, leaves(keyed(own)), tuple(wrong))


def _ruleset(library: Library, address: Any, rule: str, day: Any) -> Ruleset | None:
    """The newest ruleset of a policy; for a service whose day is settled, the one of that day."""
    if address not in library.policies:
        return None
    settled = read(DATE, day, None) if rule == APPLIES else None
    return library.ruleset(address, settled or library.windows(address)[-1][0])


def _may_not_apply(ruleset: Ruleset, was: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The facts by which it is unknown whether a policy applies, as recorded, and what to ask.

    Where it is known after all, nothing is expected to be asked, so the record is wrong.
    """
    account = Account(ruleset, {"facts": at(was, "facts"), "proof": {"applies": {}}}, 0)
    read_ = {name for test in tests_in(ruleset.applies_to) for name in facts_in_test(test)}
    facts = {name: account.fact(name, {}) for name in sorted(read_ & {*names(was, "facts")})}
    tests: dict[str, Any] = {}
    truth, unknown = account.condition(ruleset.applies_to, "applies_to", tests, "applies")
    if truth != "unknown":
        return facts, []
    waits = Waits(ruleset, account.known, {})
    said = at(was, "determination", "missing")
    asked = waits.behind(name for test in unknown for name in facts_in_test(test))
    return facts, waits.asking({name: {APPLIES} for name in asked}, said)


def voided(content: Mapping[str, Any], library: Library) -> dict[str, Any] | None:
    """The facts that make a claim a void, as recorded; None: it is not a void.

    A void says that it is one (its frequency) and which claim it voids. A record that says so and
    decides otherwise, or that says neither and decides void, is wrong.
    """
    stated = {}
    for path in ("frequency", "original_id"):
        name = library.facts_by_source.get(("request", path), "")
        fact = library.vocabulary.facts.get(name)
        value = at(content, "facts", name, "value")
        if fact is None or value == NOTHING or not isinstance(value, str):
            return None
        stated[name] = {"type": fact.type.kind, "unit": fact.type.unit, "value": value}
    frequency, _ = stated.values()
    of_claim = at(content, "determination", "kind") == "claim"
    return stated if of_claim and frequency["value"] == "8" else None


def _open(units: Any) -> dict[str, Any]:
    """The allowed units of a line when only the billed units are known."""
    most = read(NUMBER, units, None)
    bounds = None if most is None else as_json(max(most, ZERO))
    return {"allowed_units": None, "allowed_least": 0, "allowed_most": bounds}


def _question(library: Library) -> dict[str, Any]:
    name = library.facts_by_source.get(("service", "date"), "")
    fact = library.vocabulary.facts[name]
    return {
        "fact": name, "label": fact.label, "question": fact.question,
        "supplied_by": fact.supplied_by, "correctable": fact.correctable, "rules": [DATE_MISSING],
    }  # fmt: skip


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# --- several days --------------------------------------------------------------------------------


def check_days(content: Mapping[str, Any], days: Sequence[Any]) -> Iterator[Wrong]:
    """Check what a determination makes of the answers of each day, which are checked elsewhere."""
    made = content.get("determination")
    answers = [at(day, "determination") for day in days]
    if not isinstance(made, dict) or not all(isinstance(one, dict) for one in answers):
        yield Wrong(("days",), "no determination", "one for each day")
        return
    dates = [str(at(one, "service_date")) for one in answers]
    if dates != sorted(set(dates)):
        yield Wrong(("days",), dates, "each day once, in order")
    for name in ("policy", "facts"):
        if content.get(name) != at(days[0], name):
            yield Wrong((name,), at(content, name), "that of the first day")
    if content.get("silence") is not None:
        yield Wrong(("silence",), content["silence"], None)
    for name in ("claim_id", "kind", "code", "service_date", "policy", "engine"):
        if at(made, name) != at(answers[0], name):
            recorded = at(made, name)
            yield Wrong(("determination", name), recorded, at(answers[0], name))
    per_line = zip(*(_list(at(one, "lines")) for one in (made, *answers)), strict=False)
    if len({len(_list(at(one, "lines"))) for one in (made, *answers)}) > 1:
        yield Wrong(("determination", "lines"), "other lines", "the same lines on each day")
    follows = _as_of_last if at(made, "kind") == "preauthorization" else _all_days
    lines = []
    for line, *each in per_line:
        keys = [_keys(answer, one) for answer, one in zip(answers, each, strict=True)]
        lines.append((line, follows(each, keys)))
    if follows is _all_days and any(own is None for _, own in lines):
        lines = [
            (line, None) for line, _ in lines
        ]  # a service has the same answer on all its days, or none
    for line, own_or_none in lines:
        where = ("determination", "lines", str(at(line, "number")))
        own = own_or_none or {
            "outcome": "pend",
            "disposition": "pend",
            **_open(at(line, "billed_units")),
        }
        for name, value in own.items():
            if at(line, name) != value:
                yield Wrong((*where, name), at(line, name), value)
    outcomes = {at(line, "outcome") for line in _list(at(made, "lines"))}
    if outcomes:
        mixed = len(outcomes) > 1 or "reduce" in outcomes
        decision = "pend" if "pend" in outcomes else "partial" if mixed else outcomes.pop()
        if made.get("decision") != decision:
            yield Wrong(("determination", "decision"), made.get("decision"), decision)
    yield from _headline(made)
    for found in _list(at(made, "findings")):
        rule = at(found, "rule")
        known = any(
            rule == at(one, "rule") for day in answers for one in _list(at(day, "findings"))
        )
        if not known and rule not in (CHANGES, SEVERAL_DAYS):
            where = ("determination", "findings", str(rule))
            yield Wrong(where, "found", "found on none of the days")


def _keys(answer: Any, line: Any) -> list[str]:
    """What denies or pends a line on a day: the rule and codes of each finding on it."""
    return [
        repr([at(one, key) for key in ("rule", "kind", "group", "carc", "rarcs")])
        for one in _list(at(answer, "findings"))
        if at(one, "rule") in _list(at(line, "findings"))
    ]


def _as_of_last(each: Sequence[Any], keys: Sequence[list[str]]) -> dict[str, Any] | None:
    """The first day decides; what it refuses counts if the last day refuses it for the same reason."""
    first, last = each[0], each[-1]
    outcome = at(first, "outcome")
    same_reason = any(f"'{kind}'" in key for key in {*keys[0]} & {*keys[-1]} for kind in _REFUSES)
    same = outcome == at(last, "outcome")
    if outcome == "reduce":
        same = same and at(first, "allowed_units") == at(last, "allowed_units")
    if outcome in _REFUSES and not (same_reason and same):
        return None
    return {name: at(first, name) for name in ("outcome", "disposition", *_UNITS)}


def _all_days(each: Sequence[Any], keys: Sequence[list[str]]) -> dict[str, Any] | None:
    """The common answer of all days, with the sums of their units; None: they differ."""
    outcomes = {at(one, "outcome") for one in each}
    if len(outcomes) > 1 or any(one != keys[0] for one in keys):
        return None
    sums = {name: _sum([at(one, name) for one in each]) for name in _UNITS}
    return {"outcome": outcomes.pop(), "disposition": at(each[0], "disposition"), **sums}


def _sum(amounts: Sequence[Any]) -> Any:
    known = [read(NUMBER, amount, None) for amount in amounts]
    return None if None in known else as_json(sum(known, ZERO))


def _headline(made: Mapping[str, Any]) -> Iterator[Wrong]:
    """Check that the finding that leads is of the foremost kind."""
    kinds = {at(one, "rule"): at(one, "kind") for one in _list(made.get("findings"))}
    places = [_KINDS.index(kind) for kind in kinds.values() if kind in _KINDS]
    best = _KINDS[min(places)] if places else None
    led = made.get("headline")
    if (led is None and kinds) or (led is not None and kinds.get(led) != best):
        yield Wrong(("determination", "headline"), led, "a finding of the foremost kind")
