"""A PostgreSQL server of the tests' own, from the programs of Debian's package `postgresql`.

Started on a socket in a folder of its own, by an unprivileged user where the tests are root's, since
the server refuses root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

NEEDED = "PAYER_POLICY_NEED_POSTGRES"
"""Set to 1 where a missing server is a failure (`.ci/run` does), not a reason to skip."""


class Unavailable(Exception):
    """Why there can be no server here."""


class Server:
    """A running server. `stop` ends it; `crash` ends it as a loss of power would, and restarts it."""

    def __init__(self, *, fsync: bool) -> None:
        self._programs = _programs()
        self._as = _as_user()
        self._fsync = fsync
        self.folder = Path(tempfile.mkdtemp(prefix="audit-pg-"))
        if os.geteuid() == 0:
            user = pwd.getpwnam(_user())
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        made = subprocess.run(
            [
                *self._as,
                self._programs / "initdb",
                "-D",
                self.folder / "data",
                *("-U", "owner", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"),
                "--no-instructions",
            ],
            capture_output=True,
            text=True,
            cwd="/",
        )
        if made.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Unavailable(f"initdb: {made.stderr.strip()[-300:]}")
        self._start()

    def url(self, schema: str = "public", user: str = "owner") -> str:
        """The URL of the database with a schema of it in front."""
        return f"postgresql://{user}@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self._connect, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    @property
    def process_id(self) -> int:
        """Of the server's first process, whose children serve the connections."""
        return self._process.pid

    @property
    def _connect(self) -> str:
        return f"host={self.folder} user=owner dbname=postgres"

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [
                *self._as,
                self._programs / "postgres",
                "-D",
                self.folder / "data",
                *("-k", str(self.folder), "-h", "", "-c", "max_connections=100"),
                *(() if self._fsync else ("-F",)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("ab"),
            cwd="/",
        )
        until = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self._connect).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    log = (self.folder / "log").read_text(errors="replace")[-400:]
                    raise Unavailable(f"the server does not start: {error} {log}") from None
                time.sleep(0.05)

    def crash(self) -> None:
        """Kill the server where it stands, and start it again on what it left."""
        self._process.kill()
        self._process.wait()
        for _ in range(100):  # its children see that it is gone, and follow
            try:
                self._start()
                return
            except Unavailable:
                time.sleep(0.1)
        raise AssertionError("the server does not come back")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise Unavailable("no PostgreSQL server is installed (Debian: apt install postgresql)")
    return Path(on_path).resolve().parent


def _user() -> str:
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise Unavailable("the tests are root's, and there is no unprivileged user for the server")


def _as_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise Unavailable("the tests are root's, and there is no setpriv to run the server with")
    user = pwd.getpwnam(_user())
    # Should the tests be killed, the server goes with them.
    return [
        "setpriv",
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--pdeathsig=INT",
    ]
