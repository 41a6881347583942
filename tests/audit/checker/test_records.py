"""Records of the shipped policies: they check out, and one changed byte anywhere does not pass."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payer_policy import Engine, Library, PolicyError
from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.audit import record as recorder
from payer_policy.audit.checker import Verifier
from payer_policy.core.ruleset import Constant, FindingEffect, Ruleset
from payer_policy.core.ruleset import tests_in as every_test
from payer_policy.core.sealed import opened, sealed
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.determination import About, Determiner, ServiceLine
from payer_policy.engine import Decided
from payer_policy.engines import engine_named
from payer_policy.engines.protocol import Evaluation
from payer_policy.formats import read_requests, read_supplements, supplemented
from payer_policy.policy.loading import open_library
from tests.audit.checker.changes import changes, names_it
from tests.examples import examples as so_many
from tests.places import ROOT

CLAIMS = ROOT / "examples" / "claims"
Evaluate = Callable[[Any], Evaluation]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(ROOT / "policies", engine="compiled")


@pytest.fixture(scope="module")
def verifier(engine: Engine) -> Verifier:
    return Verifier(engine.library)


@pytest.fixture(scope="module")
def examples(engine: Engine) -> dict[str, bytes]:
    """The records of the example claims that a policy decides, by claim number."""
    intakes = read_requests((CLAIMS / "nightly.837").read_bytes(), "nightly.837")
    facts = read_supplements((CLAIMS / "nightly.facts.json").read_bytes(), "nightly.facts.json")
    intakes = supplemented(intakes, facts)
    for name in ("question.json", "refill.json"):
        intakes = [*intakes, *read_requests((CLAIMS / name).read_bytes(), name)]
    return {
        str(intake.claim_id): next(records_of(engine, intake.request))
        for intake in intakes
        if intake.request is not None
    }


def records_of(engine: Engine, request: Any) -> Iterator[bytes]:
    return recorder.records(engine, request, *engine.decide_fully(request))


def cases_of(library: Library, ruleset: Ruleset, seed: int, count: int, evaluate: Evaluate) -> Any:
    """Random services to which a ruleset applies, decided by an engine."""
    random, palette = Random(seed), palette_of(ruleset)
    parts = sorted(ruleset.line_parts)
    applies = {
        test.fact: sorted(side.value)[0] if isinstance(side.value, frozenset) else side.value
        for test in every_test(ruleset.applies_to)
        for side in test.right
        if isinstance(side, Constant)
    }
    for _ in range(count):
        facts: dict[str, Any] = {}
        for _ in range(random.choice((1, 2, 6))):  # from little to nearly all is known
            facts |= random_facts(random, palette)
        facts |= applies
        facts[library.facts_by_source["service", "date"]] = ruleset.first_day
        # A void that names its claim is answered before any rule.
        facts.pop(library.facts_by_source["request", "original_id"], None)
        code = facts[library.facts_by_source["service", "code"]]
        kind = facts.setdefault(library.facts_by_source["request", "kind"], "claim")
        lines = [
            ServiceLine(
                number,
                random.choice((None, 0, 1, 2, 7, 40, 100)),
                frozenset(part for part in parts if random.randrange(2)),
            )
            for number in range(1, random.randrange(5) + 1)
        ]
        evaluation = evaluate(facts)
        determination = Determiner(ruleset).determine(
            evaluation, facts, lines,
            About("SYN-1", kind, code, ruleset.first_day, "compiled"),
        )  # fmt: skip
        yield Decided(determination, ruleset, evaluation, facts)


def rulesets(library: Library) -> list[Ruleset]:
    """The newest ruleset of each policy."""
    days = ((address, library.windows(address)[-1][0]) for address in library.addresses())
    return [made for address, day in days if (made := library.ruleset(address, day)) is not None]


def test_the_example_claims_check_out(verifier: Verifier, examples: dict[str, bytes]) -> None:
    assert len(examples) == 5
    for record in examples.values():
        checked = verifier.verify(record)
        assert checked.wrong == checked.unchecked == ()
        assert checked.steps > 2_000


def test_records_are_the_same_bytes_every_time(engine: Engine, examples: dict[str, bytes]) -> None:
    (intake,) = read_requests((CLAIMS / "refill.json").read_bytes(), "refill.json")
    assert intake.request is not None

    assert next(records_of(engine, intake.request)) == examples[str(intake.claim_id)]


def test_random_services_of_every_policy_check_out(engine: Engine, verifier: Verifier) -> None:
    seen = set()
    for ruleset in rulesets(engine.library):
        evaluate = engine_named("compiled").compile(ruleset)
        for decided in cases_of(engine.library, ruleset, 7, so_many(7), evaluate):
            record = recorder.record(decided)
            content = json.loads(record)
            wrong = verifier.verify(record).wrong
            assert wrong == (), (ruleset.policy, wrong[:3])
            seen |= {line["outcome"] for line in content["determination"]["lines"]}
            seen |= {one["unknown"] for one in content["determination"]["unsettled"]}
            seen |= {f["kind"] for f in content["determination"]["findings"]}
            seen |= {"assumed" for _ in content["determination"]["assumptions"]}

    assert seen >= {"pend", "deny", "condition", "advise", "assumed"}


def test_one_changed_byte_is_seen_wherever_it_is(examples: dict[str, bytes]) -> None:
    """Whatever the checker makes of a changed value: the record's own hash and bytes tell already."""
    random = Random(3)
    record = min(examples.values(), key=len)
    places = [*range(200), *range(len(record) - 80, len(record))]
    places += random.sample(range(200, len(record) - 80), 200)
    for place in places:
        altered = bytearray(record)
        altered[place] ^= 1 << random.randrange(8)
        assert opened(bytes(altered))[1] != (), place
    assert opened(record)[1] == ()


