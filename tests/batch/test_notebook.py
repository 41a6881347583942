"""The notebook of the documentation prints what it says it prints."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import Any

import pytest

from tests.places import ROOT

NOTEBOOK = ROOT / "docs" / "frames.ipynb"


def test_the_notebook_of_data_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, Any] = {}
    printed = 0
    for cell in cells:
        if cell["cell_type"] == "code":
            out = io.StringIO()
            with redirect_stdout(out):
                exec("".join(cell["source"]), names)  # noqa: S102
            assert out.getvalue() == "".join(
                text for one in cell["outputs"] for text in one["text"]
            )
            printed += bool(out.getvalue())

    assert printed >= 3
