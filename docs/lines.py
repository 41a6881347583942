"""Counts the lines of code of the package by room: no blank lines, comments or docstrings.

Run it as ``python docs/lines.py`` for the files as they are, or ``python docs/lines.py REVISION``
for both a commit and the files as they are, side by side.
"""

import ast
import io
import subprocess
import sys
import tarfile
import tokenize
from collections import Counter
from pathlib import Path

PACKAGE = "src/payer_policy"
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def lines_of_code(text: str) -> int:
    """The number of lines that hold code; a docstring, or a text that stands alone, is none."""
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NOT_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            code.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(code)


def by_room(files: dict[str, str]) -> Counter[str]:
    """Lines of code of each folder or file directly below the package."""
    counts: Counter[str] = Counter()
    for path, text in files.items():
        counts[Path(path).relative_to(PACKAGE).parts[0]] += lines_of_code(text)
    return counts


def files_now(root: Path) -> dict[str, str]:
    """The package's Python files in the working folder, by path."""
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for path in sorted((root / PACKAGE).rglob("*.py"))
    }


def files_at(root: Path, revision: str) -> dict[str, str]:
    """The package's Python files as a commit holds them, by path."""
    packed = subprocess.run(
        ["git", "archive", "--format=tar", revision, PACKAGE],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {
            member.name: reader.read().decode("utf-8")
            for member in archive
            if member.name.endswith(".py") and (reader := archive.extractfile(member))
        }


def main(arguments: list[str]) -> None:
    root = Path(__file__).resolve().parent.parent
    counted = [by_room(files_at(root, revision)) for revision in arguments]
    counted.append(by_room(files_now(root)))
    for room in sorted(set().union(*counted)):
        print(f"{room:<22}" + "".join(f"{counts[room]:>8,}" for counts in counted))
    print(f"{'all':<22}" + "".join(f"{counts.total():>8,}" for counts in counted))


if __name__ == "__main__":
    main(sys.argv[1:])