@pytest.mark.parametrize("claim", ["SYN-837-WASTE", "SYN-837-NO-JZ", "SYN-837-INITIAL"])
def test_a_changed_value_is_named_though_the_hash_was_made_anew(
    verifier: Verifier, examples: dict[str, bytes], claim: str
) -> None:
    content, _ = opened(examples[claim])
    # The other answers of the request are seen in the records beside this one; what nobody said is
    # given as the facts are.
    every = [one for one in changes(content) if one[0][0] not in ("answers", "silence")]
    assert len(every) > 1_500
    for path, change in Random(claim).sample(every, so_many(30)):
        altered = json.loads(examples[claim])
        del altered["sha256"]
        change(altered)
        checked = verifier.verify(sealed(altered))

        assert any(names_it(content, path, one.path) for one in checked.wrong), path
        assert ("sha256",) not in [one.path for one in checked.wrong]


def changed(record: bytes, *path: Any, to: Any) -> bytes:
    """The record with one value changed, and a hash that fits."""
    content, _ = opened(record)
    at: Any = content
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = to
    return sealed(content)


def test_a_changed_decision_is_the_only_wrong_step(
    verifier: Verifier, examples: dict[str, bytes]
) -> None:
    record = changed(examples["SYN-837-NO-JZ"], "determination", "decision", to="approve")
    (wrong,) = verifier.verify(record).wrong

    assert wrong[:3] == (("determination", "decision"), "approve", "deny")
    assert wrong.file is not None and (ROOT / "policies" / wrong.file).is_file()


def test_a_changed_fact_is_found_where_it_was_read(
    verifier: Verifier, examples: dict[str, bytes]
) -> None:
    record = examples["SYN-837-INITIAL"]
    facts, proof = opened(record)[0]["facts"], opened(record)[0]["proof"]
    name, value = next(
        (name, fact["value"])
        for name, fact in facts.items()
        if fact["type"] == "boolean"
        and any(name in t["read"] for r in proof["rules"].values() for t in r["tests"].values())
    )
    wrong = verifier.verify(changed(record, "facts", name, "value", to=not value)).wrong

    readers = {
        ("proof", "rules", id_, "tests", at, "read", name)
        for id_, rule in proof["rules"].items()
        for at, test in rule["tests"].items()
        if name in test["read"]
    }
    in_proof = {one.path for one in wrong if one.path[0] == "proof"}
    assert readers
    assert in_proof == readers
    assert {(one.recorded, one.found) for one in wrong if one.path in readers} == {
        (value, not value)
    }


def test_a_fact_of_another_unit_or_type_is_wrong(
    verifier: Verifier, examples: dict[str, bytes]
) -> None:
    record = examples["SYN-837-WASTE"]
    facts = opened(record)[0]["facts"]
    name = next(name for name, fact in facts.items() if fact["unit"] == "billing units")
    (wrong,) = verifier.verify(changed(record, "facts", name, "unit", to="mg")).wrong
    assert wrong[:3] == (("facts", name, "unit"), "mg", "billing units")

    broken = verifier.verify(changed(record, "facts", name, "value", to=True)).wrong
    assert broken[0].path == ("facts", name, "value")
    assert "number" in broken[0].found


def test_a_date_outside_the_policy_s_days_is_wrong(
    verifier: Verifier, examples: dict[str, bytes]
) -> None:
    record = changed(examples["SYN-837-WASTE"], "determination", "service_date", to="1999-01-01")
    assert ("determination", "service_date") in [one.path for one in verifier.verify(record).wrong]


