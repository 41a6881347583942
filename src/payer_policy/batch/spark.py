"""Decisions on Spark, for data larger than one machine: executors decide batches as `batch` does.

    from payer_policy.batch.spark import decided
    answers = decided(spark.read.parquet("claims/"), "policies")
    answers.write.parquet("answers/")

The policies travel with the job. Executors need this package with its extra `batch`, and no shared disk.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import lru_cache
from inspect import signature
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from payer_policy.batch.deciding import Answered, Decider
from payer_policy.batch.frames import PLAIN, decided_table
from payer_policy.batch.kept import refuse_answer_columns
from payer_policy.batch.spark_workers import last_line, refuse_unfit_workers
from payer_policy.batch.workers import Done, Setup, Task, done_in_worker
from payer_policy.core.in_parallel import WorkerLost
from payer_policy.engine import Engine
from payer_policy.formats.source import WrongCall
from payer_policy.formats.tables.columns import ID
from payer_policy.formats.tables.parquet_blocks import table_columns
from payer_policy.policy.loading import open_library

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NUMBER: Final = "line.number"
_TASKS_A_CORE: Final = 2


Files = tuple[tuple[str, bytes], ...]
"""The JSON files of a policy folder by path; can be hashed."""


def decided(frame: DataFrame, policies: str | Path, keep: Sequence[str] = ()) -> DataFrame:
    """The answers on a frame: one row per drug service, columns as in `PLAIN`, then `keep`.

    Args:
        frame: One row per service, with columns named by facts of the vocabulary, and `id`; or one row
            per claim line, with columns as a table for `batch` has, `line.number` among them.
        policies: The policy folder, on the driver.
        keep: Columns of the frame to carry to the answers unchanged. They distinguish the answers on
            rows with the same `id`.

    Raises:
        PolicyError: The policies are wrong; it carries every problem.
        WrongCall: A column of the frame is unknown or of the wrong type; or the workers of its session
            run another Python, or one without this package.
    """
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructType

    library = open_library(policies)
    refuse_answer_columns(keep)
    facts = library.vocabulary.facts
    columns = table_columns(_arrow_schema(frame), facts, "the frame", keep=keep)
    numbers = [f"c{at}" for at in range(columns.width)]
    # Spark takes the dot in a name for a field of a struct, so on the way columns have numbers.
    numbered = frame.toDF(*numbers)
    of_lines = columns.form == "lines"
    if of_lines:
        if NUMBER not in columns.names:
            raise WrongCall(
                f"the frame: the column `{NUMBER}` is missing; a frame of claim lines needs it, since "
                "its rows are in no order"
            )
        order = [numbers[columns.places[columns.names.index(name)]] for name in (ID, NUMBER)]
        numbered = numbered.repartition(order[0]).sortWithinPartitions(*order)
    refuse_unfit_workers(frame.sparkSession)
    files = _files(policies)

    def decide(batches: Iterable[Any]) -> Iterator[Any]:
        decider = _decider(files, "compiled", True, None)
        # A claim's lines may be in several batches; then all of a partition are one table.
        parts = [list(batches)] if of_lines else ([batch] for batch in batches)
        for part in parts:
            if part:
                yield from decided_table(decider, pa.Table.from_batches(part), columns).to_batches()

    carried = [frame.schema.fields[one.place] for one in columns.kept]
    return numbered.mapInArrow(decide, StructType([*from_arrow_schema(PLAIN).fields, *carried]))


def _arrow_schema(frame: DataFrame) -> Any:
    """The frame's schema as Arrow has it; points in time are in the session's time zone."""
    from pyspark.sql.pandas import types

    to_arrow_schema: Any = types.to_arrow_schema
    if "timezone" not in signature(to_arrow_schema).parameters:  # the newer ones have it
        return to_arrow_schema(frame.schema)
    zone = frame.sparkSession.conf.get("spark.sql.session.timeZone")
    return to_arrow_schema(frame.schema, timezone=zone)


def decided_on_spark(setup: Setup, tasks: Iterable[Task]) -> Generator[Done[Answered], None, None]:
    """The answers on blocks of files, in the order of the blocks, made by Spark's executors.

    The driver reads and writes, so a stopped run leaves the same files and bytes as without Spark.

    Raises:
        WrongCall: Spark does not start, or its workers cannot decide.
        WorkerLost: Spark failed, or lost an answer.
        WorkerFault: a fault of this program in an executor.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # Otherwise Spark runs the first `python3` on the path, which may lack this package.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        session: SparkSession = SparkSession.builder.appName("payer-policy batch").getOrCreate()
    except PySparkException:
        raise WrongCall(
            "Spark does not start here; is Java 17 or newer installed, and first on the path or "
            "named by JAVA_HOME?"
        ) from None
    refuse_unfit_workers(session)
    work = _worker(setup, _files(setup.folder))
    waiting = iter(tasks)
    size = session.sparkContext.defaultParallelism * _TASKS_A_CORE
    while wave := list(islice(waiting, size)):
        rows = [(at, pickle.dumps(task)) for at, task in enumerate(wave)]
        frame = session.createDataFrame(rows, "number long, task binary")
        try:
            answers = (
                frame.repartition(len(rows), "number")
                .mapInArrow(work, "number long, answer binary")
                .collect()
            )
        except Exception as error:  # from Python, from Java, or from the bridge between them
            raise WorkerLost(f"Spark failed ({last_line(error)})") from error
        by_number = {int(row["number"]): row["answer"] for row in answers}
        if len(answers) != len(wave) or by_number.keys() != set(range(len(wave))):
            raise WorkerLost(f"Spark returned {len(answers)} answers on {len(wave)} blocks")
        for number in range(len(wave)):
            made = pickle.loads(by_number[number])
            if isinstance(made, Exception):
                raise made
            yield made


def _worker(setup: Setup, files: Files) -> Callable[[Iterable[Any]], Iterator[Any]]:
    facts = None if setup.facts is None else pickle.dumps(setup.facts)

    def work(batches: Iterable[Any]) -> Iterator[Any]:
        decider = _decider(files, setup.engine, setup.columns, facts)
        for batch in batches:
            answers = [_answer(decider, task.as_py()) for task in batch.column("task")]
            yield pa.RecordBatch.from_arrays(
                [batch.column("number"), pa.array(answers, pa.binary())], ["number", "answer"]
            )

    return work


def _answer(decider: Decider, task: bytes) -> bytes:
    """The answers on a block, or the error that stopped it, pickled."""
    made: Any
    try:
        made = done_in_worker(decider, pickle.loads(task))
    except Exception as error:
        made = error
    return pickle.dumps(made)


def _files(folder: str | Path) -> Files:
    root = Path(folder)
    paths = sorted(root.rglob("*.json"))
    return tuple((path.relative_to(root).as_posix(), path.read_bytes()) for path in paths)


@lru_cache(maxsize=2)
def _decider(files: Files, engine: str, columns: bool, facts: bytes | None) -> Decider:
    """The decider of an executor's process, which opens the policies once and not once a batch."""
    with tempfile.TemporaryDirectory(prefix="payer-policy-") as folder:
        for name, data in files:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        opened = Engine.open(folder, engine=engine)
    return Decider(opened, None if facts is None else pickle.loads(facts), columns=columns)
