"""Every file under `data/cases` gives the requests and the messages that stand beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from payer_policy.formats import read_requests
from tests.formats.claims.rendering import CASES, VARIANTS, agrees, messages_of, requests_of

EXPECTED = (".requests.json", ".messages.txt")
FILES = sorted(p for p in CASES.iterdir() if not p.name.endswith(EXPECTED))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_case_gives_its_requests_and_messages(path: Path) -> None:
    intakes = read_requests(path.read_bytes(), path.name)
    agrees(path.with_name(f"{path.name}.requests.json"), requests_of(intakes))
    agrees(path.with_name(f"{path.name}.messages.txt"), messages_of(intakes))


@pytest.mark.parametrize("path", sorted(VARIANTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_way_to_be_wrong_is_told_in_its_own_sentence(path: Path) -> None:
    table = json.loads(path.read_text(encoding="utf-8"))
    base = (CASES / table["base"]).read_text(encoding="utf-8")
    told = []
    for variant in table["variants"]:
        text = base
        for old, new in [(variant["from"], variant["to"]), *variant.get("also", [])]:
            assert old in text, variant["name"]
            before, _, after = text.partition(old)
            text = before + new + ("" if variant.get("cut") else after)
        intakes = read_requests(text.encode("utf-8", "surrogateescape"), "f")
        told.append(f"## {variant['name']}\n{messages_of(intakes)}")
    agrees(path.with_suffix(".messages.txt"), "\n".join(told))
