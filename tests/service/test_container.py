"""The files for containers, held to what they rest on; no container engine is needed."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

from payer_policy.cli import COMMANDS
from payer_policy.cli.serve import command as serve
from tests.service.processes import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")


def test_the_image_installs_extras_that_there_are_and_copies_what_is_sent() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    (installed,) = re.findall(r"pip install '\.\[([\w,]+)\]'", DOCKERFILE)
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sent = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }

    assert set(installed.split(",")) <= set(extras)
    assert {name.removeprefix("./") for line in copied for name in line.split()} <= sent
    assert all((ROOT / name).exists() for name in sent)


def test_the_image_does_not_run_as_root() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]

    assert re.findall(r"^USER (\S+)$", last, re.MULTILINE) == ["payer-policy"]
    assert "gcc" not in last


def test_what_the_containers_run_is_what_the_command_line_takes() -> None:
    options = {name for parameter in serve.params for name in parameter.opts}
    (arguments,) = re.findall(r'^CMD \["serve", (.+)\]$', DOCKERFILE, re.MULTILINE)
    composed = re.findall(r"exec payer-policy (.+)$", COMPOSE, re.MULTILINE)
    named = [word for line in composed for word in line.split() if word.startswith("--")]

    assert {line.split()[0] for line in composed} <= set(COMMANDS)
    assert set(re.findall(r'"(--[\w-]+)"', arguments)) | set(named) <= options


def test_every_variable_is_one_that_the_service_reads() -> None:
    read = {parameter.envvar for parameter in serve.params if parameter.envvar}
    ours = r"(PAYER_POLIC\w+)[=:]"

    assert set(re.findall(ours, DOCKERFILE) + re.findall(ours, COMPOSE)) <= read


def test_the_script_of_the_database_is_sound() -> None:
    script = ROOT / "deploy" / "database.sh"

    subprocess.run(["sh", "-n", script], check=True)
    assert str(Path("deploy") / script.name) in COMPOSE
    assert script.stat().st_mode & 0o111
