"""The JSON Schemas of all files, generated from the models and the vocabulary.

An editor that reads them offers the facts, for each fact the operators of its type, and its values.
`check` holds every policy to them, so that an editor and `check` never disagree.
"""

from payer_policy.formats.schemas.agreement import (
    library_schema_problems,
    schema_problems,
    stale_schemas,
)
from payer_policy.formats.schemas.files import (
    SCHEMAS,
    all_schemas,
    policy_schema,
    schema_texts,
    statements_schema,
    vocabulary_schema,
)

__all__ = [
    "SCHEMAS",
    "all_schemas",
    "library_schema_problems",
    "policy_schema",
    "schema_problems",
    "schema_texts",
    "stale_schemas",
    "statements_schema",
    "vocabulary_schema",
]
