"""Files as one zip archive and back: always the same bytes for the same files, and nothing is extracted.

Any tool opens the archive. Entries are stored uncompressed, in a fixed order, with a fixed date. An
archive is read only if packing what it holds gives the same bytes, so whatever a hostile archive
contains, it is not a bundle; everything else that is checked here is for a clear message, and to bound
the memory.
"""

from __future__ import annotations

import struct
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Final, NoReturn
from zipfile import BadZipFile, ZipFile, ZipInfo

from payer_policy.bundle.problems import BundleError, problem, refuse
from payer_policy.core.diagnostics import Diagnostic

MAX_BYTES: Final = 200_000_000
"""Bytes of the whole file. The largest code sets have a few megabytes each."""
MAX_FILES: Final = 10_000
MAX_NAME: Final = 240
"""Characters of a path; some file systems cannot hold more."""
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature"
POLICIES: Final = "policies/"
FEATURES: Final = "features/"

_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The first day that a zip can name: a bundle does not say when its files were saved."""
_UNIX: Final = 3
_ATTRIBUTES: Final = 0o100644 << 16
_KIND: Final = 0o170000
_LINK: Final = 0o120000
_REGULAR: Final = (0o100000, 0)
_ENCRYPTED: Final = 0x1

# Parts of a zip archive, by APPNOTE.TXT 6.3 of PKWARE, sections 4.3.7, 4.3.12 and 4.3.16.
_LOCAL_MARK: Final = b"PK\x03\x04"
_LOCAL_BYTES: Final = 30
_CENTRAL_BYTES: Final = 46
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_ONLY_IN_PATHS: Final = frozenset('\\:*?"<>|')
_DEVICES: Final = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of some files, by path. The order of the mapping does not matter.

    Raises:
        ValueError: `why_no_path` objects to a path, or the files exceed the limits.
    """
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name in sorted(files, key=_order):
            if (why := why_no_path(name)) is not None:
                raise ValueError(f"{name!r} {why}")
            entry = ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = _UNIX, _ATTRIBUTES
            archive.writestr(entry, files[name])
    if out.tell() > MAX_BYTES or len(files) > MAX_FILES:
        raise ValueError(
            f"{len(files):,} files of {out.tell():,} bytes in total; a bundle has at most "
            f"{MAX_FILES:,} files and {MAX_BYTES:,} bytes"
        )
    return out.getvalue()


def _order(name: str) -> tuple[bool, bool, str]:
    return name != MANIFEST, name != SIGNATURE, name


def why_no_path(name: str) -> str | None:
    """Why a name cannot be the path of an entry on every operating system; None: it can."""
    if not name or len(name) > MAX_NAME:
        return f"has {len(name)} characters; 1 to {MAX_NAME} were expected"
    if not name.isprintable():  # control characters, lone surrogates
        return "contains a character that cannot be printed"
    if found := sorted(_ONLY_IN_PATHS & set(name)):
        return f"contains `{found[0]}`, which some systems do not allow in a file name"
    if unicodedata.normalize("NFC", name) != name:
        return "contains an accent as a separate character"
    for part in name.split("/"):
        if part == "..":
            return "leads out of the bundle"
        if part in ("", "."):
            return "is not a plain path in the bundle"
        if part[-1] in ". " or part[0] == " ":
            return f"has a part that begins with a space or ends with a dot or space (`{part}`)"
        if part.partition(".")[0].casefold() in _DEVICES:
            return f"has a part that names a device on Windows (`{part}`)"
    return None


def unpack(data: bytes, file: str) -> dict[str, bytes]:
    """The files of an archive that `pack` made, by path. Nothing is written anywhere.

    Args:
        data: The whole archive.
        file: Its name in messages.

    Raises:
        BundleError: It is anything but such an archive; with everything that is wrong.
    """
    start, count = _directory(data, file)
    try:
        archive = ZipFile(BytesIO(data))
        entries = archive.infolist()
    except Exception:  # zipfile has many kinds of errors for damaged archives
        _fail("not-a-bundle", file, "the archive's directory is damaged")
    if len(entries) != count:
        _fail("foreign-bytes", file, "the archive's directory has bytes that belong to no entry")
    refuse(_name_problems(entries, file))
    refuse(one for entry in entries for one in _entry_problems(entry, data, start, file))
    if sum(entry.compress_size for entry in entries) > start:
        _fail("foreign-bytes", file, "entries of the archive overlap")
    files: dict[str, bytes] = {}
    damaged: list[Diagnostic] = []
    for entry in entries:
        try:
            files[entry.filename] = archive.read(entry)
        except (BadZipFile, EOFError):
            message = "its bytes do not have its checksum: the bundle was damaged or changed"
            damaged.append(problem("damaged", f"{file}/{entry.filename}", message, _AGAIN))
    refuse(damaged)
    if pack(files) != data:
        message = "the archive differs from what `payer-policy bundle build` writes"
        _fail("not-as-built", file, f"{message}: another program wrote or changed it")
    return files


