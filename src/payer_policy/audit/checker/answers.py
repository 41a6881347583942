"""What surrounds a determination: the other answers of the request, and the other policies.

A record alone shows that its steps follow. That nothing was left out, no policy that applies and no
answer of the same request, is checked here, against the policy folder and the records beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from payer_policy.audit.checker.steps import AROUND, DATE, SOURCES, Account, Verified
from payer_policy.audit.checker.values import read
from payer_policy.core.ruleset import APPLIES, Ruleset, facts_in_test, tests_in
from payer_policy.core.sealed import NOTHING, Wrong, at, differences, keyed, leaves, names
from payer_policy.policy.library import Library

ALONE: Final = (
    "whether the request has other answers, and whether another policy applies: "
    "the record was written without them"
)


def own_answer(content: Mapping[str, Any]) -> dict[str, Any]:
    """What identifies the answer of a record among the answers of its request."""
    none = "without_policy" in content
    said = content.get("without_policy" if none else "determination")
    lines = at(said, "lines")
    numbers = [one if none else at(one, "number") for one in lines] if type(lines) is list else []
    policy = None if none else at(content, "policy", "address")
    day = at(said, "service_date")
    return {"code": at(said, "code"), "service_date": day, "lines": numbers, "policy": policy}


def around(content: Mapping[str, Any], library: Library) -> Verified:
    """Check which policies apply to a record's service, and that its answers name them."""
    own = own_answer(content)
    policy, answers = own["policy"], content.get("answers", NOTHING)
    payer = content.get("payer") if policy is None else str(policy).partition("/")[0]
    fixed = _fixed(content, library, own)
    was, wrong, unchecked = keyed(content.get("candidates", NOTHING)), list[Wrong](), list[str]()
    expected, holding = dict[str, Any](), [policy] if policy is not None else []
    open_ = at(content, "determination", "headline") == APPLIES
    for address, rulesets in _possible(library, payer, content, own):
        if address == policy:
            continue
        # The last ruleset that applies, or else the one of the last day.
        made = [(one, applies(one, at(was, address), fixed, 0)) for one in rulesets]
        ruleset, one = next((pair for pair in made if pair[1]["truth"] == "holds"), made[0])
        trusting = applies(ruleset, at(was, address), fixed, 1)
        expected[address] = one
        path, file = ("candidates", address), f"{address}/{ruleset.version}.json"
        if isinstance(was, dict):
            for where, recorded, found in differences(
                path, at(was, address), keyed(one), keyed(trusting)
            ):
                wrong.append(Wrong(where, recorded, found, file))
        if one["truth"] == "holds" and open_:
            wrong.append(Wrong(("policy",), policy, f"{address}, which is known to apply"))
        elif one["truth"] == "holds" or (one["truth"] == "unknown" and open_):
            holding.append(address)
        elif one["truth"] == "unknown" and policy is None:
            wrong.append(Wrong(("without_policy",), "no policy found", f"{address} may apply"))
        elif one["truth"] == "unknown":
            unchecked.append(f"whether {address} applies, which the recorded facts leave open")
    if policy is None and holding:
        those = f"{', '.join(holding)} {'apply' if len(holding) > 1 else 'applies'}"
        wrong.insert(0, Wrong(("without_policy",), "no policy found", those))
    wrong += _through(content, own)
    if was is None and answers is None:
        unchecked.append(ALONE)
        return Verified(content, 0, tuple(wrong), tuple(unchecked))
    if not isinstance(was, dict):
        wrong.append(Wrong(("candidates",), was, expected))
    wrong += [
        Wrong(("candidates", name), at(was, name), "no policy of the payer for this code and day")
        for name in (was if isinstance(was, dict) else ())
        if name not in expected
    ]
    wrong += _answers(answers, own, sorted(holding) or [None])
    return Verified(content, leaves([expected, answers]), tuple(wrong), tuple(unchecked))


def applies(ruleset: Ruleset, was: Any, fixed: Mapping[str, Any], trust: int) -> dict[str, Any]:
    """Whether a policy applies, in the form of a record.

    Args:
        ruleset: The policy.
        was: The keyed account in the record, with the recorded facts.
        fixed: Facts that the record itself determines.
        trust: Whether to rely on the recorded steps (1) or on the facts alone (0).
    """
    account = Account(ruleset, {"facts": at(was, "facts"), "proof": {"applies": was}}, trust)
    used = {name for test in tests_in(ruleset.applies_to) for name in facts_in_test(test)}
    stated = {name for name in names(was, "facts") if name not in fixed}
    stated |= {name for name, value in fixed.items() if value is not None}
    facts = {name: account.fact(name, fixed) for name in sorted(used & stated)}
    tests: dict[str, Any] = {}
    truth, _ = account.condition(ruleset.applies_to, "applies_to", tests, "applies")
    return {"hash": ruleset.hash, "facts": facts, "truth": truth, "tests": tests}


def _through(content: Any, own: Mapping[str, Any]) -> Iterator[Wrong]:
    """Check that a last day is given only for a service whose date is not settled."""
    said, day = content.get("through", NOTHING), read(DATE, own["service_date"], None)
    last = read(DATE, said, None)
    dated = own["policy"] is not None and at(content, "policy", "version") is not None
    if said is not None and (dated or day is None or last is None or last <= day):
        yield Wrong(("through",), said, None)


