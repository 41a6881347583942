"""What docs/language.md shows can be typed as it stands: each example is checked in a small folder.

A request, a facts file or a scenario is decided with the last example of a policy before it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from payer_policy import Engine
from payer_policy.policy.loading import read_library
from payer_policy.specs.reading import read_feature
from payer_policy.specs.replay import replay, scripts_of
from tests.pages import printed
from tests.places import ROOT
from tests.policy.checks.building import BASE, build

PAGE = (ROOT / "docs/language.md").read_text("utf-8")
_BLOCK = re.compile(r"^<!-- ([^\n]*) -->\n```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SCENARIO = re.compile(r"^```gherkin\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NORTH = "north/iron/2024-01-01.json"


class Block(NamedTuple):
    """An example, and what it is: `condition`, `rule`, `policy`, or `file` with its path; `refused` with
    what `check` says of a condition; `request` or `facts` with the decision and the rules that made it;
    `scenario`."""

    kind: str
    content: Any
    line: int


def blocks() -> list[Block]:
    found = [(one, one[1], json.loads(one[2])) for one in _BLOCK.finditer(PAGE)]
    found += [(one, "scenario", one[1]) for one in _SCENARIO.finditer(PAGE)]
    made = [Block(kind, it, PAGE.count("\n", 0, one.start()) + 1) for one, kind, it in found]
    return sorted(made, key=lambda one: one.line)


BLOCKS = blocks()


def of(*kinds: str) -> list[Block]:
    return [one for one in BLOCKS if one.kind.partition(" ")[0] in kinds]


def line_of(block: Block) -> str:
    return f"line {block.line}"


def before(block: Block, *kinds: str) -> Block:
    """The last example of some kinds before another one."""
    return [one for one in of(*kinds) if one.line < block.line][-1]


def test_every_example_of_the_page_is_tried() -> None:
    assert len(re.findall(r"^```\w", PAGE, re.MULTILINE)) == len(BLOCKS) >= 28


def with_rule(rule: dict[str, Any]) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads((BASE / NORTH).read_text("utf-8"))
    policy["rules"].append(rule)
    return policy


def written(block: Block) -> dict[str, Any]:
    """The files of a folder with the example in it."""
    if block.kind == "condition":
        then = {"advise": {"because": "A note."}}
        rule = {"id": "tried", "title": "Tried", "cites": ["manual"], "then": then}
        return {NORTH: with_rule({**rule, "when": block.content})}
    if block.kind == "rule":
        return {NORTH: with_rule(block.content)}
    assert block.kind == "policy", f"line {block.line}: what is a {block.kind}?"
    more = dict(block.content)
    policy = json.loads((BASE / NORTH).read_text("utf-8"))
    policy["rules"] += more.pop("rules", [])
    return {NORTH: {**policy, **more}}


@pytest.mark.parametrize("block", of("condition", "rule", "policy"), ids=line_of)
def test_an_example_is_right(tmp_path: Path, block: Block) -> None:
    build({"write": written(block)}, tmp_path / "policies")
    assert problems(tmp_path / "policies") == []


@pytest.mark.parametrize("block", of("refused"), ids=line_of)
def test_a_condition_is_refused(tmp_path: Path, block: Block) -> None:
    condition = block._replace(kind="condition")
    build({"write": written(condition)}, tmp_path / "policies")
    assert [found.split(": ")[1] for found in problems(tmp_path / "policies")] == [block.kind[8:]]


@pytest.mark.parametrize("block", of("request", "facts"), ids=line_of)
def test_a_request_is_decided(tmp_path: Path, block: Block) -> None:
    build({"write": written(before(block, "policy"))}, tmp_path / "policies")
    kind, decision, *rules = block.kind.split()
    claim, facts = block.content, {}
    if kind == "facts":
        # What the claim before it says of its service, and nothing else.
        claim = {key: before(block, "request").content[key] for key in ("id", "coverage", "lines")}
        facts = block.content
    (tmp_path / "claim.json").write_text(json.dumps(claim), "utf-8")
    (tmp_path / "facts.json").write_text(json.dumps(facts), "utf-8")

    answer = json.loads(
        printed("payer-policy decide claim.json --facts facts.json --json", tmp_path)
    )

    assert answer["decision"] == decision
    (made,) = answer["determinations"]
    assert [one["rule"] for one in made["findings"]] == rules


@pytest.mark.parametrize("block", of("scenario"), ids=line_of)
def test_a_scenario_passes(tmp_path: Path, block: Block) -> None:
    build({"write": written(before(block, "policy"))}, tmp_path / "policies")
    file = tmp_path / "page.feature"
    file.write_text(f"Feature: The page\n\n{block.content}", "utf-8")

    for script in scripts_of(read_feature(file, file.name)):
        assert replay(script, Engine.open(tmp_path / "policies")).failure is None


def test_the_files_of_the_page_are_one_folder(tmp_path: Path) -> None:
    files = {one.kind.removeprefix("file "): one.content for one in of("file")}
    assert len(files) >= 4
    build({"write": files}, tmp_path / "policies")
    assert problems(tmp_path / "policies") == []


def problems(folder: Path) -> list[str]:
    _, found = read_library(folder)
    return [f"{one.location}: {one.code}: {one.message}" for one in found]
