"""Spark gives what this machine gives, row for row. Needs pyspark and Java; skipped without them."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from payer_policy import Engine
from payer_policy.batch import counting, inputs, readers
from payer_policy.batch import run as running
from payer_policy.batch import spark as on_spark
from payer_policy.batch.spark_workers import problem_with
from payer_policy.core.in_parallel import WorkerLost
from payer_policy.formats.source import WrongCall
from payer_policy.formats.tables import parquet_blocks
from tests import generated_forms
from tests.batch import building
from tests.batch.test_frames import line_rows
from tests.batch.test_in_columns import as_batch, random_rows
from tests.generated_claims import claims as generated_claims
from tests.generated_claims import json_lines

NEEDED = "PAYER_POLICY_NEED_SPARK" in os.environ
"""Where Spark must be there, its absence fails these tests."""
if not NEEDED:
    pytest.importorskip("pyspark.sql", reason="pyspark is not installed here")
pytestmark = pytest.mark.skipif(
    shutil.which("java") is None and not NEEDED, reason="Java is not installed here"
)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        from pyspark.sql import SparkSession

        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master("local[2]")
        made = builder.config("spark.ui.enabled", "false").getOrCreate()
        yield made
        made.stop()


@pytest.fixture(scope="module")
def table() -> Any:
    engine = Engine.open(building.POLICIES)
    made = as_batch(engine, random_rows(engine, Random(21), 300))
    strange = pa.array([*(["no such outcome"] * 5), *([None] * 295)])
    return with_columns(made, {"oral_therapy.outcome": strange})


def with_columns(table: Any, columns: dict[str, Any]) -> Any:
    """The table with some columns more, or in place of those of the same name."""
    own = dict(zip(table.column_names, table.columns, strict=True))
    return pa.table({**own, **columns})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, table: Any) -> list[Path]:
    folder = tmp_path_factory.mktemp("in")
    pq.write_table(table, folder / "facts.parquet")
    claims = json_lines(generated_claims(17, 150, undated=0.2, spanned=0.2))
    (folder / "claims.jsonl").write_text(claims + "not a claim\n", encoding="utf-8")
    building.write_parquet(folder / "lines.parquet", building.line_rows(building.claims()))
    for form in (generated_forms.professional, generated_forms.institutional):
        sent = form(generated_claims(18, 150, undated=0.2, spanned=0.2))
        (folder / f"{form.__name__}.837").write_text(sent.text, encoding="ascii")
    names = (
        "claims.jsonl",
        "facts.parquet",
        "lines.parquet",
        "professional.837",
        "institutional.837",
    )
    return [folder / name for name in names]


def test_files_on_spark_leave_the_same_bytes(
    session: Any, files: list[Path], tmp_path: Path
) -> None:
    facts = tmp_path / "facts.json"
    sent = generated_forms.professional(generated_claims(18, 150, undated=0.2, spanned=0.2))
    given = {**sent.facts, "SYN-0001": {}, "SYN-0002": {"facts": {"therapy.phase": "refill"}}}
    facts.write_text(json.dumps(given), encoding="utf-8")
    for name, spark in (("here", False), ("spark", True)):
        building.decided(files, tmp_path / name, part_records=50, spark=spark, facts=str(facts))

    here, there = (
        {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in sorted((tmp_path / name).rglob("*"))
            if path.is_file()
        }
        for name in ("here", "spark")
    )
    assert here == there


# --- files that executors read -----------------------------------------------------------------------

HOSTILE = ["{broken", "", '{"id": 1, "id": 2}', "[" * 5_000, '{"lines": {}}', "\ufeff", "\x00", "7"]
"""Lines that are no claims, or that only the strict reader reads."""


@pytest.fixture(scope="module")
def seekable(tmp_path_factory: pytest.TempPathFactory, table: Any) -> list[Path]:
    """Two files of each kind that executors read, cut into many sections by `small_blocks`."""
    folder = tmp_path_factory.mktemp("seekable")
    claims = json_lines(generated_claims(19, 60, undated=0.2)).splitlines()
    for at, line in enumerate(HOSTILE):
        claims.insert(5 * at, line)
    text = "\n".join(claims).encode("utf-8")
    (folder / "a.jsonl").write_bytes(text + b"\n\xff\xfe\n{")
    (folder / "b.jsonl").write_bytes(text)
    for name, size in (("c", 300), ("d", 37)):
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=size)
    rows = building.line_rows(building.claims(60))
    building.write_parquet(folder / "e.parquet", rows, row_group_size=11)
    rows[20]["id"] = None  # from there on rows are looked at one by one
    building.write_parquet(folder / "f.parquet", rows)
    return sorted(folder.iterdir())


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "ROWS_BY_COLUMN", 20)


def refuse_to_read(patch: pytest.MonkeyPatch) -> None:
    """Let this process fail where it reads the data of a file."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the driver reads")

    patch.setattr(readers.Reader, "blocks", refuse)
    patch.setattr(inputs.Input, "open", refuse)
    for module in (counting, on_spark):
        patch.setattr(module, "count_of", refuse)
    # The parts that were written are read again, elsewhere.
    patch.setattr(parquet_blocks, "pq", SimpleNamespace(**{**vars(pq), "ParquetFile": refuse}))


