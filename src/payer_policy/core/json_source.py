"""JSON text to values, strictly, with the line and column of every key and value on demand.

Strict means: no duplicate keys, no NaN or Infinity, numbers exact (`int` or `Decimal`) and of a
sane size, nesting bounded. Positions are found by scanning the text again, and only when one is
needed, so that reading a good file costs no more than the standard library's reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple

from payer_policy.core.diagnostics import (
    Diagnostic,
    Location,
    PayerPolicyError,
    PolicyError,
    Position,
    given_bytes,
)
from payer_policy.core.vocabulary.types import shown

scanstring = json.decoder.scanstring  # type: ignore[attr-defined]  # the stubs leave it out

MAX_DEPTH = 64
MAX_DIGITS = 18
JsonPath = tuple[str | int, ...]

MAX_FAULTS = 50
"""More duplicate keys than this are not helped by a longer list."""
MAX_EXCERPT = 400
MAX_ELEMENTS = 10_000
"""Of a list in a claim or request. The longest that is read, the history, may have as many lines."""
MAX_MESSAGE = 600

_SPACE = " \t\n\r"
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile("true|false|null|NaN|-?Infinity")
_SIMPLE_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*\Z")


class _Refused(PayerPolicyError):
    def __init__(
        self, code: str, message: str, offset: int, hint: str | None = None, length: int = 1
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.offset, self.hint = code, message, offset, hint
        self.length = length


class _Span(NamedTuple):
    start: int
    end: int


def render_path(path: JsonPath) -> str:
    """`("rules", 0, "when")` as `$.rules[0].when`."""
    out = "$"
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        elif _SIMPLE_NAME.match(step):
            out += f".{step}"
        else:
            out += f"[{json.dumps(step)}]"
    return out


class JsonDocument:
    """A JSON text that was read: its value, and the place of each part of it."""

    def __init__(self, text: str, file: str, value: Any) -> None:
        self.text = text
        self.file = file
        self.value = value
        self._values: dict[JsonPath, _Span] | None = None
        self._keys: dict[JsonPath, _Span] = {}

    def part(self, path: JsonPath) -> Any:
        """The value at a path, which must be there."""
        value = self.value
        for step in path:
            value = value[step]
        return value

    def locate(self, path: JsonPath = (), *, key: bool = False) -> Location:
        """The place of the value at `path`, or of its key; for a missing part, of its nearest parent."""
        return self._location(path, self._span(tuple(path), key))

    def span(self, path: JsonPath, *, key: bool = False) -> tuple[int, int]:
        """Where in the text the value at `path` is, or its key: the first offset, and the one after."""
        return self._span(tuple(path), key)

    def _span(self, where: JsonPath, key: bool) -> _Span:
        if self._values is None:
            scanner = _Scanner(self.text)
            with suppress(_Refused):  # what was scanned up to the fault is still right
                scanner.document()
            self._values, self._keys = scanner.values, scanner.keys
        if key and where in self._keys:
            return self._keys[where]
        while where and where not in self._values:
            where = where[:-1]
        return self._values.get(where, _Span(0, 0))

    def problem(
        self,
        code: str,
        message: str,
        path: JsonPath = (),
        *,
        key: bool = False,
        hint: str | None = None,
        warning: bool = False,
        part: str | None = None,
    ) -> Diagnostic:
        """A `Diagnostic` at a part of this document.

        A part that goes over several lines is pointed at by its key, or else by its first one.
        With `part`, only that piece of the value's text is pointed at, if it occurs there literally.
        """
        location = self.locate(path, key=key)
        span = self._span(tuple(path), key)
        found = self.text.find(part, span.start, span.end) if part else -1
        if part and found >= 0:
            span = _Span(found, found + len(part))
            location = self._location(path, span)
        elif "\n" in self.text[span.start : span.end]:
            span = self._pointer(tuple(path), span)
            location = self._location(path, span)
        return Diagnostic(
            code=code,
            message=message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…",
            location=location,
            hint=hint,
            severity="warning" if warning else "error",
            excerpt=excerpt_at(self.text, span.start) if path else None,
        )

    def _pointer(self, where: JsonPath, span: _Span) -> _Span:
        """What to underline of a part over several lines: its key, its first key, or its bracket."""
        while where and where not in (self._values or ()):
            where = where[:-1]
        first = _Span(span.start, span.start + 1)
        if where and where not in self._keys:
            inside = (key for path, key in self._keys.items() if path[:-1] == where)
            return next(inside, first)
        return self._keys.get(where, first)

    def _location(self, path: JsonPath, span: _Span) -> Location:
        return Location(
            self.file, render_path(path), self._position(span.start), self._position(span.end)
        )

    def _position(self, offset: int) -> Position:
        return position_in(self.text, offset)


Report = Callable[[Diagnostic], None]
"""Receives one problem."""


def ignored(problem: Diagnostic) -> None:
    """Takes a problem that is reported elsewhere."""


class Reporter(NamedTuple):
    """Reports the problems of one part of a file, each message beginning with what it is about."""

    document: JsonDocument
    report: Report
    about: str = ""
    """Such as "rule `trial-needed`"; empty: each message says it."""
    at: JsonPath = ()
    """Where the part is in the file; the paths of its problems are below this one."""

    def __call__(
        self,
        code: str,
        message: str,
        path: JsonPath = (),
        *,
        key: bool = False,
        hint: str | None = None,
        warning: bool = False,
        part: str | None = None,
    ) -> None:
        """Report a problem, as `JsonDocument.problem` places it."""
        text = f"{self.about}: {message}" if self.about else message
        self.report(
            self.document.problem(
                code, text, (*self.at, *path), key=key, hint=hint, warning=warning, part=part
            )
        )

    def mistyped(
        self,
        raw: object,
        wanted: str,
        path: JsonPath = (),
        *,
        hint: str | None = None,
        of: str = "",
    ) -> None:
        """Report a value of another type than its place wants.

        Args:
            raw: The value.
            wanted: What was expected, with its article: "a list".
            path: Where it is.
            hint: What to type.
            of: The key that it is the value of, if the message is to name it.
        """
        message = f"found {shown(raw)}; {wanted} was expected"
        self("wrong-type", f"`{of}`: {message}" if of else message, path, hint=hint)

    def on(self, about: str, *path: str | int) -> Reporter:
        """The same for a part of this part, which the messages name too unless `about` is empty."""
        named = ": ".join(filter(None, (self.about, about)))
        return self._replace(about=named, at=(*self.at, *path))


def excerpt_at(text: str, offset: int) -> str | None:
    """The line of a character offset; None for a line so long that it could be the whole file."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    return line if len(line) <= MAX_EXCERPT else None


