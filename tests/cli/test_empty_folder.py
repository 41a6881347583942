"""Every command in an empty folder: no policies are there, so it says how to start. No stack trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from payer_policy.cli import COMMANDS, main, payer_policy

WITHOUT_POLICIES = {
    "audit backup",
    "audit begin",
    "audit export",
    "audit find",
    "audit head",
    "audit redact",
    "audit show",
    "audit verify",
    "bundle keygen",
    "bundle show",
    "bundle verify",
    "health",
    "init",
    "keys list",
    "keys new",
    "keys remove",
    "operators",
}
"""Commands that read no policies. Any other command is expected to need them."""


def _leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            assert found is not None
            yield from _leaves(found, f"{name} {sub}".strip())
    else:
        yield name, command


LEAVES = dict(_leaves(payer_policy))


def _required(command: click.Command) -> Iterator[str]:
    """A value for everything that the command cannot be called without."""
    for one in command.params:
        if one.required:
            yield from [one.opts[0]] if isinstance(one, click.Option) else []
            yield from ["given"] * max(one.nargs, 1)


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["payer-policy", *words])
    monkeypatch.delenv("PAYER_POLICIES", raising=False)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_every_command_is_tried() -> None:
    assert {name.split()[0] for name in LEAVES} == set(COMMANDS)
    assert set(LEAVES) >= WITHOUT_POLICIES


@pytest.mark.parametrize("name", sorted(set(LEAVES) - WITHOUT_POLICIES))
@pytest.mark.parametrize("complete", [True, False], ids=["complete", "bare"])
def test_a_command_that_needs_policies_says_how_to_start(
    name: str,
    complete: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = list(_required(LEAVES[name])) if complete else []

    assert _run(monkeypatch, *name.split(), *words) == 2
    printed = "".join(capsys.readouterr())
    assert "Traceback" not in printed and "internal error" not in printed
    if complete or "Missing argument" not in printed:
        assert "payer-policy init" in printed
    if complete:
        folder = "given" if name == "impact" else "policies"  # impact names its two folders
        assert (
            f"there is no folder `{folder}` here; to start one, type `payer-policy init`" in printed
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", sorted(WITHOUT_POLICIES - {"init", "keys new", "bundle keygen"}))
def test_other_commands_fail_without_a_stack_trace(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert _run(monkeypatch, *name.split(), *_required(LEAVES[name])) in (0, 1, 2)
    printed = "".join(capsys.readouterr())
    assert "Traceback" not in printed and "internal error" not in printed


@pytest.mark.parametrize("words", [("spec", "--steps"), ("check", "--codes"), ("operators",)])
def test_what_needs_no_policies_is_answered(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert _run(monkeypatch, *words) == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("check",),
            "there is no folder `policies` here; to start one, type `payer-policy init`, or name it: "
            "payer-policy check FOLDER",
        ),
        (
            ("facts",),
            "there is no folder `policies` here; to start one, type `payer-policy init`, or name the "
            "folder of policies with --policies",
        ),
        (
            ("facts", "--policies", "elsewhere"),
            "there is no folder `elsewhere` here; to start one, type `payer-policy init`, or name the "
            "folder of policies with --policies",
        ),
    ],
)
def test_the_sentence(
    words: tuple[str, ...],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert _run(monkeypatch, *words) == 2
    assert capsys.readouterr().err.endswith(f"Error: {expected}\n")


def test_programs_get_a_missing_folder_as_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert _run(monkeypatch, "check", "--json") == 2
    printed = capsys.readouterr().out
    assert '"no-folder"' in printed and "payer-policy init" in printed
