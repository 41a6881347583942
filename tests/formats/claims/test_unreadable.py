"""What is no text that can be read: the sentence says what it is and what to do."""

from __future__ import annotations

import pytest

from payer_policy.formats import form_of, read_requests
from tests.formats.claims.rendering import CASES

X12 = (CASES / "synthetic-professional-wastage.837").read_text(encoding="utf-8")
JSON = (CASES / "synthetic-request.json").read_text(encoding="utf-8")
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", [X12, JSON], ids=["x12", "json"])
def test_wide_characters_are_known_by_their_zero_bytes(text: str, encoding: str) -> None:
    data = text.encode(encoding)

    (intake,) = read_requests(data, "f")

    (found,) = intake.diagnostics
    assert found.code == "unknown-format" and found.message.startswith("this is UTF-16 text")
    assert found.hint == "save it as UTF-8 text"
    assert form_of(data[:4000], "f") == found


def test_zero_bytes_after_a_file_are_passed_over() -> None:
    padded = X12.encode() + b"\x00" * 500

    assert [i.claim_id for i in read_requests(padded, "f") if i.request]


@pytest.mark.parametrize("letter", ["é", "ß", "A", "5"])
def test_a_letter_that_separates_elements_is_named(letter: str) -> None:
    text = X12.replace("*", letter)

    (intake,) = read_requests(text.encode("utf-8"), "f")

    (found,) = intake.diagnostics
    assert f'separates elements; found "{letter}"' in found.message
