"""The house as a picture, made from the imports: `python docs/house.py` writes docs/house.svg.

A row a room, from the top to the bottom; a filled square where it imports the room of the column. Imports
run downwards only, so that nothing stands to the left of the diagonal. `tests/test_architecture.py` holds
the order of rooms and the picture to the code.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "payer_policy"
PICTURE = ROOT / "docs" / "house.svg"
WHAT = {
    "cli": "the command line",
    "service": "HTTP: keys, limits, policies that change while it runs",
    "authoring": "files to begin with",
    "bundle": "signed policies in one file",
    "audit": "the record of answers, and the checker of records",
    "analysis": "prove, compare, cover, mutate, impact, repair",
    "batch": "files of any size, Spark",
    "specs": "scenarios in Gherkin",
    "formats": "JSON, X12, FHIR, CDS Hooks: reading and writing side by side",
    "engine": "Engine.decide: the product, read from top to bottom",
    "determination": "findings, allocation, questions, explanation, English",
    "engines": "compiled, durable, checked, columnar, symbolic",
    "request": "requests, and the facts that they give",
    "policy": "files, composition, versions, checks, reference data",
    "language": "conditions and sources of facts, typed",
    "core": "truth, values, rulesets and their meaning, problems, JSON",
}
"""Each room from the top to the bottom, and what is in it."""


def imports() -> dict[str, set[str]]:
    """For each room, the other rooms that its modules import."""
    found: dict[str, set[str]] = {room: set() for room in WHAT}
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            there = {name.split(".")[1] for name in names if name.startswith("payer_policy.")}
            if room in found:
                found[room] |= (there & WHAT.keys()) - {room}
    return found


def picture(imported: Mapping[str, Set[str]], rooms: Sequence[str] = tuple(WHAT)) -> str:
    """The picture as SVG."""
    row, left, top = 26, 590, 92
    width, height = left + row * len(rooms) + 16, top + row * len(rooms) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        "<title>The rooms of payer-policy and what each imports</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for index, room in enumerate(rooms):
        y, x = top + row * index, left + row * index
        shade = "#f6f8fa" if index % 2 else "#ffffff"
        parts += [
            f'<rect x="0" y="{y}" width="{width}" height="{row}" fill="{shade}"/>',
            f'<text x="12" y="{y + 18}" font-weight="bold">{room}</text>',
            f'<text x="126" y="{y + 18}" fill="#57606a">{WHAT[room]}</text>',
            f'<text transform="translate({x + 17} {top - 8}) rotate(-60)">{room}</text>',
            f'<rect x="{x + 4}" y="{y + 4}" width="18" height="18" fill="none" stroke="#8c959f"/>',
        ]
        parts += [
            f'<rect x="{left + row * at + 4}" y="{y + 4}" width="18" height="18" fill="#0969da"/>'
            for at, other in enumerate(rooms)
            if other in imported[room]
        ]
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(picture(imports()), encoding="utf-8")
