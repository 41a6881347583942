"""The hash of a ruleset: equal for equal meaning, whatever else its files say.

The meaning is what the rules decide by and answer with: conditions, conclusions, findings with their
codes and sentences, what they cite, the parameters, and of every fact that they read its type, its
source and what its absence means. Titles, labels, questions, notes, dates of windows, and facts that
no rule reads are no meaning.
"""

from __future__ import annotations

from datetime import date

from payer_policy.core.canonical import digest
from payer_policy.core.ruleset import PartHashes, Ruleset
from payer_policy.policy.basis import Basis


def part_hashes(ruleset: Ruleset, basis: Basis, day: date) -> PartHashes:
    """The hashes of the parts of a ruleset, and of what it reads on a day of its window."""
    shared = basis.digest_of
    rules = {
        rule.id: digest(
            [
                rule.id,
                shared(rule.condition),
                shared(rule.effect),
                rule.cites,
                rule.overridden_by,
                rule.assume_not_holding,
                rule.section,
            ]
        )
        for rule in ruleset.rules
    }
    sources = basis.sources_on(ruleset.facts, day)
    others = {
        "applies_to": shared(ruleset.applies_to),
        "facts": digest(
            {
                name: [
                    shared(fact.type, fact.absent_means, fact.derived, fact.otherwise, fact.tells),
                    shared(sources.get(name)),
                    *([] if fact.type.precision is None else [fact.type.precision]),
                ]
                for name, fact in ruleset.facts.items()
            }
        ),
        "information_request": digest(ruleset.information_request),
        "line_parts": digest([basis.line_parts_on(day), ruleset.follows]),
        "parameters": digest(
            {name: [one.value, one.unit] for name, one in ruleset.parameters.items()}
        ),
        "sections": digest([ruleset.sections, ruleset.silences, ruleset.covered_by]),
        "spans": digest(ruleset.spans),
    }
    if ruleset.tables:
        others["tables"] = digest(ruleset.tables)
    return PartHashes(rules, others)


def whole(parts: PartHashes) -> str:
    """The hash of a ruleset, from those of its parts."""
    return digest([parts.rules, parts.others])
