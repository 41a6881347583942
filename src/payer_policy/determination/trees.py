"""An explanation as a tree of sentences, and its three forms: text, Markdown and HTML.

`explain` builds it. The text of a sentence (a fact may hold what a biller typed) is escaped here,
once for each form.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, WORDS, Truth
from payer_policy.core.vocabulary.types import Value, to_json
from payer_policy.determination.english import escape_markdown
from payer_policy.determination.model import Citation
from payer_policy.determination.words import WIDTH, wrapped

MARKS: Final = {HOLDS: "●", FAILS: "○", UNKNOWN: "?"}
"""Whether a sentence applies, not whether that is good: a violated requirement has no check mark."""
APPLIES: Final = {HOLDS: "applies", FAILS: "does not apply", UNKNOWN: "unknown"}
LEGEND: Final = "   ".join(f"{mark} {APPLIES[truth]}" for truth, mark in MARKS.items())
_CLASSES: Final = {HOLDS: "holds", FAILS: "fails", UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Node:
    """One sentence with what it rests on. `truth` is None where the sentence is a heading."""

    sentence: str
    """The sentence, in plain English."""
    truth: Truth | None = None
    """Whether what the sentence says applies, does not apply, or is unknown; None: it is a
    heading."""
    aside: str = ""
    """Said after the sentence, in brackets: the value that made it so."""
    values: tuple[tuple[str, Value | None], ...] = ()
    """The facts that a test read, with their values."""
    rule: str | None = None
    """The id of the rule that the sentence is about; None: of none."""
    citations: tuple[Citation, ...] = ()
    """The sources that the sentence rests on."""
    notes: tuple[str, ...] = ()
    """Remarks below the sentence."""
    children: tuple[Node, ...] = ()
    """What the sentence rests on."""

    def to_json(self) -> dict[str, Any]:
        """The sentence and all below it as JSON."""
        return {
            "sentence": self.sentence,
            "truth": None if self.truth is None else WORDS[self.truth],
            "aside": self.aside or None,
            "values": {name: to_json(value) for name, value in self.values},
            "rule": self.rule,
            "citations": [citation.to_json() for citation in self.citations],
            "notes": list(self.notes),
            "children": [child.to_json() for child in self.children],
        }

    def walk(self) -> Iterable[Node]:
        """This node and all below it, from the top down."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a determination is what it is: a headline, and sections that are trees of sentences."""

    title: str
    """The determination in one line."""
    sections: tuple[Node, ...]
    """A tree for each part of the answer."""

    def nodes(self) -> Iterable[Node]:
        """Every node, from the top down."""
        for section in self.sections:
            yield from section.walk()

    def to_json(self) -> dict[str, Any]:
        """The explanation as JSON."""
        return {
            "title": self.title,
            "sections": [section.to_json() for section in self.sections],
        }

    def sources(self) -> tuple[Citation, ...]:
        """Every source that is cited, in the order of first mention: their numbers in the text."""
        cited = (citation for node in self.nodes() for citation in node.citations)
        return tuple(dict.fromkeys(cited))

    def _legend(self) -> tuple[str, ...]:
        """What the marks mean, where there are any."""
        return (LEGEND,) if any(node.truth is not None for node in self.nodes()) else ()

    def as_text(self, *, width: int = WIDTH) -> str:
        """A tree drawn with lines, for a terminal or a letter."""
        sources = self.sources()
        lines = [*wrapped(self.title, "", "", width), *self._legend()]
        for section in self.sections:
            lines.append("")
            lines += wrapped(_said(section, sources), "", "   ", width)
            for note in section.notes:
                lines += wrapped(note, "   ", "   ", width)
            _draw(section.children, sources, lines, "", width)
        if sources:
            lines += ["", "Sources"]
            for number, source in enumerate(sources, 1):
                mark = f"[{number}] "
                text = f"{source.title} <{source.href}>" if source.href else source.title
                lines += wrapped(text, mark, " " * len(mark), width)
        return "\n".join(lines) + "\n"

    def as_markdown(self) -> str:
        """Headings and nested lists."""
        sources = self.sources()
        lines = [f"# {escape_markdown(self.title)}", ""]
        for legend in self._legend():
            lines += [legend, ""]
        for section in self.sections:
            lines += [f"## {_marked_down(section, sources)}", ""]
            for note in section.notes:
                lines += [escape_markdown(note), ""]
            _bullets(section.children, sources, lines, "")
            if lines[-1]:
                lines.append("")
        if sources:
            lines += ["## Sources", ""]
            for number, source in enumerate(sources, 1):
                text, href = escape_markdown(source.title), _web(source)
                lines.append(f"{number}. {text if href is None else f'[{text}](<{href}>)'}")
        return "\n".join(lines).strip("\n") + "\n"

    def as_html(self) -> str:
        """A page of its own: no script, nothing loaded from elsewhere, light and dark."""
        sources = self.sources()
        body = "\n".join(_html_section(section, sources) for section in self.sections)
        if sources:
            listed = _html_sources(sources)
            body += f"\n<section>\n<h2>Sources</h2>\n<ol>\n{listed}</ol>\n</section>"
        title = html.escape(self.title)
        legend = "".join(f"<p>{one}</p>\n" for one in self._legend())
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{title}</h1>\n{legend}{body}\n</main>\n</body>\n</html>\n"
        )


# --- text ----------------------------------------------------------------------------------------


