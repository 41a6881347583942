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

_NEEDED = ("pyarrow", "polars", "numpy")
_COMPRESSION = ("zstd:1", "zstd:3", "zstd:9", "snappy", "gzip", "none")


@click.command("batch")
@click.argument("inputs", metavar="IN…", nargs=-1, required=True)
@click.option("-o", "--out", "out", required=True, metavar="OUT", help="The folder of the answers.")
@options.policies
@click.option("--facts", "facts", help="A JSON file of facts by claim number, merged into claims.")
@click.option(
    "--engine",
    "engine",
    help="Decide each record by itself with compiled, durable or checked. "
    "[default: tables of facts a column at a time, the rest with compiled]",
)
@click.option(
    "--on",
    "where",
    type=click.Choice(("here", "spark")),
    default="here",
    show_default=True,
    help="This machine's cores, or the executors of Spark as it is configured.",
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
    help="Records of a part, which is what a stopped run may have to do again.",
)
@click.option(
    "--map",
    "renamed",
    multiple=True,
    metavar="COLUMN=NAME",
    help="What a column of the tables means: its name there, and a fact or field. May be repeated.",
)
@click.option(
    "--keep",
    "keep",
    multiple=True,
    metavar="COLUMN[,COLUMN…]",
    help="Carry columns of the tables to the answers as they are, by their names there.",
)
@click.option("--overwrite", is_flag=True, help="Begin again, whatever an earlier run left in OUT.")
@click.option("-q", "--quiet", is_flag=True, help="No progress line.")
@options.as_json
@options.as_format
def command(
    inputs: tuple[str, ...],
    out: str,
    folder: Path,
    facts: str | None,
    engine: str | None,
    where: str,
    workers: int | None,
    compression: str,
    part_records: int,
    renamed: tuple[str, ...],
    keep: tuple[str, ...],
    overwrite: bool,
    quiet: bool,
    as_json: bool,
    written: str | None,
) -> None:
    """Decide every record of IN into OUT: one row a drug service, in OUT/rows.

    IN are Parquet, CSV, JSON Lines, JSON, X12 837 or 278 files, or folders of them. The same call
    goes on after a stop, and writes each row once. Exit status 0: done; 1: done, and some records are in
    OUT/rejects.jsonl; 2: the call was wrong or the run was stopped.
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

    chosen = Options(
        engine=engine or "compiled",
        columns=engine is None and written is None,
        compression=compression,
        part_records=part_records,
        facts=facts,
        workers=workers or os.cpu_count() or 1,
        spark=where == "spark",
        overwrite=overwrite,
        renamed=tuple(_pair(one) for one in renamed),
        keep=tuple(dict.fromkeys(name for text in keep for name in _names(text))),
        written=written,
    )
    summary = _run(inputs, folder, out, chosen, quiet)
    if as_json:
        options.print_json(summary)
    else:
        from payer_policy.batch.summary import summary_text

        click.echo(summary_text(summary, out))
    sys.exit(1 if summary["rejected"] else 0)


def _pair(text: str) -> tuple[str, str]:
    name, _, meant = text.rpartition("=")
    if not (name.strip() and meant.strip()):
        hint = "write a column and what it means, such as --map hcpcs=drug.code"
        raise click.UsageError(f"--map {text}: {hint}")
    return name.strip(), meant.strip()


def _names(text: str) -> list[str]:
    """Some names of columns; one with a comma in it is written in quotes."""
    names = [name.strip() for row in csv.reader([text], skipinitialspace=True) for name in row]
    if not names or "" in names:
        hint = "write names of columns, separated by commas, such as --keep account,group"
        raise click.UsageError(f"--keep {text}: {hint}")
    return names


def _run(
    inputs: tuple[str, ...], folder: Path, out: str, chosen: Options, quiet: bool
) -> dict[str, Any]:
    from payer_policy.batch.deciding import CountsDiffer
    from payer_policy.batch.progress import ProgressLine
    from payer_policy.batch.run import run
    from payer_policy.batch.workers import WorkerFault
    from payer_policy.core.in_parallel import WorkerLost
    from payer_policy.formats.source import WrongCall

    shows = not quiet and sys.stderr.isatty()
    line = ProgressLine() if shows else None
    again = f"What is in {out} stays; the same call goes on from there."
    try:
        finished = run(inputs, folder, Path(out), chosen, line or (lambda _: None))
    except WrongCall as error:
        _fail(line, str(error))
    except WorkerLost as error:
        _fail(line, f"{error}; is memory short? {again} Fewer --workers need less.")
    except KeyboardInterrupt:
        _fail(line, f"stopped. {again}")
    except OSError as error:
        what = (error.strerror or "a file cannot be read or written").lower()
        _fail(line, f"{error.filename or out}: {what}. {again}")
    except (CountsDiffer, WorkerFault) as error:
        _fail(line, f"internal error: {error}. Report it. {again}")
    if line is not None:
        line.end()
    if finished.before:
        click.echo(f"{out}: this run was finished before; nothing was done.", err=True)
    return dict(finished.summary)


def _fail(line: Any, message: str) -> Any:
    if line is not None:
        line.end()
    click.echo(f"payer-policy batch: {message}", err=True)
    sys.exit(2)
