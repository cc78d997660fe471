"""A process of ours that dies leaves no picture of its memory behind (R2.3, R5.3).

That every real process forbids it: tests/stress/test_canaries.py.
"""

import os
import resource
import sys
from pathlib import Path

from infra import core_dumps

DIE = """
import os, resource, sys
os.chdir(sys.argv[1])
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
from infra import core_dumps
core_dumps.forbid()
os.abort()
"""


def test_who_is_aborted_leaves_no_core(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    child = os.posix_spawn(sys.executable, [sys.executable, "-c", DIE, str(tmp_path)], environment)
    _, status = os.waitpid(child, 0)

    assert os.WIFSIGNALED(status)
    assert not os.WCOREDUMP(status)
    assert list(tmp_path.iterdir()) == []


def test_it_can_be_forbidden_again() -> None:
    core_dumps.forbid()
    core_dumps.forbid()

    assert resource.getrlimit(resource.RLIMIT_CORE) == (core_dumps.LIMIT, core_dumps.LIMIT)
