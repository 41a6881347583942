"""A hook of the documentation site: pages made from files of the repository, so no text is written twice.

README.md is the start page, and two of its sections are pages of their own. Links between files of the
repository become links between pages; one that leads nowhere fails the build, and so does a page that
would load anything from another host.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from markdown.extensions.toc import slugify
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]

SECTIONS = {
    "compliance.md": "For compliance staff",
    "embedding.md": "For services that embed it",
}
"""Pages that are each a section of README.md; the start page is all the rest of it."""
PAGES = {
    "index.md": "README.md",
    **dict.fromkeys(SECTIONS, "README.md"),
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "benchmarks.md": "benchmarks/README.md",
    "peers.md": "benchmarks/peers/README.md",
}
"""By page, the file that it is made from. Every other page is the file of its name in docs/."""

_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[ ]*$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (?=\S)", re.MULTILINE)
_SECTION = re.compile(r"^## (.+)\n", re.MULTILINE)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)")
_LOADED = re.compile(
    r"<(?:script|img|iframe|source|audio|video|embed|object|link)\b[^>]*?"
    r"\b(?:src|href|data)\s*=\s*[\"']?(?:https?:)?//[^>]*>",
    re.IGNORECASE,
)


def on_files(files: Files, config: Any) -> Files:
    """The pages that are made from files elsewhere in the repository."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=_content(page, source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """A page with the links of its source as links of the site."""
    name = page.file.src_uri
    source = PAGES.get(name, f"docs/{name}")

    def linked(found: re.Match[str]) -> str:
        target = _target(found["target"], name, source, config, files)
        if target is None:
            return found["text"]
        return f"{found['image']}[{found['text']}]({target})"

    return _outside_code(markdown, lambda text: _LINK.sub(linked, text))


def on_post_page(output: str, page: Any, config: Any) -> str:
    """The page as it is; refused where a browser would load something from another host."""
    if found := _LOADED.search(output):
        raise PluginError(f"{page.file.src_uri} loads from another host: {found[0]}")
    return output


def _content(page: str, source: str) -> str:
    text = (ROOT / source).read_text(encoding="utf-8")
    if source != "README.md":
        return text
    start, *parts = _SECTION.split(text)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    if missing := set(SECTIONS.values()) - set(sections):
        raise PluginError(f"README.md has no section {' and '.join(sorted(missing))}")
    if page in SECTIONS:
        body = _outside_code(sections[SECTIONS[page]], lambda text: _HEADING.sub(_promoted, text))
        return f"# {SECTIONS[page]}\n{body}"
    rest = (
        f"## {title}\n{body}" for title, body in sections.items() if title not in SECTIONS.values()
    )
    return start + "".join(rest)


def _promoted(heading: re.Match[str]) -> str:
    return heading[0][1:]


def _outside_code(text: str, change: Any) -> str:
    """The text with everything changed but code, which is shown as it is.

    Code in a line is kept as a mark meanwhile, since the text of a link may hold some.
    """
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\x02{len(kept) - 1}\x03"

    changed = change(_FENCE.sub(keep, text))
    return re.sub("\x02(\\d+)\x03", lambda found: kept[int(found[1])], changed)


def _target(target: str, page: str, source: str, config: Any, files: Files) -> str | None:
    """Where a link of a source leads in the site; None: to a folder, of which there is no page."""
    if re.match(r"[a-z]+:", target):
        return target
    path, _, anchor = target.partition("#")
    place = posixpath.normpath(posixpath.join(posixpath.dirname(source), path)) if path else source
    if place.startswith("..") or not (ROOT / place).exists():
        raise PluginError(f"{source} links to {target}, which is not there")
    if (ROOT / place).is_dir():
        place = f"{place}/README.md"
    known = {made_from: made for made, made_from in PAGES.items()}
    if place == "README.md":
        to = _page_of_anchor(anchor)
    elif place in known:
        to = known[place]
    elif place.startswith("docs/"):
        to = place.removeprefix("docs/")
    elif place.endswith(".md"):
        return None
    else:
        to = f"repository/{place}"
        if files.get_file_from_path(to) is None:
            files.append(File.generated(config, to, content=(ROOT / place).read_bytes()))
    relative = posixpath.relpath(to, posixpath.dirname(page) or ".")
    return f"{relative}#{anchor}" if anchor else relative


def _page_of_anchor(anchor: str) -> str:
    """The page that has a heading of README.md; without an anchor, the start page."""
    for page in ("index.md", *SECTIONS):
        headings = re.findall(r"^#+ (.+)$", _content(page, "README.md"), re.MULTILINE)
        if not anchor or slugify(anchor, "-") in {slugify(one, "-") for one in headings}:
            return page
    raise PluginError(f"README.md has no heading for #{anchor}")
