"""The summary of a run: records by decision, reason and policy, and what was rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from payer_policy.batch.answers import merged
from payer_policy.batch.counting import counted_words

SCHEMA: Final = "payer-policy/batch-summary/1"
_DECISIONS: Final = ("approve", "deny", "pend", "partial", "void", "not_required", "no_policy")
_MOST: Final = 15
"""Lines of each list in the text."""


def summary_of(
    header: Mapping[str, Any],
    parts: Sequence[Mapping[str, Any]],
    facts: int | None,
    counted: Mapping[str, Any],
) -> dict[str, Any]:
    """The summary of a whole run, from its journal alone: the same however often it was stopped.

    Args:
        header: The first line of the journal.
        parts: The line of each part.
        facts: Entries of the facts file; None: there is no facts file.
        counted: What the inputs hold, counted separately (`counting.counted_inputs`).
    """
    total: Mapping[str, Mapping[str, int]] = merged(part["counts"] for part in parts)

    def sorted_by_count(kind: str) -> dict[str, int]:
        return dict(sorted(total.get(kind, {}).items(), key=lambda item: (-item[1], item[0])))

    decisions = total.get("decisions", {})
    policies: dict[str, dict[str, int]] = {}
    for pair, count in sorted(total.get("policies", {}).items()):
        address, _, decision = pair.rpartition(" ")
        policies.setdefault(address, {})[decision] = count
    return {
        "schema": SCHEMA,
        "version": header["version"],
        "policies_hash": header["policies"],
        "inputs": len(header["inputs"]),
        "skipped": list(header["skipped"]),
        "records": sum(part["records"] for part in parts),
        "decided": sum(part["decided"] for part in parts),
        "rejected": sum(part["rejected"] for part in parts),
        "rows": sum(part["rows"] for part in parts),
        "counted": dict(counted),
        "decisions": {name: decisions[name] for name in _DECISIONS if name in decisions},
        "reasons": sorted_by_count("reasons"),
        "policies": policies,
        "rejects": sorted_by_count("rejects"),
        "warnings": sorted_by_count("warnings"),
        "paths": sorted_by_count("paths"),
        "facts": None
        if facts is None
        else {"entries": facts, "claims": total.get("facts", {}).get("claims", 0)},
    }


def summary_text(summary: Mapping[str, Any], folder: str) -> str:
    """The summary for people."""
    files, records, rows = summary["inputs"], summary["records"], summary["rows"]
    out = [
        f"{_count(records, 'record')} of {_count(files, 'file')}: "
        f"{summary['decided']:,} decided, {summary['rejected']:,} rejected; "
        f"{_count(rows, 'service')} in {folder}/rows"
    ]
    out += _counted(summary["counted"])
    titles = {"decisions": "Services by decision", "reasons": "Services by reason"}
    for key, title in titles.items():
        out += _table(title, summary[key])
    if summary["policies"]:
        out += ["", "Services by policy"]
        for address, decisions in summary["policies"].items():
            said = ", ".join(f"{count:,} {name}" for name, count in decisions.items())
            out.append(f"  {address}: {said}")
    out += _table(f"Rejected (see {folder}/rejects.jsonl)", summary["rejects"])
    out += _table("Warnings", summary["warnings"])
    out += _paths(summary["paths"])
    if summary["facts"] is not None:
        entries, claims = summary["facts"]["entries"], summary["facts"]["claims"]
        out += ["", f"The facts file has {entries:,} entries; {claims:,} claims had one."]
    if summary["skipped"]:
        out += ["", "Skipped"]
        out += [f"  {one['path']}: {one['reason']}" for one in summary["skipped"][:_MOST]]
        if len(summary["skipped"]) > _MOST:
            out.append(f"  … and {len(summary['skipped']) - _MOST:,} more")
    return "\n".join(out)


PATHS: Final[Mapping[str, str]] = {
    "columns": "decided in columns",
    "facts": "one by one: facts given beside the claim contradict it, or may be about several services",
    "dates": "one by one: a line without a date, or over several days",
    "voids": "one by one: a void",
    "line-numbers": "one by one: lines out of the order of their numbers",
    "units": "one by one: units that are no decimal of 12 places",
    "applies": "one by one: it is not known whether a policy applies",
    "unreadable": "one by one: something is no value",
    "facts-file": "one by one: the facts file is about it",
    "few": "one by one: few records in a block",
    "fault": "one by one: columns failed, a fault in this program",
}
"""How records were decided, and why one by one."""


def _paths(paths: Mapping[str, int]) -> list[str]:
    """How records were decided, where columns were tried."""
    found = {PATHS[name]: count for name, count in paths.items() if name in PATHS}
    out = _table("Records by the way they were decided", found)
    if paths.get("twice"):
        said = f"Decided twice, in columns and one by one: {paths['twice']:,}"
        different = paths.get("different", 0)
        if different:
            said += (
                f"; {different:,} came out differently, a fault in this program (the answers are those "
                "of the decision one by one)"
            )
        out += ["", said if different else f"{said}, all with the same answers"]
    return out


def _counted(counted: Mapping[str, Any]) -> list[str]:
    """The inputs that were counted separately, and which could not be."""
    found = ", ".join(counted_words(kind, count) for kind, count in counted["inputs"].items())
    left = counted["not_counted"]
    out = [f"Counted again in the files: {found}; each is answered or rejected"] if found else []
    if left:
        more = f" and {len(left) - 1:,} more" if left[1:] else ""
        out.append(f"Cannot be counted again: {left[0]}{more}")
    return out


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    shown = list(counts.items())[:_MOST]
    width = max(len(f"{count:,}") for _, count in shown)
    out = ["", title, *(f"  {count:>{width},}  {name}" for name, count in shown)]
    if len(counts) > _MOST:
        out.append(f"  {'…':>{width}}  and {len(counts) - _MOST:,} more")
    return out


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
