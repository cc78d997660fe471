"""The one place where the time is read (style 6). Everybody else is given `now`, or a Clock to ask."""

import select
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def now() -> datetime:
    """Aware, UTC."""
    return datetime.now(UTC)


def sleep(seconds: float) -> None:
    """Not time.sleep, which fails under libfaketime 0.9.10."""
    select.select([], [], [], seconds)
