"""Files as one zip archive and back: always the same bytes for the same files, and nothing unpacked.

The archive is a zip that any tool opens, in one spelling: entries stored as they are, in a fixed
order, with a fixed date. It is written out here and not left to a library, since a bundle that was
signed years ago must be spelled alike by every later version of everything. Reading accepts exactly
what writing writes, so whatever a hostile archive tries, it is no bundle.
"""

from __future__ import annotations

import struct
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from zlib import crc32

from payer_policy.bundle.problems import problem, refuse
from payer_policy.core.diagnostics import Diagnostic

MAX_BYTES: Final = 200_000_000
"""Of the whole file. The largest code sets take a few megabytes each."""
MAX_FILES: Final = 10_000
MAX_NAME: Final = 240
"""Characters of a path; more than that some file systems cannot hold."""
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature"
POLICIES: Final = "policies/"
FEATURES: Final = "features/"

# The parts of a zip archive, by APPNOTE.TXT 6.3 of PKWARE, sections 4.3.7, 4.3.12 and 4.3.16.
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION: Final = 20
_UNIX: Final = 3 << 8
_UTF8: Final = 0x800
_ENCRYPTED: Final = 0x1
_DATE: Final = (1 << 5) | 1
"""1 January 1980, the first day that a zip can name: when a file was saved says nothing here."""
_ATTRIBUTES: Final = 0o100644 << 16
_KIND: Final = 0o170000
_REGULAR: Final = (0o100000, 0)
_ONLY_IN_PATHS: Final = frozenset('\\:*?"<>|')
_DEVICES: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of some files, by path. The order of the mapping does not matter.

    Raises:
        ValueError: A path that `why_no_path` has a word against, or files beyond the limits.
    """
    body, directory = bytearray(), bytearray()
    for name in sorted(files, key=_order):
        if (why := why_no_path(name)) is not None:
            raise ValueError(f"{name!r} {why}")
        data, encoded = files[name], name.encode()
        common = (
            *(_VERSION, 0 if name.isascii() else _UTF8, 0, 0, _DATE),
            *(crc32(data), len(data), len(data), len(encoded), 0),
        )
        directory += _CENTRAL.pack(
            _CENTRAL_MARK, _UNIX | _VERSION, *common, 0, 0, 0, _ATTRIBUTES, len(body)
        )
        directory += encoded
        body += _LOCAL.pack(_LOCAL_MARK, *common) + encoded + data
    count = len(files)
    end = _END.pack(_END_MARK, 0, 0, count, count, len(directory), len(body), 0)
    total = len(body) + len(directory) + len(end)
    if total > MAX_BYTES or count > MAX_FILES:
        raise ValueError(
            f"{count:,} files of together {total:,} bytes; a bundle has at most {MAX_FILES:,} "
            f"and {MAX_BYTES:,}"
        )
    return bytes(body + directory + end)


def _order(name: str) -> tuple[bool, bool, str]:
    return name != MANIFEST, name != SIGNATURE, name


def why_no_path(name: str) -> str | None:
    """Why a name cannot be the path of an entry on every computer; None: it can."""
    if not name or len(name) > MAX_NAME:
        return f"has {len(name)} characters; 1 to {MAX_NAME} were expected"
    if not name.isprintable():  # control characters, lone surrogates
        return "holds a character that cannot be printed"
    if found := sorted(_ONLY_IN_PATHS & set(name)):
        return f"holds `{found[0]}`, which no file name may hold everywhere"
    if unicodedata.normalize("NFC", name) != name:
        return "holds an accent as a character of its own"
    for part in name.split("/"):
        if part == "..":
            return "leads out of the bundle"
        if part in ("", "."):
            return "is not a plain path below the bundle"
        if part[-1] in ". " or part[0] == " ":
            return f"has a part that begins or ends with a dot or a blank (`{part}`)"
        if part.partition(".")[0].casefold() in _DEVICES:
            return f"has a part that names a device on some computers (`{part}`)"
    return None


class _Entry(NamedTuple):
    """One line of the archive's own directory."""

    name: str
    flags: int
    method: int
    crc: int
    stored: int
    size: int
    attributes: int
    offset: int


def unpack(data: bytes, file: str) -> dict[str, bytes]:
    """The files of an archive that `pack` made, by path. Nothing is written anywhere.

    Args:
        data: The archive, whole.
        file: Its name as people know it.

    Raises:
        BundleError: It is anything else than such an archive; with everything that is wrong.
    """
    start = _directory_start(data, file)
    entries = list(_entries(data, start, file))
    refuse(_names_problems(entries, file))
    refuse(problem for entry in entries for problem in _entry_problems(entry, start, file))
    if sum(entry.stored for entry in entries) > start:
        refuse([problem("foreign-bytes", file, "entries of the archive lie over one another")])
    files: dict[str, bytes] = {}
    damaged: list[Diagnostic] = []
    for entry in entries:
        files[entry.name] = content = _content(data, entry, file)
        if crc32(content) != entry.crc:
            message = "its bytes are not those of its checksum: the bundle was damaged or changed"
            damaged.append(problem("damaged", f"{file}/{entry.name}", message, _AGAIN))
    refuse(damaged)
    if (packed := pack(files)) != data:
        message = (
            f"the archive is not spelled as `payer-policy bundle build` spells it (from byte "
            f"{_first_difference(packed, data) + 1:,}), so another program wrote or changed it"
        )
        refuse([problem("not-as-built", file, message, _AGAIN)])
    return files


