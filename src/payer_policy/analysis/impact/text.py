"""An impact as text for a terminal: what `payer-policy impact` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from payer_policy.analysis.impact.model import (
    CHANGE_KINDS,
    Because,
    Change,
    Example,
    Impact,
    Tally,
    share,
    total,
)
from payer_policy.analysis.impact.words import (
    HEADINGS,
    billed,
    change_name,
    decision_name,
    dollars,
    headline,
    number,
    reason_lines,
    records,
    rejects_in_words,
    services,
)
from payer_policy.determination.words import day, one_line, wrapped

_WIDTH: Final = 100
_BAR: Final = 24
_MOST: Final = 20
"""The number of changes of one kind that are shown; `--json` has all of them."""
_RULES: Final = 4
"""The number of rules that are named on one line."""
_HASH: Final = 12
"""The number of characters of a hash that are shown."""


def impact_text(impact: Impact) -> str:
    """The whole report as text."""
    out = [headline(impact), ""]
    out += _facts_of(impact)
    if impact.everything.services:
        out += ["", "Services by decision: old in rows, new in columns", *_matrix(impact)]
    for kind in CHANGE_KINDS:
        changes = impact.of_kind(kind)
        if changes:
            whole = impact.tally_of(kind)
            out += ["", f"{HEADINGS[kind]}: {services(whole.services)}, billed {billed(whole)}"]
            for change in changes[:_MOST]:
                out += ["", *_change(impact, change)]
            if len(changes) > _MOST:
                rest = total(change.tally for change in changes[_MOST:])
                out += [
                    "",
                    f"  … and {len(changes) - _MOST:,} more kinds of change "
                    f"({services(rest.services)}); --json has all",
                ]
    return "\n".join(line.rstrip() for line in out)


def _facts_of(impact: Impact) -> list[str]:
    rows = [
        ("old", f"{impact.old.folder}  (hash {impact.old.hash[:_HASH]})"),
        ("new", f"{impact.new.folder}  (hash {impact.new.hash[:_HASH]})"),
        ("claims", _claims(impact)),
        ("billed", billed(impact.everything)),
    ]
    if impact.policy is not None:
        rows.insert(2, ("policy", f"{impact.policy}, and no other"))
    rows += [("rejected", text) for text in rejects_in_words(impact)]
    rows += [("skipped", f"{path}: {why}") for path, why in impact.skipped]
    return [f"  {label:<8}  {one_line(text)}" for label, text in rows]


def _claims(impact: Impact) -> str:
    files = impact.inputs
    named = files[0] if len(files) == 1 else f"{len(files):,} files"
    return f"{records(impact.records)} of {named}: {services(impact.everything.services)}"


def _matrix(impact: Impact) -> Iterator[str]:
    """Counts, with the amount billed below each; services off the diagonal changed."""
    known = impact.everything.unknown < impact.everything.services
    rows: list[tuple[str, ...]] = [("", *map(decision_name, impact.shown_decisions), "all, old")]
    for old, by_new, row_sum in impact.matrix():
        rows += _two(decision_name(old), [*by_new.values(), row_sum], known=known)
    rows += _two("all, new", [*impact.column_sums(), impact.everything], known=known)
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield f"  {row[0]:<{widths[0]}}  {'  '.join(cells)}"


def _two(name: str, tallies: Sequence[Tally], *, known: bool) -> Iterator[tuple[str, ...]]:
    yield (name, *(number(one.services) if one.services else "·" for one in tallies))
    if known:
        yield ("", *(_money(one) for one in tallies))


def _money(tally: Tally) -> str:
    if tally.services == tally.unknown:
        return "?" if tally.services else ""
    return dollars(tally.billed) + ("+?" if tally.unknown else "")


def _change(impact: Impact, change: Change) -> Iterator[str]:
    everything = impact.everything.services
    count = change.tally.services
    filled = max(1, (2 * _BAR * count + everything) // (2 * everything))
    bar = "█" * filled + "░" * (_BAR - filled)
    yield (
        f"  {change_name(change.key)}  {bar}  {services(count)} "
        f"({share(count, everything)} %), billed {billed(change.tally)}"
    )
    yield from _reasons("−", change.key.went, impact)
    yield from _reasons("+", change.key.came, impact)
    if not change.key.went and not change.key.came:
        yield "      the same reasons, on other lines or for other units"
    for example in change.examples:
        yield from _example(example)


def _reasons(mark: str, reasons: Sequence[Because], impact: Impact) -> Iterator[str]:
    for line in reason_lines(reasons):
        rules = list(line.rules)
        more = f" and {len(rules) - _RULES} more" if len(rules) > _RULES else ""
        text = " ".join(
            one for one in (line.verb, ", ".join(rules[:_RULES]) + more, line.codes) if one.strip()
        )
        title = impact.titles.get(rules[0]) if len(rules) == 1 else None
        text = f"{text} · {title}" if title else text
        yield from wrapped(text, f"    {mark} ", "        ", _WIDTH)


def _example(example: Example) -> Iterator[str]:
    named = example.claim_id or f"record {example.record}"
    about = [named, example.code or "no code", day(example.service_date)]
    about.append("billed not known" if example.billed is None else dollars(example.billed))
    yield from wrapped(" · ".join(about), "      e.g. ", "           ", _WIDTH)
    for name, side in (("old", example.old), ("new", example.new)):
        yield from wrapped(side.sentence, f"           {name}: ", "                ", _WIDTH)
