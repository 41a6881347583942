"""Pydantic's errors in plain words, at their place; of a union, only the branch that was meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from payer_policy.core.json_models import MAX_PROBLEMS, validated
from payer_policy.core.json_source import read_json


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Amount(Strict, title="an amount"):
    amount: int
    unit: Literal["mg", "mcg"] = "mg"


class Named(Strict, title="a name"):
    fact: str
    from_: str | None = Field(default=None, alias="from", min_length=2)


class House(Strict, title="a house"):
    value: Amount | list[Amount] | int | None = None
    named: Named | None = None
    literal: bool | int | Decimal | str | list[str] | None = None
    by_name: dict[str, Amount] = {}
    id: str | None = Field(default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")


TOLD = {
    "[]": ["1:1 a house: found a list; an object was expected"],
    '{"valeu": 1}': ["1:2 `valeu` is not a field of a house | did you mean `value`?"],
    '{"value": {"amuont": 3}}': [
        "1:11 an amount needs `amount`",
        "1:12 `amuont` is not a field of an amount | did you mean `amount`?",
    ],
    '{"named": {"fact": 3}}': [
        "1:20 `fact` of a name: found 3; a text was expected | put it in quotation marks"
    ],
    '{"named": {"fact": "x", "from": "y"}}': [
        "1:33 `from` of a name: found 1 characters; at least 2 were expected"
    ],
    '{"value": {"amount": 1, "unit": "mcgs"}}': [
        '1:33 `unit` of an amount: found "mcgs"; one of mg, mcg was expected | did you mean `mcg`?'
    ],
    '{"value": "three"}': [
        '1:11 `value` of a house: found "three"; an object, a list or a whole number was expected'
    ],
    '{"literal": {}}': [
        "1:13 `literal` of a house: found an object; true or false, a whole number, a number, "
        "a text or a list was expected"
    ],
    '{"literal": [1]}': [
        "1:14 `literal[0]` of a house: found 1; a text was expected | put it in quotation marks"
    ],
    '{"by_name": {"a b": {}}}': ["1:21 an amount needs `amount`"],
    '{"id": "Not So"}': [
        '1:8 `id` of a house: found "Not So"; lowercase letters, digits and single hyphens '
        "(`like-this-1`) were expected"
    ],
}


@pytest.mark.parametrize("text", TOLD)
def test_every_problem_is_told_in_plain_words(text: str) -> None:
    made, found = validated(House, read_json(text, "f"))
    assert made is None
    told = []
    for problem in sorted(found, key=lambda d: d.sort_key()):
        assert problem.location.start
        where = f"{problem.location.start.line}:{problem.location.start.column}"
        told.append(f"{where} {problem.message}" + (f" | {problem.hint}" if problem.hint else ""))
    assert told == TOLD[text]
    words = " ".join(told).lower()
    assert not [w for w in ("pydantic", "input", "dict", "str ", "int ", "valid ") if w in words]


def test_a_part_of_a_document_is_read_at_its_place() -> None:
    document = read_json('{"outer": [{"amount": "x"}]}', "f")
    made, [found] = validated(Amount, document, ("outer", 0))
    assert made is None
    assert (found.location.path, str(found.location)) == ("$.outer[0].amount", "f:1:23")


def test_the_list_of_problems_ends() -> None:
    text = "{" + ", ".join(f'"k{i}": 1' for i in range(500)) + "}"
    _, found = validated(House, read_json(text, "f"))
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].code == "too-many-problems"
