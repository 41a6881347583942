"""Schemathesis asks whatever the OpenAPI document allows, and much that it does not: never a 5xx."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode, checks

from payer_policy.service.keys import SCOPES, Keys
from tests.service.processes import Process, served

EXAMPLES = int(os.environ.get("PAYER_POLICY_SCHEMATHESIS_EXAMPLES", "5"))
"""For each operation; set it to thousands for a long run."""

CHECKS = [
    checks.not_a_server_error,
    *(
        check
        for check in checks.CHECKS.get_all()
        if check.__name__
        in {
            "status_code_conformance",
            "content_type_conformance",
            "response_schema_conformance",
            "ignored_auth",
            "unsupported_method",
        }
    ),
]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, str]]:
    folder = tmp_path_factory.mktemp("schemathesis")
    keys, key = Keys({}).with_new("schemathesis", SCOPES)
    keys.write(folder / "keys.json")
    with served(folder, "--keys", "keys.json", key=key) as process:
        yield process, key


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_no_request_breaks_the_service(process: tuple[Process, str], mode: GenerationMode) -> None:
    served_by, key = process
    api = schemathesis.openapi.from_url(f"{served_by.url}/openapi.json")
    operations = [result.ok() for result in api.get_all_operations()]
    assert len(operations) > 10
    for operation in operations:
        said = api.raw_schema["paths"][operation.path][operation.method]
        if mode is GenerationMode.NEGATIVE and "requestBody" not in said:
            continue  # a path and a header are text, and any text is well-formed

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        def asked(case: Any) -> None:
            case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {key}"})

        asked()


def test_every_reference_of_the_document_leads_somewhere(process: tuple[Process, str]) -> None:
    document = process[0].client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))

    assert named <= schemas.keys()
    assert {"Outcome", "Brief", "Problem"} <= named
