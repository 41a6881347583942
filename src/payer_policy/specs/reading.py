"""A `.feature` file before it is run: is it Gherkin, and does it say what it seems to?

What a runner would skip silently is refused here: two scenarios with one name, a scenario
that checks nothing, a step whose keyword is misspelled (Gherkin treats it as a description).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gherkin.errors import (
    CompositeParserException,
    NoSuchLanguageException,
    ParserException,
    UnexpectedEOFException,
)
from gherkin.parser import Parser

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, Position, nearest
from payer_policy.specs.steps import STEPS

PLACEHOLDER: Final = re.compile(r"<(.+?)>")
"""A column of Examples in a step, as pytest-bdd reads it."""
_KEYWORDS: Final = (
    "Feature:", "Background:", "Scenario:", "Scenario Outline:", "Examples:", "Rule:"
)  # fmt: skip
_STEP_WORDS: Final = ("Given", "When", "Then", "And", "But")
_KINDS: Final = {"Context": "given", "Action": "when", "Outcome": "then"}
_RESERVED_TAGS: Final = {
    *("skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings"),
    *("tryfirst", "trylast"),
}
"""Words that mean something to pytest; a scenario could be left out by them without a word."""


@dataclass(frozen=True)
class FeatureFile:
    """A feature file that can be run."""

    path: Path
    shown: str
    """The path as it is shown to people."""
    feature: dict[str, Any]
    """The feature as `gherkin-official` parses it."""

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted({tag for node in _nodes(self.feature) for tag in tags_of(node)}))


def features_in(paths: Iterable[Path]) -> list[Path]:
    """The feature files of some files and folders, each once, in order."""
    found: dict[Path, None] = {}
    for path in paths:
        for one in sorted(path.rglob("*.feature")) if path.is_dir() else [path]:
            found.setdefault(one, None)
    return list(found)


def shown_path(path: Path, base: Path) -> str:
    """A path relative to where the command was given, where it lies below."""
    path = path.absolute()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


def read_features(files: Iterable[Path], base: Path) -> list[FeatureFile]:
    """Feature files in order; their paths are shown relative to `base`.

    Raises:
        PolicyError: with every problem in any of them.
    """
    problems: list[Diagnostic] = []
    read = []
    for file in files:
        try:
            read.append(read_feature(file, shown_path(file, base)))
        except PolicyError as error:
            problems += error.diagnostics
    if problems:
        raise PolicyError(problems)
    return read


def read_feature(path: Path, shown: str) -> FeatureFile:
    """A feature file, checked.

    Raises:
        PolicyError: with everything that is wrong with the file.
    """
    report = _Report(shown)
    text = _text(path, report)
    document = _gherkin(text, report)
    _Checker(document["feature"], report).check()
    report.close()
    return FeatureFile(path, shown, document["feature"])


class _Report:
    """Collects problems of one file."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._lines: list[str] = []
        self.found: list[Diagnostic] = []

    def knows(self, text: str) -> None:
        self._lines = text.splitlines()

    def __call__(
        self, code: str, message: str, line: int | None = None, hint: str | None = None
    ) -> None:
        start = end = excerpt = None
        if line is not None:
            excerpt = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
            first = len(excerpt) - len(excerpt.lstrip()) + 1
            start, end = Position(line, first), Position(line, max(first + 1, len(excerpt) + 1))
        where = Location(self._shown, "$", start, end)
        self.found.append(Diagnostic(code, message, where, hint, excerpt=excerpt))

    def close(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise PolicyError(self.found)


def _text(path: Path, report: _Report) -> str:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        report("unreadable", f"cannot be read ({(error.strerror or 'error').lower()})")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        report("not-text", f"is not UTF-8 text (line {line})", None, "save it as UTF-8")
    report.close()
    report.knows(text)
    return text


# --- is it Gherkin? ------------------------------------------------------------------------------


def _gherkin(text: str, report: _Report) -> dict[str, Any]:
    try:
        document: dict[str, Any] = dict(Parser().parse(text))
    except CompositeParserException as error:
        for one in error.errors:
            _malformed(one, report, text)
    except ParserException as error:
        _malformed(error, report, text)
    else:
        if document.get("feature") is None:
            report("malformed-feature", "holds no feature", None, "start it with `Feature: …`")
    report.close()
    return document


def _malformed(error: ParserException, report: _Report, text: str) -> None:
    line = error.location["line"]
    lines = text.splitlines()
    here = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    message, hint = _what_is_wrong(error, here)
    report("malformed-feature", message, line if here else None, hint)


def _what_is_wrong(error: ParserException, here: str) -> tuple[str, str | None]:
    if isinstance(error, NoSuchLanguageException):
        return "the language of the keywords is not known", "leave `# language:` out for English"
    if "inconsistent cell count" in str(error):
        return (
            "this row has another number of cells than the rows above it",
            "give every row the same number of | bars",
        )
    if isinstance(error, UnexpectedEOFException):
        return "the file ends in the middle of a feature", None
    word, _, rest = here.partition(" ")
    if here.startswith("|"):
        return "this table has no step before it", None
    if here.startswith("@"):
        return "this tag has no scenario after it", None
    if word in _STEP_WORDS or word == "*":
        return (
            "this step is outside a scenario",
            "put it under `Scenario: …` (all steps come before `Examples:`)",
        )
    for keyword in _KEYWORDS:
        if here.startswith(keyword):
            return f"`{keyword}` cannot be here", _keyword_order(keyword)
        if here.startswith(keyword.removesuffix(":")):
            return f"`{keyword}` needs its colon", f"write `{keyword} …`"
    close = nearest(word, (*_STEP_WORDS, *_KEYWORDS))
    hint = f"did you mean `{close} {rest}`?" if close else None
    return "this line is not a step, a table row or a heading", hint


def _keyword_order(keyword: str) -> str:
    return {
        "Feature:": "a file holds one feature, and it comes first",
        "Background:": "a feature has at most one Background, before its scenarios",
        "Examples:": "Examples come after the steps of a `Scenario Outline:`",
    }.get(keyword, "is `Feature: …` missing above it?")


# --- does it say what it seems to? ---------------------------------------------------------------


class _Checker:
    def __init__(self, feature: dict[str, Any], report: _Report) -> None:
        self._feature, self._report = feature, report

    def check(self) -> None:
        scenarios = [(before, scenario) for before, _, scenario in scenarios_in(self._feature)]
        if not scenarios:
            described = self._feature["description"].split()
            hint = "is the colon of `Scenario:` missing?" if "Scenario" in described else None
            self._report("empty-feature", "there is no scenario in this feature", None, hint)
        names = Counter(scenario["name"].strip() for _, scenario in scenarios)
        for before, scenario in scenarios:
            line = scenario["location"]["line"]
            name = scenario["name"].strip()
            if not name:
                self._report("malformed-feature", "this scenario has no name", line)
            elif names[name] > 1:
                self._report(
                    "duplicate-scenario",
                    f"{names[name]} scenarios of this file have the name `{name}`",
                    line,
                    "give each a name of its own",
                )
            self._steps(before, scenario)
            self._examples(scenario)
        for node in _nodes(self._feature):
            self._swallowed(node)
            self._first_step(node.get("steps", []))
            for tag, written in zip(tags_of(node), node.get("tags", ()), strict=True):
                if tag in _RESERVED_TAGS or tag.startswith("_"):
                    self._report(
                        "reserved-tag",
                        f"`@{tag}` cannot be a tag: a scenario is run, or it is not there",
                        written["location"]["line"],
                        "use another word",
                    )

    def _steps(self, before: list[dict[str, Any]], scenario: dict[str, Any]) -> None:
        line = scenario["location"]["line"]
        kinds = {kind for kind, _ in kinds_of([*before, *scenario["steps"]])}
        if not scenario["steps"]:
            self._report("empty-scenario", "this scenario has no steps", line)
        elif "then" not in kinds:
            self._report("nothing-checked", "this scenario has no Then: it checks nothing", line)
        elif "when" not in kinds:
            self._report(
                "nothing-checked",
                "this scenario has no When: nothing is decided",
                line,
                "add `When the claim is decided`",
            )

    def _first_step(self, steps: list[dict[str, Any]]) -> None:
        if steps and steps[0]["keywordType"] not in _KINDS:
            self._report(
                "malformed-feature",
                "the first step of a scenario starts with Given, When or Then",
                steps[0]["location"]["line"],
            )

    def _swallowed(self, node: dict[str, Any]) -> None:
        """A step whose keyword is misspelled, which Gherkin takes for the scenario's description."""
        described = [text.strip() for text in node.get("description", "").splitlines()]
        wanted = [text for text in described if text and _is_step(text)]
        for text in wanted:
            line = self._line_of(text, node["location"]["line"])
            word, _, rest = text.partition(" ")
            if word in _STEP_WORDS:
                self._report("misplaced-step", "this step is outside a scenario", line)
                continue
            close = nearest(word, _STEP_WORDS)
            self._report(
                "misspelled-keyword",
                f"`{word}` is not a keyword, so this line is not run",
                line,
                f"did you mean `{close} {rest}`?" if close else None,
            )

    def _line_of(self, text: str, after: int) -> int:
        lines = self._report._lines
        return next(
            (at for at in range(after + 1, len(lines) + 1) if lines[at - 1].strip() == text), after
        )

    def _examples(self, scenario: dict[str, Any]) -> None:
        for examples in scenario["examples"]:
            header = examples.get("tableHeader")
            at = examples["location"]["line"]
            if header is None or not examples.get("tableBody"):
                self._report("empty-examples", "these Examples have no rows", at)
                continue
            names = [cell["value"] for cell in header["cells"]]
            for name in sorted({name for name in names if names.count(name) > 1}):
                self._report(
                    "duplicate-column",
                    f"the column `{name}` is there twice",
                    header["location"]["line"],
                )
            for name, line in _placeholders(scenario):
                if name not in names:
                    self._report(
                        "unknown-column",
                        f"`<{name}>` has no column in the Examples of line {at}",
                        line,
                        f"did you mean `<{close}>`?" if (close := nearest(name, names)) else None,
                    )
            rows = [tuple(cell["value"] for cell in row["cells"]) for row in examples["tableBody"]]
            for row, cells in zip(examples["tableBody"], rows, strict=True):
                if rows.count(cells) > 1:
                    self._report(
                        "duplicate-row", "this row is there twice", row["location"]["line"]
                    )
        if not scenario["examples"] and "outline" in scenario["keyword"].casefold():
            line = scenario["location"]["line"]
            self._report("empty-examples", "this outline has no Examples, so it is not run", line)
        elif not scenario["examples"]:
            for name, line in _placeholders(scenario):
                self._report(
                    "unknown-column",
                    f"`<{name}>` names a column of Examples, and there are none",
                    line,
                    "add `Examples:` with that column",
                )


def _is_step(text: str) -> bool:
    rest = text.partition(" ")[2]
    return any(step.arguments(rest.strip()) is not None for step in STEPS)


def scenarios_in(
    node: dict[str, Any], tags: Sequence[str] = ()
) -> Iterator[tuple[list[dict[str, Any]], tuple[str, ...], dict[str, Any]]]:
    """Each scenario of a feature or rule in order, after the background steps that run before it
    and its tags, inherited ones first."""
    before: list[dict[str, Any]] = []
    tags = (*tags, *tags_of(node))
    for child in node["children"]:
        if (background := child.get("background")) is not None:
            before = [*before, *background["steps"]]
        elif (rule := child.get("rule")) is not None:
            for inner, inherited, scenario in scenarios_in(rule, tags):
                yield [*before, *inner], inherited, scenario
        elif (scenario := child.get("scenario")) is not None:
            yield before, (*tags, *tags_of(scenario)), scenario


def tags_of(node: dict[str, Any]) -> tuple[str, ...]:
    """The tags of a feature, rule, scenario or Examples, without those it inherits."""
    return tuple(tag["name"].lstrip("@") for tag in node.get("tags", ()))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A feature, and every Background, rule, scenario and Examples in it."""
    yield node
    for child in node.get("children", ()):
        for inner in child.values():
            yield from _nodes(inner)
    yield from node.get("examples", ())


def kinds_of(steps: Iterable[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each step after its kind (given, when, then); And goes with the step before it."""
    kind = ""
    for step in steps:
        kind = _KINDS.get(step["keywordType"], kind)
        yield kind, step


def _placeholders(scenario: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for step in scenario["steps"]:
        for name in PLACEHOLDER.findall(step["text"]):
            yield name, step["location"]["line"]
        for row in step.get("dataTable", {}).get("rows", []):
            for cell in row["cells"]:
                for name in PLACEHOLDER.findall(cell["value"]):
                    yield name, row["location"]["line"]
