"""The files of a policy folder: each one read as strict JSON, and as a model, or reported.

What stands where no file is read is reported too: a policy that is saved under a wrong name must
not just be missing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.core.json_models import validated
from payer_policy.core.json_source import JsonDocument, JsonPath, decode_utf8, read_json

MAX_BYTES: Final = 8_000_000
"""A policy file is some kilobytes; a code set with every diagnosis there is, a few megabytes."""

VOCABULARY: Final = "vocabulary.json"
NOT_READ: Final = (".md", ".txt")
"""Files for people that may stand anywhere."""

M = TypeVar("M", bound=BaseModel)

_PARTS: Final[Mapping[str, str]] = {
    "facts": "fact",
    "line_parts": "line part",
    "parameters": "parameter",
    "references": "reference",
    "attributes": "attribute",
    "rules": "rule",
    "codes": "code",
    "products": "product",
    "identities": "identity",
}
_OWN_NAMES: Final = {"rules": "id", "codes": "code", "products": "ndc"}


def part_name(document: JsonDocument, path: JsonPath) -> str | None:
    """What people call the part of a file that a path leads into: "rule `trial-needed`"."""
    if len(path) < 2 or path[0] not in _PARTS:
        return None
    head, which = str(path[0]), path[1]
    noun = _PARTS[head]
    if isinstance(which, str):
        return f"{noun} `{which}`"
    entries = document.value.get(head)
    entry: Any = entries[which] if isinstance(entries, list) and which < len(entries) else None
    name = entry.get(_OWN_NAMES.get(head, "")) if isinstance(entry, dict) else None
    return f"{noun} `{name}`" if isinstance(name, str) else f"{noun} {which + 1}"


@dataclass
class Folder:
    """The documents of a folder, and everything that was found to be wrong so far."""

    root: Path
    contents: Mapping[str, bytes] | None = None
    """What the files hold, by path, where they were loaded before; None: `read` loads them."""
    before: Folder | None = None
    """The folder as it was read the last time: a file with the same bytes is not read again."""
    documents: dict[str, JsonDocument] = field(default_factory=dict)
    """By the path below the folder, with `/`; files that are not JSON are not among them."""
    broken: set[str] = field(default_factory=set)
    """Files whose problems are reported, and that nothing more can be said of."""
    problems: list[Diagnostic] = field(default_factory=list)

    def report(self, problem: Diagnostic) -> None:
        """Take note of a problem."""
        self.problems.append(problem)

    def at(self, relative: str) -> str:
        """The file's name as people know it: the folder as they gave it, then the path."""
        return (self.root / relative).as_posix()

    def refuse(
        self,
        relative: str,
        code: str,
        message: str,
        hint: str | None = None,
        *,
        warning: bool = False,
    ) -> None:
        """Report a problem with a file as a whole."""
        severity = "warning" if warning else "error"
        where = Location(self.at(relative))
        self.report(Diagnostic(code, message, where, hint, severity=severity))  # type: ignore[arg-type]
        if not warning:
            self.broken.add(relative)

    def model(self, relative: str, kind: type[M]) -> M | None:
        """A file as a model; None when it is broken, which is reported."""
        document = self.documents.get(relative)
        if document is None or relative in self.broken:
            return None

        def about(path: JsonPath) -> str | None:
            return part_name(document, path)

        made, problems = validated(kind, document, about=about)
        self.problems.extend(problems)
        if made is None:
            self.broken.add(relative)
        return made

    def read(self) -> bool:
        """Read every file; False when there is no such folder."""
        contents = self.load() if self.contents is None else self.contents
        if contents is None:
            return False
        self.contents = contents
        known = {} if self.before is None else self.before.contents or {}
        for relative in sorted(contents):
            if self.before is not None and known.get(relative) == contents[relative]:
                document = self.before.documents.get(relative)
                if document is not None:
                    self.documents[relative] = document
                    continue
            self._read(relative, contents[relative])
        by_folded: dict[str, str] = {}
        for relative in sorted({*self.documents, *self.broken}):
            other = by_folded.setdefault(relative.casefold(), relative)
            if other != relative:
                message = f"it differs only in letter case from {self.at(other)}"
                advice = "keep one of the two: many computers take them for one file"
                self.refuse(relative, "duplicate-address", message, advice)
        if VOCABULARY not in self.documents and VOCABULARY not in self.broken:
            hint = "is this the folder of policies?" if not self.documents else None
            message = "the folder has no vocabulary.json, which declares the facts"
            self.refuse(VOCABULARY, "missing-file", message, hint)
        return True

    def load(self) -> dict[str, bytes] | None:
        """The bytes of every file, as they are now; None when there is no such folder.

        What cannot be loaded is reported. Of files that are never read, only the names are taken.
        """
        if not self.root.is_dir():
            what = "is a file, not a folder" if self.root.exists() else "is not there"
            message = f"the folder `{self.root.as_posix()}` {what}"
            hint = (
                "name the folder that holds vocabulary.json; to start one, type `payer-policy init`"
            )
            self.refuse(".", "no-folder", message, hint)
            return None
        loaded = ((relative, self._load(relative)) for relative in self._listed())
        return {relative: data for relative, data in loaded if data is not None}

    def _listed(self) -> list[str]:
        """The paths of all files below the folder, hidden ones left out."""
        out: list[str] = []
        seen: set[str] = set()

        def closed(error: OSError) -> None:
            below = Path(str(error.filename)).relative_to(self.root).as_posix()
            reason = (error.strerror or "unknown reason").lower()
            self.refuse(below, "unreadable", f"the folder cannot be read: {reason}")

        # Links are followed, since a policy behind one must not just be missing.
        for folder, folders, files in os.walk(self.root, onerror=closed, followlinks=True):
            seen.add(os.path.realpath(folder))
            folders[:] = [
                name
                for name in folders
                if not name.startswith(".") and os.path.realpath(Path(folder) / name) not in seen
            ]
            below = Path(folder).relative_to(self.root)
            out += [(below / name).as_posix() for name in files if not name.startswith(".")]
        return sorted(out)

    def _load(self, relative: str) -> bytes | None:
        path = self.root / relative
        if not relative.endswith(".json"):
            return b""
        try:
            if not path.is_file():
                missing = not path.exists()
                message = "it points to a file that is not there" if missing else "it is not a file"
                self.refuse(relative, "unreadable", message)
            elif path.stat().st_size > MAX_BYTES:
                self._refuse_as_too_large(relative)
            else:
                return path.read_bytes()
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            self.refuse(relative, "unreadable", f"the file cannot be read: {reason}")
        return None

    def _refuse_as_too_large(self, relative: str) -> None:
        message = f"the file has more than {MAX_BYTES // 1_000_000} megabytes"
        self.refuse(relative, "too-large", message, "split it")

    def _read(self, relative: str, data: bytes) -> None:
        if not relative.endswith(".json"):
            if not relative.lower().endswith(NOT_READ) or ".json" in relative.lower():
                hint = "rename it to end in .json" if "json" in relative.lower() else None
                message = "this file is not read: its name does not end in .json"
                self.refuse(relative, "unexpected-file", message, hint, warning=hint is None)
            return
        if len(data) > MAX_BYTES:  # it grew while it was loaded
            self._refuse_as_too_large(relative)
            return
        name = self.at(relative)
        try:
            self.documents[relative] = read_json(decode_utf8(data, name), name)
        except PolicyError as error:
            self.problems.extend(error.diagnostics)
            self.broken.add(relative)
