"""Words that an American reader stumbles over are in no message, docstring, comment, policy or page.

Each row of WORDS is a pattern and what to write instead.
"""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT

WORDS = {
    r"\b(told|untold)\b": "reported, stated",
    r"\bspelt\b": "spelled",
    r"\b(whoever|wherein|thereby|whereof|therein|thereof|whence|hence)\b": "rewrite",
    r"\bnobody\b": "the caller, not provided, no one",
    r"\bstands? (in|on|at|here|there|beside|before|above|below|under|with)\b": "is in, is located",
    r"\b(cannot|could not|can not) be told\b": "cannot be determined",
    r"\bhold(s|ing)? back\b|\bheld back\b": "pends, pended",
    r"\bnot so that\b": "is not …: a `no` phrase",
    r"\bassumed not to hold\b": "not checked (record not submitted)",
    r"\bstill to be answered\b|\bsoonest to settle\b": "questions that would decide this claim",
    r"\b(what )?came closest\b": "closest rules",
    r"\bonly noted\b": "advisory notes",
    r"\b(gives?|gave|giving) way to\b": "overridden by",
    r"\bpolicy of hash\b": "policy version hash",
    r"\b(of which|of whom|that is none|which is none)[.;,]": "rewrite the sentence",
    r"\bso many\b[^.]*\bat most\b": "maximum number of …",
    r"\bof ours\b|\bour (own )?words\b": "this product",
    r"\b(gone|goes|went|going) on with\b": "resumed",
    r"\bfor want of\b": "without",
    r"\bat (their|its) length\b|\bat length\b": "in full",
    r"\bturn(s|ed)? round\b": "flips",
    r"\b(take|takes|took) it for\b": "treats it as",
    r"\blabelled\b|\b(behaviour|colour|favour|honour|centre|catalogue|judgement|grey|whilst|amongst|"
    r"learnt|licence|programme|artefact)\w*\b": "American spelling",
    r"\b(recogni|normali|utili|organi|summari|seriali|initiali|minimi|maximi|reali|authori|categori|"
    r"standardi)s(e|es|ed|ing|ation|ations)\b": "American spelling (z)",
}
PATTERN = re.compile("|".join(f"(?:{one})" for one in WORDS), re.IGNORECASE)
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "features").glob("*.md")],
)


def _spoken(path: Path) -> Iterator[tuple[int, str]]:
    """Each piece of text in a module, with its line: strings, docstrings and comments."""
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in kinds:
                yield from enumerate(token.string.split("\n"), token.start[0])


def offenders(path: Path) -> list[str]:
    """Each line of a file that has such a word, with the word."""
    if path.suffix == ".py":
        lines: Iterator[tuple[int, str]] = _spoken(path)
    else:
        lines = iter(enumerate(path.read_text("utf-8").split("\n"), 1))
    return [
        f"{path.relative_to(ROOT)}:{number}: {found[0]!r}: {text.strip()[:100]}"
        for number, text in lines
        if (found := PATTERN.search(text))
    ]


@pytest.mark.parametrize("room", sorted(p.name for p in (ROOT / "src/payer_policy").iterdir()))
def test_code_speaks_plainly(room: str) -> None:
    place = ROOT / "src/payer_policy" / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    assert [one for path in files if path.suffix == ".py" for one in offenders(path)] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_pages_speak_plainly(path: Path) -> None:
    assert offenders(path) == []


@pytest.mark.parametrize("folder", ["policies", "features"])
def test_policies_and_scenarios_speak_plainly(folder: str) -> None:
    files = sorted(
        path for path in (ROOT / folder).rglob("*") if path.suffix in (".json", ".feature")
    )
    assert [one for path in files for one in offenders(path)] == []
