"""All policies together: two that can decide one service, and parameters that nothing uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import Report
from payer_policy.core.vocabulary.model import Fact, RecordType, Vocabulary
from payer_policy.core.vocabulary.types import FactType
from payer_policy.language import DEFINE, TABLE
from payer_policy.policy.checks.policies import Checked
from payer_policy.policy.exclusion import can_both_hold
from payer_policy.policy.versions import Merged, PolicyVersion

MOST_OVERLAPS: Final = 3
"""Maximum number of policies named as overlapping one policy; more would not help."""


def check_together(
    spans: Mapping[str, Sequence[Merged]],
    checked: Mapping[str, Checked],
    vocabulary: Vocabulary,
    report: Report,
) -> None:
    """Check what no policy shows alone."""
    types = {name: fact.type for name, fact in vocabulary.tested.items()}
    _check_facts(spans, checked, report)
    _check_records(spans, checked, report)
    for other, earlier in _sharing_a_code(checked):
        found = 0
        for one in earlier:
            found += _check_overlap(one, checked[one], other, checked[other], types, report)
            if found == MOST_OVERLAPS:
                break
    _check_used(spans, checked, report)


def _check_facts(
    spans: Mapping[str, Sequence[Merged]], checked: Mapping[str, Checked], report: Report
) -> None:
    """What a request supplies under one name is one thing, whichever policies declare it."""
    first: dict[str, tuple[PolicyVersion, Fact]] = {}
    for address in sorted(checked):
        for found in checked[address].elaborations:
            for name, placed in found.merged.facts.items():
                fact, version = found.basis.vocabulary.facts[name], placed.version
                other, known = first.setdefault(name, (version, fact))
                if (known.type, known.about, known.derived) == (
                    fact.type,
                    fact.about,
                    fact.derived,
                ):
                    continue
                message = f"fact `{name}` is {_declared(fact)} here, but {_declared(known)} in "
                message += other.name
                hint = "give it another name, or declare it once in a module that both extend"
                say = version.reporter(report)
                say("conflicting-fact", message, ("facts", name), key=True, hint=hint)


def _check_records(
    spans: Mapping[str, Sequence[Merged]], checked: Mapping[str, Checked], report: Report
) -> None:
    """The rows that a request gives under one name have one shape, whichever policies declare it."""
    first: dict[str, tuple[PolicyVersion, RecordType]] = {}
    for address in sorted(checked):
        for found in checked[address].elaborations:
            for name, placed in found.merged.records.items():
                kind, version = found.basis.vocabulary.records[name], placed.version
                other, known = first.setdefault(name, (version, kind))
                if (known.about, known.fields, known.dated_by, known.complete) != (
                    kind.about,
                    kind.fields,
                    kind.dated_by,
                    kind.complete,
                ):
                    message = (
                        f"record type `{name}` has other fields, or is read in another way, in "
                    )
                    message += other.name
                    hint = "give it another name, or declare it once in a module that both extend"
                    say = version.reporter(report)
                    say("conflicting-record", message, ("records", name), key=True, hint=hint)


def _declared(fact: Fact) -> str:
    how = "concluded by rules" if fact.derived else f"about the {fact.about}"
    return f"{fact.type.describe()}, {how}"


def _sharing_a_code(checked: Mapping[str, Checked]) -> Iterator[tuple[str, Iterator[str]]]:
    """Each policy with the policies before it that its payer has for one of its codes."""
    by_code: dict[tuple[str, str], list[str]] = {}
    for address in sorted(checked):
        payer = address.partition("/")[0]
        codes = {code for _, _, listed in checked[address].applies_to for code in listed}
        lists = [by_code.setdefault((payer, code), []) for code in sorted(codes)]
        yield address, _once(lists)
        for listed in lists:
            listed.append(address)


def _once(lists: Iterable[list[str]]) -> Iterator[str]:
    """The entries of some lists, each once, as far as they are asked for."""
    found: set[str] = set()
    for one in chain.from_iterable(lists):
        if one not in found:
            found.add(one)
            yield one


def _check_overlap(
    one: str,
    first: Checked,
    other: str,
    second: Checked,
    types: Mapping[str, FactType],
    report_to: Report,
) -> bool:
    """Whether two policies of a payer can both apply: both would decide the same lines."""
    for a, mine, codes in first.applies_to:
        for b, theirs, more in second.applies_to:
            common = sorted(codes & more)
            if not common or not a.overlaps(b) or not can_both_hold(mine, theirs, types):
                continue
            named = ", ".join(common[:3]) + (", …" if len(common) > 3 else "")
            day = max(a.first_day, b.first_day)
            message = f"{other} and {one} can both apply to {named} from {day} on, "
            message += "so both would decide the same lines"
            path = "applies_to" if "applies_to" in b.version.model.model_fields_set else "extends"
            hint = "let the `applies_to` of one exclude the other"
            report = b.version.reporter(report_to)
            report("overlapping-policies", message, (path,), key=True, warning=True, hint=hint)
            return True
    return False


def _check_used(
    spans: Mapping[str, Sequence[Merged]],
    checked: Mapping[str, Checked],
    report: Report,
) -> None:
    """Every parameter and definition is used by a rule, of its own policy or of one that extends it."""
    used = {pair for found in checked.values() for pair in found.used}
    unsound = {
        version.name
        for address, found in checked.items()
        if found.unsound
        for merged in spans[address]
        for version in merged.chain
    }
    for merged in chain.from_iterable(spans[address] for address in checked):
        version, model = merged.version, merged.version.model
        if version.name in unsound:
            continue
        for code, noun, key, prefix, mine, all_of_them in (
            (
                "unused-parameter",
                "parameter",
                "parameters",
                "",
                model.parameters,
                merged.parameters,
            ),
            ("unused-table", "table", "tables", TABLE, model.tables, merged.tables),
            ("unused-definition", "definition", "define", DEFINE, model.define, merged.definitions),
        ):
            for name in mine:
                if (version.name, prefix + name) in used or name not in all_of_them:
                    continue
                others = {one for one in all_of_them if (version.name, prefix + one) in used}
                hint = did_you_mean(name, others)
                version.reporter(report)(
                    code,
                    f"{noun} `{name}` is used by no rule",
                    (key, name),
                    key=True,
                    # An overlay that changes one under a misspelled name changes nothing.
                    warning=hint is None or not version.overlays,
                    hint=f"{hint} If not, remove it" if hint else "remove it",
                )
