"""Pages whose commands are run: what a `console` block shows is what the product prints.

A line `…` stands for any number of lines that are left out, and `…` in a line for a part of it.
"""

from __future__ import annotations

import re
import shlex
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner

from payer_policy.cli import payer_policy

CONSOLE = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL)
"""A command that a page shows, with its output."""


def printed(command: str, folder: Path) -> str:
    """What a command of a page prints to its standard output.

    Args:
        command: As it is typed, beginning with `payer-policy`.
        folder: Where it is typed.
    """
    program, *words = shlex.split(command)
    assert program == "payer-policy"
    with chdir(folder):
        return CliRunner().invoke(payer_policy, words).stdout


def is_shown(output: str, shown: str) -> bool:
    """Whether an output is what a page shows."""
    parts = re.split(r"(?m)^…\n", shown)
    patterns = [re.escape(part).replace("…", "[^\n]*") for part in parts]
    return re.fullmatch("(?:.*\n)*?".join(patterns), output) is not None
