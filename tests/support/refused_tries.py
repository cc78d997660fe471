"""How often a refused try was recorded on an account, whose clock nobody held (R3.4)."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from domain.fact import Fact
from domain.user_account_facts import AccessRefused


def shortest_pause(stream: Sequence[Fact]) -> timedelta:
    """Between two of them; the longest there is where it holds fewer."""
    moments = [fact.at for fact in stream if isinstance(fact, AccessRefused)]
    return min((later - earlier for earlier, later in pairwise(moments)), default=timedelta.max)
