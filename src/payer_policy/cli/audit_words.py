"""The reports of `payer-policy audit`: sentences for people, JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from payer_policy.audit.chain import Head
from payer_policy.audit.heads import Heads
from payer_policy.audit.replaying import Replayed
from payer_policy.audit.verifying import Verified
from payer_policy.core.vocabulary.types import shown

SHOWN: Final = 20
"""The maximum number of findings or rows listed for people; all of them are in the JSON."""
EXPECTED: Final = ("redacted", "left out", "request not kept")
"""Expected reasons not to decide a row again, which are not bad news."""


def rows_of(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def verified_json(
    name: str,
    found: Verified,
    anchor: Head | None,
    guards: tuple[str, ...],
    signed: Heads | None = None,
) -> dict[str, Any]:
    newest = None if signed is None else signed.newest
    return {
        "schema": "payer-policy/audit-verification/1",
        "record": name,
        "rows": found.rows,
        "head": str(found.head),
        "checked_against": None if anchor is None else str(anchor),
        "signed_heads": None if signed is None else len(signed.trusted),
        "newest_signed_head": None if newest is None else str(newest.head),
        "newest_signed_at": None if newest is None else newest.time,
        "redacted": found.redacted,
        "left_out": found.left_out,
        "missing_guards": list(guards),
        "findings": [
            {"row": one.seq, "kind": one.kind, "message": one.message} for one in found.findings
        ],
        "more": found.more,
    }


def verified_text(
    name: str,
    found: Verified,
    anchor: Head | None,
    guards: tuple[str, ...],
    signed: Heads | None = None,
) -> Iterator[str]:
    yield f"{name}: {rows_of(found.rows)}, head {found.head}"
    if found.redacted:
        yield f"  Redacted: the member data of {rows_of(found.redacted)}."
    if found.left_out:
        yield f"  Left out of this export, and not checked: the member data of {rows_of(found.left_out)}."
    if guards:
        yield f"  Triggers against slips are missing: {', '.join(guards)}."
    if found.findings:
        count = len(found.findings) + found.more
        yield "  1 thing is wrong:" if count == 1 else f"  {count:,} things are wrong:"
        for one in found.findings[:SHOWN]:
            where = "" if one.seq is None else f"row {one.seq}, "
            yield f"    {where}{one.kind}: {one.message}"
        if count > SHOWN:
            yield f"    … and {count - SHOWN:,} more (the first {len(found.findings):,}: --json)"
    elif signed is not None and signed.newest is not None:
        newest = signed.newest
        also = "" if anchor is None else f" the head of row {anchor.count} and"
        heads = (
            "1 signed head" if len(signed.trusted) == 1 else f"{len(signed.trusted):,} signed heads"
        )
        yield f"  Every row is as it was written, and{also} {heads} are in it."
        yield f"  The newest is of row {newest.head.count}, signed at {newest.time}."
        if found.head.count > newest.head.count:
            first, final = newest.head.count + 1, found.head.count
            later = f"Row {first} was" if first == final else f"Rows {first} to {final} were"
            yield f"  {later} written after it; nothing signed covers them yet."
    elif anchor is not None:
        yield f"  Every row is as it was written, and the head of row {anchor.count} is in it."
    else:
        yield "  Every row is as it was written."
        yield "  Rows cut off at the end are seen only with heads kept elsewhere (--head, --heads)."


def replayed_json(one: Replayed) -> dict[str, Any]:
    return {
        "schema": "payer-policy/audit-replay/1",
        "row": one.seq,
        "claim_number": one.claim_number,
        "status": one.status,
        "why": one.why or None,
        "message": one.message,
        "differences": [
            {"path": list(each.path), "recorded": each.recorded, "again": each.again}
            for each in one.differences
        ],
    }


def replayed_text(name: str, count: Counter[str], notable: list[Replayed]) -> Iterator[str]:
    total = count["same"] + count["differs"] + count["cannot"]
    yield f"{name}: {total:,} answers"
    yield f"  {count['same']:,} decided again, the same byte for byte"
    if count["differs"]:
        yield f"  {count['differs']:,} decided again, and not the same"
    for why in (*EXPECTED, "no policy file", "no engine"):
        if count[why]:
            yield f"  {count[why]:,} not decided again: {why}"
    if count["not as written"]:
        yield f"  {count['not as written']:,} not decided again: not as written (audit verify)"
    for one in notable:
        about = f"row {one.seq}, claim number {one.claim_number or 'not known'}"
        if one.status == "cannot":
            yield f"{about}: {one.message}"
            continue
        yield f"{about}: not the same; {one.message}"
        for each in one.differences[:5]:
            yield f"  {', '.join(each.path)}: recorded {shown(each.recorded)}"
            yield f"    again {shown(each.again)}"
    if count["notable"] > len(notable):
        yield f"… and {count['notable'] - len(notable):,} more (all of them: --json)"
