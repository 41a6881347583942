"""Laws: what is written reads back as it was, for all values; no text makes a reader fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.formats.x12 import (
    Adjustment,
    ClaimPayment,
    Decision,
    Envelope,
    Marks,
    Name,
    Rejection,
    Review,
    ServicePayment,
    response,
)
from payer_policy.formats.x12.file import x12_loops
from payer_policy.formats.x12.outcomes import decimal_of
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.formats.x12.segment_writer import LENGTHS, Free, Text, free, number, out, plain
from tests.formats.x12.building import ENVELOPE, review_text, written
from tests.formats.x12.reading import read_advice
from tests.formats.x12.review_reading import read_reviews
from tests.places import TESTS

SAMPLE = TESTS / "formats/claims/data/cases/835_005010X221A1_managed-care.835"
CODE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=5)
NUMBER = st.text("ABCDEFGHIJ0123456789-. ", min_size=2, max_size=30).filter(
    lambda text: text == text.strip() and len(text) > 1
)
MONEY = st.integers(0, 10**13).map(lambda cents: Decimal(cents) / 100)
UNITS = st.integers(0, 10**9) | st.decimals(
    "0.001", "99999", allow_nan=False, allow_infinity=False, places=3
).map(lambda units: int(units) if units == units.to_integral_value() else units)
DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))
MARKS = st.permutations("*:^~|>!\x1d\x1e\\").map(lambda marks: Marks(*marks[:4]))

adjustments = st.lists(
    st.builds(
        Adjustment, st.sampled_from(["CO", "PR", "OA", "PI"]), CODE, MONEY, UNITS | st.none()
    ),
    max_size=15,
).map(tuple)


@st.composite
def services(draw: st.DrawFn) -> ServicePayment:
    taken = draw(adjustments)
    paid = draw(MONEY)
    first = draw(DAYS | st.none())
    last = draw(DAYS | st.none())
    return ServicePayment(
        procedure=("HC", draw(CODE), *draw(st.lists(CODE, max_size=4))),
        charge=paid + sum((one.amount for one in taken), Decimal(0)),
        paid=paid,
        units=draw(UNITS | st.none()),
        billed_units=draw(UNITS | st.none()),
        revenue_code=draw(st.just("") | CODE),
        first_day=first,
        last_day=last if last != first else None,
        adjustments=taken,
        control=draw(st.just("") | NUMBER),
        policy=draw(st.just("") | NUMBER),
        remarks=tuple(draw(st.lists(CODE, max_size=12))),
    )


@st.composite
def claims(draw: st.DrawFn) -> ClaimPayment:
    lines = tuple(draw(st.lists(services(), min_size=1, max_size=4)))
    taken = [one for line in lines for one in line.adjustments]
    remarks = tuple(draw(st.lists(CODE, max_size=5)))
    owed = draw(st.none() | MONEY)
    return ClaimPayment(
        id=draw(NUMBER),
        status=draw(st.sampled_from(["1", "2", "3"])),
        charge=sum((line.charge for line in lines), Decimal(0)),
        paid=sum((line.charge for line in lines), Decimal(0))
        - sum((one.amount for one in taken), Decimal(0)),
        patient_owes=owed,
        filing=draw(st.sampled_from(["MB", "12", "ZZ"])),
        payer_control=draw(NUMBER),
        facility=draw(st.sampled_from(["", "11", "22"])),
        frequency=draw(st.sampled_from(["1", "7"])),
        patient=Name(draw(st.just("") | CODE), draw(st.just("") | CODE), draw(NUMBER)),
        rendering_npi=draw(st.sampled_from(["", "1999999976"])),
        inpatient=draw(st.booleans()) and bool(remarks),
        remarks=remarks,
        received=draw(st.none() | DAYS),
        services=lines,
    )


@given(st.lists(claims(), min_size=1, max_size=3), MARKS)
@settings(max_examples=40, deadline=None)
def test_an_835_reads_back_as_it_was(made: list[ClaimPayment], marks: Marks) -> None:
    text = written(*made, envelope=replace(ENVELOPE, marks=marks))

    assert text.problems == ()
    read = read_advice(text.text, "f")
    assert read.problems == ()
    assert list(read.claims) == made


@given(claims(), MONEY.filter(bool))
@settings(max_examples=20, deadline=None)
def test_an_835_that_does_not_balance_is_not_written(claim: ClaimPayment, more: Decimal) -> None:
    text = written(replace(claim, paid=claim.paid + more))

    assert text.text == ""
    assert [problem.code for problem in text.problems] == ["does-not-balance"]


REQUEST = {
    "id": "SYN-1",
    "lines": [{"code": "J0001", "units": 1}, {"code": "J0002", "units": 2}],
}
decisions = st.builds(
    Decision,
    st.sampled_from(["A1", "A2", "A3", "A4", "A6", "C", "CT", "NA"]),
    st.just("") | NUMBER,
    st.just("") | CODE,
    UNITS | st.none(),
    st.text(max_size=400),
)
reviews = st.builds(
    Review,
    st.just("SYN-1"),
    st.none() | decisions,
    st.tuples(decisions, decisions),
    st.just(()),
    st.just("") | NUMBER,
    DAYS | st.none(),
    DAYS | st.none(),
) | st.builds(
    Review,
    st.just("SYN-1"),
    st.none(),
    st.just(()),
    st.lists(st.builds(Rejection, CODE, CODE), min_size=1, max_size=3).map(tuple),
)


@given(reviews, MARKS)
@settings(max_examples=40, deadline=None)
def test_a_278_response_reads_back_as_it_was(made: Review, marks: Marks) -> None:
    (loop,) = x12_loops(review_text(REQUEST), "f")
    assert isinstance(loop, ReviewLoop)
    envelope = Envelope(ENVELOPE.sender, ENVELOPE.receiver, ENVELOPE.at, 5, marks=marks)
    text = response(envelope, [(loop, made)])

    assert text.sound
    read = read_reviews(text.text, "f")
    assert read.problems == ()
    services = tuple(replace(d, message=free(d.message, marks, 264)) for d in made.services)
    whole = made.whole
    if whole is not None:
        whole = replace(whole, message=free(whole.message, marks, 264))
    assert read.reviews == (replace(made, services=services, whole=whole),)


# --- nothing raises ------------------------------------------------------------------------------


@given(st.text(max_size=300))
@settings(max_examples=60)
def test_no_text_makes_a_reader_fail(text: str) -> None:
    start = SAMPLE.read_text(encoding="utf-8").split("ST*835")[0]
    for whole in (text, start + text, start + "ST*835*1~CLP*1~" + text, start + "ST*278*1~" + text):
        assert read_advice(whole, "f").claims or read_advice(whole, "f").problems
        assert read_reviews(whole, "f").reviews or read_reviews(whole, "f").problems


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_no_damage_makes_a_reader_fail(data: st.DataObject) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    (loop,) = x12_loops(review_text(REQUEST), "f")
    assert isinstance(loop, ReviewLoop)
    review = Review("SYN-1", Decision("A1", "C"), (Decision("A1", "C", "", 1), Decision("A3")))
    for whole in (text, response(ENVELOPE, [(loop, review)]).text):
        start = data.draw(st.integers(0, len(whole)))
        end = start + data.draw(st.integers(0, 30))
        middle = data.draw(
            st.sampled_from(["", "~", "*", "9" * 40, "\x00", "é", "~ST*835*~", "-1"])
        )
        damaged = whole[:start] + middle + whole[end:]
        for reader in (read_advice, read_reviews):
            for problem in reader(damaged, "f").problems:
                assert problem.code != "internal-error"
                assert problem.message


def test_the_published_835_is_read() -> None:
    read = read_advice(SAMPLE.read_text(encoding="utf-8"), SAMPLE.name)

    assert read.problems == ()
    assert [(claim.id, claim.charge, claim.paid) for claim in read.claims] == [
        ("5554555444", 800, 450),
        ("8765432112", 1200, 495),
    ]
    assert [[(a.group, a.carc, a.amount) for a in c.adjustments] for c in read.claims] == [
        [("CO", "A2", 50)],
        [("CO", "A2", 55)],
    ]
    assert [(a.group, a.carc, a.amount) for a in read.claims[1].services[0].adjustments] == [
        ("PR", "1", 600),
        ("CO", "45", 50),
    ]


def test_an_835_is_told_from_other_transactions() -> None:
    assert [p.code for p in read_advice(review_text(REQUEST), "f").problems] == [
        "wrong-transaction"
    ]
    sample = SAMPLE.read_text(encoding="utf-8")
    assert [p.code for p in read_reviews(sample, "f").problems] == ["wrong-transaction"]
    assert [p.code for p in read_reviews(review_text(REQUEST), "f").problems] == [
        "wrong-transaction"
    ]


# --- the pieces ----------------------------------------------------------------------------------


@given(st.text(max_size=80), MARKS, st.integers(4, 60))
def test_a_text_for_people_is_written_so_that_anyone_can_read_it(
    text: str, marks: Marks, most: int
) -> None:
    made = free(text, marks, most)

    assert made.isascii()
    assert made.isprintable() or made == ""
    assert len(made) <= most
    assert not set(made) & set(marks.all())


@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_numbers_are_written_exactly(value: int | Decimal) -> None:
    text = number(value)

    assert Decimal(text) == value
    assert "E" not in text.upper()
    assert "." not in text or not text.endswith(("0", "."))


@given(st.fractions(max_denominator=1000))
def test_units_are_decimal_or_nothing(units: Fraction) -> None:
    made = decimal_of(units)

    assert made is None or Fraction(made) == units
    if made is None:
        assert any(units.denominator % prime == 0 for prime in (3, 7, 11, 13, 17, 19)) or (
            units.denominator > 20
        )


@pytest.mark.parametrize(("segment", "element"), list(LENGTHS))
def test_codes_keep_to_the_lengths_of_the_standard(segment: str, element: int) -> None:
    from payer_policy.core.diagnostics import Location

    least, most = LENGTHS[segment, element]
    for length in {least, most, least - 1, most + 1} - {0}:
        text = Text(Marks(), Location("f"))
        made = text.render([out(segment, *[""] * (element - 1), "A" * length)], "")
        fits = least <= length <= most
        assert bool(text.problems) != fits
        assert ("A" * length in made) == fits


def test_what_cannot_be_written_is_told() -> None:
    from payer_policy.core.diagnostics import Location

    text = Text(Marks(), Location("f"))
    text.render(
        [
            out("REF", "6R", "A*B"),
            out("REF", "6R", "Ä"),
            out("CAS", "CO", "50", Decimal("1" * 19)),
            out("NM1", "QC", "1", Free("Ångström: “Ö” ~*^ ≥ 2 – 3 …")),
        ]
    )

    assert [problem.code for problem in text.problems] == ["unwritable"] * 3
    assert plain("Ångström “Ö” ≥ 2 – 3 …") == 'Angstrom "O" >= 2 - 3 ...'
