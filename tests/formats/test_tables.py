"""CSV and Parquet tables are decided by `decide` as `batch` decides them, and CSV by the service."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy
from payer_policy.formats import form_of, known, read_requests
from tests.batch.building import POLICIES, engine
from tests.service.conftest import Served

LINES = """\
id,coverage.payer,coverage.line_of_business,diagnoses,line.code,line.modifiers,line.units,line.date
T-1,medicare,medicare,G80.0 G82.51,62370,,1,2025-03-04
T-1,medicare,medicare,G80.0 G82.51,J0945,JZ,4,2025-03-04
T-2,medicare,medicare,G80.0 G82.51,J0945,JZ,four,2025-03-04
T-3,medicare,medicare,G80.0 G82.51,J0945,,4,2025-03-04
T-3,medicaid,medicare,G80.0 G82.51,J0945,,4,2025-03-04
"""
BROKEN = LINES + "T-4,medicare\n"
FACTS = """\
id,coverage.payer,coverage.line_of_business,drug.code,service.date,therapy.phase
T-5,medicare,medicare,J0945,2025-03-04,refill
T-6,commercial-strict,commercial,J0945,2025-13-03,
T-7,medicare,medicare,J0945,2025-03-04,trial
"""
TABLES = {"lines": LINES, "a broken row": BROKEN, "facts": FACTS}


def run(*words: object) -> Result:
    return CliRunner().invoke(payer_policy, [*map(str, words), "--policies", str(POLICIES)])


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def as_parquet(text: str, path: Path) -> Path:
    table = pyarrow.csv.read_csv(pa.BufferReader(text.encode()))
    strings = pa.schema([(name, pa.string()) for name in table.schema.names])
    pq.write_table(table.cast(strings), path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("name", TABLES)
def test_decide_reads_a_table_as_batch_does(name: str, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"table.{suffix}"
    if suffix == "csv":
        file.write_text(TABLES[name], encoding="utf-8")
    elif name != "a broken row":
        as_parquet(TABLES[name], file)
    else:
        pytest.skip("no row of Parquet is broken")

    decided = run("decide", file, "--engine", "compiled", "--json")
    run("batch", file, "-o", tmp_path / "out", "--as", "json_lines", "--workers", 1)

    by_batch = answers((tmp_path / "out" / "answers.jsonl").read_text("utf-8"))
    assert [one["claim_id"] for one in answers(decided.stdout)] == [
        one["claim_id"] for one in by_batch
    ]
    for mine, theirs in zip(answers(decided.stdout), by_batch, strict=True):
        assert mine.get("decision") == theirs.get("decision")
        if "problems" in mine:
            codes = [[p["code"] for p in one["problems"]] for one in (mine, theirs)]
            assert codes[0] == codes[1]
        else:
            assert mine == theirs


@pytest.mark.parametrize("media_type", ["text/csv", "text/plain", "application/octet-stream"])
def test_the_service_reads_a_table_of_claim_lines(served: Served, media_type: str) -> None:
    headers = {"Content-Type": media_type, "Accept": "application/x-ndjson"}

    answer = served.post("/v1/decide/batch", LINES.encode(), headers=headers)

    assert answer.status_code == 200
    found = [(one["claim_id"], one.get("decision")) for one in answers(answer.text)]
    assert found == [("T-1", "approve"), ("T-2", None), ("T-3", None)]


@pytest.mark.parametrize("media_type", ["application/vnd.apache.parquet", "text/csv", ""])
def test_the_service_reads_no_parquet_which_can_unpack_to_any_size(
    served: Served, tmp_path: Path, media_type: str
) -> None:
    data = as_parquet(LINES, tmp_path / "lines.parquet").read_bytes()

    answer = served.post("/v1/decide/batch", data, headers={"Content-Type": media_type})

    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/wrong-media-type")


def test_the_service_reads_a_table_of_facts(served: Served) -> None:
    facts = served.post(
        "/v1/decide/batch", FACTS.encode(), headers={"Content-Type": "text/csv"}
    ).json()

    assert [one["claim_id"] for one in facts["answers"]] == ["T-5", "T-6", "T-7"]


WRONG = {
    "a misspelled field": ("id,line.modifier\n1,JZ\n", "Did you mean `line.modifiers`?"),
    "a column twice": ("id,line.code,line.code\n1,2,3\n", "`line.code` is there twice"),
    "nothing": ("", "the file is empty"),
    "only a header": ("id,line.code\n", "the table has no rows"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_is_one_problem(name: str, tmp_path: Path) -> None:
    text, message = WRONG[name]
    found = read_requests(text.encode(), "t.csv", engine().library.vocabulary)

    (one,) = found
    assert message in one.diagnostics[0].message and one.of_file


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = as_parquet(LINES, tmp_path / "lines.parquet")
    monkeypatch.setattr(known, "find_spec", lambda name: None)

    result = run("decide", file, "--engine", "compiled")

    assert result.exit_code == 2
    assert "Parquet needs pyarrow, not installed here; to install: pip install" in result.stderr


def test_a_table_is_known_by_its_header_where_it_has_no_name() -> None:
    def name_of(text: str) -> str:
        return getattr(form_of(text.encode(), "standard input"), "name", "unknown")

    assert name_of(LINES) == "csv"
    assert name_of(LINES.replace(",", ";")) == "csv"
    assert name_of("id,line of text\n") == "unknown"
    assert name_of(FACTS) == "unknown"  # facts have names that other texts have, too


def test_columns_are_imported_for_parquet_only(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text(LINES, encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; import payer_policy.cli.decide\n"
        "from payer_policy.formats import read_requests\n"
        "for name in sys.argv[1:]: assert read_requests(Path(name).read_bytes(), name)\n"
        "assert not {'polars', 'pyarrow', 'numpy'} & set(sys.modules)"
    )
    files = [*sorted(Path("examples/claims").glob("*.837")), tmp_path / "lines.csv"]

    subprocess.run([sys.executable, "-c", program, *map(str, files)], check=True)


@pytest.mark.parametrize("path", ["/v1/decide", "/v1/explain", "/fhir/Claim/$submit"])
def test_no_path_of_the_service_unpacks_parquet(served: Served, tmp_path: Path, path: str) -> None:
    data = as_parquet(LINES, tmp_path / "lines.parquet").read_bytes()

    answer = served.post(path, data, headers={"Content-Type": "application/json"})

    assert answer.status_code == 415
    assert "Parquet is read by" in answer.text
