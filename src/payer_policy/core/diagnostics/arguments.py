"""What a caller hands over, or a sentence where it is of another type, instead of a bare `TypeError`."""

from __future__ import annotations

import os
from pathlib import Path

from payer_policy.core.diagnostics.model import Diagnostic, Location, PolicyError


def kind_of(value: object) -> str:
    """A value that does not fit, by what it is and not by what it holds: "a text", "an `int`"."""
    if value is None:
        return "None"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return "a text"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} `{name[:40]}`"


def given_path(given: object, what: str) -> Path:
    """The path that a caller names.

    Args:
        given: A text, a `pathlib.Path`, or another path-like object that gives a text.
        what: What it should lead to, with its article: "a policy folder".

    Raises:
        PolicyError: It is no path (None, a number, bytes), or an empty text, which would be the
            folder that the program runs in.
    """
    try:
        path = os.fspath(given)  # type: ignore[call-overload]
    except TypeError:
        path = given
    if isinstance(path, str) and path:
        return Path(path)
    found = "an empty text" if path == "" else kind_of(path)
    message = f"found {found}; the path of {what} was expected"
    hint = "give a text or a `pathlib.Path`"
    if isinstance(path, bytes):
        hint = "decode it with `os.fsdecode`"
    raise PolicyError([Diagnostic("wrong-type", message, Location("path"), hint)])


def given_bytes(given: object, file: str) -> None:
    """Hold the contents of a file to be bytes.

    Args:
        given: What the caller hands over.
        file: The name of the file, for the message.

    Raises:
        PolicyError: It is anything else, such as a text or a path.
    """
    if not isinstance(given, (bytes, bytearray)):
        message = f"found {kind_of(given)}; the bytes of a file were expected"
        hint = "read a file with `Path.read_bytes`, encode a text with `.encode()`"
        raise PolicyError([Diagnostic("wrong-type", message, Location(file), hint)])


def given_text(given: object, file: str) -> None:
    """Hold the contents of a file to be a text.

    Args:
        given: What the caller hands over.
        file: The name of the file, for the message.

    Raises:
        PolicyError: It is anything else, such as bytes or a path.
    """
    if not isinstance(given, str):
        message = f"found {kind_of(given)}; the text of a file was expected"
        hint = "read a file with `Path.read_text`, decode bytes with `.decode()`"
        raise PolicyError([Diagnostic("wrong-type", message, Location(file), hint)])
