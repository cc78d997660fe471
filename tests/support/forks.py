"""Children that may kill themselves: forked from one quiet interpreter, so that each costs no start.

`python -m tests.support.forks MODULE` reads lines of JSON, [function, words...], runs each in a child, and answers with
a line: the child's exit status, negative for a signal.
"""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
READY = "ready"


class Forks:
    """`with Forks(__name__) as forks: status = forks.run(function, words...)`, a function of that module."""

    def __init__(self, module: str) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forks", module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        assert self._answer() == READY
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.communicate()

    def run(self, function: Callable[..., object], *words: str) -> int:
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps([function.__name__, *words]) + "\n")
        return int(self._answer())

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()


def serve(module: str) -> None:
    functions = vars(importlib.import_module(module))
    answer(READY)
    for line in sys.stdin:
        name, *words = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                functions[name](*words)
                status = 0
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        answer(str(os.waitstatus_to_exitcode(ended)))


def answer(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
