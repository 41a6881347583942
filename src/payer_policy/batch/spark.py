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
from dataclasses import replace
from functools import lru_cache, partial
from inspect import signature
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from payer_policy.batch.counting import count_of
from payer_policy.batch.deciding import Answered, Decider
from payer_policy.batch.frames import PLAIN, decided_table
from payer_policy.batch.inputs import Changed, refuse_changed, unchanged
from payer_policy.batch.kept import refuse_answer_columns
from payer_policy.batch.readers import Reader
from payer_policy.batch.spark_workers import last_line, refuse_unfit_workers
from payer_policy.batch.workers import Done, Setup, Task, done_in_worker
from payer_policy.core.in_parallel import WorkerLost
from payer_policy.formats.blocks import Block, Position
from payer_policy.formats.source import WrongCall
from payer_policy.formats.tables.columns import ID
from payer_policy.formats.tables.parquet_blocks import table_columns
from payer_policy.policy.folder_hash import contents_hash
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
    setup = pickle.dumps(Setup("", contents_hash(dict(files)), "compiled", True, None))

    def decide(batches: Iterable[Any]) -> Iterator[Any]:
        decider = _decider(files, setup)
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


class Executors:
    """Spark's executors as the workers of a run: they cut, read, decide and count seekable files.

    The driver reads the others, and writes, so a stopped run leaves the same files and bytes as without
    Spark.

    Raises:
        WrongCall: Spark does not start, or its workers cannot decide.
    """

    def __init__(self, setup: Setup) -> None:
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
        self._spark = session.sparkContext
        self._setup = setup

    def sections(
        self, files: Iterable[tuple[Reader, Position | None]]
    ) -> Iterator[Iterable[Iterable[Block]]]:
        """Files cut into tasks, each from a position on."""
        return self._each(_sections, files)

    def counts(self, readers: Iterable[Reader]) -> Iterator[int | None]:
        """How many rows, lines, requests or claims files hold (`counting.count_of`)."""
        return self._each(_count, ((reader, None) for reader in readers))

    def decided(self, tasks: Iterable[Task]) -> Generator[list[Done[Answered]], None, None]:
        """The answers on the blocks of each task, in the order of the tasks.

        Raises:
            WrongCall: an executor does not see a file as the driver does.
            Changed: a file changed while it was being read.
            WorkerLost: Spark failed, or lost an answer.
            WorkerFault: a fault of this program in an executor.
        """
        files, setup = _files(self._setup.folder), self._setup
        if contents_hash(dict(files)) != setup.policies:
            raise WrongCall(f"{setup.folder}: the policies changed while the run was in progress.")
        yield from self._asked(partial(_decided, files, pickle.dumps(setup)), tasks)

    def _each(
        self,
        ask: Callable[[tuple[Reader, Position | None]], Any],
        files: Iterable[tuple[Reader, Position | None]],
    ) -> Iterator[Any]:
        """What executors answer on each seekable file, and the driver on others."""
        for is_seekable, some in groupby(files, lambda file: file[0].is_seekable):
            if is_seekable:
                yield from self._asked(ask, some)
            else:
                yield from map(ask, some)

    def _asked(self, ask: Callable[[Any], Any], questions: Iterable[Any]) -> Iterator[Any]:
        """What executors answer, in the order of the questions."""
        waiting = iter(questions)
        size = self._spark.defaultParallelism * _TASKS_A_CORE
        while wave := list(islice(waiting, size)):
            try:
                answers = self._spark.parallelize(wave, len(wave)).map(_answer(ask)).collect()
            except Exception as error:  # from Python, from Java, or from the bridge between them
                raise WorkerLost(f"Spark failed ({last_line(error)})") from error
            if len(answers) != len(wave):
                raise WorkerLost(
                    f"Spark returned {len(answers)} answers on {len(wave)} parts of files"
                )
            for answer in answers:
                made = pickle.loads(answer)
                if isinstance(made, Changed) and unchanged(made.source):
                    raise WrongCall(
                        f"{made.source.path}: a worker of this Spark session does not see the file that "
                        "this process sees; put it on a file system that all workers see and give its "
                        "full path, or leave out --on spark."
                    )
                if isinstance(made, Exception):
                    raise made
                yield made


# --- in an executor --------------------------------------------------------------------------------


def _answer(ask: Callable[[Any], Any]) -> Callable[[Any], bytes]:
    def answer(question: Any) -> bytes:
        """What is made of a question, or the error that stopped it, pickled."""
        try:
            made = ask(question)
            made = list(made) if isinstance(made, Iterator) else made
        except Exception as error:
            made = error
        return pickle.dumps(made)

    return answer


def _sections(file: tuple[Reader, Position | None]) -> Iterator[Iterable[Block]]:
    reader, at = file
    return reader.sections(at)


def _count(file: tuple[Reader, Position | None]) -> int | None:
    refuse_changed(file[0].source)
    return count_of(file[0])


def _decided(files: Files, setup: bytes, task: Task) -> list[Done[Answered]]:
    return done_in_worker(_decider(files, setup), task)


def _files(folder: str | Path) -> Files:
    root = Path(folder)
    paths = sorted(root.rglob("*.json"))
    return tuple((path.relative_to(root).as_posix(), path.read_bytes()) for path in paths)


@lru_cache(maxsize=2)
def _decider(files: Files, setup: bytes) -> Decider:
    """The decider of an executor's process, which opens the policies once and not once a batch."""
    with tempfile.TemporaryDirectory(prefix="payer-policy-") as folder:
        for name, data in files:
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        made: Setup = pickle.loads(setup)
        return replace(made, folder=folder).decider()
