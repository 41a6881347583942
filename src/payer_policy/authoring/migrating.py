"""A policy folder of an older form in the form of this version: `migrated(contents)`.

One function a change of form. Each looks for what it knows to be old, and leaves everything else as it
is: layout, order, spelling. A folder of this form comes back unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from payer_policy.authoring.json_edits import laid_out, with_member, with_value, without_member
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.json_source import JsonDocument, decode_utf8, read_json
from payer_policy.policy.composition import STATEMENT
from payer_policy.policy.statements import FILE as STATEMENTS

UNSTATED: Final = "The reason was not recorded."


class Change(NamedTuple):
    """What was changed in a file."""

    path: str
    says: str


class _Folder:
    """The JSON files of a folder, as they are changed one after the other."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.texts: dict[str, str] = {}
        self.changes: list[Change] = []
        self._documents: dict[str, JsonDocument] = {}
        for path, data in contents.items():
            try:
                self.texts[path] = decode_utf8(data, path)
                self._documents[path] = read_json(self.texts[path], path)
            except PolicyError:
                self.texts.pop(path, None)  # it is wrong in itself, and `check` says how

    def documents(self) -> Iterator[tuple[str, JsonDocument]]:
        """Every file that is a JSON object."""
        for path in sorted(self._documents):
            if isinstance(self._documents[path].value, dict):
                yield path, self._documents[path]

    def versions(self, address: str) -> list[tuple[str, JsonDocument]]:
        """The versions of a policy."""
        return [
            (path, document)
            for path, document in self.documents()
            if path.rpartition("/")[0] == address and not path.endswith("/" + STATEMENTS)
        ]

    def change(self, path: str, text: str, says: str) -> None:
        self.texts[path] = text
        self._documents[path] = read_json(text, path)
        self.changes.append(Change(path, says))

    def document(self, path: str) -> JsonDocument:
        return self._documents[path]


def migrated(contents: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[Change]]:
    """The files that are to be written, and what was changed in them.

    Args:
        contents: The bytes of the folder's files, by path, as `load_folder` gives them.
    """
    folder = _Folder({path: data for path, data in contents.items() if path.endswith(".json")})
    for step in STEPS:
        step(folder)
    changed = {change.path for change in folder.changes}
    return {path: folder.texts[path].encode("utf-8") for path in sorted(changed)}, folder.changes


def _withdrawn_statements(folder: _Folder) -> None:
    """Statements are withdrawn in the policy, not beside it."""
    for path, document in list(folder.documents()):
        withdrawn = document.value.get("withdraws")
        if not path.endswith("/" + STATEMENTS) or not isinstance(withdrawn, dict):
            continue
        more = {f"{STATEMENT}{id_}": why for id_, why in withdrawn.items()}
        for version, beside in folder.versions(path.rpartition("/")[0]) if more else ():
            text = _with_withdrawals(beside, more)
            says = f"withdraws the statements {', '.join(withdrawn)}, as {STATEMENTS} did"
            folder.change(version, text, says)
        says = "no longer withdraws statements: the policy beside it does"
        folder.change(path, without_member(document, ("withdraws",)), says)


def _with_withdrawals(document: JsonDocument, more: Mapping[str, Any]) -> str:
    had = document.value.get("withdraws")
    if had is None:
        return with_member(document, (), "withdraws", laid_out(dict(more), 1), after="extends")
    reasons = had if isinstance(had, dict) else dict.fromkeys(had, UNSTATED)
    return with_value(document, ("withdraws",), laid_out({**reasons, **more}, 1))


STEPS: Final[tuple[Callable[[_Folder], None], ...]] = (_withdrawn_statements,)
