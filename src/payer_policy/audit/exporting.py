"""The audit record as JSON Lines, for auditors: one row per line, written and read back.

A line holds what is kept and the member part as JSON, in the bytes that were hashed. A text that is
not canonical JSON is written as a JSON string, so that an export hides no tampering.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from payer_policy.audit.chain import Row, canonical
from payer_policy.audit.errors import AuditError
from payer_policy.audit.verifying import Damaged, of_no_row

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "seq": (int,),
    **dict.fromkeys(("time", "previous", "hash"), (str,)),
    **dict.fromkeys(("commitment", "claim_number", "member_id", "salt"), (str, type(None))),
}
_MEMBER: Final = ("claim_number", "member_id", "salt", "member")
_KEYS: Final = frozenset({"kept", "member", *_TYPES})


def exported(rows: Iterable[Row], *, members: bool = True) -> Iterator[str]:
    """A line for each row, with its line end. The same row always gives the same line.

    Args:
        rows: The rows.
        members: Whether the lines hold the member parts and their salts.

    Raises:
        AuditError: A row holds a value that no row can hold and that no line can show.
    """
    for row in rows:
        if (wrong := of_no_row(row)) is not None:
            raise AuditError(f"a row has {wrong}; the record was tampered with (audit verify)")
        parts = {
            "seq": canonical(row.seq),
            "time": canonical(row.time),
            "previous": canonical(row.previous),
            "hash": canonical(row.hash),
            "commitment": canonical(row.commitment),
            "kept": _embedded(row.kept),
        }
        if members and not row.left_out:
            parts |= {name: canonical(getattr(row, name)) for name in _MEMBER[:3]}
            parts["member"] = "null" if row.member is None else _embedded(row.member)
        yield "{" + ",".join(f'"{name}":{text}' for name, text in parts.items()) + "}\n"


def read_export(lines: Iterable[bytes]) -> Iterator[Row | Damaged]:
    """The rows of exported lines, or what is wrong with a line. Never raises for its bytes."""
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        if not line.endswith(b"\n"):
            yield Damaged(f"{where}: has no line end; the file was cut, or is being written")
            continue
        try:
            found = json.loads(line.decode("ascii"), object_pairs_hook=_once)
        except (ValueError, RecursionError):
            yield Damaged(f"{where}: is not a line of an export (one JSON object in ASCII)")
            continue
        yield _row(found, where)


def _row(found: Any, where: str) -> Row | Damaged:
    if not isinstance(found, dict):
        return Damaged(f"{where}: is not a JSON object")
    left_out = not found.keys() & set(_MEMBER)
    expected = _KEYS - set(_MEMBER) if left_out else _KEYS
    if found.keys() != expected:
        names = ", ".join(sorted(found.keys() ^ expected)[:5])
        return Damaged(f"{where}: missing or unexpected members: {names}")
    if left_out:
        found = {**found, **dict.fromkeys(_MEMBER)}
    wrong = [name for name, types in _TYPES.items() if type(found[name]) not in types]
    if wrong:
        return Damaged(f"{where}: wrong type of value: {', '.join(sorted(wrong))}")
    member = found["member"]
    try:
        kept = _text(found["kept"])
        texts = {"kept": kept, "member": None if member is None else _text(member)}
    except (ValueError, RecursionError):
        return Damaged(f"{where}: contains a number that no row can hold")
    return Row(**{**found, **texts}, left_out=left_out)


def _embedded(text: str) -> str:
    """A JSON object unchanged; any other text as a JSON string."""
    try:
        value = json.loads(text)
        if isinstance(value, dict) and canonical(value) == text:
            return text
    except (ValueError, RecursionError):
        pass
    return canonical(text)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("one key twice")
    return found
