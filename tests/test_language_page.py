"""What docs/language.md shows can be typed as it stands: each example is checked in a small folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from payer_policy.policy.loading import read_library
from tests.places import ROOT
from tests.policy.checks.building import BASE, build

PAGE = (ROOT / "docs/language.md").read_text("utf-8")
_BLOCK = re.compile(r"^<!-- ([^\n]*) -->\n```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NORTH = "north/iron/2024-01-01.json"


class Block(NamedTuple):
    """An example, and what it is: `condition`, `rule`, `policy`, or `file` with its path."""

    kind: str
    content: Any
    line: int


def blocks() -> list[Block]:
    return [
        Block(found[1], json.loads(found[2]), PAGE.count("\n", 0, found.start()) + 1)
        for found in _BLOCK.finditer(PAGE)
    ]


BLOCKS = blocks()


def test_every_example_of_the_page_is_tried() -> None:
    assert PAGE.count("```json") == len(BLOCKS) >= 11


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


@pytest.mark.parametrize(
    "block",
    [one for one in BLOCKS if not one.kind.startswith("file ")],
    ids=lambda one: f"line {one.line}",
)
def test_an_example_is_right(tmp_path: Path, block: Block) -> None:
    build({"write": written(block)}, tmp_path / "policies")
    assert problems(tmp_path / "policies") == []


def test_the_files_of_the_page_are_one_folder(tmp_path: Path) -> None:
    files = {one.kind.removeprefix("file "): one.content for one in BLOCKS if "file " in one.kind}
    assert len(files) >= 4
    # The page leaves out where a version ends, since the next one shows it.
    files["south/iron/2024-01-01.json"]["effective"]["through"] = "2024-12-31"
    build({"write": files}, tmp_path / "policies")
    assert problems(tmp_path / "policies") == []


def problems(folder: Path) -> list[str]:
    _, found = read_library(folder)
    return [f"{one.location}: {one.code}: {one.message}" for one in found]
