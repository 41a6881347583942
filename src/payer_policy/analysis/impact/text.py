"""An impact for people at a terminal: what `payer-policy impact` prints."""

from __future__ import annotations

import textwrap
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
from payer_policy.determination.words import day, one_line

_WIDTH: Final = 100
_BAR: Final = 24
_MOST: Final = 20
"""So many changes of one kind are shown; `--json` has all of them."""
_RULES: Final = 4
_HASH: Final = 12


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
    rows += [("rejected", said) for said in rejects_in_words(impact)]
    rows += [("skipped", f"{path}: {why}") for path, why in impact.skipped]
    return [f"  {label:<8}  {one_line(said)}" for label, said in rows]


def _claims(impact: Impact) -> str:
    files = impact.inputs
    named = files[0] if len(files) == 1 else f"{len(files):,} files"
    return f"{records(impact.records)} of {named}: {services(impact.everything.services)}"


def _matrix(impact: Impact) -> Iterator[str]:
    """Counts, and under each what was billed; what is off the diagonal changed."""
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
        said = " ".join(
            one for one in (line.verb, ", ".join(rules[:_RULES]) + more, line.codes) if one.strip()
        )
        title = impact.titles.get(rules[0]) if len(rules) == 1 else None
        yield from _wrapped(f"{said} · {title}" if title else said, f"    {mark} ", "        ")


def _example(example: Example) -> Iterator[str]:
    named = example.claim_id or f"record {example.record}"
    about = [named, example.code or "no code", day(example.service_date)]
    about.append("billed not known" if example.billed is None else dollars(example.billed))
    yield from _wrapped(" · ".join(about), "      e.g. ", "           ")
    for name, side in (("old", example.old), ("new", example.new)):
        yield from _wrapped(side.sentence, f"           {name}: ", "                ")


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        one_line(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
