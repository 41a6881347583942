"""`payer-policy impact`: the effect of a change of the policies on past claims."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from payer_policy.cli import options
from payer_policy.core.whole_file import IsInput, refuse_inputs, whole_file

if TYPE_CHECKING:
    from payer_policy.analysis.impact import Impact

_NEEDED = ("pyarrow", "numpy")


@click.command("impact")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("claims", metavar="CLAIMS…", nargs=-1, required=True)
@click.option("--policy", help="Compare one policy only: `payer/policy`.")
@click.option("--facts", help="A JSON file of facts by claim number, merged into claims.")
@click.option(
    "--examples",
    type=click.IntRange(0, 1000),
    default=3,
    show_default=True,
    help="Examples of each kind of change.",
)
@click.option(
    "--parquet",
    "changed",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a row for each service that changed.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report as one HTML file, to read, print and sign.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes. [default: all cores]")
@click.option("-q", "--quiet", is_flag=True, help="No progress line.")
@options.as_json
def command(
    old: str,
    new: str,
    claims: tuple[str, ...],
    html: Path | None,
    workers: int | None,
    quiet: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Decide past claims by two versions of the policies, and report what changes.

    OLD and NEW are folders that hold `vocabulary.json`. CLAIMS are Parquet, CSV, JSON Lines, JSON or
    X12 837 files, or folders of them, as for `batch`.
    Exit status 0: no decision changes; 1: some do; 2: the call or an input was wrong.
    """
    for one in (old, new):
        options.need_policies(Path(one), "name two that hold vocabulary.json as OLD and NEW")
    needed = (*_NEEDED, "jinja2") if html is not None else _NEEDED
    absent = [name for name in needed if find_spec(name) is None]
    if absent:
        raise click.UsageError(
            f"impact needs {' and '.join(absent)}, not installed here; "
            "to install: pip install 'payer-policy[batch]'"
        )
    settings["workers"] = workers or os.cpu_count() or 1
    made = _made(old, new, claims, html, quiet, settings)
    if as_json:
        options.print_json(made.to_json())
    else:
        from payer_policy.analysis.impact.text import impact_text

        click.echo(impact_text(made))
    sys.exit(1 if made.changed.services else 0)


def _made(
    old: str,
    new: str,
    claims: tuple[str, ...],
    html: Path | None,
    quiet: bool,
    settings: dict[str, Any],
) -> Impact:
    from payer_policy.analysis.impact import impact
    from payer_policy.batch.deciding import CountsDiffer
    from payer_policy.batch.inputs import find_inputs
    from payer_policy.batch.progress import ProgressLine
    from payer_policy.batch.workers import WorkerFault
    from payer_policy.core.in_parallel import WorkerLost
    from payer_policy.formats.source import WrongCall

    line = ProgressLine() if not quiet and sys.stderr.isatty() else None
    try:
        sources = [one.path for one in find_inputs(claims, settings["facts"])[0]]
        refuse_inputs(html, [*sources, settings["facts"], old, new])
        parquet = settings["changed"]
        if html is not None and parquet is not None and html.resolve() == parquet.resolve():
            raise WrongCall(f"{html}: --html and --parquet need different files.")
        made = impact(old, new, claims, report=line or (lambda _: None), **settings)
        if html is not None:
            from payer_policy.analysis.impact.html import impact_html

            with whole_file(html) as file:  # its examples are claims
                file.write(impact_html(made).encode("utf-8"))
        return made
    except IsInput as error:
        message = f"{error}."
    except WrongCall as error:
        message = str(error)
    except WorkerLost as error:
        message = f"{error}; is memory short? Fewer --workers need less."
    except KeyboardInterrupt:
        message = "stopped."
    except OSError as error:
        what = (error.strerror or "a file cannot be read or written").lower()
        message = f"{error.filename or 'a file'}: {what}."
    except (CountsDiffer, WorkerFault) as error:
        message = f"internal error: {error}. Report it."
    finally:
        if line is not None:
            line.end()
    click.echo(f"payer-policy impact: {message}", err=True)
    sys.exit(2)
