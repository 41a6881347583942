"""Pydantic's errors in plain words, at their place; of a union, only the branch that was meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag

from payer_policy.core.json_models import MAX_PROBLEMS, Names, validated
from payer_policy.core.json_source import read_json


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Amount(Strict):
    amount: int
    unit: Literal["mg", "mcg"] = "mg"


class Named(Strict):
    fact: str
    from_: str | None = Field(default=None, alias="from", min_length=2)


class Dog(Strict):
    kind: Literal["dog"]
    legs: int = Field(default=4, ge=0, le=4)


class Cat(Strict):
    kind: Literal["cat"]
    lives: list[int] = Field(default=[], max_length=9)


def shape(raw: object) -> str | None:
    if not isinstance(raw, dict):
        return None
    return next((key for key in ("all", "any") if key in raw), None)


class All(Strict):
    all: list[Condition]


class Some(Strict):
    any: list[Condition]


Condition = Annotated[
    Annotated[All, Tag("all")] | Annotated[Some, Tag("any")], Discriminator(shape)
]


class Codes(RootModel[list[str]]):
    pass


class House(Strict):
    value: Amount | Named | int | None = None
    pet: Annotated[Dog | Cat, Field(discriminator="kind")] | None = None
    when: Condition | None = None
    literal: bool | int | Decimal | str | list[str] | None = None
    by_name: dict[str, Amount] = {}
    codes: Codes | None = None
    id: str | None = Field(default=None, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")


NAMES: Names = {
    House: "a house",
    Amount: "an amount",
    Named: "a name",
    Dog: "a dog",
    Cat: "a cat",
    All: "an `all`",
    Some: "an `any`",
}

TOLD = {
    "[]": ["1:1 a house: found a list; an object was expected"],
    '{"valeu": 1}': ["1:2 `valeu` is not a field of a house | did you mean `value`?"],
    '{"value": {"amuont": 3}}': [
        "1:11 an amount needs `amount`",
        "1:12 `amuont` is not a field of an amount | did you mean `amount`?",
    ],
    '{"value": {"fact": 3}}': [
        "1:20 `fact` of a name: found 3; a text was expected | put it in quotation marks"
    ],
    '{"value": {"fact": "x", "from": "y"}}': [
        "1:33 `from` of a name: found 1 characters; at least 2 were expected"
    ],
    '{"value": {"amount": 1, "unit": "mcgs"}}': [
        '1:33 `unit` of an amount: found "mcgs"; one of mg, mcg was expected | did you mean `mcg`?'
    ],
    '{"value": "three"}': [
        '1:11 `value` of a house: found "three"; an object or a whole number was expected'
    ],
    '{"pet": {"kind": "dogs"}}': [
        '1:9 `pet` of a house: `kind`: found "dogs"; one of dog, cat was expected'
        " | did you mean `dog`?"
    ],
    '{"pet": {"legs": 4}}': [
        "1:9 `pet` of a house: found an object without `kind`, which says its kind"
    ],
    '{"pet": {"kind": "dog", "legs": 5}}': [
        "1:33 `legs` of a dog: found 5; at most 4 was expected"
    ],
    '{"pet": {"kind": "cat", "wheels": 4, "lives": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}': [
        "1:25 `wheels` is not a field of a cat | a cat may have: kind, lives",
        "1:47 `lives` of a cat: found 10 entries; at most 9 were expected",
    ],
    '{"when": {"all": [{"any": []}], "any": 1}}': [
        "1:33 `any` is not a field of an `all` | an `all` may have: all"
    ],
    '{"when": {"al": []}}': [
        "1:10 `when` of a house: found an object with `al`; another shape was expected"
    ],
    '{"literal": {}}': [
        "1:13 `literal` of a house: found an object; true or false, a whole number, a number, "
        "a text or a list was expected"
    ],
    '{"literal": [1]}': [
        "1:14 `literal[0]` of a house: found 1; a text was expected | put it in quotation marks"
    ],
    '{"by_name": {"a b": {}}}': ["1:21 an amount needs `amount`"],
    '{"codes": [1]}': [
        "1:12 `codes[0]` of a house: found 1; a text was expected | put it in quotation marks"
    ],
    '{"id": "Not So"}': [
        '1:8 `id` of a house: found "Not So"; lowercase letters, digits and single hyphens '
        "(`like-this-1`) were expected"
    ],
}


@pytest.mark.parametrize("text", TOLD)
def test_every_problem_is_told_in_plain_words(text: str) -> None:
    made, found = validated(House, read_json(text, "f"), names=NAMES)
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
    made, [found] = validated(Amount, document, ("outer", 0), names=NAMES)
    assert made is None
    assert (found.location.path, str(found.location)) == ("$.outer[0].amount", "f:1:23")


def test_the_list_of_problems_ends() -> None:
    text = "{" + ", ".join(f'"k{i}": 1' for i in range(500)) + "}"
    _, found = validated(House, read_json(text, "f"), names=NAMES)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].code == "too-many-problems"
