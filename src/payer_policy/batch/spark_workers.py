"""Checks that the workers of a Spark session can decide, before any record is sent to them.

Workers run the Python that the session was started with (`PYSPARK_PYTHON`, else the `python3` on their
path), which may not be this one. Without the check a failure is a page of Java and Python traces.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from payer_policy.formats.source import WrongCall

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NEEDED: Final = ("payer_policy", "pyarrow", "pandas", "numpy")
_ABSENT: Final = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_MOST_WORDS: Final = 200
"""Characters of a worker's error in a message."""
_FOUND_SOUND: WeakSet[Any] = WeakSet()


def refuse_unfit_workers(session: SparkSession) -> None:
    """Check once per session that the workers have this version of the package and what it needs.

    Raises:
        WrongCall: they do not; the message says what they have, and what to do.
    """
    from pyspark.sql.functions import udf

    if session in _FOUND_SOUND:
        return
    ask = udf(_question(_NEEDED), "string", useArrow=False)
    try:
        [row] = session.range(0, 1, 1, 1).select(ask("id").alias("answer")).collect()
    except Exception as error:  # of Python, of Java, or of the bridge between them
        if "PYTHON_VERSION_MISMATCH" in str(error):
            own = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise WrongCall(
                f"the workers of this Spark session do not run Python {own}, as this process does; "
                f"{_CURE}"
            ) from None
        if absent := _ABSENT.search(str(error)):
            raise WrongCall(
                f"the workers of this Spark session run a Python without {absent[1]}; {_CURE}"
            ) from None
        raise WrongCall(
            f"the workers of this Spark session cannot run Python ({last_line(error)}); {_CURE}"
        ) from error
    problem = problem_with(json.loads(row["answer"]))
    if problem:
        raise WrongCall(problem)
    _FOUND_SOUND.add(session)


_CURE: Final = (
    f"start the session with PYSPARK_PYTHON={sys.executable}, or on a cluster with a Python that has "
    "payer-policy[batch]."
)


def last_line(error: Exception) -> str:
    """The last line of an executor's error, without the traces before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if line[:1].isalpha() and ": " in line]
    return (said or lines or [type(error).__name__])[-1][:_MOST_WORDS]


def problem_with(worker: dict[str, Any]) -> str:
    """What is wrong with a worker, by its answer; empty: nothing."""
    if worker["missing"]:
        names = ["payer-policy" if name == "payer_policy" else name for name in worker["missing"]]
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        return (
            f"the workers of this Spark session run {worker['python']}, without {listed}; {_CURE}"
        )
    own = version("payer-policy")
    if worker["version"] != own:
        return (
            f"the workers of this Spark session have payer-policy {worker['version']}, not {own} as "
            f"here, and could decide differently; {_CURE}"
        )
    return ""


def _question(needed: tuple[str, ...]) -> Callable[[Any], str]:
    """The function that a worker runs. It is sent there whole, and imports nothing of this package."""

    def answer(_):  # type: ignore[no-untyped-def]  # Spark interprets type hints
        import json
        import sys
        from importlib.metadata import PackageNotFoundError, version
        from importlib.util import find_spec

        missing = [name for name in needed if find_spec(name) is None]
        try:
            known = version("payer-policy")
        except PackageNotFoundError:
            known = ""
        return json.dumps({"python": sys.executable, "missing": missing, "version": known})

    return answer
