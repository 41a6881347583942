"""Imports run downwards only, and each library that has one door is imported there.

One test a law; each lists every offender with what to do about it.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Collection, Iterator

from tests.places import ROOT, TESTS

SOURCE = ROOT / "src" / "payer_policy"

ROOMS = (
    "core",
    "language",
    "policy",
    "request",
    "engines",
    "determination",
    "engine",
    "formats",
    "specs",
    "batch",
    "analysis",
    "audit",
    "bundle",
    "authoring",
    "service",
    "cli",
    "__main__",
    "__init__",
)
"""From the bottom to the top. A module imports from lower rooms and from its own."""

OPTIONAL = {
    "durable_rules_engine": r"engines/durable\.py",
    "durable": r"engines/durable\.py",
    "sqlalchemy": r"audit/(database|tables)\.py",
    "psycopg": r"audit/database\.py",
    "pyspark": r"batch/spark(_workers)?\.py",
    "z3": r"engines/symbolic/.*",
    "cryptography": r"bundle/signing\.py",
    **dict.fromkeys(("fastapi", "starlette", "uvicorn"), r"service/.*"),
    "prometheus_client": r"service/metrics\.py",
    "fhir": r"formats/fhir/models\.py",
    **dict.fromkeys(("pytest", "pytest_bdd"), r"specs/plugin\.py"),
    "gherkin": r"specs/reading\.py",
    "jinja2": r"analysis/impact/html\.py",
    **dict.fromkeys(
        ("numpy", "pyarrow"),
        r"\w+/(\w+_)?in_columns\.py|core/columns\.py|batch/.*|formats/tables/(parquet_blocks|kept)\.py"
        r"|analysis/impact/(columns|comparing|rows)\.py",
    ),
    "msgspec": r"formats/json/.*|service/.*",
    "polars": "",
}
"""By library, the modules that may import it: for facts in columns, the form in columns of each."""


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def _head(relative: str) -> str:
    return relative.split("/")[0].removesuffix(".py")


def test_imports_run_downwards() -> None:
    offenders = []
    for relative, tree in _modules():
        here = _head(relative)
        for line, name in _imports(tree):
            if not name.startswith("payer_policy."):
                continue
            there = name.split(".")[1]
            if there != here and ROOMS.index(there) >= ROOMS.index(here):
                offenders.append(f"{relative}:{line} imports {name}, from a room above its own")

    assert offenders == []


def test_tests_stand_in_the_room_of_what_they_test() -> None:
    folders = {
        path.name for path in TESTS.iterdir() if path.is_dir() and (path / "__init__.py").exists()
    }

    assert folders - set(ROOMS) == {"benchmarks"}


def test_modules_do_not_import_one_another_in_a_circle() -> None:
    names = {relative.removesuffix(".py"): tree for relative, tree in _modules()}
    reached = {name: _imported(tree, names) for name, tree in names.items()}
    changed = True
    while changed:
        changed = False
        for name, there in reached.items():
            more = there.union(*(reached[one] for one in there))
            changed |= more != there
            reached[name] = more
    circles = {
        frozenset(one for one in reached[name] if name in reached[one])
        for name in names
        if name in reached[name]
    }

    assert circles == set()


def _imported(tree: ast.Module, names: Collection[str]) -> set[str]:
    """The modules that a module imports, each as its path without the suffix."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            base = node.module.removeprefix("payer_policy.").replace(".", "/")
            for alias in node.names:
                inner = f"{base}/{alias.name}"
                places = (inner, f"{inner}/__init__", base, f"{base}/__init__")
                found |= {next((one for one in places if one in names), "")}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found.add(alias.name.removeprefix("payer_policy.").replace(".", "/"))
    return found & set(names)


def test_every_module_has_a_place_and_says_what_it_is() -> None:
    offenders = []
    for relative, tree in _modules():
        if _head(relative) not in ROOMS:
            offenders.append(f"{relative}: move it into a room, or add one to ROOMS")
        if not ast.get_docstring(tree):
            offenders.append(f"{relative}: say in its first three lines what it is for")

    assert offenders == []


def test_optional_libraries_have_one_door() -> None:
    offenders = []
    for relative, tree in _modules():
        for line, name in _imports(tree):
            door = OPTIONAL.get(name.split(".")[0])
            if door is not None and not re.fullmatch(door, relative):
                offenders.append(f"{relative}:{line} imports {name}; only {door} does")

    assert offenders == []


def test_nothing_in_the_source_knows_a_drug_a_payer_or_a_code() -> None:
    policies = ROOT / "policies"
    names = {path.stem for path in (policies / "drugs").glob("*.json")}
    names |= {path.parent.name for path in policies.glob("*/payer.json")} - {"medicare"}
    names |= {"baclofen", "lioresal", "gablofen", "brompheniramine"}
    offenders = [
        f"{path.relative_to(SOURCE)} names {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for name in sorted(names)
        if name.casefold() in path.read_text(encoding="utf-8").casefold()
    ]

    assert offenders == []


CLOCK = {"service/recording.py", "cli/deciding.py"}
"""The doors at which the time of an answer is read, to be written into the audit record, and the day
that a question is about where it names none."""


def test_nothing_reads_the_clock() -> None:
    offenders = [
        f"{relative}:{node.lineno} calls {node.attr}()"
        for relative, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("today", "now", "utcnow")
        if relative not in CLOCK
    ]

    assert offenders == []


def test_nothing_that_runs_code_when_it_is_read_is_ever_read_from_a_disk() -> None:
    """A pickle in a checkout is a program. Only Spark's tasks, which Spark itself pickles, are one."""
    found = [
        f"{relative}:{line}: {name} (keep data as JSON, and check it)"
        for relative, tree in _modules()
        for line, name in _imports(tree)
        if name.split(".")[0] in {"pickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle"}
        if relative != "batch/spark.py"
    ]
    assert not found, "\n".join(found)


def test_the_picture_of_the_house_is_what_the_imports_are() -> None:
    path = ROOT / "docs" / "house.py"
    spec = importlib.util.spec_from_file_location("house", path)
    assert spec is not None and spec.loader is not None
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)

    assert tuple(house.WHAT) == tuple(room for room in reversed(ROOMS) if not room.startswith("__"))
    told = "run `python docs/house.py`"
    assert house.PICTURE.read_text("utf-8") == house.picture(house.imports()), told


LONGEST = 60
LONG = {"determination/columns.py __init__"}
"""Longer: columns, which are to be replaced."""


def test_no_function_is_longer_than_a_screen() -> None:
    """Lines without the docstring."""
    offenders = []
    for relative, tree in _modules():
        for node in ast.walk(tree):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            lines = (node.end_lineno or 0) - first.lineno + 1 + (node.body[0].lineno - node.lineno)
            if lines > LONGEST and f"{relative} {node.name}" not in LONG:
                offenders.append(f"{relative}:{node.lineno} {node.name} has {lines} lines")

    assert offenders == []
