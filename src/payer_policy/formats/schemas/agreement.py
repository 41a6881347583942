"""Whether a published schema agrees with how a file is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.core.json_source import JsonDocument, render_path
from payer_policy.formats.schemas.files import (
    SCHEMAS,
    policy_schema,
    schema_texts,
    statements_schema,
    vocabulary_schema,
)
from payer_policy.policy.library import Library


def schema_problems(
    schema: Mapping[str, Any], documents: Iterable[JsonDocument], kind: str
) -> list[Diagnostic]:
    """What a JSON Schema validator reports about documents that are right as they are read.

    The two must agree; where they do not, an editor would show what `check` does not, so it is said.
    """
    # Only `check` asks; services that open a policy folder never pay for this import.
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema)
    found = []
    for document in documents:
        errors = validator.iter_errors(_plain(document.value))
        for error in sorted(errors, key=lambda error: render_path(tuple(error.absolute_path))):
            message = f"the schema {kind}.schema.json refuses this (by its `{error.validator}`); "
            message += "an editor marks it as wrong, though it is right"
            hint, path = (
                "this is a fault of payer-policy itself: report it",
                tuple(error.absolute_path),
            )
            found.append(document.problem("schema-mismatch", message, path, hint=hint))
    return found


def library_schema_problems(library: Library) -> list[Diagnostic]:
    """Files of a library that are right, but that an editor would mark as wrong by the schemas."""
    statements = [beside.document for beside in library.statements.values()]
    policies = [v.document for versions in library.policies.values() for v in versions]
    return [
        *schema_problems(vocabulary_schema(library), [library.vocabulary_document], "vocabulary"),
        *schema_problems(policy_schema(library), policies, "policy"),
        *schema_problems(statements_schema(library), statements, "statements"),
    ]


def stale_schemas(library: Library, folder: Path) -> list[Diagnostic]:
    """A warning where the schemas beside a folder of policies are not what the folder makes of them.

    Args:
        library: The policies.
        folder: Where they are. The schemas are in `schema` beside it, if there is such a folder.
    """
    beside = folder.parent / SCHEMAS
    if not beside.is_dir():
        return []
    stale = [
        file for file, text in schema_texts(library).items() if not _holds(beside / file, text)
    ]
    if not stale:
        return []
    more = f" and {len(stale) - 1} more differ" if len(stale) > 1 else " differs"
    message = f"{stale[0]}{more} from what these policies make of it: an editor offers older names"
    hint = f"to renew them: payer-policy schema {folder.as_posix()}"
    where = Location((beside / stale[0]).as_posix())
    return [Diagnostic("stale-schema", message, where, hint, severity="warning")]


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def _plain(value: Any) -> Any:
    """The value with exact decimals as numbers that a schema validator knows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return float(value)  # only the shape is judged here; nothing is decided by it
