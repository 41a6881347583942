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
from payer_policy.policy.loading import REASON_CODES
from payer_policy.policy.statements import FILE as STATEMENTS

CLINICAL: Final = "clinical judgment"
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


def _clinical_denials(folder: _Folder) -> None:
    """That a clinician confirms a denial is said by the rule, not by its reason code."""
    clinical = set()
    for path, document in list(folder.documents()):
        for where, member in _members(document.value, ()):
            if (
                where[-1] == "rests_on"
                and member == CLINICAL
                and path.startswith(REASON_CODES + "/")
            ):
                clinical.add(document.part(where[:-1]).get("code"))
                folder.change(
                    path,
                    without_member(folder.document(path), where),
                    "no longer says which codes rest on clinical judgment: the rules do",
                )
    for path, document in list(folder.documents()):
        found = [
            (where, denial["carc"])
            for where, denial in _members(document.value, ())
            if where[-1] == "deny" and isinstance(denial, dict) and "review" not in denial
            if isinstance(denial.get("carc"), str) and denial["carc"] in clinical
        ]
        for where, carc in found:
            document = folder.document(path)
            after = "rarc" if "rarc" in document.part(where) else "carc"
            text = with_member(document, where, "review", '"clinician"', after=after)
            rule = document.part(where[:-2]).get("id", "")
            folder.change(
                path, text, f"rule {rule}: a clinician reviews the denial, as CARC {carc} had"
            )


def _units_in_history(folder: _Folder) -> None:
    """The units of earlier claims are a sum over the history."""
    named: dict[str, str] = {}
    for _, document in folder.documents():
        for where, source in _members(document.value, ()):
            if where[-1] == "from" and isinstance(source, dict) and len(where) > 1:
                named.setdefault(str(source.get("service")), str(where[-2]))
    if "code" not in named or "date" not in named:
        return
    summed = {
        "records": "history",
        "where": {
            "all": [
                {"field": "code", "is": {"fact": named["code"]}},
                {"field": "date", "is": {"fact": named["date"]}},
            ]
        },
        "sum": "units",
    }
    for path, document in list(folder.documents()):
        for where, source in _members(document.value, ()):
            if where[-1] == "from" and source == {"service": "units_in_history"}:
                text = with_value(folder.document(path), where, laid_out(summed, len(where)))
                folder.change(path, text, f"fact {where[-2]}: sums the units of the history")


def _members(
    value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every member of every object in a value, with its path."""
    if isinstance(value, dict):
        for name, inside in value.items():
            yield (*path, name), inside
            yield from _members(inside, (*path, name))
    elif isinstance(value, list):
        for at, inside in enumerate(value):
            yield from _members(inside, (*path, at))


STEPS: Final[tuple[Callable[[_Folder], None], ...]] = (
    _withdrawn_statements,
    _clinical_denials,
    _units_in_history,
)
