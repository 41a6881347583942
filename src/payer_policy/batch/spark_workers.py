"""Whether the workers of a Spark session can decide at all, asked before any record is sent there.

Workers run the Python that the session was begun with (`PYSPARK_PYTHON`, else `python3` of their path),
which need not be this one. What fails there would be a page of traces of two languages.
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

_NEEDED: Final = ("payer_policy", "polars", "pyarrow", "pandas", "numpy")
_ABSENT: Final = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_MOST_WORDS: Final = 200
"""Characters of what a worker said."""
_FOUND_SOUND: WeakSet[Any] = WeakSet()


def refuse_unfit_workers(session: SparkSession) -> None:
    """The workers have this package in this version, with what it needs. Asked once a session.

    Raises:
        WrongCall: that is not so; one sentence says what they have, and what to do.
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
                f"the workers of this Spark session run another Python than {own}, which runs here; "
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
    f"begin the session with PYSPARK_PYTHON={sys.executable}, or on a cluster with a Python that has "
    "payer-policy[batch]."
)


def last_line(error: Exception) -> str:
    """What an executor says last, without the traces before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if line[:1].isalpha() and ": " in line]
    return (said or lines or [type(error).__name__])[-1][:_MOST_WORDS]


def problem_with(worker: dict[str, Any]) -> str:
    """What is wrong with a worker, as it answered; "": nothing."""
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
            f"here, and could decide otherwise; {_CURE}"
        )
    return ""


def _question(needed: tuple[str, ...]) -> Callable[[Any], str]:
    """What a worker is asked. It is sent there whole, and uses nothing of this package."""

    def answer(_):  # type: ignore[no-untyped-def]  # Spark would make something else of types
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
