"""The archive: one spelling, opened by every zip tool, and nothing but that spelling is ever read."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Callable
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.bundle import archive
from payer_policy.bundle.archive import pack, unpack, why_no_path
from payer_policy.bundle.problems import MAX_PROBLEMS, BundleError

FILES = {"manifest.json": b"{}\n", "policies/a/b.json": b"[1]" * 40, "signature": b"\x00" * 64}
NAMES = st.lists(
    st.text("abc.-é日 ", min_size=1, max_size=6), min_size=1, max_size=3
).map("/".join)  # fmt: skip


def codes(data: bytes) -> list[str]:
    with pytest.raises(BundleError) as refused:
        unpack(data, "b.zip")
    return [one.code for one in refused.value.diagnostics]


def said(data: bytes) -> str:
    with pytest.raises(BundleError) as refused:
        unpack(data, "b.zip")
    return " / ".join(f"{one.location.file}: {one.message}" for one in refused.value.diagnostics)


# --- what is written ------------------------------------------------------------------------------


def plain(names: dict[str, bytes]) -> bool:
    folded = {name.casefold() for name in names}
    return len(folded) == len(names) and all(why_no_path(name) is None for name in names)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=5).filter(plain))
def test_what_is_packed_is_read_back_and_by_other_tools_too(files: dict[str, bytes]) -> None:
    data = pack(files)

    assert unpack(data, "b.zip") == files
    assert pack(dict(reversed(files.items()))) == data
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == files


def test_the_manifest_comes_first_and_no_date_is_told() -> None:
    with zipfile.ZipFile(io.BytesIO(pack(FILES))) as other:
        assert other.namelist() == ["manifest.json", "signature", "policies/a/b.json"]
        assert {one.date_time for one in other.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_spelling_never_changes() -> None:
    """A bundle that was signed years ago must still be spelled like this."""
    assert pack({"a": b"x"}).hex() == (
        "504b03041400000000000000210083"
        "16dc8c010000000100000001000000" + "6178"
        "504b010214031400000000000000210083"
        "16dc8c0100000001000000010000000000000000000000a48100000000" + "61"
        "504b050600000000010001002f000000200000000000"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../x", "leads out"),
        ("a/../../x", "leads out"),
        ("/etc/x", "not a plain path"),
        ("a//x", "not a plain path"),
        ("./x", "not a plain path"),
        ("a/", "not a plain path"),
        ("C:/x", "contains `:`"),
        ("a\\x", "contains `\\`"),
        ("a\nx", "cannot be printed"),
        ("a\x00x", "cannot be printed"),
        ("a\udcffx", "cannot be printed"),
        ("a\u202ex", "cannot be printed"),
        ("x.", "ends with a dot or space"),
        ("a /x", "ends with a dot or space"),
        ("NUL.json", "names a device"),
        ("e\u0301.json", "accent"),
        ("x" * 241, "241 characters"),
        ("", "0 characters"),
    ],
)
def test_a_name_that_is_no_path_everywhere(name: str, why: str) -> None:
    assert why in (why_no_path(name) or "")
    with pytest.raises(ValueError, match=r"character|plain|contains|leads|part"):
        pack({name: b""})


# --- what others write ----------------------------------------------------------------------------


def zipped(*entries: tuple[str, bytes], method: int = 0, attributes: int | None = None) -> bytes:
    """What a common zip tool would write."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as other, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that is written twice is what we want
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            if attributes is not None:
                info.create_system, info.external_attr = 3, attributes << 16
            other.writestr(info, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "not-a-bundle", "it is empty"),
        (b"not a zip", "not-a-bundle", "not a zip archive"),
        (b"\x7fELF" * 99, "not-a-bundle", "not a zip archive"),
        (zipped(("a", b"0" * 9**7), method=8), "not-stored", "becomes 4,782,969 bytes"),
        (zipped(("a", b"0" * 999), method=12), "not-stored", "compressed"),
        (zipped(("../../a", b"x")), "wrong-name", "`../../a` leads out of the bundle"),
        (zipped(("/a", b"x")), "wrong-name", "`/a` is not a plain path"),
        (zipped(("a", b"x"), ("a", b"y")), "duplicate-address", "2 entries have this name"),
        (zipped(("a/B", b"x"), ("a/b", b"y")), "duplicate-address", "letter case"),
        (zipped(("a", b"/etc/passwd"), attributes=0o120777), "not-a-file", "it is a link"),
        (zipped(("a", b""), attributes=0o010644), "not-a-file", "not a plain file"),
        (zipped(("a/", b"")), "not-a-file", "it is a folder"),
        (zipped(("a", b"x")), "not-as-built", "another program wrote"),
        (zipped(*((f"f{n}", b"") for n in range(10_001))), "too-large", "10,001 entries"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_foreign_archive_is_refused_and_named(data: bytes, code: str, words: str) -> None:
    assert codes(data) == [code]
    assert words in said(data)


def test_all_problems_of_the_names_come_at_once_but_not_without_end() -> None:
    few = codes(zipped(("../a", b""), ("/b", b""), ("c/", b"")))
    assert sorted(few) == ["not-a-file", "wrong-name", "wrong-name"]

    many = codes(zipped(*((f"../{n}", b"") for n in range(5_000))))
    assert len(many) == MAX_PROBLEMS + 1
    assert many.count("too-many-problems") == 1


# --- what is done to our own ----------------------------------------------------------------------


def test_every_flipped_bit_is_found() -> None:
    data = pack(FILES)
    for at in range(len(data)):
        for bit in (0, 7):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises(BundleError):
                unpack(bytes(changed), "b.zip")


def test_a_changed_file_is_named() -> None:
    data = pack(FILES)
    at = data.index(b"[1][1]")

    assert said(data[:at] + b"9" + data[at + 1 :]) == (
        "b.zip/policies/a/b.json: its bytes do not have its checksum: the bundle was damaged or "
        "changed"
    )


def test_every_cut_is_found() -> None:
    data = pack(FILES)
    for length in range(len(data)):
        assert codes(data[:length])[0] in {"not-a-bundle", "foreign-bytes"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: b"#!/bin/sh\n" + data, "10 bytes come before"),
        (lambda data: data + b"x" * 7, "7 bytes follow"),
        (lambda data: data + data, "bytes are missing|come before"),
        (lambda data: data[:-2] + b"\x03\x00" + b"abc", "3 bytes follow"),
    ],
)
def test_foreign_bytes_are_found(change: Callable[[bytes], bytes], words: str) -> None:
    data = change(pack(FILES))

    assert codes(data) == ["foreign-bytes"]
    assert any(word in said(data) for word in words.split("|"))