# --- engines that are wrong ------------------------------------------------------------------------


def no_for_unknown(found: Evaluation) -> Evaluation:
    return found._replace(truths=[FAILS if one == UNKNOWN else one for one in found.truths])


def without_one_rule(found: Evaluation) -> Evaluation:
    truths = list(found.truths)
    if HOLDS in truths:
        truths[truths.index(HOLDS)] = FAILS
    return found._replace(truths=truths)


@pytest.mark.parametrize("fault", [no_for_unknown, without_one_rule])
def test_what_a_wrong_engine_decided_is_refused(
    engine: Engine, verifier: Verifier, fault: Callable[[Evaluation], Evaluation]
) -> None:
    refused = 0
    for ruleset in rulesets(engine.library)[:3]:
        right = engine_named("compiled").compile(ruleset)

        def evaluate(facts: Any, right: Evaluate = right) -> Evaluation:
            return fault(right(facts))

        for decided in cases_of(engine.library, ruleset, 5, 8, evaluate):
            truths = right(decided.facts).truths
            assert decided.evaluation is not None
            differ = [
                rule.id
                for rule, a, b in zip(ruleset.rules, truths, decided.evaluation.truths, strict=True)
                if a != b
            ]
            wrong = [one.path for one in verifier.verify(recorder.record(decided)).wrong]
            for id_ in differ:
                assert ("proof", "rules", id_, "truth") in wrong
            refused += bool(differ)
            assert bool(wrong) == bool(differ)
    assert refused


def test_a_failed_engine_is_a_record_too(engine: Engine, verifier: Verifier) -> None:
    ruleset = rulesets(engine.library)[0]
    lines = [ServiceLine(1, 4, frozenset())]
    code, by = min(engine.library.codes[ruleset.policy]), engine.library.facts_by_source
    facts = {by["request", "kind"]: "claim", by["service", "code"]: code,
             by["service", "date"]: ruleset.first_day}  # fmt: skip
    determination = Determiner(ruleset).pend_for_internal_error(
        ValueError(), lines,
        About("SYN-1", "claim", code, ruleset.first_day, "durable"),
    )  # fmt: skip
    record = recorder.record(Decided(determination, ruleset, None, facts))

    checked = verifier.verify(record)
    assert checked.wrong == ()
    assert any(what.startswith("the record reports that the engine failed") for what in
               checked.unchecked)  # fmt: skip
    approved = changed(record, "determination", "lines", 0, "outcome", to="approve")
    assert [one.path for one in verifier.verify(approved).wrong] == [
        ("determination", "lines", "1", "outcome")
    ]
    # That an engine failed is believed in no other words, nor of another engine.
    for words in (f"{determination.internal} Nothing.", "The engine `checked` failed."):
        record_ = changed(record, "determination", "internal", to=words)
        assert ("determination", "internal") in [one.path for one in verifier.verify(record_).wrong]


# --- policy files that changed ---------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    others = shutil.ignore_patterns("commercial-*")  # one payer is read sooner than all
    shutil.copytree(ROOT / "policies", tmp_path / "policies", ignore=others)
    return tmp_path / "policies"


def paths(record: bytes, folder: Path) -> list[tuple[str, ...]]:
    return [one.path for one in Verifier(open_library(folder)).verify(record).wrong]


def main_file(record: bytes) -> tuple[str, str]:
    """A rule of the record that finds something, and the policy file that it stands in."""
    rules = opened(record)[0]["proof"]["rules"]
    id_ = next(id_ for id_, rule in rules.items() if "finds" in rule)
    return id_, f"{rules[id_]['file']}.json"


def test_a_changed_title_names_the_rule_alone(examples: dict[str, bytes], folder: Path) -> None:
    record = examples["SYN-837-WASTE"]
    id_, file = main_file(record)
    policy = json.loads((folder / file).read_text("utf-8"))
    next(rule for rule in policy["rules"] if rule["id"] == id_)["title"] += "."
    (folder / file).write_text(json.dumps(policy), "utf-8")

    wrong = Verifier(open_library(folder)).verify(record).wrong

    assert wrong and {one.path[-1] for one in wrong} == {"title"}
    assert {one.file for one in wrong} == {file}


