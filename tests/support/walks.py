"""What random walks share: their length, and a replay from the stored bytes."""

import msgspec
from hypothesis import HealthCheck, settings

from domain.fact import Fact

# No walk is judged by the time it takes: machines differ.
WALK = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)


def stored_and_read(facts: list[Fact]) -> list[Fact]:
    """The facts as a replay gets them: from their bytes."""
    return [msgspec.json.decode(msgspec.json.encode(each), type=type(each)) for each in facts]
