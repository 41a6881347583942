"""The command: what it prints for people and programs, its exit status, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from payer_policy.analysis.impact.html import impact_html
from payer_policy.analysis.impact.model import (
    Because,
    Change,
    ChangeKey,
    Example,
    Impact,
    Rejects,
    Side,
    Tally,
    Version,
    money,
    share,
)
from payer_policy.analysis.impact.text import impact_text
from payer_policy.cli import payer_policy
from tests.analysis.impact.building import claims, edited
from tests.analysis.impact.test_counts import NO_JZ, NO_NDC, REFILLS
from tests.batch import building
from tests.batch.building import POLICIES

GOLDEN = Path(__file__).with_name("golden")


def call(*words: object) -> Result:
    command = ["impact", *map(str, words), "--workers", "1"]
    return CliRunner().invoke(payer_policy, command)


def golden(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("impact")
    shutil.copytree(POLICIES, folder / "old")
    edited(folder / "new", REFILLS, NO_JZ, NO_NDC)
    building.write_lines(folder / "claims.jsonl", claims())
    return folder


def told(text: str, place: Path) -> str:
    """Without what differs from run to run: where the files are, and the hashes of the folders."""
    from payer_policy.policy.folder_hash import folder_hash

    for name in ("old", "new"):
        hash_ = folder_hash(place / name)
        text = text.replace(hash_, f"<hash of {name}>").replace(hash_[:12], f"<{name}>")
    return text.replace(f"{place}/", "")


def test_what_changed_for_people(place: Path) -> None:
    result = call(place / "old", place / "new", place / "claims.jsonl", "--examples", "1")

    assert result.exit_code == 1
    golden("impact.txt", told(result.stdout, place))


def test_what_changed_for_programs(place: Path) -> None:
    result = call(place / "old", place / "new", place / "claims.jsonl", "--examples", 1, "--json")

    assert result.exit_code == 1
    golden("impact.json", told(result.stdout, place))
    made: dict[str, Any] = json.loads(result.stdout)
    changed = sum(one["services"] for one in made["matrix"] if one["old"] != one["new"])
    assert made["changed"]["decision"]["services"] == changed > 0


def test_no_change_is_said_plainly(place: Path) -> None:
    result = call(place / "old", place / "old", place / "claims.jsonl")

    assert result.exit_code == 0
    assert result.stdout.startswith("No change: all 140 services get the same decision")


def test_all_forms_are_written_in_one_call(place: Path, tmp_path: Path) -> None:
    files = (place / "old", place / "new", place / "claims.jsonl")

    result = call(*files, "--html", tmp_path / "a.html", "--parquet", tmp_path / "a.parquet")
    again = call(*files, "--html", tmp_path / "b.html", "--parquet", tmp_path / "b.parquet")

    assert (result.exit_code, again.exit_code) == (1, 1)
    for ending in ("html", "parquet"):
        first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in "ab")
        assert first == second != b""


# --- what is refused -----------------------------------------------------------------------------


def test_a_claims_file_that_is_wrong(place: Path, tmp_path: Path) -> None:
    old, new = place / "old", place / "new"
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    header = tmp_path / "header.csv"
    header.write_text("id,drug.code\n")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("id,drug.cod\n1,2\n")

    missing = call(old, new, tmp_path / "no.jsonl")
    nothing = call(old, new, header)
    column = call(old, new, wrong)

    assert missing.exit_code == 2
    assert "there is no such file or folder" in missing.stderr
    assert nothing.exit_code == 0
    assert nothing.stdout.startswith("No service was decided, so nothing can be compared.")
    assert column.exit_code == 2
    assert "Did you mean `drug.code`?" in column.stderr
    assert call(old, new, empty).stdout.startswith("No service was decided")
    assert call(old, new).exit_code == 2


def test_a_column_that_one_version_alone_knows(place: Path, tmp_path: Path) -> None:
    other = edited(tmp_path / "other")
    path = other / "vocabulary.json"
    vocabulary = json.loads(path.read_text(encoding="utf-8"))
    vocabulary["facts"]["note.seen"] = {"type": "boolean", "label": "whether a note was seen"}
    vocabulary["facts"]["note.seen"]["question"] = "Was a note seen?"
    path.write_text(json.dumps(vocabulary), encoding="utf-8")
    table = tmp_path / "c.csv"
    table.write_text("id,drug.code,note.seen\n1,J0945,true\n")

    result = call(other, place / "new", table)

    assert result.exit_code == 2
    assert "`note.seen` is not a fact" in result.stderr
    assert f"This is a problem only in {place / 'new'};" in result.stderr


def test_a_policy_that_neither_version_has(place: Path) -> None:
    files = (place / "old", place / "new", place / "claims.jsonl")

    result = call(*files, "--policy", "medicare/intrathecal-baclofn")

    assert result.exit_code == 2
    assert "neither version has such a policy. Did you mean" in result.stderr


def test_a_file_of_claims_is_never_written_over(place: Path) -> None:
    claims_file = place / "claims.jsonl"
    before = claims_file.read_bytes()
    for option in ("--html", "--parquet"):
        result = call(place / "old", place / "new", claims_file, option, claims_file)

        assert result.exit_code == 2
        assert "claims.jsonl is also read; name another file to write" in result.stderr
    assert claims_file.read_bytes() == before


def test_a_folder_that_is_not_there_to_write_into(place: Path, tmp_path: Path) -> None:
    target = tmp_path / "no" / "x"
    for option in ("--html", "--parquet"):
        result = call(place / "old", place / "new", place / "claims.jsonl", option, target)

        assert result.exit_code == 2
        assert "no such file or directory" in result.stderr


def test_folders_that_are_wrong_are_diagnosed(place: Path, tmp_path: Path) -> None:
    broken = edited(tmp_path / "broken")
    (broken / "medicare/intrathecal-baclofen/2016-01-01.json").write_text("{")
    for old, new, said in (
        (tmp_path / "none", place / "new", "there is no folder `"),
        (place / "old", broken, "broken/medicare/intrathecal-baclofen/2016-01-01.json:1"),
    ):
        command = [sys.executable, "-m", "payer_policy", "impact", old, new, place / "claims.jsonl"]
        made = subprocess.run(command, capture_output=True, text=True, check=False)

        assert made.returncode == 2
        assert said in made.stderr
        assert "Traceback" not in made.stderr


# --- the report as a value -----------------------------------------------------------------------

HOSTILE = '"><script>alert(1)</script>\x1b[31m&\u202e'


def hostile() -> Impact:
    """An impact in which everything that a stranger can have typed is hostile."""
    why = Because(HOSTILE, f"deny CO {HOSTILE}")
    side = Side("deny", f"Because {HOSTILE}.", HOSTILE)
    example = Example(HOSTILE, 1, HOSTILE, HOSTILE, None, 1, side, side)
    key = ChangeKey("decision", "approve", "deny", (), (why,))
    return Impact(
        Version(HOSTILE, HOSTILE),
        Version(HOSTILE, "0" * 64),
        (HOSTILE,),
        ((HOSTILE, HOSTILE),),
        HOSTILE,
        2,
        Rejects(1, 1, 1, {HOSTILE: 2}, {HOSTILE: 1}),
        {("approve", "deny"): Tally(1, 1_000_000, 0), ("pend", "pend"): Tally(999_999, 0, 5)},
        (Change(key, Tally(1, 1_000_000, 0), (example,)),),
        {HOSTILE: HOSTILE},
        "0",
    )


def test_the_page_is_whole_and_takes_nothing_from_elsewhere() -> None:
    from html.parser import HTMLParser

    page = impact_html(hostile())
    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page
    opened: list[str] = []
    void = {"meta", "br"}
    fetched: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            fetched.extend(name for name, _ in attrs if name in ("src", "href", "xlink:href"))
            assert not [name for name, _ in attrs if name.startswith("on")]
            if tag not in void:
                opened.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert opened.pop() == tag

    reader = Reader()
    # An empty SVG element closes itself, which HTML's own reader sees as opened and closed.
    reader.feed(page)
    assert opened == []
    assert fetched == []
    assert "url(" not in page
    for needed in ("<title>", 'lang="en"', "prefers-color-scheme", "@media print", "Signature"):
        assert needed in page


def test_the_chart_is_well_formed_and_says_what_it_shows() -> None:
    from xml.etree import ElementTree

    page = impact_html(hostile())
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + len("</svg>")])

    assert svg.attrib["role"] == "img"
    names = svg.attrib["aria-labelledby"].split()
    texts = {one.attrib["id"]: one.text for one in svg if "id" in one.attrib}
    assert list(texts) == names
    assert "approve to deny: 1 service" in (texts["flow-desc"] or "")
    ribbons = [one for one in svg if one.tag == "path"]
    assert [one.attrib["class"] for one in ribbons] == ["stays", "changes d-deny"]
    bars = [one for one in svg if one.tag == "rect"]
    heights = sorted(float(bar.attrib["height"]) for bar in bars)
    assert heights[0] >= 1  # one of a million can still be seen


def test_a_hostile_claim_number_cannot_steer_a_terminal() -> None:
    text = impact_text(hostile())

    assert "\x1b" not in text
    assert all(one.isprintable() for line in text.splitlines() for one in line)


@pytest.mark.parametrize(
    ("millionths", "said"),
    [(0, "0.00"), (1, "0.000001"), (-1_250_500_000, "-1250.50"), (10**20, "100000000000000.00")],
)
def test_money_is_exact(millionths: int, said: str) -> None:
    assert money(millionths) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0.00"),
        (0, 7, "0.00"),
        (1, 10**9, "0.01"),
        (10**9 - 1, 10**9, "99.99"),
        (7, 7, "100.00"),
        (1, 3, "33.33"),
        (2, 3, "66.67"),
    ],
)
def test_shares_never_hide_a_change(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said
