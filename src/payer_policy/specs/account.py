"""What a failed expectation ends with: the determination, and why it was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from payer_policy.core.diagnostics.render import as_text
from payer_policy.determination.explain import explain
from payer_policy.determination.render import render_determination, render_no_policy
from payer_policy.determination.trees import Explanation, Node
from payer_policy.engine import Decided
from payer_policy.specs.case import Answer

_PROVED: Final = 3


def account(answer: Answer, rules: Sequence[str] = ()) -> str:
    """What was decided, and why `rules` (or else what decided) hold, fail or are not known."""
    if answer.refused is not None:
        return "\n\n".join(as_text(problem) for problem in answer.refused.diagnostics)
    parts = [part for one in answer.decided for part in _of_service(one, rules)]
    if not answer.decided:
        parts += [render_no_policy(one) for one in answer.without]
    return "\n\n".join(part.strip("\n") for part in parts)


def _of_service(one: Decided, rules: Sequence[str]) -> Iterator[str]:
    yield render_determination(one.determination)
    if one.evaluation is None and one.determination.policy.version is not None:
        return
    wanted = list(rules) or [
        found.rule for found in one.determination.findings if found.kind != "advise"
    ]
    tree = explain(one.ruleset, one.evaluation, one.facts, one.determination, include_failing=True)
    proofs = tuple(
        node for rule in dict.fromkeys(wanted) if (node := _proof(tree, rule)) is not None
    )
    if proofs:
        yield Explanation("Why:", proofs[:_PROVED]).as_text()


def _proof(tree: Explanation, rule: str) -> Node | None:
    """The fullest account of a rule: it is given in full once, and referred to elsewhere."""
    nodes = [node for section in tree.sections for node in section.walk() if node.rule == rule]
    return max(nodes, key=lambda node: sum(1 for _ in node.walk()), default=None)
