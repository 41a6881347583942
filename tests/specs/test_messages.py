"""What people see when a scenario or a feature file is wrong: `data/cases/<name>.feature` and `.txt`.

`UPDATE_GOLDEN=1 pytest tests/specs` writes the texts anew; look at the difference before you commit.
"""

from __future__ import annotations

import os

import pytest

from payer_policy.specs import replay
from tests.specs.running import DATA, spec

CASES = sorted((DATA / "cases").glob("*.feature"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_message_is_the_one_agreed_on(case, monkeypatch):
    # The account is made by others and tested below.
    monkeypatch.setattr(replay, "account", lambda answer, rules: f"(account of {list(rules)})")

    result = spec(monkeypatch, case.name, "--engine", "compiled", folder=case.parent)

    text = f"exit status {result.exit_code}\n\n{result.output}"
    golden = case.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert "Traceback" not in text and ".py" not in text


def test_a_failed_expectation_ends_with_the_account(monkeypatch):
    """The determination, and the proof of the rule that the sentence is about."""
    result = spec(
        monkeypatch, "cases/failing-expectation.feature", "--engine", "compiled", "-k", "decision"
    )

    assert "PARTLY APPROVED" in result.output
    assert "3 billing units are billed; one is paid a day." in result.output
    assert "the units billed are more than 1 billing unit" in result.output