def hand_made(entries: list[tuple[str, int, int, bytes]], body: bytes) -> bytes:
    """An archive whose directory says what it likes: name, offset, size and flags of each entry."""
    directory = b"".join(
        struct.pack(
            *("<4s6H3L5H2L", b"PK\x01\x02", 788, 20, flags[0], 0, 0, 33, crc32(b"")),
            *(size, size, len(name), 0, 0, 0, 0, 0o100644 << 16, offset),
        )
        + name.encode()
        for name, offset, size, flags in entries
    )
    count = len(entries)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + end


BODY = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a" + b"z" * 5_000


@pytest.mark.parametrize(
    ("entries", "code", "words"),
    [
        ([("a", 0, 4_000_000_000, b"\0")], "not-a-bundle", "more than the archive has"),
        ([("a", 4_000_000_000, 1, b"\0")], "not-a-bundle", "more than the archive has"),
        ([(f"f{n}", 0, 4_000, b"\0") for n in range(9_000)], "foreign-bytes", "overlap"),
        ([("a", 0, 10, b"\1")], "not-stored", "encrypted"),
        ([("a", 7, 10, b"\0")], "not-a-bundle", "is not where"),
        ([("a", 0, 5_000, b"\0")], "damaged", "checksum"),
    ],
)
def test_a_directory_that_lies_is_refused(
    entries: list[tuple[str, int, int, bytes]], code: str, words: str
) -> None:
    data = hand_made(entries, BODY)

    assert codes(data) == [code]
    assert words in said(data)


def test_too_large_is_said_before_anything_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 100)

    assert codes(b"PK\x03\x04" + b"\0" * 97) == ["too-large"]
    with pytest.raises(ValueError, match="at most"):
        pack(FILES)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120), st.integers(0, 400), st.integers(0, 60))
def test_any_bytes_are_refused_in_words(noise: bytes, at: int, gone: int) -> None:
    data = pack(FILES)
    at = min(at, len(data))
    changed = data[:at] + noise + data[at + gone :]
    for one in (noise, b"PK\x03\x04" + noise, changed):
        if one != data:
            with pytest.raises(BundleError):
                unpack(one, "b.zip")