def test_a_changed_parameter_names_the_steps_that_come_out_otherwise(
    examples: dict[str, bytes], folder: Path
) -> None:
    """Every rule that compares with it is named as changed; steps that do not depend on it stand."""
    record = examples["SYN-837-WASTE"]
    _, file = main_file(record)
    policy = json.loads((folder / file).read_text("utf-8"))
    name = next(
        name
        for name, one in policy["parameters"].items()
        if type(one["value"]) is int
        and json.dumps({"parameter": name}) in json.dumps(policy["rules"])
    )
    policy["parameters"][name]["value"] += 1
    (folder / file).write_text(json.dumps(policy), "utf-8")

    wrong = paths(record, folder)

    assert ("policy", "hash") in wrong
    assert ("meaning", "parameters") in wrong
    using = {
        rule["id"]
        for rule in policy["rules"]
        if json.dumps({"parameter": name}) in json.dumps(rule)
    }
    named = {path[2] for path in wrong if path[:2] == ("proof", "rules") and path[-1] == "hash"}
    assert named
    assert named <= using


def test_layout_is_no_change(examples: dict[str, bytes], folder: Path) -> None:
    for path in folder.rglob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text("utf-8"))), "utf-8")

    assert paths(examples["SYN-837-WASTE"], folder) == []


@pytest.mark.parametrize("seed", range(5))
def test_one_changed_byte_of_a_policy_file_is_told(
    examples: dict[str, bytes], folder: Path, seed: int
) -> None:
    """The folder is refused at the place, or the record's hash differs, or nothing is meant by it."""
    record, random = examples["SYN-837-WASTE"], Random(seed)
    _, file = main_file(record)
    data = bytearray((folder / file).read_bytes())
    data[random.randrange(len(data))] ^= 1 << random.randrange(7)
    (folder / file).write_bytes(data)
    try:
        library = open_library(folder)
    except PolicyError as error:
        assert any(problem.location.file.endswith(file) for problem in error.diagnostics)
        return
    wrong = Verifier(library).verify(record).wrong
    content = opened(record)[0]["policy"]
    ruleset = library.ruleset(content["address"], date.fromisoformat(content["first_day"]))
    assert ruleset is not None
    assert bool(wrong) == (ruleset.hash != content["hash"])
    assert not wrong or any(one.path[0] in ("meaning", "proof") for one in wrong)


def test_a_policy_that_is_gone_is_said_to_be_gone(
    verifier: Verifier, examples: dict[str, bytes]
) -> None:
    record = changed(examples["SYN-837-WASTE"], "policy", "hash", to="0" * 64)
    content, _ = opened(changed(record, "policy", "address", to="nobody/nothing"))
    wrong, *_ = verifier.verify(sealed(content)).wrong

    assert wrong.path == ("policy",)
    assert wrong.found == "no such policy on that day"


# --- bytes that are no record ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"[]\n", b"{}\n", b"3\n", b"\xff\n", b"[" * 100_000, b'{"policy":3}\n', b"null\n"],
)
def test_what_is_no_record_is_answered_not_raised(verifier: Verifier, line: bytes) -> None:
    assert verifier.verify(line).wrong != ()


JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    "x",
    "1e999999999",
    [],
    [[]],
    {},
    {"#order": 3},
    [{}, 1],
    "(nothing)",
)


def test_no_shape_of_a_record_stops_the_checker(
    verifier: Verifier, examples: dict[str, bytes]
) -> None:
    random = Random(1)
    content, _ = opened(examples["SYN-837-INITIAL"])
    places = [path[:length] for path, _ in changes(content) for length in range(1, len(path) + 1)]
    places += [("facts", name, "value") for name in content["facts"]]
    for path in [*random.sample(places, 120), *[(key,) for key in content]]:
        junk = random.choice(JUNK)
        record = changed(examples["SYN-837-INITIAL"], *path, to=junk)
        if record != examples["SYN-837-INITIAL"] and path[0] != "request":
            assert verifier.verify(record).wrong != (), (path, junk)


def test_findings_are_not_dropped_or_doubled(
    verifier: Verifier, examples: dict[str, bytes], engine: Engine
) -> None:
    record = examples["SYN-837-NO-JZ"]
    findings = opened(record)[0]["determination"]["findings"]
    deny = next(index for index, one in enumerate(findings) if one["kind"] == "deny")
    id_ = findings[deny]["rule"]
    effect = engine.library.ruleset("medicare/intrathecal-baclofen", date(2024, 5, 14))
    assert effect is not None and isinstance(effect.rule(id_).effect, FindingEffect)

    dropped = [one for index, one in enumerate(findings) if index != deny]
    (wrong,) = verifier.verify(changed(record, "determination", "findings", to=dropped)).wrong
    assert wrong.path == ("determination", "findings", id_)
    assert wrong.found["carc"] == findings[deny]["carc"]

    twice = [*findings, findings[deny]]
    (wrong,) = verifier.verify(changed(record, "determination", "findings", to=twice)).wrong
    assert wrong.path == ("determination", "findings", f"{id_}'")
