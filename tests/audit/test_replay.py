"""Answers decided again: the same byte for byte, or told apart, or told why not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy import Engine, Request
from payer_policy.audit import AuditError, Entry, Row, entry_of
from payer_policy.audit.chain import FIRST, canonical, commitment_of, linked
from payer_policy.audit.entries import redaction_entry, request_text
from payer_policy.audit.exporting import exported, read_export
from payer_policy.audit.replaying import Difference, Folder, Replayed, Replayer, _value
from payer_policy.core.vocabulary.types import FactType, to_json
from payer_policy.engines import ENGINES, why_unavailable
from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.loading import open_library
from payer_policy.request.mappings import request_from_mapping
from tests.audit.conftest import Answer
from tests.places import POLICIES

BASE = "medicare/intrathecal-baclofen"


def row(entry: Entry) -> Row:
    return linked(entry, 1, "2025-06-01T12:00:00.000000Z", FIRST)


def replayed(replayer: Replayer, entry: Entry) -> Replayed:
    found = replayer.replay(row(entry))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def folder(engine: Engine) -> Folder:
    return Folder("policies", engine.library, folder_hash(POLICIES))


@pytest.fixture(scope="module")
def replayer(folder: Folder) -> Replayer:
    return Replayer([folder])


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The policies with one parameter of the base policy changed, so that all meanings differ."""
    path = tmp_path_factory.mktemp("changed") / "policies"
    shutil.copytree(POLICIES, path)
    file = path / f"{BASE}/2016-01-01.json"
    text = file.read_text("utf-8")
    assert '"parameters"' in text
    value = json.loads(text)
    name, parameter = next(
        (name, one) for name, one in value["parameters"].items() if type(one.get("value")) is int
    )
    old = json.dumps(parameter["value"])
    start = text.index(f'"{name}"', text.index('"parameters"'))
    at = text.index(f'"value": {old}', start)
    text = f'{text[:at]}"value": {parameter["value"] + 1}{text[at + len(old) + 9 :]}'
    file.write_text(text, "utf-8")
    return Folder("changed", open_library(path), folder_hash(path))


def test_every_answer_is_the_same_again(replayer: Replayer, answers: dict[str, Answer]) -> None:
    source = folder_hash(POLICIES)
    for name, answer in answers.items():
        for told in (source, None, "0" * 64):
            found = replayed(replayer, entry_of(*answer, source=told))
            assert found == Replayed(1, name, "same", "", "decided from the request")


@pytest.mark.parametrize("name", ENGINES)
def test_by_the_engine_that_answered(name: str, answers: dict[str, Answer], folder: Folder) -> None:
    if (why := why_unavailable(name)) is not None:
        pytest.skip(why)
    request = answers["SYN-REFILL-1"][0]
    entry = entry_of(request, *folder.engine(name).decide_fully(request))
    assert entry.member is not None and f'"engine":"{name}"' in entry.member

    assert replayed(Replayer([folder]), entry).status == "same"


def test_from_the_facts_where_the_request_was_not_kept(
    replayer: Replayer, answers: dict[str, Answer]
) -> None:
    for name, answer in answers.items():
        found = replayed(replayer, entry_of(*answer, keep_request=False))
        if answer[1]:
            assert (found.status, found.differences) == ("same", ()), name
            assert found.message == "decided from the facts; the request was kept as a hash only"
        else:
            assert (found.status, found.why) == ("cannot", "request not kept")


def test_what_an_engine_once_said_otherwise_is_told(
    replayer: Replayer, answers: dict[str, Answer]
) -> None:
    request, (decided,), without = answers["SYN-REFILL-1"]
    assert decided.determination.decision == "approve"
    wrong = replace(decided.determination, decision="deny")
    for keep in (True, False):
        entry = entry_of(
            request, [replace(decided, determination=wrong)], without, keep_request=keep
        )
        found = replayed(replayer, entry)
        assert found.status == "differs"
        assert found.differences == (Difference(("determination", "decision"), "deny", "approve"),)


def test_facts_that_do_not_follow_from_the_request_are_told(
    replayer: Replayer, answers: dict[str, Answer]
) -> None:
    request, (decided,), without = answers["SYN-REFILL-1"]
    facts = {**decided.facts, "patient.age": 7}
    found = replayed(replayer, entry_of(request, [replace(decided, facts=facts)], without))

    assert [one.path for one in found.differences] == [("facts", "patient.age")]


def test_a_policy_that_is_not_there_is_named_with_the_nearest(
    changed: Folder, folder: Folder, answers: dict[str, Answer]
) -> None:
    answer = answers["SYN-REFILL-1"]
    policy = answer[1][0].determination.policy
    entry = entry_of(*answer)

    found = replayed(Replayer([changed]), entry)
    assert (found.status, found.why) == ("cannot", "no policy file")
    assert found.message.startswith(
        f"no folder given has {policy.address} with the hash {policy.hash}; "
        f"changed has its version {policy.version} with the hash "
    )
    # Of several folders the one that has it is used, wherever it stands.
    assert replayed(Replayer([changed, folder]), entry).status == "same"
    assert replayed(Replayer([folder, changed]), entry).status == "same"
    assert "no folder given" in replayed(Replayer([]), entry).message


