"""docs/tutorial.md can be typed as it stands: its files are written and its commands run, in order."""

from __future__ import annotations

import re
from pathlib import Path

from tests.pages import CONSOLE, is_shown, printed
from tests.places import ROOT

PAGE = (ROOT / "docs/tutorial.md").read_text("utf-8")
_FILE = re.compile(
    r"^<!-- (?P<what>file|shows) (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
"""A file that the reader writes, or one that a command has written."""
STATEMENTS = "policies/example-health/examplimab/statements.json"


def test_the_page_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    blocks = [*_FILE.finditer(PAGE), *CONSOLE.finditer(PAGE)]
    assert len(blocks) * 2 == len(re.findall(r"^```", PAGE, re.MULTILINE))

    for block in sorted(blocks, key=re.Match.start):
        line = PAGE.count("\n", 0, block.start()) + 1
        if block.re is CONSOLE:
            output = printed(block["command"], tmp_path)
            assert is_shown(output, block["output"]), f"line {line}: {output}"
            continue
        path = tmp_path / block["path"]
        if block["what"] == "shows":
            assert path.read_text("utf-8") == block["text"], f"line {line}"
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["text"], "utf-8")

    in_force = '"in_force": {"through": "2025-12-31"}'
    assert f"`{in_force}`" in PAGE
    cites = '"cites": ["policy"],'
    statements = (tmp_path / STATEMENTS).read_text("utf-8")
    (tmp_path / STATEMENTS).write_text(
        statements.replace(cites, f"{cites} {in_force},", 1), "utf-8"
    )
    assert "3 of 3 proved" in printed(
        "payer-policy prove --policy example-health/examplimab", tmp_path
    )
