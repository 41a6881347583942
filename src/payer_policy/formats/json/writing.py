"""Answers as JSON Lines: an outcome or a refusal a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def json_lines_of(answers: Sequence[Mapping[str, Any]]) -> bytes:
    """Answers, one a line."""
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in answers)