@pytest.mark.parametrize("keep", [(), ("id",)])
def test_executors_read_and_the_driver_does_not(
    session: Any,
    seekable: list[Path],
    small_blocks: None,
    tmp_path: Path,
    keep: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = [path for path in seekable if not keep or path.suffix == ".parquet"]
    building.decided(files, tmp_path / "here", part_records=50, keep=keep)
    refuse_to_read(monkeypatch)

    building.decided(files, tmp_path / "spark", part_records=50, keep=keep, spark=True)

    assert building.contents(tmp_path / "here") == building.contents(tmp_path / "spark")


def test_a_run_that_stops_on_spark_resumes(
    session: Any, seekable: list[Path], small_blocks: None, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    paths, options = [str(path) for path in seekable], running.Options(part_records=15, spark=True)
    building.decided(seekable, tmp_path / "here", part_records=15)
    refuse_to_read(monkeypatch)
    for stop in (1, 12, 23):
        left = iter(range(stop))

        def stopping(_: Any, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            running.run(paths, building.POLICIES, tmp_path / "spark", options, stopping)

    running.run(paths, building.POLICIES, tmp_path / "spark", options)

    assert building.contents(tmp_path / "here") == building.contents(tmp_path / "spark")


def test_a_damaged_table_is_read_to_the_same_place(
    session: Any, table: Any, small_blocks: None, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.parquet"
    pq.write_table(table, damaged, row_group_size=70, compression="none")
    content = bytearray(damaged.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 2_000] = bytes(2_000)
    damaged.write_bytes(content)
    whole = tmp_path / "whole.parquet"
    pq.write_table(table.slice(0, 30), whole)

    for name, more in (("here", {}), ("there", {"workers": 2}), ("spark", {"spark": True})):
        building.decided([damaged, whole], tmp_path / name, **more)

    here = building.contents(tmp_path / "here")
    assert [one["code"] for one in building.rejects_of(tmp_path / "here")].count(
        "damaged-file"
    ) == 1
    assert here == building.contents(tmp_path / "there")
    assert here == building.contents(tmp_path / "spark")


@pytest.mark.parametrize("kind", [".jsonl", ".parquet"])
@pytest.mark.parametrize("how", ["vanishes", "changes"])
def test_a_file_that_changes_is_refused_by_the_executor(
    session: Any,
    seekable: list[Path],
    small_blocks: None,
    tmp_path: Path,
    kind: str,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / f"claims{kind}"
    shutil.copy(next(path for path in seekable if path.suffix == kind), file)
    options = running.Options(spark=True, part_records=10)
    monkeypatch.setattr(running, "refuse_changed", lambda one: None)  # the driver's own look
    monkeypatch.setattr(running, "ROWS_BY_COLUMN", 5)  # more sections than are sent at once

    def change(_: Any) -> None:
        if how == "vanishes":
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(file.read_bytes() + b" ")

    with pytest.raises(WrongCall, match=rf"claims{kind}: was changed while it was read"):
        running.run([str(file)], building.POLICIES, tmp_path / "out", options, change)
    assert not (tmp_path / "out" / "summary.json").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no paths of one process alone")
@pytest.mark.parametrize("name", ["a.jsonl", "c.parquet"])
def test_a_file_that_executors_do_not_see_is_said(
    session: Any, seekable: list[Path], tmp_path: Path, name: str
) -> None:
    folder = os.open(seekable[0].parent, os.O_RDONLY)  # open in this process alone
    try:
        with pytest.raises(WrongCall, match=r"does not see the file .* or leave out --on spark\.$"):
            building.decided([Path(f"/proc/self/fd/{folder}/{name}")], tmp_path / "out", spark=True)
    finally:
        os.close(folder)


def test_a_compressed_file_is_read_by_the_driver(
    session: Any, seekable: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "claims.jsonl.gz"
    file.write_bytes(gzip.compress(seekable[0].read_bytes()))
    files = [seekable[0], file, seekable[1]]

    for name, spark in (("here", False), ("spark", True)):
        building.decided(files, tmp_path / name, spark=spark)

    assert building.contents(tmp_path / "here") == building.contents(tmp_path / "spark")


# --- frames ------------------------------------------------------------------------------------------


def test_a_frame_has_the_answers_of_the_file(
    session: Any, files: list[Path], tmp_path: Path
) -> None:
    from payer_policy.batch.frames import PLAIN, REJECTED
    from payer_policy.batch.spark import decided

    building.decided(files[1:2], tmp_path / "here")
    wanted = [
        {name: value for name, value in row.items() if name in PLAIN.names}
        for row in building.rows_of(tmp_path / "here")
    ]

    answers = decided(session.read.parquet(str(files[1])), building.POLICIES)
    found = [row.asDict(recursive=True) for row in answers.collect()]

    def key(row: dict[str, Any]) -> tuple[str, str]:
        return str(row["claim_id"]), str(row["policy"])

    told = [row for row in found if row["decision"] != REJECTED]
    assert sorted(told, key=key) == sorted(wanted, key=key)
    rejected = [row for row in found if row["decision"] == REJECTED]
    rejects = building.rejects_of(tmp_path / "here")
    assert sorted(row["claim_id"] for row in rejected) == sorted(one["claim_id"] for one in rejects)
    assert all(row["internal"] for row in rejected)


def test_a_frame_keeps_columns_of_every_row_and_a_file_does_too(
    session: Any, table: Any, tmp_path: Path
) -> None:
    from payer_policy.batch.frames import REJECTED
    from payer_policy.batch.spark import decided

    places = range(len(table))
    more = {
        "id": pa.array(["one" for _ in places]),
        "row.number": pa.array(places, pa.int32()),
        "amount": pa.array([Decimal(f"{at}.25") for at in places], pa.decimal128(12, 2)),
        "words": pa.array([[f"a{at}"] for at in places]),
    }
    pq.write_table(with_columns(table, more), tmp_path / "facts.parquet")
    keep = ("row.number", "amount", "words", "id")

    answers = decided(
        session.read.parquet(str(tmp_path / "facts.parquet")), building.POLICIES, keep
    )

    assert [field.simpleString() for field in answers.schema.fields[-4:]] == [
        "row.number:int", "amount:decimal(12,2)", "words:array<string>", "id:string"
    ]  # fmt: skip
    found = [row.asDict() for row in answers.collect()]
    assert {row["row.number"] for row in found} == set(range(len(table)))
    assert any(row["decision"] == REJECTED for row in found)
    for row in found:
        at = row["row.number"]
        assert (str(row["amount"]), row["words"], row["id"]) == (f"{at}.25", [f"a{at}"], "one")

    for name, spark in (("here", False), ("spark", True)):
        building.decided(
            [tmp_path / "facts.parquet"], tmp_path / name, part_records=50, spark=spark, keep=keep
        )
    here = building.contents(tmp_path / "here")
    assert here == building.contents(tmp_path / "spark")
    assert {
        row["row.number"] + 1 == row["record"] for row in building.rows_of(tmp_path / "here")
    } == {True}


def test_a_column_that_means_nothing_is_told_before_anything_runs(session: Any) -> None:
    from payer_policy.batch.spark import decided

    frame = session.createDataFrame([("C1", "x")], "id string, `drug.cod` string")

    with pytest.raises(WrongCall, match=r"the frame: the column `drug\.cod` is not a fact"):
        decided(frame, building.POLICIES)
    for keep, said in (
        ("drug.code", "has no column `drug.code`"),
        ("Lines", "a column `lines` of"),
    ):
        with pytest.raises(WrongCall, match=said):
            decided(frame, building.POLICIES, [keep])


@pytest.mark.parametrize("lost", [1, 0])
def test_answers_that_do_not_come_back_end_the_run(
    session: Any, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """Spark once ended a run without any of its answers, and said nothing."""
    from pyspark import RDD

    collected = RDD.collect
    monkeypatch.setattr(RDD, "collect", lambda self: collected(self)[:-1] if lost else [])

    with pytest.raises(WorkerLost, match=r"Spark returned \d+ answers on \d+ parts of files"):
        building.decided(files, tmp_path / "out", part_records=50, spark=True)

    monkeypatch.undo()
    finished = building.decided(files, tmp_path / "out", part_records=50, spark=True)
    building.decided(files, tmp_path / "here", part_records=50)
    assert finished.summary["records"] == finished.summary["decided"] + finished.summary["rejected"]
    assert building.rows_of(tmp_path / "out") == building.rows_of(tmp_path / "here")


def test_an_executor_that_fails_ends_the_run(
    session: Any, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payer_policy.batch import spark

    def failing(ask: Any) -> Any:
        def answer(question: Any) -> Any:
            raise OSError("the executor's disk is full")

        return answer

    monkeypatch.setattr(spark, "_answer", failing)

    with pytest.raises(WorkerLost, match=r"Spark failed \(.*disk is full"):
        building.decided(files, tmp_path / "out", part_records=50, spark=True)


def test_a_frame_with_points_in_time_has_days(session: Any) -> None:
    from payer_policy.batch.spark import decided

    values = "id string, `coverage.payer` string, `drug.code` string, `service.date` timestamp"
    rows = [("a", "medicare", "J0945", datetime(2025, 3, 4)),
            ("b", "medicare", "J0945", datetime(2025, 3, 4, 12))]  # fmt: skip
    answers = decided(session.createDataFrame(rows, values), building.POLICIES).collect()

    assert {row["claim_id"]: (str(row["service_date"]), row["decision"]) for row in answers} == {
        "a": ("2025-03-04", "pend"),
        "b": ("None", "rejected"),
    }


def test_a_frame_of_claim_lines_has_the_answers_of_one_in_memory(session: Any) -> None:
    """Spark's rows are in no order, and a claim's lines may come from anywhere."""
    from payer_policy.batch.frames import decide_frame
    from payer_policy.batch.spark import decided

    rows = line_rows(80)
    table = pa.Table.from_pylist(rows)
    frame = session.createDataFrame(table.to_pandas()).repartition(5)

    answers = decided(frame, building.POLICIES, keep=["batch"]).drop("lines").toPandas()

    wanted = decide_frame(table, building.POLICIES, ["batch"])
    order = ["claim_id", "code", "service_date", "policy"]
    found = pa.Table.from_pandas(answers, preserve_index=False)
    for name in ("claim_id", "decision", "headline", "findings", "missing", "batch", "policy"):
        assert found.sort_by([(one, "ascending") for one in order])[name].to_pylist() == (
            wanted.sort_by([(one, "ascending") for one in order])[name].to_pylist()
        ), name


def test_a_frame_of_claim_lines_needs_their_numbers(session: Any) -> None:
    from payer_policy.batch.spark import decided

    table = pa.Table.from_pylist(line_rows(3)).drop_columns(["line.number", "batch"])

    with pytest.raises(WrongCall, match=r"the column `line.number` is missing"):
        decided(session.createDataFrame(table.to_pandas()), building.POLICIES)


UNFIT = {
    "without a package": (
        "",
        r"the workers of this Spark session run \S+, without (payer-policy, )?pyarrow, "
        r"pandas and numpy; start the session with PYSPARK_PYTHON=",
    ),
    "of another Python": (
        "import sys; from collections import namedtuple\n"
        "named = namedtuple('V', 'major minor micro releaselevel serial')\n"
        "sys.version_info = named(3, 99, 0, 'final', 0)",
        r"the workers of this Spark session do not run Python 3\.\d+, as this process does; start",
    ),
}
"""Of workers that cannot decide what their Python does when it starts, and what is said of them."""


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("way", ["notebook", "command"])
def test_workers_that_cannot_decide_are_told_in_one_sentence(
    name: str, way: str, files: list[Path], tmp_path: Path
) -> None:
    """In a session that was begun with another Python; in a process of its own."""
    start, said = UNFIT[name]
    venv.create(tmp_path / "other", with_pip=False)
    [packages] = (tmp_path / "other").glob("lib/python3*/site-packages")
    (packages / "sitecustomize.py").write_text(start, encoding="utf-8")
    python = tmp_path / "other" / "bin" / "python"
    script = tmp_path / "notebook.py"
    script.write_text(
        f"""
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
if {way!r} == "notebook":
    from payer_policy.batch.spark import decided
    from payer_policy.formats.source import WrongCall
    try:
        decided(spark.read.parquet({str(files[1])!r}), {str(building.POLICIES)!r})
    except WrongCall as error:
        print(error)
else:
    import sys
    from payer_policy.cli import main
    sys.argv = ["payer-policy", "batch", {str(files[0])!r}, "-o", {str(tmp_path / "out")!r},
                "--policies", {str(building.POLICIES)!r}, "--on", "spark", "-q"]
    main()
""",
        encoding="utf-8",
    )

    made = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYSPARK_PYTHON": str(python)},
    )  # fmt: skip

    shown = made.stdout if way == "notebook" else made.stderr
    assert re.search(said, shown), made.stderr[-2000:]
    if way == "command":
        assert made.returncode == 2
        # Spark itself logs more before it; the command's own word is the last, and one line.
        last = made.stderr.strip().splitlines()[-1]
        assert re.fullmatch(f"payer-policy batch: {said}.*", last), last


@pytest.mark.parametrize(
    ("worker", "said"),
    [
        ({"missing": [], "version": version("payer-policy")}, ""),
        ({"missing": ["pyarrow"], "version": "1"}, "run /p, without pyarrow; start"),
        ({"missing": ["pyarrow", "numpy"], "version": "1"}, "without pyarrow and numpy; start"),
        ({"missing": [], "version": "0.0.9"}, "have payer-policy 0.0.9, not "),
    ],
)
def test_what_a_worker_answers(worker: dict[str, Any], said: str) -> None:
    found = problem_with({"python": "/p", **worker})

    assert said in found
    assert bool(said) == bool(found)
