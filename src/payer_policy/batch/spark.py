"""Spark, for what one machine cannot hold: the same record-batch function in the executors.

    from payer_policy.batch.spark import decided
    answers = decided(spark.read.parquet("claims/"), "policies")
    answers.write.parquet("answers/")

The policies travel with the job; executors need this package, its extra `batch`, and no shared disk.
"""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from inspect import signature
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from payer_policy.batch.deciding import Answered, Decider
from payer_policy.batch.kept import refuse_answer_columns
from payer_policy.batch.schema import ANSWER
from payer_policy.batch.spark_workers import last_line, refuse_unfit_workers
from payer_policy.batch.workers import (
    Done,
    Setup,
    Task,
    WorkerLost,
    answer_on,
    emptied,
    received,
)
from payer_policy.engine import Engine
from payer_policy.formats.blocks import ArrowRows, Block
from payer_policy.formats.source import WrongCall
from payer_policy.formats.tables.kept import kept_of_batch, plain
from payer_policy.formats.tables.parquet_blocks import table_columns
from payer_policy.policy.loading import open_library

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

REJECTED: Final = "rejected"
"""The decision of a row that is no request; `internal` says why."""
_PLACE: Final = ("file", "record")
"""Where a record stands in a file: rows of a frame have no place."""
_TASKS_A_CORE: Final = 2


PLAIN: Final = pa.schema(
    [(field.name, plain(field.type)) for field in ANSWER if field.name not in _PLACE]
)
"""The answers as Spark holds them."""

Files = Mapping[str, bytes]


def decided(frame: DataFrame, policies: str | Path, keep: Sequence[str] = ()) -> DataFrame:
    """The answers on a frame of facts: a row a drug service, columns as in `PLAIN`, then what is kept.

    Args:
        frame: A row a service; columns are named by facts of the vocabulary, and `id`.
        policies: The policy folder, on the driver.
        keep: Columns of the frame to carry to the answers as they are. Rows of a frame have no place,
            so this is what tells answers on rows of one `id` apart.

    Raises:
        PolicyError: The policies are wrong; it carries every problem.
        WrongCall: A column of the frame means nothing, or cannot hold what it means; or the workers of
            its session run another Python, or one without this package.
    """
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructType

    library = open_library(policies)
    refuse_answer_columns(keep)
    facts = library.vocabulary.facts
    columns = table_columns(_arrow_schema(frame), facts, "the frame", keep=keep)
    if columns.form == "lines":
        raise WrongCall(
            "the frame has a row a claim line; a row a service was expected, with facts as columns. "
            "`payer-policy batch --on spark` decides claim lines from files."
        )
    refuse_unfit_workers(frame.sparkSession)
    files = _files(policies)

    def decide(batches: Iterable[Any]) -> Iterator[Any]:
        decider = _decider(_frozen(files), "compiled", True, None)
        for batch in batches:
            kept = kept_of_batch(batch, columns)
            read = batch.select(list(columns.places)).rename_columns(list(columns.names))
            block = Block(ArrowRows(read, 1, kept), batch.num_rows, {}, 0)
            yield from _rows(decider.answered("", block), kept).to_batches()

    # Spark takes the dot in a name for a field of a struct, so on the way columns have numbers.
    numbered = frame.toDF(*(f"c{at}" for at in range(columns.width)))
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


def _rows(answered: Answered, kept: Any | None) -> Any:
    """Answers and rejects in one table, each with what is kept of its row: nothing is lost."""
    fields = [] if kept is None else list(kept.schema)
    table = answered.table.drop_columns(list(_PLACE)).cast(pa.schema([*PLAIN, *fields]))
    rejects = [
        {
            "claim_id": reject.claim_id,
            "decision": REJECTED,
            "internal": "; ".join(
                " ".join(filter(None, (problem.message, problem.hint)))
                for problem in reject.problems
            ),
        }
        for reject in answered.rejects
    ]
    made = pa.Table.from_pylist(rejects, PLAIN)
    places = pa.array([reject.record - 1 for reject in answered.rejects], pa.int64())
    for at, field in enumerate(fields):
        made = made.append_column(field, kept.column(at).take(places))  # type: ignore[union-attr]
    return pa.concat_tables([table, made])


def decided_on_spark(setup: Setup, tasks: Iterable[Task]) -> Iterator[Done[Answered]]:
    """The answers on blocks of files, in the order of the blocks, made by Spark's executors.

    The driver reads and writes; what a stopped run leaves, and its bytes, are as without Spark.
    """
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # Without it Spark takes whatever `python3` is first on the path, in a shell without this environment.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        session: SparkSession = SparkSession.builder.appName("payer-policy batch").getOrCreate()
    except PySparkException:
        raise WrongCall(
            "Spark does not start here; is Java 17 or newer installed, and the first on the path or "
            "named by JAVA_HOME?"
        ) from None
    refuse_unfit_workers(session)
    work = _worker(setup, _files(setup.folder))
    waiting = iter(tasks)
    many = session.sparkContext.defaultParallelism * _TASKS_A_CORE
    while wave := list(islice(waiting, many)):
        rows = [(at, pickle.dumps((file, block))) for at, (_, file, block) in enumerate(wave)]
        frame = session.createDataFrame(rows, "number long, task binary")
        try:
            answers = (
                frame.repartition(len(rows), "number")
                .mapInArrow(work, "number long, answer binary")
                .collect()
            )
        except Exception as error:  # of Python, of Java, or of the bridge between them
            raise WorkerLost(f"of Spark failed ({last_line(error)})") from error
        numbers = sorted(int(row["number"]) for row in answers)
        if numbers != list(range(len(wave))):
            raise WorkerLost(f"of Spark gave {len(numbers)} answers on {len(wave)} blocks")
        for number, answer in sorted(answers, key=lambda row: int(row["number"])):
            source, _, block = wave[number]
            yield Done(source, emptied(block), received(pickle.loads(answer)))


def _worker(setup: Setup, files: Files) -> Callable[[Iterable[Any]], Iterator[Any]]:
    given = None if setup.facts is None else pickle.dumps(setup.facts)

    def work(batches: Iterable[Any]) -> Iterator[Any]:
        decider = _decider(_frozen(files), setup.engine, setup.columns, given)
        for batch in batches:
            answers = [
                pickle.dumps(answer_on(decider, *pickle.loads(task.as_py())))
                for task in batch.column("task")
            ]
            yield pa.RecordBatch.from_arrays(
                [batch.column("number"), pa.array(answers, pa.binary())], ["number", "answer"]
            )

    return work


def _files(folder: str | Path) -> Files:
    root = Path(folder)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.json")}


def _frozen(files: Files) -> tuple[tuple[str, bytes], ...]:
    return tuple(sorted(files.items()))


@lru_cache(maxsize=2)
def _decider(
    files: tuple[tuple[str, bytes], ...],
    engine: str,
    columns: bool,
    given: bytes | None,
) -> Decider:
    """An executor's process opens the policies once, not once a batch."""
    folder = Path(tempfile.mkdtemp(prefix="payer-policy-"))
    try:
        for name, data in files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        opened = Engine.open(folder, engine=engine)
    finally:
        shutil.rmtree(folder)
    return Decider(opened, None if given is None else pickle.loads(given), columns=columns)
