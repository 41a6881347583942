"""The JSON Schemas of all files, generated from the models and the vocabulary.

An editor that reads them offers the facts, for each fact the operators of its type, and its values.
`check` holds every policy to them, so that an editor and `check` never disagree.
"""

from payer_policy.formats.schemas.agreement import library_schema_problems, schema_problems
from payer_policy.formats.schemas.files import (
    all_schemas,
    policy_schema,
    statements_schema,
    vocabulary_schema,
)

__all__ = [
    "all_schemas",
    "library_schema_problems",
    "policy_schema",
    "schema_problems",
    "statements_schema",
    "vocabulary_schema",
]
