"""Golden JSON files: what is answered, compared as text; `UPDATE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payer_policy.formats.fhir import exact_json


def check_golden(path: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(json.loads(exact_json(value)), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
