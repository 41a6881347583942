"""What decides, over HTTP: the list, one policy in each form, schemas, health, and OpenAPI."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy import Engine
from payer_policy.cli import payer_policy
from payer_policy.determination.english import read_ruleset
from payer_policy.formats.schemas import all_schemas
from payer_policy.service.problems import KINDS
from tests.service.conftest import Served

ADDRESS = "medicare/intrathecal-baclofen"


def _engine(served: Served) -> Engine:
    return served.state.deployed.engine


def test_the_list_names_every_window_by_the_hash_of_its_meaning(
    served: Served, claim: dict[str, Any]
) -> None:
    listed = served.get("/v1/policies").json()
    decided = served.post("/v1/decide", claim).json()["determinations"][0]["policy"]

    by_address = {one["address"]: one for one in listed["policies"]}
    assert tuple(by_address) == _engine(served).library.addresses()
    hashes = [window["hash"] for window in by_address[ADDRESS]["windows"]]
    assert decided["hash"] in hashes
    assert listed["hash"] == served.get("/readyz").json()["hash"]


def test_a_policy_comes_as_its_files_and_in_plain_english(served: Served) -> None:
    library = _engine(served).library
    day, _, _ = library.windows(ADDRESS)[-1]
    ruleset = library.ruleset(ADDRESS, day)
    assert ruleset is not None

    files = served.get(f"/v1/policies/{ADDRESS}").json()
    text = served.get(f"/v1/policies/{ADDRESS}", headers={"Accept": "text/plain"})
    markdown = served.get(f"/v1/policies/{ADDRESS}?on={day}", headers={"Accept": "text/markdown"})

    assert list(files["versions"]) == [f"{ADDRESS}/2016-01-01"]
    assert text.text == read_ruleset(ruleset)
    assert markdown.text == read_ruleset(ruleset, form="markdown")


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/v1/policies/medicare/intrathecal-baclofin", 404, f"did you mean `{ADDRESS}`?"),
        (f"/v1/policies/{ADDRESS}?on=yesterday", 400, "a date such as"),
        (f"/v1/policies/{ADDRESS}?on=20250306", 400, "a date such as"),
        (f"/v1/policies/{ADDRESS}?on=1999-01-01", 404, "not in force"),
        ("/v1/schemas/polici", 404, "did you mean `policy`?"),
        ("/v2/decide", 404, "/openapi.json"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_name(
    served: Served, path: str, status: int, told: str
) -> None:
    answer = served.get(path)

    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_the_schemas_are_those_of_the_policies_in_use(served: Served) -> None:
    library = _engine(served).library
    names = served.get("/v1/schemas").json()["schemas"]

    got = {f"{name}.schema.json": served.get(f"/v1/schemas/{name}").json() for name in names}

    assert got == all_schemas(library)


def test_health_needs_no_key_and_meters_do(served: Served) -> None:
    nobody = {"Authorization": ""}

    assert served.get("/healthz", headers=nobody).json() == {"status": "alive"}
    ready = served.get("/readyz", headers=nobody).json()
    assert (ready["status"], ready["signed_by"], ready["refused"]) == ("ready", None, [])
    known = served.get("/readyz").json()
    assert known.keys() - ready.keys() == {"name"}  # a path is not for everybody
    assert served.get("/readyz", headers={"Authorization": "Bearer no such key"}).json() == ready
    assert served.get("/metrics", headers=nobody).status_code == 401


def test_every_type_of_a_problem_is_a_link(served: Served) -> None:
    for name, kind in KINDS.items():
        assert served.get(f"/problems/{name}").json()["status"] == kind.status


def test_the_examples_of_openapi_are_answers_of_the_service(served: Served) -> None:
    document = served.get("/openapi.json").json()
    operation = document["paths"]["/v1/decide"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["examples"]["request"]
    ((name, example),) = operation["responses"]["200"]["content"]["application/json"][
        "examples"
    ].items()

    answer = served.post("/v1/decide", request["value"])

    assert answer.json() == example["value"]
    assert name == example["value"]["decision"]


def test_head_is_get_without_a_body(served: Served) -> None:
    for path in ("/healthz", "/readyz", "/v1/policies"):
        got, head = served.get(path), served.ask("HEAD", path)

        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    "origin", ["*", "null", "", "https://", "portal.example", "https://portal.example/path", "file://x",
               "https://a b", "https://portal.example:port", "https://*.example"],
)  # fmt: skip
def test_what_is_no_origin_is_refused_before_anything_starts(origin: str) -> None:
    result = CliRunner().invoke(payer_policy, ["serve", "--origin", origin])

    assert result.exit_code == 2
    assert "is not an origin; write scheme, host and port alone" in result.output
