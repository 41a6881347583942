"""What this version answers on the shipped examples, on all scenarios and on generated claims.

    python benchmarks/answers.py record old.jsonl --claims 20000
    python benchmarks/answers.py compare old.jsonl new.jsonl

To see what a change does: record before it and after it, then compare. The file holds what decides
(decisions, lines, findings, rules that wait, facts to ask for, assumptions) and nothing that changes
with a word or a hash. An older checkout is recorded by this same script:

    PYTHONPATH=/path/to/old/src python benchmarks/answers.py record old.jsonl --project /path/to/old
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.generated_claims import claims

from payer_policy import Engine
from payer_policy.core.diagnostics import PolicyError
from payer_policy.determination import Outcome
from payer_policy.formats import read_requests, read_supplements, supplemented
from payer_policy.specs.reading import features_in, read_feature
from payer_policy.specs.replay import replay
from payer_policy.specs.roles import scripts_in

Answer = dict[str, Any]
ROOT = Path(__file__).parents[1]
NO_CLAIMS = (".facts.json", "setup.json")
"""How files among the examples end that hold no claims."""
SHOWN = 5
"""How many differences of each kind are named."""


# --- what is recorded ------------------------------------------------------------------------------


def main_points(outcome: Outcome) -> Answer:
    """What an outcome decides, without titles, sentences, citations and hashes."""
    whole = outcome.to_json()
    return {
        "decision": whole["decision"],
        "determinations": [
            {
                "code": one["code"],
                "day": one["service_date"],
                "policy": one["policy"]["address"],
                "decision": one["decision"],
                "lines": [
                    [line["number"], line["outcome"], line["allowed_units"]]
                    for line in one["lines"]
                ],
                "findings": [
                    [
                        found["rule"],
                        found["kind"],
                        " ".join(filter(None, (found["group"], found["carc"], *found["rarcs"]))),
                        found["lines"],
                    ]
                    for found in one["findings"]
                ],
                "unsettled": [rule["rule"] for rule in one["unsettled"]],
                "missing": [question["fact"] for question in one["missing"]],
                "assumptions": [
                    rule["rule"] for rule in one["assumptions"] if rule["rule"] is not None
                ],
                "internal": one["internal"] is not None,
            }
            for one in whole["determinations"]
        ],
        "without": [[one["code"], one["service_date"]] for one in whole["without_policy"]],
    }


def refused(error: PolicyError) -> Answer:
    """A request that is not decided, with the codes of what is wrong with it."""
    codes = sorted({problem.code for problem in error.diagnostics})
    return {"decision": "refused", "problems": codes}


def answered(call: Callable[[], Outcome]) -> Answer:
    try:
        return main_points(call())
    except PolicyError as error:
        return refused(error)


def of_examples(engine: Engine, folder: Path) -> Iterator[Answer]:
    """Every claim file under a folder, with the facts file that has its name."""
    library = engine.library
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".json", ".837", ".278") or path.name.endswith(NO_CLAIMS):
            continue
        intakes = read_requests(path.read_bytes(), path.name, library.vocabulary, library.reference)
        supplement = path.with_suffix(".facts.json")
        if supplement.exists():
            given = read_supplements(supplement.read_bytes(), supplement.name)
            intakes = supplemented(intakes, given)
        for at, intake in enumerate(intakes):
            name = f"{path.relative_to(folder)}#{at}"
            request = intake.request
            if request is not None:
                yield {"id": name, **answered(partial(engine.decide, request))}
            elif not intake.is_note:
                yield {"id": name, **refused(PolicyError(intake.diagnostics))}


def of_scenarios(engine: Engine, folder: Path) -> Iterator[Answer]:
    """Every time that a scenario decides something, by its file and name."""
    for path in features_in([folder]):
        shown = str(path.relative_to(folder))
        seen: Counter[str] = Counter()
        for script in scripts_in([read_feature(path, shown)], engine.library):
            for _, answer in replay(script, engine, with_account=False).answers:
                place = script.place
                name = f"{shown}: {place.scenario} {dict(place.example)}"
                name += f" for {place.policy}" if place.policy else ""
                seen[name] += 1
                points = refused(answer.refused) if answer.refused else main_points(answer.outcome)
                yield {"id": f"{name} #{seen[name]}", **points}


def of_claims(engine: Engine, options: argparse.Namespace) -> Iterator[Answer]:
    """Generated claims."""
    given = claims(options.seed, options.claims, undated=options.undated, spanned=options.spanned)
    for claim in given:
        yield {"id": claim["id"], **answered(partial(engine.decide, claim))}


def record(options: argparse.Namespace) -> None:
    project: Path = options.project
    engine = Engine.open(project / "policies", engine=options.engine)
    counts: Counter[str] = Counter()
    with options.file.open("w", encoding="utf-8") as file:
        for source in (
            of_examples(engine, project / "examples"),
            of_scenarios(engine, project / "features"),
            of_claims(engine, options),
        ):
            for answer in source:
                counts[answer["decision"]] += 1
                file.write(json.dumps(answer) + "\n")
    print(f"{sum(counts.values())} answers: {dict(sorted(counts.items()))}")


# --- what differs ----------------------------------------------------------------------------------


def service(one: Answer) -> str:
    return f"{one['code']} on {one['day']} by {one['policy']}"


def differences(old: Answer, new: Answer) -> Iterator[tuple[str, str]]:
    """Each difference of two answers to one request: its kind, and what it is in words."""
    if old["decision"] != new["decision"]:
        yield f"decision: {old['decision']} -> {new['decision']}", "the whole request"
    yield from in_list("problem of a refusal", old.get("problems", ()), new.get("problems", ()), "")
    yield from in_list(
        "service without a policy", old.get("without", ()), new.get("without", ()), ""
    )
    before = {service(one): one for one in old.get("determinations", ())}
    after = {service(one): one for one in new.get("determinations", ())}
    yield from in_list("decided service", list(before), list(after), "")
    for name in before.keys() & after.keys():
        yield from of_service(before[name], after[name], name)


def of_service(old: Answer, new: Answer, name: str) -> Iterator[tuple[str, str]]:
    if old["decision"] != new["decision"]:
        yield f"decision of a service: {old['decision']} -> {new['decision']}", name
    before, after = ({number: rest for number, *rest in one["lines"]} for one in (old, new))
    for number in sorted(before.keys() | after.keys()):
        was, now = before.get(number, ["absent", None]), after.get(number, ["absent", None])
        if was[0] != now[0]:
            yield f"line: {was[0]} -> {now[0]}", f"line {number} of {name}"
        elif was[1] != now[1]:
            yield "allowed units", f"{was[1]} -> {now[1]} on line {number} of {name}"
    found = [{rule: rest for rule, *rest in one["findings"]} for one in (old, new)]
    yield from in_list("finding", *found, name)
    for rule in found[0].keys() & found[1].keys():
        for part, was, now in zip(
            ("kind", "codes", "lines"), found[0][rule], found[1][rule], strict=True
        ):
            if was != now:
                yield f"{part} of a finding", f"{rule}: {was} -> {now} in {name}"
    for what in ("unsettled", "missing", "assumptions"):
        yield from in_list(what, old[what], new[what], name)
    if old["missing"] != new["missing"] and sorted(old["missing"]) == sorted(new["missing"]):
        yield "order of the questions", f"{old['missing']} -> {new['missing']} in {name}"
    if old["internal"] != new["internal"]:
        yield "internal fault", f"{old['internal']} -> {new['internal']} in {name}"


def in_list(what: str, old: Any, new: Any, where: str) -> Iterator[tuple[str, str]]:
    """What only one of two lists has."""
    at = f" in {where}" if where else ""
    for entry in old:
        if entry not in new:
            yield f"{what} gone", f"{entry}{at}"
    for entry in new:
        if entry not in old:
            yield f"{what} new", f"{entry}{at}"


def report(old: Mapping[str, Answer], new: Mapping[str, Answer]) -> Iterator[str]:
    """The differences of two files, counted by kind, each kind with the first few requests."""
    kinds: dict[str, list[tuple[str, str]]] = {}
    changed = set()
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            where = "old" if name in old else "new"
            kinds.setdefault(f"request only in the {where} file", []).append((name, ""))
            continue
        for kind, words in differences(old[name], new[name]):
            kinds.setdefault(kind, []).append((name, words))
            changed.add(name)
    yield f"{len(changed)} of {len(old.keys() & new.keys())} answers differ"
    for kind, found in sorted(kinds.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        first = dict(reversed(found))  # one of each request
        yield f"{len(found):7} {kind} ({len(first)} requests)"
        yield from (f"          {name}: {first[name]}" for name in sorted(first)[:SHOWN])


def answers_in(path: Path) -> dict[str, Answer]:
    with path.open(encoding="utf-8") as file:
        return {answer["id"]: answer for answer in map(json.loads, file)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True)
    recording = commands.add_parser("record", help="write what this version answers")
    recording.add_argument("file", type=Path)
    recording.add_argument("--claims", type=int, default=20_000, help="how many are generated")
    recording.add_argument("--seed", type=int, default=0, help="of the generated claims")
    recording.add_argument(
        "--undated", type=float, default=0, help="share of claims without a date"
    )
    recording.add_argument("--spanned", type=float, default=0, help="share over several days")
    recording.add_argument("--engine", default="compiled")
    recording.add_argument("--project", type=Path, default=ROOT, help="whose policies and examples")
    recording.set_defaults(run=record)
    comparing = commands.add_parser("compare", help="how two recorded files differ")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.set_defaults(
        run=lambda given: print("\n".join(report(answers_in(given.old), answers_in(given.new))))
    )
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
