"""Everything that is exported says what it is: each class, field, method and function.

Read from the sources, since a field's docstring is there only.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

import pytest

import payer_policy

NAMES = sorted(set(payer_policy.__all__) - {"__version__"})


def _undocumented(name: str) -> Iterator[str]:
    exported = getattr(payer_policy, name)
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(exported))).body
    assert isinstance(node, ast.ClassDef | ast.FunctionDef)
    if not ast.get_docstring(node):
        yield name
    if isinstance(node, ast.FunctionDef):
        yield from _unsaid(node, name)
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
            yield from _unsaid(part, f"{name}.{part.name}")


def _unsaid(node: ast.FunctionDef, name: str) -> Iterator[str]:
    """Arguments that the `Args` do not name."""
    said = ast.get_docstring(node) or ""
    arguments = [one.arg for one in (*node.args.args, *node.args.kwonlyargs)]
    for argument in arguments:
        if argument not in ("self", "cls") and f"\n    {argument}: " not in said:
            yield f"{name}({argument})"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_exported_is_documented(name: str) -> None:
    assert list(_undocumented(name)) == []
