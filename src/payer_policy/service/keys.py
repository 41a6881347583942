"""The API keys of a service: a file of names, scopes and hashes, so that reading it reveals no key.

A key is 256 random bits, so one SHA-256 is enough; a password would need more.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.whole_file import whole_file
from payer_policy.service.logs import log

SCHEMA: Final = "payer-policy/keys/1"
PREFIX: Final = "ppk_"
"""The start of every key, so that scanners for leaked secrets can recognize one."""

Scope = Literal["decide", "inquire", "inquire-any", "policies", "metrics"]
"""What a key may be used for: decide and explain; inquire about answers given to this key, or to any key;
read policies and schemas; read metrics and the details of readiness."""
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
USUAL: Final[frozenset[Scope]] = frozenset({"decide", "inquire", "policies"})
"""The scopes of a key that is made without naming any."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")


class KeysUnreadable(PayerPolicyError):
    """The file of keys is wrong; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a key, and what it may do. The name is for logs and the audit record; it is not
    secret."""

    name: str
    scopes: frozenset[Scope] = USUAL


@dataclass(frozen=True, slots=True)
class Keys:
    """The holders of keys, by the hash of each key."""

    by_hash: Mapping[str, Holder] = field(repr=False)

    @staticmethod
    def read(path: Path) -> Keys:
        """The keys of a file.

        Raises:
            KeysUnreadable: The file is not there, or not as `payer-policy keys new` writes it.
        """
        try:
            value = json.loads(path.read_text("utf-8"))
        except OSError as error:
            why = (error.strerror or "it cannot be read").lower()
            raise KeysUnreadable(f"{path}: {why}; `payer-policy keys new` makes the file") from None
        except (ValueError, RecursionError):
            raise KeysUnreadable(f"{path}: this is not JSON in UTF-8") from None
        entries = value.get("keys") if isinstance(value, dict) else None
        if not isinstance(entries, dict) or value.get("schema") != SCHEMA:
            raise KeysUnreadable(
                f'{path}: `"schema": "{SCHEMA}"` and an object `keys` were expected'
            )
        found: dict[str, Holder] = {}
        for name, entry in entries.items():
            where = f"{path}: key `{name}`"
            hash_ = entry.get("sha256") if isinstance(entry, dict) else None
            if not isinstance(hash_, str) or not _HASH.match(hash_):
                raise KeysUnreadable(f"{where}: `sha256` with 64 hex digits was expected")
            scopes = entry.get("scopes", sorted(USUAL))
            if not isinstance(scopes, list) or not all(one in SCOPES for one in scopes):
                raise KeysUnreadable(f"{where}: `scopes` is a list of {', '.join(SCOPES)}")
            found[hash_] = Holder(name, frozenset(scopes))
        return Keys(found)

    def who(self, key: str) -> Holder | None:
        """The holder of a key; None: the key is not known."""
        return self.by_hash.get(_hash(key))

    def holders(self) -> list[Holder]:
        """The holders of keys, by name."""
        return sorted(self.by_hash.values(), key=lambda one: one.name)

    def names(self) -> list[str]:
        """The names that have a key."""
        return [one.name for one in self.holders()]

    def with_new(self, name: str, scopes: Collection[Scope] = USUAL) -> tuple[Keys, str]:
        """These keys and one more, and that key, which is not stored anywhere.

        Raises:
            ValueError: The name is not valid, or is taken.
        """
        if not _NAME.match(name):
            raise ValueError(
                f"`{name}` is not a valid name: lowercase letters, digits, and hyphens, at most 63"
            )
        if name in self.names():
            raise ValueError(
                f"there is already a key `{name}`; remove it first, or choose a new name"
            )
        key = PREFIX + secrets.token_urlsafe(32)
        return Keys({**self.by_hash, _hash(key): Holder(name, frozenset(scopes))}), key

    def without(self, name: str) -> Keys:
        """These keys without the one of a name."""
        return Keys({hash_: one for hash_, one in self.by_hash.items() if one.name != name})

    def write(self, path: Path) -> None:
        """Write the file whole or not at all, readable by its owner only."""
        entries = {
            one.name: {"sha256": hash_, "scopes": sorted(one.scopes)}
            for hash_, one in self.by_hash.items()
        }
        content = {"schema": SCHEMA, "keys": dict(sorted(entries.items()))}
        with whole_file(path) as file:
            file.write(json.dumps(content, indent=2).encode() + b"\n")


class KeyFile:
    """The file of keys, read again when it changes. A file that is wrong changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _stamp(path)
        self._keys = Keys.read(path)

    def who(self, key: str) -> Holder | None:
        """The holder of a key; None: the key is not known."""
        return self._keys.who(key)

    def look(self) -> None:
        """Read the file if it has changed."""
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._keys = Keys.read(self._path)
        except KeysUnreadable as error:
            log("keys-refused", logging.WARNING, why=str(error), kept=len(self._keys.names()))
        else:
            log("keys-read", keys=len(self._keys.names()))


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file changes; empty where it cannot be read."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
