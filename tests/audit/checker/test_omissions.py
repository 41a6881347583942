"""What is left out does not follow either: of a record, or of the records of one request."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.audit import record as recorder
from payer_policy.audit.checker import Verified, Verifier
from payer_policy.audit.checker.answers import together
from payer_policy.core.ruleset import Arithmetic, FactRef
from payer_policy.core.sealed import opened, sealed
from payer_policy.determination import LookedFor, NoPolicy, ServiceLine
from payer_policy.engines import ENGINES
from payer_policy.formats import read_requests, read_supplements, supplemented
from tests.audit.checker.changes import NOT_PROVED
from tests.audit.checker.test_random import checked, for_all, recorded
from tests.determination.build import finding, rule, ruleset, yes
from tests.examples import examples as so_many
from tests.places import ROOT

CLAIMS = ROOT / "examples" / "claims"
Record = dict[str, Any]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(ROOT / "policies", engine="compiled")


@pytest.fixture(scope="module")
def verifier(engine: Engine) -> Verifier:
    return Verifier(engine.library)


@pytest.fixture(scope="module")
def nightly(engine: Engine) -> list[Record]:
    """The records of the nightly claims: approved, denied, pended, each with a procedure beside it."""
    intakes = read_requests((CLAIMS / "nightly.837").read_bytes(), "nightly.837")
    facts = read_supplements((CLAIMS / "nightly.facts.json").read_bytes(), "nightly.facts.json")
    requests = [one.request for one in supplemented(intakes, facts) if one.request is not None]
    return [one for request in requests for one in records(engine, request)]


def records(engine: Engine, request: Any) -> list[Record]:
    lines = recorder.records(engine, request, *engine.decide_fully(request))
    return [opened(line)[0] for line in lines]


def of(nightly: list[Record], decision: str) -> Record:
    found = (one for one in nightly if "determination" in one)
    return deepcopy(next(one for one in found if one["determination"]["decision"] == decision))


def sealed_anew(verifier: Verifier, *contents: Record) -> list[Verified]:
    return verifier.verify_all([sealed(one) for one in contents])


def paths(verified: Verified) -> list[tuple[str, ...]]:
    return [one.path for one in verified.wrong]


# --- the law ---------------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all members and items."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield (*path, key)
        if isinstance(value[key], (dict, list)):
            yield from places(value[key], (*path, key))


def read_by_something(content: Record) -> set[str]:
    """The facts that a test of the record reads."""
    proof = content.get("proof") or {"rules": {}}
    return {
        name
        for rule_ in proof["rules"].values()
        for test in rule_["tests"].values()
        for name in test["read"]
    }


def is_proved(content: Record, path: tuple[Any, ...]) -> bool:
    """All but what docs/trust.md names."""
    if path in NOT_PROVED or path[0] == "silence":
        return False
    if path[0] == "facts" and len(path) > 1:
        return path[1] in read_by_something(content)
    if path[0] == "without_policy":
        # What was looked for comes from the request; so does, beside the code, the line of business.
        return path[1:] != ("looked_for", 1, "value")
    return not (path[:2] == ("determination", "missing") and path[-1] == "question")


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1 if isinstance(value, int) else f"{value}x"


@pytest.mark.parametrize("decision", ["approve", "deny", "pend", "no policy"])
def test_whatever_is_removed_or_replaced_is_noticed(
    verifier: Verifier, nightly: list[Record], decision: str
) -> None:
    """Any member, any item of a list, any value: of a record that is sealed again."""
    content = nightly[1] if decision == "no policy" else of(nightly, decision)
    # The other records of the request, as they are.
    beside = [one for one in nightly if one["request"] == content["request"]]
    right = sealed_anew(verifier, *beside)
    at = beside.index(content)
    every = [path for path in places(content) if is_proved(content, path)]
    for path in Random(decision).sample(every, min(len(every), so_many(60))):
        for remove in (True, False):
            altered = deepcopy(content)
            parent: Any = altered
            for key in path[:-1]:
                parent = parent[key]
            value = parent[path[-1]]
            if remove:
                del parent[path[-1]]
            elif isinstance(value, (dict, list)):
                parent[path[-1]] = {} if isinstance(value, list) else []
            else:
                parent[path[-1]] = other(value)
            found = verifier.verify(sealed(altered))
            around = together([*right[:at], found, *right[at + 1 :]])
            assert any(one.wrong for one in around), (path, remove)


def test_records_as_they_were_written_are_proved(verifier: Verifier, nightly: list[Record]) -> None:
    assert len(nightly) == 6
    for one in sealed_anew(verifier, *nightly):
        assert one.wrong == one.unchecked == ()
        assert one.steps > 15


# --- questions and what rules wait for -------------------------------------------------------------


def drop_questions(said: Record) -> None:
    said["missing"] = []


def drop_one_question(said: Record) -> None:
    said["missing"].pop()


def ask_for_one_rule_less(said: Record) -> None:
    said["missing"][0]["rules"].pop()


def wait_for_nothing(said: Record) -> None:
    for one in said["unsettled"]:
        one["waits_for"] = []


def assume_without_waiting(said: Record) -> None:
    for one in said["assumptions"]:
        one["waits_for"] = []


def drop_assumptions(said: Record) -> None:
    said["assumptions"] = []


def drop_an_open_rule(said: Record) -> None:
    gone = said["unsettled"].pop()["rule"]
    for one in said["missing"]:
        one["rules"] = [id_ for id_ in one["rules"] if id_ != gone]


def another_engine(said: Record) -> None:
    said["engine"] = "another"


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (drop_questions, "missing"),
        (drop_one_question, "missing"),
        (ask_for_one_rule_less, "missing"),
        (wait_for_nothing, "unsettled"),
        (assume_without_waiting, "assumptions"),
        (drop_assumptions, "assumptions"),
        (drop_an_open_rule, "unsettled"),
        (another_engine, "engine"),
    ],
)
def test_a_pended_record_names_what_it_waits_for(
    verifier: Verifier, nightly: list[Record], change: Callable[[Record], None], step: str
) -> None:
    content = of(nightly, "pend")
    change(content["determination"])
    wrong = paths(verifier.verify(sealed(content)))

    assert ("determination", step) in [one[:2] for one in wrong]


@pytest.mark.parametrize("name", [*ENGINES, "Compiled", "", None, "another"])
def test_a_record_names_one_of_the_engines(
    verifier: Verifier, nightly: list[Record], name: str | None
) -> None:
    content = of(nightly, "deny")
    content["determination"]["engine"] = name
    (*wrong,) = verifier.verify(sealed(content)).wrong

    assert [one.path for one in wrong] == [] if name in ENGINES else [("determination", "engine")]
    assert name in ENGINES or wrong[0].found == f"one of {', '.join(ENGINES)}"


# --- no policy -------------------------------------------------------------------------------------


def none_found(record: Record) -> Record:
    """The record of a determination rewritten as "no policy", as carefully as can be."""
    said, payer = record["determination"], record["policy"]["address"].partition("/")[0]
    lines = [one["number"] for one in said["lines"]]
    about = {"code": said["code"], "service_date": said["service_date"], "lines": lines}
    values = {"payer": payer, "line of business": payer, "code": said["code"],
              "date of service": said["service_date"]}  # fmt: skip
    return {
        "format": record["format"],
        "request": record["request"],
        "payer": payer,
        "answers": [{**about, "policy": None}],
        "candidates": {},
        "without_policy": {
            "claim_id": record["request"],
            **about,
            "looked_for": [{"label": key, "value": value} for key, value in values.items()],
            "near": [],
        },
    }


@pytest.mark.parametrize("decision", ["approve", "deny", "pend"])
@pytest.mark.parametrize("how", ["plain", "no day", "alone", "payer not recognized", "old"])
def test_a_determination_is_not_replaced_by_no_policy(
    verifier: Verifier, nightly: list[Record], decision: str, how: str
) -> None:
    record = of(nightly, decision)
    forged = none_found(record)
    if how == "no day":
        for one in (forged["answers"][0], forged["without_policy"]):
            one["service_date"] = None
        forged["without_policy"]["looked_for"][-1]["value"] = None
    if how == "alone":
        forged["answers"] = forged["candidates"] = None
    if how == "payer not recognized":
        forged["payer"] = None
    if how == "old":
        forged = {key: forged[key] for key in ("format", "request", "without_policy")}
    (found,) = sealed_anew(verifier, forged)

    assert found.wrong or found.unchecked
    if how in ("plain", "no day", "alone"):
        applies = f"{record['policy']['address']} applies"
        assert ("no policy found", applies) in [one[1:3] for one in found.wrong]


NARROWER = {
    "fails": {"fact": "request.kind", "is": "claim"},
    "unknown": {"fact": "therapy.phase", "is": "refill"},
}


@pytest.mark.parametrize("truth", NARROWER)
def test_a_record_of_no_policy_shows_every_policy_that_could_apply(
    tmp_path: Path, truth: str
) -> None:
    """A policy for the code of which something else fails, or is not known, with the facts."""
    others = shutil.ignore_patterns("commercial-*")
    shutil.copytree(ROOT / "policies", tmp_path / "policies", ignore=others)
    file = tmp_path / "policies" / "medicare" / "intrathecal-baclofen" / "2016-01-01.json"
    policy = json.loads(file.read_text("utf-8"))
    policy["applies_to"] = {"all": [policy["applies_to"], NARROWER[truth]]}
    file.write_text(json.dumps(policy), "utf-8")
    engine = Engine.open(tmp_path / "policies", engine="compiled")
    request = {"id": "SYN-1", "kind": "preauthorization", "coverage": {"payer": "medicare"},
               "lines": [{"number": 1, "code": "J0945", "units": 4, "date": "2025-03-04"}]}  # fmt: skip
    (content,) = records(engine, request)
    verifier = Verifier(engine.library)
    (found,) = sealed_anew(verifier, content)
    assert found.wrong == () and found.unchecked == ()
    if truth == "unknown":  # then the service pends by that policy, which asks what would show it
        assert content["determination"]["headline"] == "policy-may-not-apply"
        return
    candidate = content["candidates"]["medicare/intrathecal-baclofen"]

    assert candidate["truth"] == truth
    for path in places(content["candidates"]):
        altered = deepcopy(content)
        parent: Any = altered["candidates"]
        for key in path[:-1]:
            parent = parent[key]
        del parent[path[-1]]
        assert paths(verifier.verify(sealed(altered))), path


def test_a_record_without_its_request_is_not_proved(engine: Engine, verifier: Verifier) -> None:
    looked_for = (
        LookedFor("payer", "nobody"), LookedFor("line of business", None), LookedFor("code", "X0000"),
        LookedFor("date of service", date(2024, 5, 1)),
    )  # fmt: skip
    none = NoPolicy("SYN-1", "X0000", date(2024, 5, 1), (1,), looked_for, ())
    record = recorder.record_without_policy(none)
    found = verifier.verify(record)

    assert found.wrong == ()
    assert "whether another policy applies" in found.unchecked[0]


def test_what_nearly_applied_is_all_there(engine: Engine, verifier: Verifier) -> None:
    request = {"id": "SYN-1", "coverage": {"payer": "nobody"}, "lines": [
        {"number": 1, "code": "J0945", "units": 4, "date": "2025-03-04"}]}  # fmt: skip
    (content,) = records(engine, request)
    near = content["without_policy"]["near"]
    assert len(near) > 2
    assert sealed_anew(verifier, content)[0].wrong == ()
    for altered in (near[1:], [*near, near[0]], [near[0] + ".", *near[1:]], []):
        forged = deepcopy(content)
        forged["without_policy"]["near"] = altered
        assert paths(verifier.verify(sealed(forged))) == [("without_policy", "near")]


# --- the records of one request --------------------------------------------------------------------


def test_a_removed_record_leaves_a_gap(verifier: Verifier, nightly: list[Record]) -> None:
    for gone in range(len(nightly)):
        left = [one for index, one in enumerate(nightly) if index != gone]
        found = [one for one in sealed_anew(verifier, *left) if one.wrong]
        assert [paths(one) for one in found] == [[("records",)]]
        assert found[0].content["request"] == nightly[gone]["request"]


def test_swapped_or_doubled_records_are_told(verifier: Verifier, nightly: list[Record]) -> None:
    one, two, *more = nightly
    for order in ([two, one, *more], [one, one, two, *more], [one, *more, two]):
        assert any(paths(each) == [("records",)] for each in sealed_anew(verifier, *order))


def test_whole_requests_may_stand_in_any_order(verifier: Verifier, nightly: list[Record]) -> None:
    order = [*nightly[4:], *nightly[:4]]
    assert all(one.wrong == () for one in sealed_anew(verifier, *order))


# --- no stand-in for "no limit" --------------------------------------------------------------------


def test_an_amount_that_is_not_known_leaves_no_number() -> None:
    amount = Arithmetic("product", (FactRef("in.dose"), FactRef("in.days")))
    made = for_all(ruleset([rule("limited", yes("few"), finding("reduce", "Few.", to=amount))]))
    lines = (ServiceLine(1, 4), ServiceLine(2, None), ServiceLine(3, 10**30))
    content = recorded(made, {"few": True}, lines)

    assert [one["left"] for one in content["proof"]["lines"]] == [{"limited": [0, None]}] * 3
    assert str(10**18) not in json.dumps(content["proof"])
    assert checked(content, made).wrong == ()
    assert content["determination"]["unsettled"][0]["waits_for"] == ["in.days", "in.dose"]


# --- the command -----------------------------------------------------------------------------------


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "payer_policy", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_verify_reports_what_is_missing_and_what_was_not_checked(
    nightly: list[Record], tmp_path: Path
) -> None:
    path = tmp_path / "records.jsonl"
    failed = of(nightly, "deny")
    engine = failed["determination"]["engine"]
    said = f"The engine `{engine}` failed on this request (value error). Nothing was decided."
    failed["proof"] = None
    failed["determination"] |= {
        "decision": "pend", "findings": [], "unsettled": [], "missing": [], "assumptions": [],
        "derived": {}, "information_request": None, "internal": said, "headline": None,
        "conflicts": [],
    }  # fmt: skip
    for line in failed["determination"]["lines"]:
        line |= {
            "outcome": "pend", "disposition": "pend", "allowed_units": None, "allowed_least": 0,
            "allowed_most": line["billed_units"], "findings": [],
        }  # fmt: skip
    beside = next(
        one for one in nightly if one["request"] == failed["request"] and "policy" not in one
    )
    path.write_bytes(sealed(failed) + sealed(beside))
    found = run("verify", path)
    assert found.returncode == 1
    assert "no errors were found, but not everything could be checked" in found.stdout
    assert "Not checked: the record reports that the engine failed" in found.stdout
    assert "every step follows" in found.stdout.split("Record 2")[1]

    path.write_bytes(sealed(beside))
    found = run("verify", path)
    assert found.returncode == 1
    assert "  records of the request\n" in found.stdout
    answer = json.loads(run("verify", path, "--json").stdout)
    assert answer["records"][0]["wrong"][0]["step"] == "records of the request"
    assert answer["records"][0]["not_checked"] == []
