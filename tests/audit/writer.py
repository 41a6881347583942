"""Processes that write to a record until they are killed, and tell each receipt once they have it.

`python -m tests.audit.writer URL FILE FOLDER NAME…`: FILE holds a kept and a member part as JSON; each
NAME is a process that writes to FOLDER/NAME, and the process ids are printed in their order.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from payer_policy.audit import AuditLog, Entry, GroupWriter
from payer_policy.audit.chain import canonical, commitment_of


def main(url: str, file: str, folder: str, *names: str) -> None:
    for name in names:
        child = os.fork()  # before there is any thread or connection
        if child == 0:
            write(url, name, file, Path(folder) / name)
        print(child, flush=True)
    for _ in names:
        os.wait()


def write(url: str, name: str, file: str, to: Path) -> None:
    told = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    parts = json.loads(Path(file).read_text("utf-8"))
    clock = lambda: datetime(2025, 6, 1, tzinfo=UTC)  # noqa: E731
    log = AuditLog.open(url, clock=clock)

    def entry(number: int) -> Entry:
        id_, salt = f"SYN-{name}-{number}", os.urandom(32).hex()
        member = canonical({**parts["member"], "claim_number": id_, "member_id": None})
        return Entry(parts["kept"], member, salt, commitment_of(salt, member), id_)

    def tell(number: int, receipt: object) -> None:
        # One write of less than a page: whole, or not at all.
        os.write(told, f"SYN-{name}-{number} {receipt.seq} {receipt.hash}\n".encode())  # type: ignore[attr-defined]

    if name.startswith("one"):
        for number in range(1_000_000):
            tell(number, log.append([entry(number)])[0])
    with GroupWriter(log) as writer:

        def serve(thread: int) -> None:
            for number in range(thread, 1_000_000, 4):
                tell(number, writer.submit(entry(number)).result().receipts[0])

        threads = [threading.Thread(target=serve, args=(thread,)) for thread in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
