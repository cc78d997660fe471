"""A real process whose clock is ahead: Debian's libfaketime, for what would be waited for in minutes."""

from pathlib import Path

import pytest

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

needs_faketime = pytest.mark.skipif(LIBRARY is None, reason="needs Debian's faketime")


def ahead(seconds: int) -> dict[str, str]:
    """What to set in the environment of such a process. Only the time of day moves: its timeouts stay as they are."""
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"+{seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