def _answers(answers: Any, own: Mapping[str, Any], policies: Sequence[Any]) -> Iterator[Wrong]:
    """Check that the answers on one service are by the policies that apply to it, each once."""
    found = [{**own, "policy": policy} for policy in policies]
    keys = ("code", "service_date", "lines")
    if not isinstance(answers, list) or not all(isinstance(one, dict) for one in answers):
        yield Wrong(("answers",), answers, found)
        return
    here = [one for one in answers if all(at(one, key) == own[key] for key in keys)]
    if here != found:
        yield Wrong(("answers",), here, found)


def _fixed(content: Any, library: Library, own: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that the record itself determines: what it is about."""
    said = {"code": own["code"], "service_date": own["service_date"]}
    if "determination" in content:
        said["kind"] = at(content, "determination", "kind")
    by = library.facts_by_source
    return {by[SOURCES[key]]: value for key, value in said.items() if SOURCES[key] in by}


def _possible(
    library: Library, payer: Any, content: Any, own: Mapping[str, Any]
) -> Iterator[tuple[str, list[Ruleset]]]:
    """The payer's policies for the code, each with its rulesets on the possible days, the last first."""
    day = read(DATE, own["service_date"], None)
    through = read(DATE, at(content, "through"), None) or day
    for address in library.candidates(str(payer), str(own["code"])):
        found = [
            library.ruleset(address, first)
            for first, last, _ in reversed(library.windows(address))
            if day is None or (first <= through and (last is None or day <= last))
        ]
        if rulesets := [one for one in found if one is not None]:
            yield address, rulesets


def without_policy(content: Mapping[str, Any], library: Library) -> Verified:
    """Check a record that no policy was found: what was looked for, and which policies are near."""
    said, payer = content.get("without_policy"), content.get("payer", NOTHING)
    looked_for = keyed(at(said, "looked_for"))
    known = payer if isinstance(payer, str) else at(looked_for, "payer", "value")
    values = {"payer": known, "line of business": at(looked_for, "line of business", "value"),
              "code": at(said, "code"), "date of service": at(said, "service_date")}  # fmt: skip
    expected = {
        "format": "payer-policy/record/2",
        "request": content.get("request"),
        "payer": payer if payer is None or isinstance(payer, str) else "the payer, or null",
        "without_policy": {
            "claim_id": content.get("request"),
            "code": _text(at(said, "code"), "a code, or null"),
            "service_date": _day(at(said, "service_date")),
            "lines": own_answer(content)["lines"],
            "looked_for": [
                {"label": label, "value": _text(value, "what was looked for, or null")}
                for label, value in values.items()
            ],
            "near": list(_near(content, library)),
        },
    }
    was = {key: value for key, value in content.items() if key not in AROUND}
    wrong = [Wrong(*one) for one in differences((), keyed(was), keyed(expected))]
    unchecked = []
    if payer is None and any(str(known) == one.partition("/")[0] for one in library.addresses()):
        unchecked.append(f"why {known} was not recognized as the payer")
    return Verified(content, leaves(keyed(expected)), tuple(wrong), tuple(unchecked))


def _text(value: Any, expected: str) -> Any:
    return value if value is None or (isinstance(value, str) and value != NOTHING) else expected


def _day(value: Any) -> Any:
    return value if value is None or read(DATE, value, None) is not None else "a date, or null"


def _near(content: Mapping[str, Any], library: Library) -> Iterator[Any]:
    """The sentences on policies for the code that do not apply, where nothing was decided.

    Which facts such a policy needs is repeated from the record.
    """
    answers, own = content.get("answers"), own_answer(content)
    recorded = at(content.get("without_policy"), "near")
    said = [one for one in recorded if isinstance(one, str)] if type(recorded) is list else []
    if isinstance(answers, list) and any(at(one, "policy") is not None for one in answers):
        return
    if answers is None and not said:
        return  # nothing is near beside a decided service, which this record does not show
    code, payer, day = own["code"], content.get("payer"), read(DATE, own["service_date"], None)
    for address in library.addresses():
        if code not in library.codes[address]:
            continue
        theirs, spans = address.partition("/")[0], library.spans[address]
        if theirs != payer:
            yield f"{address} covers {code}, for the payer {theirs}"
        elif day is not None and library.ruleset(address, day) is None:
            first, last = spans[0].first_day, spans[-1].last_day
            yield f"{address} covers {code} from {first}{f' through {last}' if last else ''}"
        else:
            start = f"{address} needs: "
            yield next((one for one in said if one.startswith(start)), f"{start}what is not so")


def together(checked: Sequence[Verified]) -> list[Verified]:
    """The same, also checked for each answer of a request being there once, in order."""

    def request(one: Verified) -> str:
        return repr((one.content.get("request"), one.content.get("answers")))

    out: list[Verified] = []
    for _, group in groupby(checked, key=request):
        records = list(group)
        first, answers = records[0], records[0].content.get("answers")
        if isinstance(answers, list) and answers:
            found = [own_answer(one.content) for one in records]
            # Two equal requests without a number may follow each other.
            times = max(1, len(found) // len(answers))
            if found != answers * times:
                gap = Wrong(("records",), [*map(_named, found)], [*map(_named, answers)])
                records[0] = first._replace(wrong=(*first.wrong, gap))
        out += records
    return out


def _named(answer: Any) -> str:
    lines, policy = at(answer, "lines"), at(answer, "policy")
    numbers = ", ".join(map(str, lines)) if isinstance(lines, list) and lines else "none"
    where = f"{at(answer, 'code')} on {at(answer, 'service_date')}, lines: {numbers}"
    return f"{where}, {'no policy found' if policy is None else policy}"
