"""`payer-policy batch`: files of millions of claims into a Parquet dataset, restartable."""

from __future__ import annotations

import csv
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from payer_policy.cli import options

if TYPE_CHECKING:
    from payer_policy.batch.run import Options

_NEEDED = ("pyarrow", "numpy")
_COMPRESSION = ("zstd:1", "zstd:3", "zstd:9", "snappy", "gzip", "none")


def _pairs(
    _: click.Context, __: click.Parameter, texts: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """The columns of the tables, and the fact or field of each."""
    found = []
    for text in texts:
        column, _sign, name = text.rpartition("=")
        if not (column.strip() and name.strip()):
            hint = "write a column and a fact or field, such as --map hcpcs=drug.code"
            raise click.UsageError(f"--map {text}: {hint}")
        found.append((column.strip(), name.strip()))
    return tuple(found)


def _names(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """The names of columns, each once; a name with a comma in it is written in quotes."""
    found: list[str] = []
    for text in texts:
        names = [name.strip() for row in csv.reader([text], skipinitialspace=True) for name in row]
        if not names or "" in names:
            hint = "write names of columns, separated by commas, such as --keep account,group"
            raise click.UsageError(f"--keep {text}: {hint}")
        found += names
    return tuple(dict.fromkeys(found))


@click.command("batch")
@click.argument("inputs", metavar="IN…", nargs=-1, required=True)
@click.option("-o", "--out", "out", required=True, metavar="OUT", help="The folder of the answers.")
@options.policies
@options.facts
@click.option(
    "--engine",
    "engine",
    help="Decide each record on its own with compiled, durable or checked. "
    "[default: in columns, what cannot be with compiled]",
)
@click.option(
    "--on",
    "where",
    type=click.Choice(("here", "spark")),
    default="here",
    show_default=True,
    help="This machine's cores, or the executors of the configured Spark.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes. [default: all cores]")
@click.option(
    "--compression", type=click.Choice(_COMPRESSION), default=_COMPRESSION[0], show_default=True
)
@click.option(
    "--part-records",
    type=click.IntRange(1, 10_000_000),
    default=100_000,
    show_default=True,
    help="Records per part; a stopped run may have to decide a part again.",
)
@click.option(
    "--map",
    "renamed",
    multiple=True,
    metavar="COLUMN=NAME",
    callback=_pairs,
    help="The fact or field that a column of the tables contains. May be repeated.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="COLUMN[,COLUMN…]",
    callback=_names,
    help="Copy these columns of the tables to the answers, unchanged.",
)
@click.option("--overwrite", is_flag=True, help="Start again, whatever an earlier run left in OUT.")
@click.option("-q", "--quiet", is_flag=True, help="No progress line.")
@options.as_json
@options.as_format
def command(
    inputs: tuple[str, ...],
    out: str,
    folder: Path,
    engine: str | None,
    where: str,
    workers: int | None,
    quiet: bool,
    as_json: bool,
    written: str | None,
    **chosen: Any,
) -> None:
    """Decide every record of IN into OUT: one row per drug service, in OUT/rows.

    IN are Parquet, CSV, JSON Lines, JSON, X12 837 or 278 files, or folders of them. The same call
    resumes after a stop, and writes each row once. Exit status 0: done; 1: done, and some records are
    in OUT/rejects.jsonl; 2: the call was wrong or the run was stopped.
    """
    if where == "spark" and find_spec("pyspark") is None:
        raise click.UsageError(
            "--on spark needs pyspark, not installed here; "
            "to install: pip install 'payer-policy[spark]' (and Java 17 or newer)"
        )
    absent = [name for name in _NEEDED if find_spec(name) is None]
    if absent:
        raise click.UsageError(
            f"batch needs {' and '.join(absent)}, not installed here; "
            "to install: pip install 'payer-policy[batch]'"
        )
    if written is not None and where == "spark":
        raise click.UsageError(
            "--as writes one file, which --on spark does not; leave one of the two"
        )
    if engine is not None:
        options.engine_or_default(engine)
    from payer_policy.batch.run import Options
    from payer_policy.batch.summary import summary_text

    settings = Options(
        engine=engine or "compiled",
        columns=engine is None and written is None,
        workers=workers or os.cpu_count() or 1,
        spark=where == "spark",
        written=written,
        **chosen,
    )
    summary = _run(inputs, folder, out, settings, quiet)
    options.report(as_json, summary, [summary_text(summary, out)])
    sys.exit(1 if summary["rejected"] else 0)


def _run(
    inputs: tuple[str, ...], folder: Path, out: str, settings: Options, quiet: bool
) -> dict[str, Any]:
    from payer_policy.batch.deciding import CountsDiffer
    from payer_policy.batch.progress import ProgressLine
    from payer_policy.batch.run import run
    from payer_policy.batch.workers import WorkerFault
    from payer_policy.core.in_parallel import WorkerLost
    from payer_policy.formats.source import WrongCall

    line = None if quiet or not sys.stderr.isatty() else ProgressLine()
    again = f"The results in {out} are kept; the same call resumes."
    try:
        finished = run(inputs, folder, Path(out), settings, line or (lambda _: None))
    except WrongCall as error:
        problem = str(error)
    except WorkerLost as error:
        problem = f"{error}; is memory short? {again} Fewer --workers need less."
    except KeyboardInterrupt:
        problem = f"stopped. {again}"
    except OSError as error:
        why = (error.strerror or "a file cannot be read or written").lower()
        problem = f"{error.filename or out}: {why}. {again}"
    except (CountsDiffer, WorkerFault) as error:
        problem = f"internal error: {error}. Report it. {again}"
    else:
        problem = ""
    if line is not None:
        line.end()
    if problem:
        click.echo(f"payer-policy batch: {problem}", err=True)
        sys.exit(2)
    if finished.before:
        click.echo(f"{out}: this run is already finished; nothing was done.", err=True)
    return dict(finished.summary)
