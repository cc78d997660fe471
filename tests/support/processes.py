"""The real command as a process of its own, seen as its user sees it: lines, exit status, and what it leaves behind."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

from infra.tls_server import NO_CHECK_TIME
from tests.support.fleet import free_port

SHOMEI = str(Path(sys.executable).with_name("shomei"))


class Place:
    """A home of its own, ports of its own, and a folder for temporary files; nothing else of the surroundings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.port = free_port()
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(self.temporary),
            "SHOMEI_HOME": str(self.home),
            "SHOMEI_PORT": str(self.port),
            "SHOMEI_PKI_PORT": str(free_port()),
            "SHOMEI_PRIVATE_PORT": str(free_port()),
        }

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        return subprocess.run([SHOMEI, *words], env=self.environ, cwd=self.folder, capture_output=True, text=True)

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def started(self, *words: str) -> "Iterator[Started]":
        """In a process group of its own, as a terminal does it."""
        process = Started([SHOMEI, *words], self)
        try:
            yield process
        finally:
            process.close()

    def get(self, path: str, root: Path) -> tuple[int, bytes]:
        """Whatever day the server thinks it is; but the root must be its own."""
        trusted = ssl.create_default_context(cafile=root)
        trusted.verify_flags |= NO_CHECK_TIME
        connection = HTTPSConnection("localhost", self.port, context=trusted)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answers(self) -> bool:
        with suppress(OSError):
            root = self.home / "development-tls" / "root.pem"
            return self.get("/healthz", root)[0] == 200
        return False

    def metrics(self) -> list[str]:
        """Its lines."""
        connection = HTTPConnection("127.0.0.1", int(self.environ["SHOMEI_PRIVATE_PORT"]))
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode().splitlines()
        finally:
            connection.close()

    def demo(self) -> Any:
        return json.loads((self.home / "demo.json").read_bytes())

    def left_behind(self) -> list[str]:
        """Processes of ours that live, sockets, and files half made or temporary."""
        processes = [process for process in Path("/proc").glob("[0-9]*") if self._is_ours(process)]
        files = [file for file in self.home.rglob("*") if file.is_socket() or file.name.startswith(".")]
        return [str(path) for path in (*processes, *files, *self.temporary.iterdir())]

    def _is_ours(self, process: Path) -> bool:
        with suppress(OSError):
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            return os.fsencode(self.folder) in told
        return False


class Started:
    def __init__(self, words: list[str], place: Place) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            words,
            env=place.environ,
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout

    def until(self, beginning: str) -> None:
        """Reads its lines up to the one that begins so."""
        for line in self._output:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(beginning):
                return
        raise AssertionError("\n".join(self.lines))

    def ctrl_c(self) -> int:
        """To the whole group, as a terminal sends it; the exit status."""
        os.killpg(self._process.pid, signal.SIGINT)
        return self.ended()

    def kill(self) -> None:
        """It alone, and with no chance to tidy up."""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        self._process.terminate()
        return self.ended()

    def ended(self) -> int:
        """Waits for its end; the exit status."""
        self.lines += self._output.read().splitlines()
        return self._process.wait()

    def close(self) -> None:
        """A test that failed leaves nothing that anybody waits for."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._output.close()


@contextmanager
def new_place() -> Iterator[Place]:
    """A short path, for the sockets; and one that the account of PostgreSQL may enter, where we are root."""
    folder = Path(tempfile.mkdtemp(prefix="shomei-"))
    folder.chmod(0o755)
    try:
        yield Place(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
