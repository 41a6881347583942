"""The folder of a run: parts of answers, rejects, and the journal that lists which parts count.

A part counts once its line is in the journal. The line is written after the part and its rejects are
on the disk, so a run can be killed at any moment: what the journal does not list is dropped, and the
run resumes after the last part that it lists.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from payer_policy.batch.counting import lines_between, records_in
from payer_policy.batch.deciding import CountsDiffer
from payer_policy.batch.schema import ANSWER, REPEATED
from payer_policy.core.whole_file import PRIVATE, lock, opened, private_folder
from payer_policy.formats.rejects import Reject
from payer_policy.formats.source import WrongCall

SCHEMA: Final = "payer-policy/batch-journal/2"
ROWS: Final = "rows"
REJECTS: Final = "rejects.jsonl"
JOURNAL: Final = "journal.jsonl"
SUMMARY: Final = "summary.json"
WRITTEN: Final = "answers"
"""The start of the name of the file of answers in a format: `answers.` and a suffix."""
_ARROW: Final = b"ARROW:schema"
"""Where Arrow looks for the types of columns as they were when a file was written."""
_LOCK: Final = ".lock"
_NEW: Final = ".new"
_OURS: Final = frozenset({ROWS, REJECTS, JOURNAL, SUMMARY, _LOCK, _NEW})


@dataclass
class Output:
    """The folder, locked. `parts` are the journal's lines on the parts that count."""

    folder: Path
    header: Mapping[str, Any]
    parts: list[Mapping[str, Any]] = field(default_factory=list)
    ending: Mapping[str, Any] | None = None
    """The journal's last line once the run is finished, with what was counted."""
    written: str | None = None
    """The name of the file of answers in a format; None: there is none."""
    _lock: IO[bytes] | None = None

    @property
    def finished(self) -> bool:
        return self.ending is not None

    @classmethod
    def open(
        cls, folder: Path, header: Mapping[str, Any], *, overwrite: bool, written: str | None = None
    ) -> Output:
        """Begin a run, or resume one that was stopped.

        Raises:
            WrongCall: the folder holds something else, or another run is writing it.
        """
        _refuse_foreign(folder)
        private_folder(folder)
        private_folder(folder / ROWS)
        out = cls(folder, header, written=written, _lock=_locked(folder))
        try:
            known = [] if overwrite else _lines(folder / JOURNAL)
            if known:
                out._resume(known)
            else:
                out._begin()
        except BaseException:
            out.close()
            raise
        return out

    def close(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # --- writing -----------------------------------------------------------------------------------

    def write(self, answers: bytes) -> None:
        """Add answers of the next part to the file of answers. They count when that part does."""
        if self.written is not None and answers:
            with opened(self.folder / self.written, "ab") as file:
                file.write(answers)

    def commit(
        self, table: Any, rejects: Iterable[Reject], line: Mapping[str, Any], compression: str
    ) -> None:
        """Write a part. When this returns, the part counts."""
        name = None
        if len(table):
            name = f"part-{self._next_part():05}.parquet"
            self._write_part(name, table, compression)
        lines = b"".join(reject.to_line() for reject in rejects)
        path = self.folder / REJECTS
        if lines:
            with opened(path, "ab") as file:
                file.write(lines)
                _sync(file)
        size = (self.folder / ROWS / name).stat().st_size if name else 0
        before = self.parts[-1]["rejects_length"] if self.parts else 0
        length = path.stat().st_size
        self._hold_to(line, name, lines_between(path, before, length))
        known = {"part": name, "bytes": size, **line, "rejects_length": length}
        if self.written is not None:
            with opened(self.folder / self.written, "ab") as file:
                _sync(file)
                known["written_length"] = file.tell()
        self._append(known)
        self.parts.append(known)

    def finish(self, summary: Mapping[str, Any], empty: Any, compression: str) -> None:
        """Write the summary, and the last line of the journal."""
        if not any(part["part"] for part in self.parts):
            self._write_part("part-00000.parquet", empty, compression)
        text = json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
        with self._replacing(self.folder / SUMMARY) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        self.ending = {"finished": True, "counted": summary["counted"]}
        self._append(self.ending)

    def _hold_to(self, line: Mapping[str, Any], name: str | None, rejected: int) -> None:
        """Count what is on the disk against what was to be written.

        Raises:
            CountsDiffer: the counts differ.
        """
        decided = records_in(self.folder / ROWS / name) if name else 0
        if (decided, rejected) != (line["decided"], line["rejected"]):
            raise CountsDiffer(
                f"{line['decided']:,} records were decided and {line['rejected']:,} rejected; the "
                f"files hold {decided:,} and {rejected:,}"
            )

    def _next_part(self) -> int:
        return sum(part["part"] is not None for part in self.parts)

    def _write_part(self, name: str, table: Any, compression: str) -> None:
        codec, _, level = compression.partition(":")
        kept = list(table.schema)[len(ANSWER) :]
        # Parquet drops the dictionary of a column whose texts seldom repeat.
        texts = [field.name for field in kept if pa.types.is_string(field.type)]
        with (
            self._replacing(self.folder / ROWS / name) as file,
            pq.ParquetWriter(
                file,
                table.schema,
                compression=codec,
                compression_level=int(level) if level else None,
                use_dictionary=[*REPEATED, *texts],
                write_statistics=True,
                store_schema=False,
            ) as writer,
        ):
            writer.write_table(table, row_group_size=max(1, len(table)))
            # To Arrow too, what is held as words in lists is text.
            schema = pa.schema([*ANSWER, *kept], table.schema.metadata)
            stored = base64.b64encode(schema.serialize())
            writer.add_key_value_metadata({**schema.metadata, _ARROW: stored})

    @contextmanager
    def _replacing(self, path: Path) -> Iterator[IO[bytes]]:
        """A file that takes a name once it is whole and on the disk."""
        new = self.folder / _NEW
        with opened(new, "wb") as file:
            yield file
            _sync(file)
        new.replace(path)
        _sync_folder(path.parent)

    def _append(self, line: Mapping[str, Any]) -> None:
        with opened(self.folder / JOURNAL, "ab") as file:
            file.write(_as_line(line))
            _sync(file)

    # --- starting ----------------------------------------------------------------------------------

    def _begin(self) -> None:
        # The journal goes first: without it, nothing else counts.
        for name in (JOURNAL, SUMMARY, _NEW, REJECTS):
            (self.folder / name).unlink(missing_ok=True)
        for path in self.folder.glob(f"{WRITTEN}.*"):
            path.unlink()
        self._drop_parts(set())
        for name in filter(None, (REJECTS, self.written)):
            (self.folder / name).touch(mode=PRIVATE)
        with self._replacing(self.folder / JOURNAL) as file:
            file.write(_as_line(self.header))

    def _resume(self, known: list[tuple[Mapping[str, Any], int]]) -> None:
        _refuse_other_run(self.folder, known[0][0], self.header)
        for line, _ in known[1:]:
            if line.get("finished"):
                self.ending = line
            else:
                self.parts.append(line)
        self._check_parts()
        if self.finished:
            return
        _cut(self.folder / JOURNAL, known[-1][1])
        for name, length in self._lengths():
            (self.folder / name).touch(mode=PRIVATE)
            _cut(self.folder / name, length)
        (self.folder / SUMMARY).unlink(missing_ok=True)
        (self.folder / _NEW).unlink(missing_ok=True)
        self._drop_parts({part["part"] for part in self.parts})

    def _check_parts(self) -> None:
        for part in self.parts:
            name = part["part"]
            path = self.folder / ROWS / str(name)
            if name and (not path.is_file() or path.stat().st_size != part["bytes"]):
                raise WrongCall(
                    f"{path}: this part of an earlier run is missing or was changed. "
                    "Begin again with --overwrite."
                )
        for name, wanted in self._lengths():
            path = self.folder / name
            if wanted and (not path.is_file() or path.stat().st_size < wanted):
                what = "rejects" if name == REJECTS else "answers"
                raise WrongCall(
                    f"{path}: {what} of an earlier run are missing. Begin again with --overwrite."
                )

    def _lengths(self) -> Iterator[tuple[str, int]]:
        """The files that grow with each part, and how much of them counts."""
        last = self.parts[-1] if self.parts else {}
        yield REJECTS, last.get("rejects_length", 0)
        if self.written is not None:
            yield self.written, last.get("written_length", 0)

    def _drop_parts(self, kept: set[str]) -> None:
        for path in (self.folder / ROWS).glob("part-*.parquet"):
            if path.name not in kept:
                path.unlink()


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that holds anything that no run wrote."""
    if folder.exists() and not folder.is_dir():
        raise WrongCall(f"{folder}: this is a file; a folder for the answers was expected.")
    if folder.is_dir():
        others = sorted(
            path.name
            for path in folder.iterdir()
            if path.name not in _OURS and not path.match(f"{WRITTEN}.*")
        )
        rows = folder / ROWS
        if not others and rows.is_dir():
            others = sorted(p.name for p in rows.iterdir() if not p.match("part-*.parquet"))
        if others:
            raise WrongCall(
                f"{folder}: holds `{others[0]}`, which no run of batch wrote. "
                "Name a separate folder for the answers."
            )


def _refuse_other_run(folder: Path, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    words = {
        "inputs": "the input files",
        "policies": "the policies",
        "options": "the options",
        "facts": "the facts file",
        "version": "the version of payer-policy",
        "schema": "the format of the journal",
    }
    different = [word for key, word in words.items() if theirs.get(key) != ours[key]]
    if not different:
        return
    what = " and ".join([", ".join(different[:-1]), different[-1]] if different[1:] else different)
    detail = _changed_input(theirs, ours)
    raise WrongCall(
        f"{folder}: holds a run that differs from this one in {what}{detail}. To start over and "
        "discard its answers: --overwrite. To keep them: another folder after -o."
    )


def _changed_input(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    then = {one["path"]: one for one in theirs.get("inputs", ())}
    now = {one["path"]: one for one in ours["inputs"]}
    for path in sorted(then.keys() | now.keys()):
        if then.get(path) != now.get(path):
            what = "is new" if path not in then else "is gone" if path not in now else "was changed"
            return f" ({path} {what})"
    return ""


def _lines(path: Path) -> list[tuple[Mapping[str, Any], int]]:
    """The complete lines of a journal, each with the length of the file up to its end."""
    out: list[tuple[Mapping[str, Any], int]] = []
    if not path.is_file():
        return out
    length = 0
    with path.open("rb") as file:
        for text in file:
            length += len(text)
            try:
                line = json.loads(text) if text.endswith(b"\n") else None
            except ValueError:
                line = None
            if not isinstance(line, dict):
                break  # incomplete: the run was killed while it wrote this line
            out.append((line, length))
    return out


def _as_line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _cut(path: Path, length: int) -> None:
    if path.stat().st_size != length:
        with path.open("r+b") as file:
            file.truncate(length)
            _sync(file)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Put a renaming on the disk; Windows does so by itself."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _locked(folder: Path) -> IO[bytes]:
    """A lock that ends with this process, however it ends."""
    file = opened(folder / _LOCK, "ab")
    try:
        lock(file, wait=False)
    except OSError:
        file.close()
        raise WrongCall(f"{folder}: another run is writing this folder.") from None
    return file
