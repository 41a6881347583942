"""The service's log: one line of JSON an event, on standard error, without member data.

A fault is told by its kind and the places in the code that it came through. What it said is left out,
since an error's text may quote the request.
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any, Final

LOGGER: Final = logging.getLogger("payer_policy.service")

_SOURCES: Final = ("uvicorn", "uvicorn.error", "payer_policy.service")


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON: time, level, event, and what the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": record.process,
        }
        carried = getattr(record, "event", None)
        if isinstance(carried, dict):
            line["event"] = record.msg
            line.update(carried)
        else:  # a line of the HTTP server itself
            line |= {"event": "server", "message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = fault(record.exc_info[0], record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def fault(kind: type[BaseException], trace: TracebackType | None) -> dict[str, Any]:
    """The kind of an error and the last places that it came through; never its text."""
    frames = traceback.extract_tb(trace)[-8:]
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"kind": kind.__name__, "at": places}


def set_up_logs() -> None:
    """Send the service's and the HTTP server's log to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    for name in _SOURCES:
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.setLevel(logging.INFO)
        logger.propagate = name == "uvicorn.error"
    for name in ("uvicorn", "payer_policy.service"):
        logging.getLogger(name).addHandler(handler)
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold whole paths


def log(event: str, level: int = logging.INFO, **carried: Any) -> None:
    """One event. What it carries must never come from a request's body, path or query."""
    LOGGER.log(level, event, extra={"event": carried})


def log_fault(event: str, error: BaseException, **carried: Any) -> None:
    """A fault in the service."""
    carried["fault"] = fault(type(error), error.__traceback__)
    log(event, logging.ERROR, **carried)
