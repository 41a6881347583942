"""All policies together: two that can decide one service, and parameters that nothing uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import FactType
from payer_policy.policy.checks.policies import Checked
from payer_policy.policy.exclusion import can_both_hold
from payer_policy.policy.versions import ReportDiagnostic, Span

MOST_OVERLAPS: Final = 3
"""So many others are named of one policy: where a thousand overlap, each pair would tell nobody more."""


def check_together(
    spans: Mapping[str, Sequence[Span]],
    checked: Mapping[str, Checked],
    vocabulary: Vocabulary,
    report: ReportDiagnostic,
) -> None:
    """Check what no policy shows alone."""
    types = {name: fact.type for name, fact in vocabulary.facts.items()}
    for other, earlier in _sharing_a_code(checked):
        found = 0
        for one in earlier:
            found += _check_overlap(one, checked[one], other, checked[other], types, report)
            if found == MOST_OVERLAPS:
                break
    _check_parameters_used(spans, checked, report)


def _sharing_a_code(checked: Mapping[str, Checked]) -> Iterator[tuple[str, Iterator[str]]]:
    """Each policy with those before it that its payer has for one of its codes; no others are looked
    at."""
    by_code: dict[tuple[str, str], list[str]] = {}
    for address in sorted(checked):
        payer = address.partition("/")[0]
        codes = {code for _, _, listed in checked[address].applies_to for code in listed}
        lists = [by_code.setdefault((payer, code), []) for code in sorted(codes)]
        yield address, _once(lists)
        for listed in lists:
            listed.append(address)


def _once(lists: Iterable[list[str]]) -> Iterator[str]:
    """What stands in some lists, each once, as far as it is asked for."""
    seen: set[str] = set()
    for one in chain.from_iterable(lists):
        if one not in seen:
            seen.add(one)
            yield one


def _check_overlap(
    one: str,
    first: Checked,
    other: str,
    second: Checked,
    types: Mapping[str, FactType],
    report: ReportDiagnostic,
) -> bool:
    """Whether two policies of a payer can both apply: both would decide the same lines."""
    for a, mine, codes in first.applies_to:
        for b, theirs, more in second.applies_to:
            day = max(a.first_day, b.first_day)
            common = sorted(codes & more)
            if (
                not common
                or day > min(a.last_day or date.max, b.last_day or date.max)
                or not can_both_hold(mine, theirs, types)
            ):
                continue
            version = b.merged.version
            own = "applies_to" in version.model.model_fields_set
            codes_named = ", ".join(common[:3]) + (", …" if len(common) > 3 else "")
            report(
                version.document.problem(
                    "overlapping-policies",
                    f"{other} and {one} can both apply to {codes_named} from {day} on, "
                    "so both would decide the same lines",
                    ("applies_to",) if own else ("extends",),
                    key=True,
                    warning=True,
                    hint="let the `applies_to` of one exclude the other",
                )
            )
            return True
    return False


def _check_parameters_used(
    spans: Mapping[str, Sequence[Span]],
    checked: Mapping[str, Checked],
    report: ReportDiagnostic,
) -> None:
    """Every parameter is used by a rule, of its own policy or of one that extends it."""
    used = {pair for found in checked.values() for pair in found.used}
    unsound = {
        version.name
        for address, found in checked.items()
        if found.unsound
        for span in spans[address]
        for version in span.merged.chain
    }
    for address in checked:
        for span in spans[address]:
            version = span.merged.version
            if version.name in unsound:
                continue
            for name in version.model.parameters:
                if (version.name, name) not in used:
                    others = {n for n in span.merged.parameters if (version.name, n) in used}
                    hint = did_you_mean(name, others)
                    report(
                        version.document.problem(
                            "unused-parameter",
                            f"parameter `{name}` is used by no rule",
                            ("parameters", name),
                            key=True,
                            warning=version.model.extends
                            is None,  # an overlay that touches nothing
                            hint=f"{hint} If not, remove it" if hint else "remove it",
                        )
                    )