_AGAIN: Final = "copy the bundle again from where it was built, or build it again"


def _first_difference(a: bytes, b: bytes, step: int = 65_536) -> int:
    at = next((at for at in range(0, len(a), step) if a[at : at + step] != b[at : at + step]), 0)
    return next((i for i in range(at, min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))


def _directory_start(data: bytes, file: str) -> int:
    """Where the archive's directory begins: the end record says so, and must be the very last."""
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES // 1_000_000} megabytes"
        refuse([problem("too-large", file, message, "is this the right file?")])
    if not data.startswith(_LOCAL_MARK):
        at = data.find(_LOCAL_MARK)
        if at < 0 or _END_MARK not in data:
            what = "it is empty" if not data else "it is not a zip archive"
            hint = "name a file that `payer-policy bundle build` made"
            refuse([problem("not-a-bundle", file, f"{what}; a bundle was expected", hint)])
        message = f"{at:,} bytes stand before the archive; nothing may"
        refuse([problem("foreign-bytes", file, message, _AGAIN)])
    last = data.rfind(_END_MARK)
    if last < 0 or last + _END.size > len(data):
        message = "it is cut short: the end of the archive is missing"
        refuse([problem("not-a-bundle", file, message, _AGAIN)])
    if (after := len(data) - last - _END.size) > 0:
        message = f"{after:,} bytes stand after the end of the archive; nothing may"
        refuse([problem("foreign-bytes", file, message, _AGAIN)])
    _, _, _, here, count, size, start, _ = _END.unpack_from(data, last)
    if count > MAX_FILES or here != count:
        message = f"the archive says it has {count:,} entries; at most {MAX_FILES:,} are read"
        refuse([problem("too-large", file, message, _AGAIN)])
    if start + size != last:
        message = "bytes are missing from the archive, or stand between its parts"
        refuse([problem("foreign-bytes", file, message, _AGAIN)])
    return int(start)


def _entries(data: bytes, start: int, file: str) -> Iterator[_Entry]:
    at, end = start, len(data) - _END.size
    count = _END.unpack_from(data, end)[4]
    for _ in range(count):
        header = _CENTRAL.unpack_from(data, at) if at + _CENTRAL.size <= end else (b"",)
        if header[0] != _CENTRAL_MARK:
            refuse([problem("not-a-bundle", file, "the archive's directory is broken", _AGAIN)])
        _, _, _, flags, method, _, _, crc, stored, size, length, extra, note, *rest = header
        at += _CENTRAL.size
        name = data[at : at + length].decode("utf-8", "backslashreplace")
        yield _Entry(name, flags, method, crc, stored, size, rest[2], rest[3])
        at += length + extra + note
    if at != end:
        message = "bytes stand in the archive's directory that belong to no entry"
        refuse([problem("foreign-bytes", file, message, _AGAIN)])


def _names_problems(entries: list[_Entry], file: str) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.name.endswith("/"):
            message = "it is a folder; a bundle has files only"
            yield problem("not-a-file", f"{file}/{_shown(entry.name)}", message)
        elif (why := why_no_path(entry.name)) is not None:
            message = f"the entry `{_shown(entry.name)}` {why}"
            yield problem("wrong-name", file, message, "nothing was written anywhere")
        folded = entry.name.casefold()
        if (other := seen.setdefault(folded, entry.name)) != entry.name:
            message = f"it differs only in letter case from `{_shown(other)}`"
            yield problem("duplicate-address", f"{file}/{_shown(entry.name)}", message)
    for name, count in Counter(entry.name for entry in entries).items():
        if count > 1:
            message = f"{count} entries have this name; which of them is meant cannot be known"
            yield problem("duplicate-address", f"{file}/{_shown(name)}", message)


def _entry_problems(entry: _Entry, start: int, file: str) -> Iterator[Diagnostic]:
    where = f"{file}/{entry.name}"
    if entry.flags & _ENCRYPTED:
        yield problem("not-stored", where, "it is encrypted; a bundle holds its files as they are")
    elif entry.method != 0 or entry.stored != entry.size:
        message = (
            f"it is compressed, and says it becomes {entry.size:,} bytes; a bundle holds its files "
            "as they are"
        )
        yield problem(
            "not-stored", where, message, "only `payer-policy bundle build` packs bundles"
        )
    if (kind := entry.attributes >> 16 & _KIND) not in _REGULAR:
        what = "a link" if kind == 0o120000 else "not a plain file"
        yield problem("not-a-file", where, f"it is {what}; a bundle has files only")
    if entry.offset + _LOCAL.size + entry.stored > start:
        message = (
            f"it says it has {entry.stored:,} bytes, more than the archive has: it was cut short, "
            "or says what is not so"
        )
        yield problem("not-a-bundle", where, message, _AGAIN)


def _content(data: bytes, entry: _Entry, file: str) -> bytes:
    local = _LOCAL.unpack_from(data, entry.offset)
    if local[0] != _LOCAL_MARK:
        message = "it does not stand where the archive's directory says"
        refuse([problem("not-a-bundle", f"{file}/{entry.name}", message, _AGAIN)])
    begin = entry.offset + _LOCAL.size + local[-2] + local[-1]
    return data[begin : begin + entry.stored]


def _shown(name: str) -> str:
    """A name of anybody's making, short enough to be read."""
    return name if len(name) <= 80 else f"{name[:79]}…"