def position_in(text: str, offset: int) -> Position:
    """The line and column (from 1) of a character offset."""
    line = text.count("\n", 0, offset) + 1
    return Position(line, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def read_json(text: str, file: str) -> JsonDocument:
    """Read a JSON text.

    Raises:
        PolicyError: it is not strict JSON; one diagnostic with the exact place (for duplicate
            keys: one for each).
    """
    if text.startswith("\ufeff"):
        text = text[1:]
    try:
        value = (_LONG_NUMBERS if _MANY_DIGITS.search(text) else _DECODER).decode(text)
    except (ValueError, RecursionError):
        raise PolicyError(_explain(text, file)) from None
    document = JsonDocument(text, file, value)
    # As deep as it has brackets, at most: most texts need not be walked through.
    if text.count("{") + text.count("[") > MAX_DEPTH and _too_deep(value):
        raise PolicyError(_explain(text, file))
    if found := list(islice(_unreadable_texts(document), MAX_FAULTS)):
        raise PolicyError(found)
    return document


def decode_utf8(data: bytes, file: str) -> str:
    """Bytes of a text file as text; a byte-order mark is dropped.

    Raises:
        PolicyError: the bytes are not UTF-8 (with the offset of the first that is not), or no bytes.
    """
    given_bytes(data, file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text (byte {error.start} is 0x{data[error.start]:02x})"
        raise PolicyError(
            [Diagnostic("not-text", message, Location(file), hint="save it as UTF-8 text")]
        ) from None


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def exact_decimal(text: str) -> Decimal:
    """A number that is not whole, exactly.

    Raises:
        ValueError: it has too many digits, or is too large or too small.
    """
    if len(text) > 2 * MAX_DIGITS:
        raise ValueError("too many digits")
    number = Decimal(text)
    if not -MAX_DIGITS <= number.adjusted() <= MAX_DIGITS:
        raise ValueError("too large or too small")
    return number


def _constant(name: str) -> None:
    raise ValueError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    return made


_DECODER: Final = json.JSONDecoder(
    parse_float=exact_decimal, parse_constant=_constant, object_pairs_hook=_object
)
_LONG_NUMBERS: Final = json.JSONDecoder(
    parse_float=exact_decimal,
    parse_int=_integer,
    parse_constant=_constant,
    object_pairs_hook=_object,
)
"""As the other, for a text that may hold a whole number of too many digits."""
_MANY_DIGITS: Final = re.compile(f"[0-9]{{{MAX_DIGITS + 1}}}")


def _too_deep(value: Any) -> bool:
    level, layer = 0, [value]
    while layer:
        level += 1
        if level > MAX_DEPTH:
            return True
        layer = [
            child
            for node in layer
            if isinstance(node, (dict, list))
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
    return False


def too_long_list(document: JsonDocument) -> Diagnostic | None:
    """A list with more elements than any list of a claim has, if there is one.

    Only its path is given: finding its line and column would cost what the limit saves.
    """
    if document.text.count(",") < MAX_ELEMENTS:
        return None  # such a list has as many
    path = _list_over(document.value, MAX_ELEMENTS)
    if path is None:
        return None
    message = f"this list has more than {MAX_ELEMENTS:,} elements"
    place = Location(document.file, render_path(path), Position(1, 1))
    return Diagnostic("too-large", message, place, "is a closing bracket missing?")


def _list_over(value: Any, most: int) -> JsonPath | None:
    stack: list[tuple[JsonPath, Any]] = [((), value)] if _holds(value) else []
    while stack:
        path, node = stack.pop()
        if isinstance(node, dict):
            stack.extend(((*path, key), one) for key, one in node.items() if _holds(one))
        elif len(node) > most:
            return path
        else:
            stack.extend(((*path, index), one) for index, one in enumerate(node) if _holds(one))
    return None


def _holds(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _unreadable_texts(document: JsonDocument) -> Iterator[Diagnostic]:
    """Texts with half a character or a NUL: no file, database or screen can hold them."""
    if _ESCAPED.search(document.text) is None:
        return  # such a text can only be written with an escape
    stack: list[tuple[JsonPath, Any]] = [((), document.value)]
    while stack:
        path, node = stack.pop()
        texts: Iterable[str] = [node] if isinstance(node, str) else ()
        if isinstance(node, dict):
            texts = node
            stack.extend(((*path, key), child) for key, child in node.items())
        elif isinstance(node, list):
            stack.extend(((*path, index), child) for index, child in enumerate(node))
        for text in texts:
            if (message := unreadable(text)) is not None:
                yield document.problem("wrong-value", message, path)


def unreadable(text: str) -> str | None:
    """What is wrong with a text that no file, database or screen can hold; None: nothing."""
    found = _UNREADABLE.search(text)
    if found is None:
        return None
    character = f"U+{ord(found.group()):04X}"
    return f"a text here contains a control character or half a character ({character})"


def _explain(text: str, file: str) -> list[Diagnostic]:
    """Scan a text that was refused, and say where and why."""
    scanner = _Scanner(text)
    found: list[_Refused] = scanner.faults
    try:
        scanner.document()
    except _Refused as refused:
        found.append(refused)
    if not found:  # the two readers disagree: refuse all the same
        found.append(_Refused("json-syntax", "this is not JSON", 0))
    out = []
    for fault in found:
        start = position_in(text, fault.offset)
        where = Location(file, "$", start, Position(start.line, start.column + fault.length))
        excerpt = excerpt_at(text, fault.offset)
        out.append(Diagnostic(fault.code, fault.message, where, fault.hint, excerpt=excerpt))
    return out


class _Scanner:
    """A position-keeping JSON reader; it stops at the first syntax fault, and collects duplicates."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.values: dict[JsonPath, _Span] = {}
        self.keys: dict[JsonPath, _Span] = {}
        self.faults: list[_Refused] = []

    def document(self) -> None:
        self._skip()
        if self.at == len(self.text):
            raise _Refused("json-syntax", "the file is empty; JSON was expected", 0)
        self._value(())
        self._skip()
        if self.at != len(self.text):
            message = f"the JSON value ends before this; found {self._found()}"
            hint = "remove what follows the closing bracket"
            raise _Refused("json-syntax", message, self.at, hint)

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1

    def _found(self) -> str:
        if self.at >= len(self.text):
            return "the end of the file"
        char = self.text[self.at]
        return f"`{char}`" if char.isprintable() else f"the character U+{ord(char):04X}"

    def _unexpected(self, expected: str) -> _Refused:
        message = f"{expected} was expected; found {self._found()}"
        return _Refused("json-syntax", message, self.at, self._slip(expected))

    def _slip(self, expected: str) -> str | None:
        """The usual reason for what was found here, as advice."""
        char = self.text[self.at : self.at + 1]
        before = self.text[: self.at].rstrip(_SPACE)[-1:]
        if not char:
            return "is a closing bracket missing?"
        if char in "}]" and before == ",":
            return "remove the comma before the closing bracket"
        if char in "/#":
            return "JSON has no comments; remove it"
        if char in "'‘’“”„`":
            return 'use straight double quotation marks: "'
        if "," in expected and char in '"{[':
            return "is a comma missing before this?"
        if char in "0123456789" and before == "0":
            return "a number does not begin with 0; put an identifier in quotation marks"
        if char == ".":
            return "write a decimal with digits on both sides of the point, such as 0.5"
        word = re.match(r"[A-Za-z]+", self.text[self.at : self.at + 40])
        if word is not None and word[0].lower() in ("true", "false", "null", "none"):
            return f"write {word[0].lower().replace('none', 'null')}"
        return "put it in quotation marks" if word is not None and "," not in expected else None

    def _value(self, path: JsonPath) -> None:
        self._skip()
        start = self.at
        char = self.text[start] if start < len(self.text) else ""
        if len(path) >= MAX_DEPTH and char in ("{", "["):
            raise _Refused("json-too-deep", f"nested more than {MAX_DEPTH} levels deep", start)
        if char == "{":
            self._object(path)
        elif char == "[":
            self._array(path)
        elif char == '"':
            self._string()
        elif match := _NUMBER.match(self.text, start):
            self._number(match.group(), start)
            self.at = match.end()
        else:
            word = _WORD.match(self.text, start)
            if word is None:
                raise self._unexpected("a value")
            if word[0] not in ("true", "false", "null"):
                message = f"`{word[0]}` is not a number"
                raise _Refused("json-number", message, start, length=len(word[0]))
            self.at = word.end()
        self.values[path] = _Span(start, self.at)

    def _number(self, text: str, start: int) -> None:
        try:
            (_integer if text.lstrip("-").isdigit() else exact_decimal)(text)
        except ValueError:
            number = text if len(text) <= 24 else text[:20] + "…"
            message = f"the number {number} is too large, too small, or too long to be exact here"
            hint = f"use at most {MAX_DIGITS} digits"
            raise _Refused("json-number", message, start, hint, len(text)) from None

    def _string(self) -> str:
        start = self.at
        try:
            value, self.at = scanstring(self.text, start + 1, True)
        except json.JSONDecodeError as error:
            if "Unterminated" in error.msg:
                reason, hint = "this text is not closed with a quotation mark", None
            elif "control" in error.msg:
                reason = "a text contains a line break or control character"
                hint = "is a quotation mark missing at its end? A line break is written \\n"
            else:
                reason = "a backslash here does not start a JSON escape"
                hint = "write a plain backslash as \\\\"
            raise _Refused("json-syntax", reason, min(error.pos, len(self.text)), hint) from None
        return str(value)

    def _object(self, path: JsonPath) -> None:
        first_at: dict[str, int] = {}
        for _ in self._entries("}"):
            self._skip()
            start = self.at
            if self.text[start : start + 1] != '"':
                raise self._unexpected("a key in quotation marks")
            name = self._string()
            here = (*path, name)
            if name in first_at and len(self.faults) < MAX_FAULTS:
                line = position_in(self.text, first_at[name]).line
                message = f"`{name}` is given twice; the first is on line {line}"
                hint, length = "keep one of the two", self.at - start
                self.faults.append(_Refused("duplicate-key", message, start, hint, length))
            first_at.setdefault(name, start)
            self.keys[here] = _Span(start, self.at)
            self._skip()
            if self.text[self.at : self.at + 1] != ":":
                raise self._unexpected("`:`")
            self.at += 1
            self._value(here)

    def _array(self, path: JsonPath) -> None:
        for index, _ in enumerate(self._entries("]")):
            self._value((*path, index))

    def _entries(self, closing: str) -> Iterator[None]:
        """Stops at each entry of an object or array, for the caller to read it."""
        self.at += 1
        self._skip()
        if self.text[self.at : self.at + 1] == closing:
            self.at += 1
            return
        while True:
            yield
            self._skip()
            char = self.text[self.at : self.at + 1]
            if char not in (",", closing):
                raise self._unexpected(f"`,` or `{closing}`")
            self.at += 1
            if char == closing:
                return