def _numbers(node: Node, sources: Sequence[Citation]) -> list[int]:
    return [sources.index(citation) + 1 for citation in node.citations]


def _said(node: Node, sources: Sequence[Citation]) -> str:
    text = node.sentence if node.truth is None else f"{MARKS[node.truth]} {node.sentence}"
    if node.aside:
        text += f" ({node.aside})"
    if node.rule is not None:
        text += f" · {node.rule}"
    if node.citations:
        text += f" [{','.join(str(number) for number in _numbers(node, sources))}]"
    return text


def _draw(
    nodes: Sequence[Node], sources: Sequence[Citation], lines: list[str], prefix: str, width: int
) -> None:
    for place, node in enumerate(nodes, 1):
        last = place == len(nodes)
        inside = prefix + ("   " if last else "│  ")
        under = inside + ("│ " if node.children else "  ")
        lines += wrapped(_said(node, sources), prefix + ("└─ " if last else "├─ "), under, width)
        for note in node.notes:
            lines += wrapped(note, under, under, width)
        _draw(node.children, sources, lines, inside, width)


# --- Markdown ------------------------------------------------------------------------------------


def _web(citation: Citation) -> str | None:
    """The address of a citation, if it is one of the web: no other scheme becomes a link."""
    href = citation.href
    if href is None or not href.lower().startswith(("https://", "http://")):
        return None
    return None if any(mark in href for mark in ' <>"\\\n\r\t') else href


def _marked_down(node: Node, sources: Sequence[Citation]) -> str:
    text = escape_markdown(node.sentence)
    if node.truth is not None:
        text = f"{MARKS[node.truth]} {text}"
    if node.aside:
        text += f" ({escape_markdown(node.aside)})"
    if node.rule is not None:
        text += f" · {escape_markdown(node.rule)}"
    if node.citations:
        text += f" \\[{','.join(str(number) for number in _numbers(node, sources))}\\]"
    return text


def _bullets(
    nodes: Sequence[Node], sources: Sequence[Citation], lines: list[str], indent: str
) -> None:
    for node in nodes:
        lines.append(f"{indent}- {_marked_down(node, sources)}")
        for note in node.notes:
            lines[-1] += "  "
            lines.append(f"{indent}  {escape_markdown(note)}")
        _bullets(node.children, sources, lines, indent + "  ")


# --- HTML ----------------------------------------------------------------------------------------

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #57606a;
  --line: #d0d7de; --unknown: #7d4e00; --link: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9ea7b3;
  --line: #3d444d; --unknown: #e3b341; --link: #79c0ff; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.3; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; padding-top: 1rem;
  border-top: 1px solid var(--line); }
ul { list-style: none; margin: 0; padding-left: 1.1rem; border-left: 1px solid var(--line); }
section > ul { padding-left: 0; border-left: 0; }
li { margin: .3rem 0; padding-left: .2rem; }
summary { cursor: pointer; }
a { color: var(--link); }
.mark { font-weight: 700; margin-right: .3em; }
.fails { color: var(--soft); } .unknown { color: var(--unknown); }
.aside, .note, .source, .rule { color: var(--soft); }
.rule { font-family: ui-monospace, Consolas, monospace; font-size: .85em; }
.note { margin: .15rem 0 .15rem 1.3rem; }
.source { font-size: .85em; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media print { details:not([open]) > * { display: block; } }
"""


def _html_said(node: Node, sources: Sequence[Citation]) -> str:
    parts = []
    if node.truth is not None:
        parts.append(
            f'<span class="mark {_CLASSES[node.truth]}" aria-hidden="true">{MARKS[node.truth]}'
            f'</span><span class="heard">{APPLIES[node.truth]}: </span>'
        )
    parts.append(html.escape(node.sentence))
    if node.aside:
        parts.append(f' <span class="aside">({html.escape(node.aside)})</span>')
    if node.rule is not None:
        parts.append(f' <span class="rule">{html.escape(node.rule)}</span>')
    if node.citations:
        links = (
            f'<a href="#source-{number}" title="{html.escape(citation.title)}">{number}</a>'
            for number, citation in zip(_numbers(node, sources), node.citations, strict=True)
        )
        parts.append(f' <span class="source">[{",".join(links)}]</span>')
    return "".join(parts)


def _html_under(node: Node, sources: Sequence[Citation]) -> str:
    notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in node.notes)
    if not node.children:
        return notes
    items = "".join(_html_node(child, sources) for child in node.children)
    return f"{notes}\n<ul>\n{items}</ul>\n"


def _html_node(node: Node, sources: Sequence[Citation]) -> str:
    if not node.children and not node.notes:
        return f"<li>{_html_said(node, sources)}</li>\n"
    return (
        f"<li><details open><summary>{_html_said(node, sources)}</summary>"
        f"{_html_under(node, sources)}</details></li>\n"
    )


def _html_section(node: Node, sources: Sequence[Citation]) -> str:
    return (
        f"<section>\n<h2>{_html_said(node, sources)}</h2>\n{_html_under(node, sources)}</section>"
    )


def _html_sources(sources: Sequence[Citation]) -> str:
    items = []
    for number, source in enumerate(sources, 1):
        text, href = html.escape(source.title), _web(source)
        if href is not None:
            text = f'<a href="{html.escape(href)}" rel="noopener noreferrer">{text}</a>'
        items.append(f'<li id="source-{number}">{text}</li>\n')
    return "".join(items)
