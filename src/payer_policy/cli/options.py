"""Options, checks and output that several commands share, so that they are the same everywhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import click

from payer_policy.core import whole_file

if TYPE_CHECKING:
    from payer_policy.core.diagnostics import Diagnostic
    from payer_policy.engine import Engine
    from payer_policy.policy.library import Library

F = TypeVar("F", bound=Callable[..., Any])

PATH: Final = click.Path(path_type=Path)
DAY: Final = click.DateTime(("%Y-%m-%d",))


# --- options ---------------------------------------------------------------------------------------


def need_policies(
    folder: Path, otherwise: str = "name the folder of policies with --policies"
) -> None:
    """Return if there is something to read where the policies should be.

    Args:
        folder: The folder of policies, or a bundle.
        otherwise: What to do other than start a new folder.

    Raises:
        click.UsageError: There is nothing; the message says what to type.
    """
    if not folder.exists():
        here = "" if folder.is_absolute() else " here"
        raise click.UsageError(
            f"there is no folder `{folder.as_posix()}`{here}; to start one, type `payer-policy init`, "
            f"or {otherwise}"
        )


def _needed(context: click.Context, option: click.Parameter, folder: Path) -> Path:
    """The folder of an option, checked before anything else in the call is (see `need_policies`)."""
    if not context.resilient_parsing:
        need_policies(folder)
    return folder


def _policies(**how: Any) -> Callable[[F], F]:
    return click.option(
        "--policies",
        "folder",
        type=PATH,
        default=Path("policies"),
        envvar="PAYER_POLICIES",
        show_default=True,
        help="The folder of policies (or set PAYER_POLICIES).",
        **how,
    )


policies = _policies(callback=_needed, is_eager=True)
policies_in_some_calls = _policies()
"""For a command that can also be called without policies: it calls `need_policies` itself."""

as_json = click.option("--json", "as_json", is_flag=True, help="For programs: JSON, versioned.")
facts = click.option("--facts", help="A JSON file of facts by claim number, merged into claims.")


def _writable(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    from payer_policy.formats.known import writer

    if name is not None:
        with wrong_call(ValueError, option="--as"):
            writer(name)
    return name


as_format = click.option(
    "--as",
    "written",
    metavar="FORMAT",
    callback=_writable,
    help="Write the answers in a format: json_lines, or one that an installed package adds.",
)

only_policies = click.option(
    "--policy",
    "addresses",
    multiple=True,
    metavar="PAYER/POLICY",
    help="Only this policy; may be repeated. [default: all]",
)
processes = click.option(
    "--jobs",
    "processes",
    type=click.IntRange(1, 64),
    default=None,
    help="How many processes work on it. [default: as many as there are cores]",
)


def engine(default: str | None = None) -> Callable[[F], F]:
    """`--engine`. Where no default is given: `checked` where durable-rules is installed."""
    shown = default or "checked where durable-rules is installed, else compiled"
    return click.option(
        "--engine",
        "engine",
        default=default,
        help=f"compiled, durable, checked (both must agree), or columnar. [default: {shown}]",
    )


# --- what options ask for --------------------------------------------------------------------------


@contextmanager
def wrong_call(*errors: type[Exception], option: str | None = None) -> Iterator[None]:
    """Report errors as a wrong call: their text in one line, exit status 2.

    Args:
        errors: The kinds of error.
        option: The option at fault, if one is.

    Raises:
        click.UsageError: One of the errors was raised.
    """
    try:
        yield
    except errors as error:
        if option is None:
            raise click.UsageError(str(error)) from None
        raise click.BadParameter(str(error), param_hint=option) from None


def file_error(path: str | Path, error: OSError, otherwise: str) -> click.UsageError:
    """A file that cannot be read or written, as a wrong call."""
    return click.UsageError(f"{path}: {(error.strerror or otherwise).lower()}")


def chosen(library: Library, addresses: Sequence[str]) -> list[str]:
    """The policies that are named (none: all), in order.

    Raises:
        click.BadParameter: There is no such policy.
    """
    from payer_policy.core.diagnostics import did_you_mean

    known = library.addresses()
    for address in addresses:
        if address not in known:
            hint = did_you_mean(address, known) or f"there are {', '.join(known)}"
            raise click.BadParameter(f"`{address}` is not a policy; {hint}", param_hint="--policy")
    return [address for address in known if not addresses or address in addresses]


def need_solver() -> None:
    """Return if proofs can be made here.

    Raises:
        click.UsageError: z3-solver is not installed; the message says what to type.
    """
    from payer_policy.engines import why_unavailable

    if (why := why_unavailable("symbolic")) is not None:
        raise click.UsageError(why)


def settled(library: Library, problems: list[Diagnostic]) -> list[Diagnostic]:
    """The problems of a folder, after the solver decided which rules exclude each other.

    Where it is not installed, or the folder has errors, the problems are unchanged.
    """
    from payer_policy.engines import why_unavailable

    if any(one.severity == "error" for one in problems):
        return problems
    if not any(one.code == "conflict-not-seen" for one in problems):
        return problems
    if why_unavailable("symbolic") is not None:
        return problems
    from payer_policy.analysis.conflicts import settled as settle

    return settle(library, problems)


def engine_or_default(name: str | None) -> str:
    """The named engine, or the default of this machine.

    Raises:
        click.BadParameter: There is no such engine, or it is not installed.
    """
    from payer_policy.engines import engine_named, why_unavailable

    if name is None:
        return "checked" if why_unavailable("checked") is None else "compiled"
    if (why := why_unavailable(name)) is not None:
        raise click.BadParameter(why, param_hint="--engine")
    with wrong_call(ValueError, option="--engine"):
        engine_named(name)
    return name


def open_engine(folder: Path, name: str | None) -> Engine:
    """The named engine (None: the default), on a folder of policies.

    Raises:
        click.BadParameter: There is no such engine, or it is not installed.
        PolicyError: Something in the folder is wrong.
    """
    from payer_policy.engine import Engine

    return Engine.open(folder, engine=engine_or_default(name))


# --- files -----------------------------------------------------------------------------------------


def refuse_inputs(option: str, output: Path | None, *inputs: str | Path | None) -> None:
    """Return if a file to be written is not also read.

    Raises:
        click.BadParameter: It is; nothing was opened.
    """
    with wrong_call(whole_file.IsInput, option=option):
        whole_file.refuse_inputs(output, inputs)


@contextmanager
def written(path: Path, mode: int = whole_file.PRIVATE) -> Iterator[BinaryIO]:
    """A file to write, which is there only when it is whole (see `whole_file`).

    Raises:
        click.UsageError: It cannot be written.
    """
    try:
        with whole_file.whole_file(path, mode) as file:
            yield file
    except OSError as error:
        if error.filename not in (None, str(path)):
            raise  # of another file
        raise file_error(path, error, "cannot be written") from None


def read_bytes(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    Raises:
        click.UsageError: The file cannot be read.
    """
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise file_error(path, error, "cannot be read") from None


def file_name(path: str) -> str:
    """A file's name in messages."""
    return "standard input" if path == "-" else path


# --- output ----------------------------------------------------------------------------------------


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON on standard output, with the same bytes for the same value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


def report(as_json: bool, value: Any, lines: Iterable[str]) -> None:
    """A report on standard output: its JSON, or its lines."""
    if as_json:
        print_json(value)
    else:
        click.echo("\n".join(lines))


def print_problems(problems: Iterable[Diagnostic]) -> None:
    """Problems on standard error, each as a paragraph."""
    from payer_policy.core.diagnostics.render import as_text

    for problem in problems:
        click.echo(as_text(problem) + "\n", err=True)


def one_line(text: str) -> str:
    """A text of unknown origin, without the characters that move or color a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def window(first: date, last: date | None) -> str:
    """A range of dates as people read it."""
    return f"{first} – {last}" if last is not None else f"from {first}"