_AGAIN: Final = "copy the bundle again from where it was built, or build it again"


def _fail(code: str, file: str, message: str, hint: str = _AGAIN) -> NoReturn:
    raise BundleError([problem(code, file, message, hint)])


def _directory(data: bytes, file: str) -> tuple[int, int]:
    """Where the archive's directory begins, and how many entries it has.

    The end record says so. It must be the very last part, after the entries and the directory.
    """
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES // 1_000_000} megabytes"
        _fail("too-large", file, message, "is this the right file?")
    if not data.startswith(_LOCAL_MARK):
        at = data.find(_LOCAL_MARK)
        if at < 0 or _END_MARK not in data:
            what = "it is empty" if not data else "it is not a zip archive"
            hint = "name a file that `payer-policy bundle build` made"
            _fail("not-a-bundle", file, f"{what}; a bundle was expected", hint)
        _fail("foreign-bytes", file, f"{at:,} bytes come before the archive; none are allowed")
    last = data.rfind(_END_MARK)
    if last < 0 or last + _END.size > len(data):
        _fail("not-a-bundle", file, "it is cut short: the end of the archive is missing")
    if (after := len(data) - last - _END.size) > 0:
        _fail("foreign-bytes", file, f"{after:,} bytes follow the archive; none are allowed")
    _, _, _, here, count, size, start, _ = _END.unpack_from(data, last)
    if count > MAX_FILES or here != count or size > MAX_FILES * (_CENTRAL_BYTES + 4 * MAX_NAME):
        message = f"the archive says it has {count:,} entries; at most {MAX_FILES:,} are read"
        _fail("too-large", file, message)
    if start + size != last:
        message = "bytes are missing from the archive, or were added between its parts"
        _fail("foreign-bytes", file, message)
    return start, count


def _name_problems(entries: list[ZipInfo], file: str) -> Iterator[Diagnostic]:
    seen: dict[str, str] = {}
    names = [entry.orig_filename for entry in entries]  # as written; `filename` may be cut
    for name in names:
        if name.endswith("/"):
            message = "it is a folder; a bundle has files only"
            yield problem("not-a-file", f"{file}/{_short(name)}", message)
        elif (why := why_no_path(name)) is not None:
            message = f"the entry `{_short(name)}` {why}"
            yield problem("wrong-name", file, message, "nothing was written anywhere")
        if (other := seen.setdefault(name.casefold(), name)) != name:
            message = f"it differs only in letter case from `{_short(other)}`"
            yield problem("duplicate-address", f"{file}/{_short(name)}", message)
    for name, count in Counter(names).items():
        if count > 1:
            message = f"{count} entries have this name; which one is meant cannot be known"
            yield problem("duplicate-address", f"{file}/{_short(name)}", message)


def _entry_problems(entry: ZipInfo, data: bytes, start: int, file: str) -> Iterator[Diagnostic]:
    where, stored = f"{file}/{entry.filename}", entry.compress_size
    if entry.flag_bits & _ENCRYPTED:
        yield problem("not-stored", where, "it is encrypted; a bundle stores its files unchanged")
    elif entry.compress_type != 0 or stored != entry.file_size:
        message = (
            f"it is compressed, and says it becomes {entry.file_size:,} bytes; a bundle stores its "
            "files unchanged"
        )
        hint = "only `payer-policy bundle build` packs bundles"
        yield problem("not-stored", where, message, hint)
    if (kind := entry.external_attr >> 16 & _KIND) not in _REGULAR:
        what = "a link" if kind == _LINK else "not a plain file"
        yield problem("not-a-file", where, f"it is {what}; a bundle has files only")
    if entry.header_offset + _LOCAL_BYTES + stored > start:
        message = (
            f"it says it has {stored:,} bytes, more than the archive has: it was cut short or its "
            "size is wrong"
        )
        yield problem("not-a-bundle", where, message, _AGAIN)
    elif not data.startswith(_LOCAL_MARK, entry.header_offset):
        message = "it is not where the archive's directory says"
        yield problem("not-a-bundle", where, message, _AGAIN)


def _short(name: str) -> str:
    """A name of any length, short enough to read."""
    return name if len(name) <= 80 else f"{name[:79]}…"
