"""A case of `cases/` as a folder: the small clean folder `base/`, with what the case changes in it.

A case is a JSON object:

    title       what is tried, in a sentence
    edit        by file, pairs of texts: the first stands exactly once in the file, and is replaced
    write       by file, its whole content: a text as it is, anything else as JSON; null: no file
    bytes       by file, its content in hexadecimal
    add_rules   by policy file, rules to add at its end
    deep        whether `check --deep` is asked
    add_facts   by name, facts to add at the end of the vocabulary
    add_records by name, record types of the vocabulary
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BASE = HERE / "base"
CASES = HERE / "cases"


def build(case: dict[str, Any], folder: Path) -> None:
    """Write the folder that a case describes."""
    shutil.copytree(BASE, folder)
    for name, content in case.get("write", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            text = content if isinstance(content, str) else pretty(content) + "\n"
            path.write_text(text, encoding="utf-8")
    for name, content in case.get("bytes", {}).items():
        (folder / name).write_bytes(bytes.fromhex(content))
    for name, rules in case.get("add_rules", {}).items():
        _append(folder / name, "rules", [pretty(rule, 4) for rule in rules])
    facts = case.get("add_facts", {})
    entries = [f"{json.dumps(name)}: {pretty(fact, 4)}" for name, fact in facts.items()]
    if entries:
        _append(folder / "vocabulary.json", "facts", entries)
    if records := case.get("add_records"):
        path = folder / "vocabulary.json"
        text = path.read_text(encoding="utf-8").rstrip().removesuffix("}").rstrip()
        path.write_text(f'{text},\n  "records": {pretty(records, 2)}\n}}\n', encoding="utf-8")
    for name, pairs in case.get("edit", {}).items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in pairs:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def _append(path: Path, key: str, entries: list[str]) -> None:
    """Add entries at the end of the list or object that begins at `key` of a file of ours."""
    text = path.read_text(encoding="utf-8")
    start = text.index(f'\n  "{key}": ') + len(f'\n  "{key}": ')
    closing = "]" if text[start] == "[" else "}"
    end = text.index(f"\n  {closing}", start) if text[start + 1] == "\n" else start + 1
    body = text[start + 1 : end].rstrip()
    joined = ",".join(f"\n    {entry}" for entry in entries)
    comma = "," if body.strip() else ""
    rest = text[end:] if text[end] == "\n" else f"\n  {text[end:]}"
    path.write_text(text[: start + 1] + body + comma + joined + rest, encoding="utf-8")


def pretty(value: Any, indent: int = 0, width: int = 96) -> str:
    """JSON as people write it: what fits goes on one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= width or not isinstance(value, (dict, list)) or not value:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {pretty(v, indent + 2, width)}" for k, v in value.items()]
        opening, closing = "{", "}"
    else:
        parts = [pretty(item, indent + 2, width) for item in value]
        opening, closing = "[", "]"
    body = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{body}\n{' ' * indent}{closing}"
