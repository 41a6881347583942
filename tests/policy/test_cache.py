"""A folder that was checked before is read from the cache, and never a stale or a foreign one."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine, Library, PolicyError
from payer_policy.policy import cache
from payer_policy.policy.cache import VARIABLE, cached_library
from tests.facade.test_engine import POLICIES

REQUEST = {
    "id": "SYN-1",
    "facts": {"coverage.payer": "medicare", "coverage.line_of_business": "medicare",
              "drug.code": "J0945", "service.date": "2025-03-04"},
}  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    shutil.copytree(POLICIES, tmp_path / "policies")
    return tmp_path / "policies"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often a folder was really read."""
    calls: list[str] = []
    real = Library.open

    def opening(folder: str | Path) -> Library:
        calls.append(str(folder))
        return real(folder)

    monkeypatch.setattr(Library, "open", staticmethod(opening))
    return calls


def answer(library: Library) -> Any:
    return Engine(library).decide(REQUEST).to_json()


def test_the_second_time_it_is_not_read_and_says_the_same(
    kept: Path, policies: Path, opened: list[str]
) -> None:
    first, second = cached_library(policies), cached_library(policies)

    assert len(opened) == 1
    assert answer(first) == answer(second)
    assert (kept.stat().st_mode & 0o777, len(list(kept.iterdir()))) == (0o700, 1)


def test_whatever_changes_is_seen(kept: Path, policies: Path, opened: list[str]) -> None:
    before = answer(cached_library(policies))
    path = policies / "medicare" / "intrathecal-baclofen" / "2016-01-01.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"title": "', '"title": "Newer: ', 1), "utf-8")

    after = answer(cached_library(policies))

    assert len(opened) == 2
    assert after != before
    path.write_text("{", "utf-8")
    with pytest.raises(PolicyError):
        cached_library(policies)
    assert len(opened) == 3
    assert len(list(kept.iterdir())) == 2, "a folder with an error is not kept"


@pytest.mark.parametrize("data", [b"", b"no pickle", pickle.dumps("no library")])
def test_a_damaged_entry_is_read_again(
    kept: Path, policies: Path, opened: list[str], data: bytes
) -> None:
    cached_library(policies)
    (entry,) = kept.iterdir()
    entry.write_bytes(data)

    assert answer(cached_library(policies))["decision"] == "pend"
    assert len(opened) == 2


@pytest.mark.parametrize("which", ["folder", "entry"])
def test_what_others_could_have_written_is_not_trusted(
    kept: Path, policies: Path, opened: list[str], which: str
) -> None:
    cached_library(policies)
    (entry,) = kept.iterdir()
    (kept if which == "folder" else entry).chmod(0o722)

    cached_library(policies)

    assert len(opened) == 2


def test_a_link_to_somewhere_else_is_not_trusted(
    kept: Path, policies: Path, opened: list[str], tmp_path: Path
) -> None:
    cached_library(policies)
    (entry,) = kept.iterdir()
    entry.rename(tmp_path / "elsewhere")
    entry.symlink_to(tmp_path / "elsewhere")

    cached_library(policies)

    assert len(opened) == 2


def test_it_can_be_switched_off_or_be_impossible(
    kept: Path, policies: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, "off")
    cached_library(policies)
    cached_library(policies)
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "below"))
    cached_library(policies)

    assert len(opened) == 3
    assert not kept.exists()


def test_only_so_many_are_kept(kept: Path, policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_KEPT", 2)
    for number in range(4):
        (policies / "medicare" / "payer.json").write_text(
            (policies / "medicare" / "payer.json").read_text("utf-8") + " " * (number + 1), "utf-8"
        )
        cached_library(policies)

    assert len(list(kept.iterdir())) == 2
