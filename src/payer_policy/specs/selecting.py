"""Which scenarios `-k` selects: words with `and`, `or`, `not` and parentheses, as pytest has it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Final

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.specs.replay import Script

_TOKEN: Final = re.compile(r"[^\s()]+")
_PARTS: Final = (ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Constant)


class WrongExpression(PayerPolicyError):
    """The text after `-k` is not an expression."""


def select(scripts: Iterable[Script], expression: str) -> list[Script]:
    """The scenarios whose names fit: their file, name, example values and tags, in any case.

    Raises:
        WrongExpression: it is not an expression.
    """
    words: list[str] = []

    def numbered(token: re.Match[str]) -> str:
        if token[0] in ("and", "or", "not"):
            return token[0]
        words.append(token[0].casefold())
        return str(len(words) - 1)

    try:  # with a number for each word it is an expression of Python
        tree = ast.parse(_TOKEN.sub(numbered, expression.strip()), mode="eval").body
    except SyntaxError:
        tree = None
    if tree is None or not all(isinstance(node, _PARTS) for node in ast.walk(tree)):
        raise WrongExpression(
            f"`{expression}` is not an expression: put `and`, `or`, `and not` between words; "
            'for example: -k "trial and not refill"'
        )
    return [script for script in scripts if _fits(tree, words, _names(script))]


def _fits(node: ast.expr, words: list[str], names: str) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = (_fits(part, words, names) for part in node.values)
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.UnaryOp):
        return not _fits(node.operand, words, names)
    assert isinstance(node, ast.Constant) and isinstance(node.value, int)
    return words[node.value] in names


def _names(script: Script) -> str:
    place = script.place
    values = (value for _, value in place.example)
    return "\n".join([place.file, place.scenario, *values, *script.tags]).casefold()
