"""Everything that is exported says what it is (each class, field, method and function), and is on a page
of the API reference, which is made from these docstrings.

Read from the sources, since a field's docstring is there only.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import payer_policy
from tests.places import ROOT

NAMES = sorted(set(payer_policy.__all__) - {"__version__"})
PAGES = [*sorted((ROOT / "docs" / "api").glob("*.md"))]
ENTRIES = re.findall(
    r"^::: ([\w.]+)$", "\n".join(page.read_text("utf-8") for page in PAGES), re.MULTILINE
)
"""What the API reference shows: classes and functions, and packages with all that they export."""
IMPORT = re.compile(r"^from (payer_policy[\w.]*) import ([\w, ]+)$", re.MULTILINE)


def _found(entry: str) -> Any:
    """The object of a dotted name."""
    module, _, name = entry.rpartition(".")
    if not module:
        return import_module(name)
    home = _found(module)
    try:
        return getattr(home, name)
    except AttributeError:
        return import_module(entry)


def _shown() -> Iterator[tuple[str, Any]]:
    """Every name of the API reference with its object; those of a package each by itself."""
    for entry in ENTRIES:
        found = _found(entry)
        if not isinstance(found, ModuleType):
            yield entry, found
            continue
        yield from ((f"{entry}.{name}", getattr(found, name)) for name in found.__all__)


SHOWN = dict(_shown())
OBJECTS = {
    name: one for name, one in SHOWN.items() if inspect.isclass(one) or inspect.isroutine(one)
}


def _undocumented(exported: Any, name: str, *, arguments: bool = False) -> Iterator[str]:
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(exported))).body
    assert isinstance(node, ast.ClassDef | ast.FunctionDef)
    if not ast.get_docstring(node):
        yield name
    if isinstance(node, ast.FunctionDef):
        yield from _unsaid(node, name) if arguments else ()
        return
    following = [*node.body[1:], None]
    for part, after in zip(node.body, following, strict=True):
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            field = part.target.id
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if not field.startswith("_") and field != "model_config" and not said:
                yield f"{name}.{field}"
        elif isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            if not ast.get_docstring(part):
                yield f"{name}.{part.name}"
            yield from _unsaid(part, f"{name}.{part.name}") if arguments else ()


def _unsaid(node: ast.FunctionDef, name: str) -> Iterator[str]:
    """Arguments that the `Args` do not name."""
    said = ast.get_docstring(node) or ""
    arguments = [one.arg for one in (*node.args.args, *node.args.kwonlyargs)]
    for argument in arguments:
        if argument not in ("self", "cls") and f"\n    {argument}: " not in said:
            yield f"{name}({argument})"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_exported_is_documented_with_its_arguments(name: str) -> None:
    assert list(_undocumented(getattr(payer_policy, name), name, arguments=True)) == []


@pytest.mark.parametrize("name", OBJECTS)
def test_what_the_reference_shows_is_documented(name: str) -> None:
    assert list(_undocumented(OBJECTS[name], name)) == []


def test_the_reference_shows_everything_that_is_exported() -> None:
    assert {f"payer_policy.{name}" for name in NAMES} <= set(SHOWN)
    assert len(ENTRIES) == len(set(ENTRIES)), "nothing is shown twice"
    assert len(OBJECTS) > 100


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]
)
def test_the_reference_shows_everything_that_a_page_imports(page: str) -> None:
    shown = {id(one) for one in SHOWN.values()}
    for module, names in IMPORT.findall((ROOT / page).read_text("utf-8")):
        for name in names.split(","):
            assert id(_found(f"{module}.{name.strip()}")) in shown, f"{module}.{name.strip()}"


def test_whatever_has_no_docstring_is_named() -> None:
    class Bare:
        said: int
        """It is said what this is."""
        unsaid: int

        def method(self, argument: int) -> int:
            return argument

        @property
        def value(self) -> int:
            return self.said

        def _own(self) -> None: ...

    def bare(argument: int) -> None: ...

    assert list(_undocumented(Bare, "B")) == ["B", "B.unsaid", "B.method", "B.value"]
    assert list(_undocumented(bare, "b", arguments=True)) == ["b", "b(argument)"]
