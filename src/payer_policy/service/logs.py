"""The service's log: one line of JSON per event, on standard error, without member data.

A fault is logged as its kind and its places in the code. Its text is left out, since it may quote the
request.
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

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)
_SOURCES: Final = ("uvicorn", "uvicorn.error", "payer_policy.service")


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON: time, level, event, and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": record.process,
        }
        fields = getattr(record, "event", None)
        if isinstance(fields, dict):
            line["event"] = record.msg
            line.update(fields)
        else:  # a line of the HTTP server itself
            line |= {"event": "server", "message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = fault(record.exc_info[0], record.exc_info[2])
        return _ENCODER.encode(line)


def fault(kind: type[BaseException], trace: TracebackType | None) -> dict[str, Any]:
    """The kind of an error and its last places in the code; never its text."""
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


def log(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event. Its fields must never come from a request's body, path or query."""
    if LOGGER.isEnabledFor(
        level
    ):  # made here: `LOGGER.log` looks for its caller in the stack first
        about = {"event": fields}
        LOGGER.handle(LOGGER.makeRecord(LOGGER.name, level, "", 0, event, (), None, extra=about))


def log_fault(event: str, error: BaseException, **fields: Any) -> None:
    """Log a fault in the service."""
    fields["fault"] = fault(type(error), error.__traceback__)
    log(event, logging.ERROR, **fields)