def test_that_no_policy_was_found_is_held_to_the_folder_that_said_so(
    changed: Folder, folder: Folder, answers: dict[str, Answer]
) -> None:
    request, _, without = answers["SYN-NO-POLICY"]
    wrong = [replace(without[0], near=("something else",))]
    source = folder.source

    assert replayed(Replayer([folder]), entry_of(request, [], wrong, source=source)).status == (
        "differs"
    )
    found = replayed(Replayer([changed]), entry_of(request, [], wrong, source=source))
    assert (found.status, found.why) == ("cannot", "no policy file")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ({"member": None, "salt": None, "claim_number": None}, "redacted"),
        ({"left_out": True, "member": None, "salt": None}, "left out"),
        ({"time": "2025"}, "not as written"),
        ({"member": "{}"}, "not as written"),
    ],
)
def test_why_a_row_is_not_decided_again(
    replayer: Replayer, answers: dict[str, Answer], edit: dict[str, Any], why: str
) -> None:
    good = row(entry_of(*answers["SYN-REFILL-1"]))
    edit = {**edit, **({"member_id": None} if "salt" in edit else {})}

    found = replayer.replay(replace(good, **edit))
    assert found is not None and (found.status, found.why) == ("cannot", why)


def test_rows_of_other_shapes_are_told_and_never_raise(replayer: Replayer) -> None:
    """Sealed as rows are, but by another program, or by somebody who owns the database."""
    for kept, member in (
        ('{"kind":"decision"}', "{}"),
        ('{"kind":"decision","product":"1"}', '{"answers":[]}'),
        ('{"kind":"decision","product":"1"}', '{"answers":{},"request":{}}'),
        ('{"kind":"decision","product":"1"}', '{"answers":[{"determination":{}}],"request":7}'),
        ("[]", "[]"),
        ("7", "{"),
    ):
        salt = "0" * 64
        entry = Entry(kept, member, salt, commitment_of(salt, member))
        found = replayed(replayer, entry)
        assert (found.status, found.why) == ("cannot", "not as written")
    assert replayer.replay(row(redaction_entry("x", "y", [(1, 1)]))) is None


def test_rows_of_an_export_are_replayed(replayer: Replayer, answers: dict[str, Answer]) -> None:
    (line,) = exported([row(entry_of(*answers["SYN-837-INITIAL"]))])
    (back,) = read_export([line.encode()])

    assert isinstance(back, Row)
    found = replayer.replay(back)
    assert found is not None and found.status == "same"


# --- round trips ---------------------------------------------------------------------------------


def variations(answers: dict[str, Answer]) -> Iterator[Request]:
    """The example requests with less known, other units or fewer modifiers."""
    random = Random(5)
    for request, decided, _ in answers.values():
        for _ in range(24 if decided else 0):
            facts = {name: raw for name, raw in request.facts.items() if random.randrange(4)}
            lines = [
                line.model_copy(
                    update={
                        "units": random.choice((line.units, 4, 40, Decimal("2.5"), None)),
                        "modifiers": random.choice((line.modifiers, frozenset())),
                    }
                )
                for line in request.lines
            ]
            yield request.model_copy(update={"facts": facts, "lines": tuple(lines)})


def test_random_requests_are_the_same_again(
    engine: Engine, replayer: Replayer, answers: dict[str, Answer]
) -> None:
    decisions = set()
    for request in variations(answers):
        decided, without = engine.decide_fully(request)
        decisions |= {one.determination.decision for one in decided}
        for keep in (True, False) if decided else (True,):
            found = replayed(replayer, entry_of(request, decided, without, keep_request=keep))
            undated = any(one.determination.policy.version is None for one in decided)
            if undated and not keep:
                assert (found.status, found.why) == ("cannot", "request not kept")
                continue
            assert (found.status, found.differences) == ("same", ()), found.message
    assert decisions >= {"approve", "deny", "pend"}


QUANTITY = st.one_of(
    st.integers(0, 10**9),
    st.decimals(0, 10**6, places=6, allow_nan=False, allow_infinity=False),
)
CODE = st.text("ABCDEFG0123456789", min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(
    units=QUANTITY,
    charge=st.none() | QUANTITY,
    modifiers=st.frozensets(CODE),
    day=st.none() | st.dates(date(1900, 1, 1)),
    id_=st.none() | st.text(min_size=1, max_size=50),
    facts=st.dictionaries(
        CODE, st.one_of(st.booleans(), QUANTITY, CODE, st.dates(), st.frozensets(CODE))
    ),
)
def test_a_request_is_read_back_equal(
    units: Any, charge: Any, modifiers: Any, day: Any, id_: Any, facts: Any
) -> None:
    line = {"number": 1, "code": "J1", "units": units, "charge": charge, "date": day}
    given_request = {"id": id_, "lines": [{**line, "modifiers": modifiers}], "facts": facts}
    try:
        request = Request.model_validate(given_request)
    except ValueError:
        return  # an identifier that no request can have

    text = request_text(request)
    back = request_from_mapping(json.loads(text))

    assert back.model_copy(update={"facts": {}}) == request.model_copy(update={"facts": {}})
    assert text.isascii() and request_text(back) == text


def test_what_json_cannot_hold_is_refused() -> None:
    for value in (object(), 1.5j, float("nan"), iter([1])):
        with pytest.raises(AuditError, match="cannot be written as JSON"):
            request_text(Request(facts={"a": value}))


NUMBER = st.one_of(
    st.integers(-(10**15), 10**15),
    st.decimals(-(10**9), 10**9, places=9, allow_nan=False, allow_infinity=False),
    st.fractions(),
)


@settings(max_examples=100, deadline=None)
@given(NUMBER)
def test_derived_numbers_are_read_back_exactly(number: int | Decimal | Fraction) -> None:
    back = _value(FactType("decimal", minimum=0), json.loads(canonical(to_json(number))))

    assert Fraction(back) == Fraction(number)  # type: ignore[arg-type]
