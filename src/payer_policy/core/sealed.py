"""Lines of JSON that carry their own hash, and where two of them differ, named as paths.

Knows nothing of policies: `record` writes such lines, `verify` opens them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

NOTHING: Final = "(nothing)"
"""The value at a path that does not exist."""
ORDER: Final = "#order"


class Wrong(NamedTuple):
    """Something that does not follow: where it stands, what is recorded, what follows instead, and
    the policy file by which it follows (None: the record alone says so)."""

    path: tuple[str, ...]
    recorded: Any
    found: Any
    file: str | None = None


def sealed(content: Mapping[str, Any]) -> bytes:
    """Compact ASCII JSON with a line end; its last member is the SHA-256 of all before it."""
    plain = _plain(content)
    return f'{plain[:-1]},"sha256":{json.dumps(_hash(plain))}}}\n'.encode()


def opened(line: bytes) -> tuple[dict[str, Any], tuple[Wrong, ...]]:
    """The content of a sealed line, and what is wrong with the line. Never raises for its bytes."""
    try:
        content = json.loads(line.decode("ascii"))
        seal = content.pop("sha256", NOTHING)
        plain = _plain(content)
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        where = f" at byte {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        where = f" at byte {error.start + 1}" if isinstance(error, UnicodeDecodeError) else where
        return {}, (Wrong(("record",), f"damaged{where}", "a line of JSON in ASCII"),)
    wrong = [] if seal == _hash(plain) else [Wrong(("sha256",), seal, _hash(plain))]
    if line != f'{plain[:-1]},"sha256":{json.dumps(seal)}}}\n'.encode():
        wrong.append(Wrong(("bytes",), "spelled otherwise", "compact JSON, the hash, one line end"))
    return content, tuple(wrong)


def _plain(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"))


def _hash(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()


# --- paths ---------------------------------------------------------------------------------------


def keyed(value: Any) -> Any:
    """The value with lists of objects as objects, by the name that each item has, in `#order`."""
    if isinstance(value, dict):
        return {f"{key}'" if key == ORDER else key: keyed(one) for key, one in value.items()}
    if not isinstance(value, list) or not any(isinstance(one, dict) for one in value):
        return f"{value}'" if value == NOTHING else value
    out: dict[str, Any] = {ORDER: []}
    for one in value:
        names = [at(one, key) for key in ("rule", "fact", "id", "number", "label")]
        name = next((str(name) for name in names if name not in (NOTHING, None)), "?")
        while name in out:  # a claim may give two lines one number
            name += "'"
        out[name] = keyed(one)
    out[ORDER] = [name for name in out if name != ORDER]
    return out


def at(value: Any, *path: str) -> Any:
    """The value at a path of a keyed value, or `NOTHING`."""
    for key in path:
        value = value.get(key, NOTHING) if isinstance(value, dict) else NOTHING
    return value


def names(value: Any, *path: str) -> list[str]:
    """The texts of a list, or the names of an object's members, at a path."""
    found = at(value, *path)
    if not isinstance(found, (list, dict)):
        return []
    return [key for key in found if isinstance(key, str) and key != ORDER]


def differences(
    path: tuple[str, ...], recorded: Any, *right: Any
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Where a keyed value is like none of the right ones: path, value, the first right value."""
    if json.dumps(recorded) in map(json.dumps, right):
        return
    sides = (recorded, *right)
    if any(isinstance(side, dict) and ORDER in side for side in sides):
        nothing: dict[str, Any] = {ORDER: []}
        recorded, *right = sides = tuple(nothing if side == [] else side for side in sides)  # type: ignore[assignment]
    if not isinstance(recorded, dict) or not any(isinstance(side, dict) for side in right):
        yield path, recorded, right[0]
        return
    for key in dict.fromkeys(key for side in (*right, recorded) for key in names(side)):
        yield from differences((*path, key), *(at(side, key) for side in sides))
    orders = [at(side, ORDER) for side in sides]
    if orders[0] not in orders[1:] and set(orders[0]) in map(set, orders[1:]):
        yield (*path, "order"), orders[0], orders[1]


def leaves(value: Any) -> int:
    """How many single values a keyed value has."""
    if not isinstance(value, dict):
        return 1
    return sum(leaves(one) for key, one in value.items() if key != ORDER)
