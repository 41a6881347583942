"""Options that several commands share, so that they are spelled alike everywhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from payer_policy.core import whole_file

if TYPE_CHECKING:
    from payer_policy.core.diagnostics import Diagnostic
    from payer_policy.engine import Engine
    from payer_policy.policy.library import Library

F = TypeVar("F", bound=Callable[..., Any])


def need_policies(
    folder: Path, otherwise: str = "name the folder of policies with --policies"
) -> None:
    """Make sure that there is something to read where the policies should be.

    Args:
        folder: The folder of policies, or a bundle.
        otherwise: What to do other than to start a new folder.

    Raises:
        click.UsageError: There is nothing; it says what to type.
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
        type=click.Path(path_type=Path),
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


def _writable(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    from payer_policy.formats.known import writer

    if name is not None:
        try:
            writer(name)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
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


def chosen(library: Library, addresses: Sequence[str]) -> list[str]:
    """The policies that are asked about, in order.

    Raises:
        click.BadParameter: there is no such policy.
    """
    from payer_policy.core.diagnostics import did_you_mean

    known = library.addresses()
    for address in addresses:
        if address not in known:
            hint = did_you_mean(address, known) or f"there are {', '.join(known)}"
            raise click.BadParameter(f"`{address}` is not a policy; {hint}", param_hint="--policy")
    return [address for address in known if not addresses or address in addresses]


def window(first: date, last: date | None) -> str:
    """A run of dates as people read it."""
    return f"{first} – {last}" if last is not None else f"from {first}"


def need_solver() -> None:
    """Make sure that proofs can be made here.

    Raises:
        click.UsageError: z3-solver is not installed; it says what to type.
    """
    from payer_policy.engines import why_unavailable

    if (why := why_unavailable("symbolic")) is not None:
        raise click.UsageError(why)


def settled(library: Library, problems: list[Diagnostic]) -> list[Diagnostic]:
    """The problems of a folder, with what the solver says of rules not seen to exclude each other.

    Where it is not installed, or something else is wrong, the problems as they are.
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


def engine(default: str | None = None) -> Callable[[F], F]:
    """`--engine`. Where no default is given: `checked` where durable-rules is installed."""
    shown = default or "checked where durable-rules is installed, else compiled"
    return click.option(
        "--engine",
        "engine",
        default=default,
        help=f"compiled, durable, checked (both must agree), or columnar. [default: {shown}]",
    )


def engine_or_default(name: str | None) -> str:
    """The engine asked for, or the default of the machine.

    Raises:
        click.BadParameter: there is no such engine, or it is not installed.
    """
    from payer_policy.engines import engine_named, why_unavailable

    if name is None:
        return "checked" if why_unavailable("checked") is None else "compiled"
    if (why := why_unavailable(name)) is not None:
        raise click.BadParameter(why, param_hint="--engine")
    try:
        engine_named(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--engine") from None
    return name


def open_engine(folder: Path, name: str | None) -> Engine:
    """The engine asked for, on a folder.

    Raises:
        click.BadParameter: there is no such engine, or it is not installed.
        PolicyError: something in the folder is wrong.
    """
    from payer_policy.engine import Engine

    return Engine.open(folder, engine=engine_or_default(name))


def refuse_inputs(option: str, output: Path | None, *inputs: str | Path | None) -> None:
    """Nothing, where a file to be written is none of those to be read.

    Raises:
        click.BadParameter: it is one of them; nothing was opened.
    """
    try:
        whole_file.refuse_inputs(output, inputs)
    except whole_file.IsInput as error:
        raise click.BadParameter(str(error), param_hint=option) from None


@contextmanager
def written(path: Path, mode: int = whole_file.PRIVATE) -> Iterator[BinaryIO]:
    """A file to write, as `whole_file` has it.

    Raises:
        click.UsageError: it cannot be written.
    """
    try:
        with whole_file.whole_file(path, mode) as file:
            yield file
    except OSError as error:
        if error.filename not in (None, str(path)):
            raise  # of another file
        why = (error.strerror or "cannot be written").lower()
        raise click.UsageError(f"{path}: {why}") from None


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """JSON on standard output, with the same bytes for the same value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


def read_bytes(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    Raises:
        click.UsageError: the file cannot be read.
    """
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise click.UsageError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None
