"""Facts that a policy declares for itself and for those that extend it.

They are typed like those of the vocabulary, but their sources may also name parameters, so one policy's
fact can have another source than that of a policy beside it. Adding one touches no other policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from payer_policy.core.json_source import Report, Reporter
from payer_policy.core.vocabulary.model import Fact, RecordType
from payer_policy.core.vocabulary.reading import read_facts
from payer_policy.core.vocabulary.records import read_records
from payer_policy.core.vocabulary.units import UnitTable
from payer_policy.language.sources import Source, read_source
from payer_policy.policy.basis import Basis
from payer_policy.policy.versions import Merged, PolicyVersion


def reporters(merged: Merged, report: Report) -> Callable[[str], Reporter]:
    """Gives for each fact that a policy declares the reporter of the file in which it does."""
    return lambda name: merged.facts[name].version.reporter(report)


def records_of(merged: Merged, units: UnitTable, report: Report) -> dict[str, RecordType]:
    """The types of records that a policy and its bases declare."""
    models = {name: placed.model for name, placed in merged.records.items()}
    return read_records(models, lambda name: merged.records[name].version.reporter(report), units)


def with_local_facts(
    basis: Basis, merged: Merged, scope: Mapping[str, Any], report: Report
) -> Basis:
    """What a policy is read against: with the facts that it and its bases declare.

    Args:
        basis: What every policy of the folder is read against.
        merged: The policy.
        scope: Fields of the scope in which sources are read, such as its parameters.
        report: Receives what is wrong with the declarations.
    """
    if not merged.facts and not merged.records:
        return basis
    models = {name: placed.model for name, placed in merged.facts.items()}
    report_of = reporters(merged, report)
    units = scope["units"]
    basis = basis.with_records(records_of(merged, units, report))
    vocabulary = basis.vocabulary
    facts = read_facts(models, report_of, units, vocabulary.facts, vocabulary.records)
    own = basis.with_facts(facts, models)
    inside = own.scope(merged.first_day, **scope)
    sources = _sources(facts, own.vocabulary.records, inside, report_of)
    return own.with_sources(dict(sources))


def _sources(
    facts: Mapping[str, Fact],
    records: Mapping[str, RecordType],
    scope: Any,
    report_of: Callable[[str], Reporter],
) -> Iterator[tuple[str, Source]]:
    for name, fact in facts.items():
        if fact.source is not None and not fact.derived:
            source = read_source(fact, records, scope, report_of(name))
            if source is not None:
                yield name, source


def prefix_of(version: PolicyVersion) -> str:
    """What the names of the things that a policy declares begin with: its own name and a dot."""
    return version.address.partition("/")[2].replace("-", "_") + "."
