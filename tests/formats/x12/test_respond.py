"""`payer-policy respond`: what it prints, what it says on standard error, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli.respond import command
from payer_policy.core.diagnostics import PolicyError
from payer_policy.formats.x12.setup import read_setup
from tests.formats.x12 import oracles
from tests.formats.x12.building import ROOT
from tests.formats.x12.reading import read_advice
from tests.formats.x12.review_reading import read_reviews

EXAMPLES = ROOT / "examples"
SETUP = EXAMPLES / "x12" / "setup.json"
CLAIMS = EXAMPLES / "claims" / "nightly.837"
REVIEWS = EXAMPLES / "x12" / "reviews.278"


def respond(file: Path, *more: str, setup: Path = SETUP) -> Result:
    return CliRunner().invoke(
        command,
        [
            str(file),
            *("--setup", str(setup), "--control", "7", "--at", "2025-12-01T09:30"),
            *("--policies", str(ROOT / "policies"), "--engine", "compiled", *more),
        ],
    )


def with_setup(folder: Path, **changes: Any) -> Path:
    path = folder / "setup.json"
    path.write_text(json.dumps({**json.loads(SETUP.read_text("utf-8")), **changes}), "utf-8")
    return path


def test_claims_are_answered_by_an_835() -> None:
    run = respond(CLAIMS, "--facts", str(EXAMPLES / "claims" / "nightly.facts.json"))

    assert run.exit_code == 1  # something is denied
    found, _ = oracles.by_the_guide(run.stdout)
    assert found == []
    claims = read_advice(run.stdout, "f").claims
    paid = {claim.id: (claim.charge, claim.paid, claim.status, claim.filing) for claim in claims}
    assert paid == {
        "SYN-837-WASTE": (1050, 1050, "1", "MB"),
        "SYN-837-NO-JZ": (1050, 250, "1", "MB"),
    }
    assert "SYN-837-INITIAL: error[pended]" in run.stderr


def test_a_pended_claim_is_reported_where_the_payer_wants_it(tmp_path: Path) -> None:
    run = respond(CLAIMS, setup=with_setup(tmp_path, pended={"group": "OA", "carc": "133"}))

    claims = {claim.id: claim for claim in read_advice(run.stdout, "f").claims}
    (adjustment,) = claims["SYN-837-INITIAL"].services[1].adjustments
    assert (adjustment.group, adjustment.carc, adjustment.amount) == ("OA", "133", 800)
    assert "reverse it" in run.stderr


def test_requests_are_answered_by_a_278() -> None:
    run = respond(REVIEWS, "--facts", str(EXAMPLES / "x12" / "reviews.facts.json"))

    assert run.exit_code == 2  # one of them cannot be read
    reviews = {review.id: review for review in read_reviews(run.stdout, "f").reviews}
    actions = {id_: [one.action for one in review.services] for id_, review in reviews.items()}
    assert actions == {"SYN-PA-1": ["A1"], "SYN-PA-2": ["A3"], "SYN-PA-3": []}
    assert reviews["SYN-PA-1"].services[0].certification == "CERT-2001"
    assert [(r.reason, r.follow_up) for r in reviews["SYN-PA-3"].rejections] == [("33", "C")]


def test_a_file_with_both_is_answered_by_both(tmp_path: Path) -> None:
    both = tmp_path / "both.x12"
    both.write_text(REVIEWS.read_text("utf-8") + CLAIMS.read_text("utf-8"), "utf-8")
    run = respond(both)

    first, second = run.stdout.split("IEA*1*000000007~\n")
    assert len(read_advice(first + "IEA*1*000000007~", "f").claims) == 2
    assert second.startswith("ISA")
    assert "*000000008*" in second.splitlines()[0]
    assert len(read_reviews(second, "f").reviews) == 3


def test_all_approved_ends_well(tmp_path: Path) -> None:
    text = REVIEWS.read_text("utf-8").split("ST*278*0002")[0] + "GE*1*301~IEA*1*000000301~"
    one = tmp_path / "one.278"
    one.write_text(text, "utf-8")

    assert respond(one, "--facts", str(_facts(tmp_path))).exit_code == 0


def _facts(folder: Path, **facts: Any) -> Path:
    path = folder / "facts.json"
    path.write_text(json.dumps({"SYN-PA-1": {"facts": {"therapy.phase": "refill"} | facts}}))
    return path


def test_nobody_is_rejected_for_a_fault_of_the_facts_file(tmp_path: Path) -> None:
    run = respond(REVIEWS, "--facts", str(_facts(tmp_path, **{"trial.response": "good"})))

    assert run.exit_code == 2
    assert "unknown-value" in run.stderr
    assert [review.id for review in read_reviews(run.stdout, "f").reviews] == [
        "SYN-PA-2",
        "SYN-PA-3",
    ]


def test_the_same_call_gives_the_same_bytes() -> None:
    assert respond(CLAIMS).stdout_bytes == respond(CLAIMS).stdout_bytes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"payer": None}, "the setup does not name the payer"),
        ({"payments": {}}, "no payment to the billing provider 1234567893"),
        ({"payer_controls": {}}, "no payer's number for the claim (CLP07)"),
        ({"others_as_billed": False}, "line 1 (62370) is decided by no policy"),
        ({"sender": "A"}, "the sender is"),
        ({"receiver": "SYNTH*CLINIC"}, "the receiver is"),
        ({"sender_qualifier": "Z"}, "the sender's qualifier is"),
        ({"payer_controls": {"SYN-837-WASTE": "PCN~1"}}, "it has `~`, which separates"),
    ],
)
def test_what_is_missing_or_wrong_is_told(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    run = respond(CLAIMS, setup=with_setup(tmp_path, **changes))

    assert run.exit_code in (1, 2)
    assert says in run.stderr.replace("\n  ", " "), run.stderr
    assert "CLP" not in run.stdout


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("835_005010X221A1_managed-care.835", "wrong-transaction"),
        ("synthetic-review-answer-among-requests.278", "wrong-transaction"),
    ],
)
def test_what_is_no_claim_and_no_request_is_named(name: str, code: str) -> None:
    run = respond(ROOT / "tests" / "formats" / "claims" / "data" / "cases" / name)

    assert run.exit_code == 2
    assert f"error[{code}]" in run.stderr


def test_json_is_not_answered_by_x12() -> None:
    run = respond(EXAMPLES / "claims" / "no-jz.json")

    assert run.exit_code == 2
    assert "this is JSON; `respond` answers X12 files" in run.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "the file is empty"),
        (b"[]", "found a list; an object was expected"),
        (b'{"sender": "A1", "receiver": "B1", "payee": {}}', "payee"),
        (b'{"sender": 1, "receiver": "B1"}', "sender"),
        (b'{"receiver": "B1"}', "sender"),
        (b'{"sender": "A1", "receiver": "B1", "usage": "X"}', "usage"),
        (b'{"sender": "A1", "receiver": "B1", "payments": {"1": {"day": "soon"}}}', "day"),
        (b"\xff\xfe{", "UTF-8"),
        (b"[" * 5000, "deep"),
    ],
)
def test_a_wrong_setup_is_refused_in_plain_words(text: bytes, says: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_setup(text, "setup.json")

    told = " ".join(problem.message for problem in caught.value.diagnostics)
    assert says in told, told


PAID = "other payers have paid {}, as the claim says"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, PAID.format("500")),
        ({"AMT*D*500~": ""}, PAID.format("500")),  # the lines say it: 150 and 350
        ({"SVD*OTHERPAY*150": "SVD*OTHERPAY*0", "*350*": "*0*"}, PAID.format("500")),
        ({"AMT*D*500~": "AMT*D*5OO~"}, PAID.format("an amount that cannot be read")),
        ({"AMT*D*500": "AMT*D*0", "SVD*OTHERPAY*150": "SVD*OTHERPAY*0", "*350*": "*0*"}, None),
        ({"AMT*D*500": "AMT*F5*500", "SVD*OTHERPAY*150": "SVD*OTHERPAY*0", "*350*": "*0*"}, None),
    ],
    ids=["both", "by line", "by claim", "unreadable", "nothing", "by the patient"],
)
def test_what_another_payer_paid_is_not_taken_off_without_a_word(
    tmp_path: Path, change: dict[str, str], says: str | None
) -> None:
    text = (Path(__file__).parent / "secondary.837").read_text("ascii")
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    text = text.replace("SE*41", f"SE*{41 - sum(not new for new in change.values())}")
    file = tmp_path / "secondary.837"
    file.write_text(text, "ascii")

    run = respond(file, setup=with_setup(tmp_path, payer_controls={"SYN-1": "PCN-1"}))

    (claim,) = read_advice(run.stdout, "f").claims
    assert (claim.paid, claim.status) == (1050, "2")
    told = " ".join(run.stderr.split())
    assert ("other-payer-paid" in told) is (says is not None)
    if says is not None:
        assert f"{says}; that is not taken off the 1050" in told
        assert "take it off (OA 23) before the 835 is sent" in told


def test_claims_that_share_a_number_are_paid_each_under_its_own(tmp_path: Path) -> None:
    file = ROOT / "tests/formats/claims/data/facts/same-number-two-practices.837"
    payment = {"trace": "SYN-EFT-1", "origin": "1999999999", "day": "2025-12-02"}
    payments = dict.fromkeys(("1234567893", "1999999984"), payment)

    run = respond(file, setup=with_setup(tmp_path, payments=payments, payer_controls={"1001": "A"}))
    assert run.exit_code == 2
    assert run.stdout == ""
    told = " ".join(run.stderr.split())
    for npi in payments:
        assert f'add "payer_controls": {{"1001 @{npi}": …}}' in told

    controls = {f"1001 @{npi}": f"PCN-{npi}" for npi in payments}
    run = respond(file, setup=with_setup(tmp_path, payments=payments, payer_controls=controls))
    claims = read_advice(run.stdout, "f").claims
    assert [(claim.id, claim.payer_control) for claim in claims] == [
        ("1001", "PCN-1234567893"),
        ("1001", "PCN-1999999984"),
    ]
