"""Whatever stands in a policy folder, `check` says what is wrong: no stack trace, no hanging."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.core.diagnostics.render import report_text
from payer_policy.core.json_source import read_json
from payer_policy.formats.schemas import all_schemas, schema_problems
from payer_policy.policy.folder import MAX_BYTES
from payer_policy.policy.loading import open_library, read_library
from tests.policy.checks.building import CASES, build

POLICY = "north/iron/2024-01-01.json"
OVERLAY = "south/iron/2024-01-01.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build({}, tmp_path / "policies")
    return tmp_path / "policies"


def codes(folder: Path) -> list[str]:
    return [problem.code for problem in read_library(folder)[1]]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 1_000_000, "json-too-deep"),
        ('{"a":' * 100_000, "json-too-deep"),
        ('{"title": ' + "9" * 5_000 + "}", "json-number"),
        ('{"title": -0.' + "1" * 5_000 + "}", "json-number"),
        ('{"title": 1e' + "9" * 5_000 + "}", "json-number"),
        ('"' + "x" * 1_000_000, "json-syntax"),
        ("{" + '"a": 1, ' * 50_000, "duplicate-key"),
        (" " * 1_000_000, "json-syntax"),
        ("\x00" * 1_000, "json-syntax"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else None,
)
def test_a_hostile_text_is_refused(folder: Path, text: str, code: str) -> None:
    (folder / OVERLAY).write_text(text, encoding="utf-8")

    assert code in codes(folder)


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / OVERLAY).open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    assert codes(folder) == ["too-large"]


def test_what_is_no_file_is_not_read(folder: Path) -> None:
    (folder / OVERLAY).unlink()
    (folder / "code_sets/loop.json").symlink_to("loop.json")
    (folder / "code_sets/gone.json").symlink_to("nowhere.json")
    os.mkfifo(folder / OVERLAY)  # opening one waits for a writer, for ever

    found = read_library(folder)[1]

    assert [(problem.code, problem.location.file.rpartition("/")[2]) for problem in found] == [
        ("unreadable", "gone.json"),
        ("unreadable", "loop.json"),
        ("unreadable", "2024-01-01.json"),
    ]


def test_links_to_folders_are_followed_but_never_in_a_circle(folder: Path) -> None:
    (folder / "south").rename(folder.parent / "elsewhere")
    (folder / "south").symlink_to(folder.parent / "elsewhere")
    (folder.parent / "elsewhere/iron/all").symlink_to(folder)

    assert set(open_library(folder).policies) == {"north/iron", "south/iron"}


def test_a_folder_that_cannot_be_read_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("south/iron"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    (problem,) = read_library(folder)[1]

    assert problem.location.file == f"{folder.as_posix()}/south/iron"
    assert problem.message == "the folder cannot be read: permission denied"


def test_a_folder_with_the_name_of_a_file_is_no_file(folder: Path) -> None:
    (folder / "south/more.json").mkdir()
    (folder / "south/more.json/2024-01-01.json").write_text("{}", encoding="utf-8")

    assert "wrong-name" in codes(folder)


def test_a_file_with_many_problems_names_the_first_hundred(folder: Path) -> None:
    rules = ", ".join("{}" for _ in range(60))
    (folder / OVERLAY).write_text(
        f'{{"title": "x", "effective": {{"from": "2024-01-01"}}, "rules": [{rules}]}}',
        encoding="utf-8",
    )

    found = codes(folder)

    assert found.count("missing-key") == 100
    assert found.count("too-many-problems") == 1


def test_nothing_of_a_broken_folder_is_loaded(folder: Path) -> None:
    (folder / OVERLAY).write_text("{", encoding="utf-8")
    (folder / POLICY).write_text('{"title": 5}', encoding="utf-8")

    with pytest.raises(PolicyError) as refused:
        open_library(folder)

    found = [problem.location.file.removeprefix(f"{folder.as_posix()}/") for problem in
             refused.value.diagnostics]  # fmt: skip
    assert found == [POLICY, POLICY, OVERLAY]


def test_what_a_file_says_cannot_move_or_color_a_terminal(folder: Path) -> None:
    text = (folder / POLICY).read_text(encoding="utf-8")
    text = text.replace('"fact": "units.billed"', '"fact": "\\u001b[31mred\\u202e\\n"', 1)
    (folder / POLICY).write_text(text, encoding="utf-8")
    raw = (folder / OVERLAY).read_bytes().replace(b'"rules"', b'"\xe2\x80\xae\x7f": 1, "rules"')
    (folder / OVERLAY).write_bytes(raw)

    shown = report_text(read_library(folder)[1])

    assert shown.replace("\n", "").isprintable()
    assert "\\u001b[31mred\\u202e\\u000a" in shown


def test_garbled_bytes_are_told_at_a_place_in_the_file(folder: Path) -> None:
    random = Random(7)
    pieces = (b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\xe2\x80\xa8", b"\x1b", b"1e5")
    for path in sorted(folder.rglob("*.json")):
        data = path.read_bytes()
        for _ in range(15):
            at = random.randrange(len(data))
            until = at + random.randrange(30)
            garbled = random.choice(
                (
                    data[:at],
                    data[:at] + data[until:],
                    data[:at] + bytes([random.randrange(256)]) + data[at + 1 :],
                    data[:at] + random.choice(pieces) + data[at:],
                    data[:until] + data[at:],
                )
            )
            path.write_bytes(garbled)
            for problem in read_library(folder)[1]:
                if problem.location.file.endswith(path.relative_to(folder).as_posix()):
                    assert_inside(problem, garbled)
        path.write_bytes(data)


def assert_inside(problem: Diagnostic, data: bytes) -> None:
    start, end = problem.location.start, problem.location.end
    if start is None or end is None:
        return
    lines = data.decode("utf-8-sig", "replace").split("\n")
    assert 1 <= start.line <= len(lines)
    assert 1 <= start.column <= len(lines[start.line - 1]) + 1
    assert end > start


# --- values of all kinds where others are expected ----------------------------------------------------

STRANGE: tuple[Any, ...] = (
    *(None, True, 5, -1.5, "x", "", "2024-02-30", [], {}, [{}], [5], ["x"], [["x"]], {"a": 1}),
    *({"fact": "oral.weeks"}, {"parameter": "oral_weeks"}, {"code_set": "anaemia"}),
)
SCHEMAS = {
    "code_sets": "code-set",
    "reason_codes": "reason-codes",
    "drugs": "drug",
    "products": "products",
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any, remove: bool) -> Any:
    if not path:
        return new
    whole = deepcopy(value)
    node = whole
    for step in path[:-1]:
        node = node[step]
    if remove:
        del node[path[-1]]
    else:
        node[path[-1]] = new
    return whole


def schema_of(relative: str) -> str:
    if relative == "vocabulary.json" or relative.count("/") == 2:
        return "vocabulary" if relative == "vocabulary.json" else "policy"
    return SCHEMAS.get(relative.split("/")[0], "payer")


def test_any_value_anywhere_is_told_and_the_schemas_never_refuse_what_check_accepts(
    tmp_path: Path,
) -> None:
    """One part of one file is replaced or removed, at random: many thousands of ways in all."""
    folder = tmp_path / "policies"
    build(json.loads((CASES / "ok--every-operator.json").read_text(encoding="utf-8")), folder)
    random = Random(11)
    # No schema depends on the file that it is for, so those of the folder as it is will do.
    schemas = all_schemas(open_library(folder))
    for path in sorted(folder.rglob("*.json")):
        relative = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        value = json.loads(text)
        ways = [(where, new) for where in places(value) for new in (*range(len(STRANGE)), None)]
        for where, new in random.sample(ways, min(len(ways), 45)):
            remove = new is None and where != ()
            strange = STRANGE[new or 0]
            after = json.dumps(changed(value, where, strange, remove))
            path.write_text(after, encoding="utf-8")
            library, problems = read_library(folder)
            for problem in problems:
                if problem.location.file.endswith(relative):
                    assert_inside(problem, after.encode())
            if library and not any(problem.severity == "error" for problem in problems):
                kind = schema_of(relative)
                documents = [read_json(after, relative)]
                found = schema_problems(schemas[f"{kind}.schema.json"], documents, kind)
                assert [(where, strange, problem.message) for problem in found] == []
        path.write_text(text, encoding="utf-8")
