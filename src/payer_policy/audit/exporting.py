"""The audit record as JSON Lines, for auditors: one row a line, stable bytes, and read back.

What is kept and the member part stand in a line as JSON, in the very bytes that were hashed; a text
that is not canonical JSON stands there as a text, so that an export hides no tampering.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from payer_policy.audit.chain import Row, canonical
from payer_policy.audit.errors import AuditError
from payer_policy.audit.verifying import Damaged, of_no_row

_TEXTS: Final = ("time", "previous", "hash")
_TEXTS_OR_NULL: Final = ("commitment", "claim_number", "member_id", "salt")
_MEMBER: Final = ("claim_number", "member_id", "salt", "member")
_KEYS: Final = frozenset({"seq", "kept", "member", *_TEXTS, *_TEXTS_OR_NULL})


def exported(rows: Iterable[Row], *, members: bool = True) -> Iterator[str]:
    """A line for each row, with its line end; the same row is always the same line.

    Args:
        rows: The rows.
        members: Whether the lines have the member parts, and the salts that they commit with.

    Raises:
        AuditError: A row holds what no row of a record holds, and no line could tell it.
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
    """The rows of exported lines; a line that is none says so and why. Never raises for its bytes."""
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        if not line.endswith(b"\n"):
            yield Damaged(f"{where}: ends without a line end; the file was cut, or still written")
            continue
        try:
            found = json.loads(line.decode("ascii"), object_pairs_hook=_once)
        except (ValueError, RecursionError):
            yield Damaged(f"{where}: is no line of an export (one JSON object in ASCII)")
            continue
        yield _row(found, where)


def _row(found: Any, where: str) -> Row | Damaged:
    if not isinstance(found, dict):
        return Damaged(f"{where}: is no JSON object")
    left_out = not found.keys() & set(_MEMBER)
    expected = _KEYS - set(_MEMBER) if left_out else _KEYS
    if found.keys() != expected:
        odd = sorted(found.keys() ^ expected)
        return Damaged(f"{where}: has not the members of a row (look at {', '.join(odd[:5])})")
    if left_out:
        found = {**found, **dict.fromkeys(_MEMBER)}
    wrong = [name for name in _TEXTS if not isinstance(found[name], str)]
    wrong += [name for name in _TEXTS_OR_NULL if not isinstance(found[name], str | None)]
    wrong += [name for name in ("seq",) if type(found[name]) is not int]
    if wrong:
        return Damaged(f"{where}: {', '.join(sorted(wrong))} cannot have such a value")
    member = found["member"]
    try:
        texts = {
            "kept": _text(found["kept"]),
            "member": None if member is None else _text(member),
        }
    except (ValueError, RecursionError):
        return Damaged(f"{where}: holds a number that no row holds")
    return Row(**{**found, **texts}, left_out=left_out)


def _embedded(text: str) -> str:
    """A JSON object as it is; any other text as a text."""
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
