"""How much one client address may do, shared by all processes (R3.10).

POSTs: `limits`' strategy on a small storage of ours. User IDs: a row for each that failed lately or is being tried, so
that tries at once are counted too. All lies in unlogged tables: a crash begins the counting anew. An address is
personal data, and there are so few that a bare hash of one is undone by trying them all. So it is kept under HMAC, and
tells nothing to who has not also read the key, which has a table of its own.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from application.ports import Busy
from domain.errors import TryRefused
from infra.clock import Clock, sleep
from infra.postgres import Database
from projections.views import pauses
from web.limits import TooMany

PREFIX_OF_A_SITE = 64  # bits of an IPv6 address that one customer has for himself
FAILED = timedelta(minutes=60)  # how long a refused user ID counts
UNDER_WAY = timedelta(minutes=1)  # how long one being tried does: longer than any try, for its process may be killed
WAIT_FOR_A_PLACE = 5.0  # seconds, as for a turn (R3.5)

# One statement a hit: a window that is over begins anew with it.
HIT = """
    insert into rate_counters as c (key, count, until) values (%s, %s, %s)
    on conflict (key) do update
    set count = case when c.until <= %s then excluded.count else c.count + excluded.count end,
        until = case when c.until <= %s then excluded.until else c.until end
    returning count"""

TAKE_A_PLACE = "select take_a_place(%s, %s, %s, %s, %s) as free_at"
TRY_FAILED = """
    update rate_user_ids set tries = greatest(tries - 1, 0), failed_until = %s where site = %s and user_id = %s"""
TRY_ENDED = "update rate_user_ids set tries = greatest(tries - 1, 0) where site = %s and user_id = %s"
END_THE_ONLY_TRY = """
    delete from rate_user_ids where site = %s and user_id = %s and tries <= 1 and failed_until is null
    returning tries"""
CLEAR_AWAY = "delete from rate_user_ids where site = %s and user_id = %s and tries = 0 and failed_until is null"
FORGET_OLD = "delete from rate_user_ids where until <= %s and (failed_until is null or failed_until <= %s)"


class CounterStorage(Storage):
    """Fixed windows, each from its first hit, by the process's clock."""

    STORAGE_SCHEME = None
    base_exceptions = ()  # ours are told as they are

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__()
        self._database = database
        self._clock = clock

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = self._clock()
        until = now + timedelta(seconds=expiry)
        return int(self._database.execute(HIT, key, amount, until, now, now)[0]["count"])

    def get(self, key: str) -> int:
        found = self._database.execute(
            "select count from rate_counters where key = %s and until > %s", key, self._clock()
        )
        return int(found[0]["count"]) if found else 0

    def get_expiry(self, key: str) -> float:
        found = self._database.execute("select until from rate_counters where key = %s", key)
        until: datetime = found[0]["until"] if found else self._clock()
        return until.timestamp()

    def check(self) -> bool:
        return bool(self._database.execute("select 1"))

    def reset(self) -> int | None:
        return len(self._database.execute("delete from rate_counters returning key"))

    def clear(self, key: str) -> None:
        self._database.execute("delete from rate_counters where key = %s", key)

    def forget_old(self) -> None:
        self._database.execute("delete from rate_counters where until <= %s", self._clock())


class RateLimits:
    """Implements web.limits.Limits. 0 takes a limit off."""

    def __init__(self, database: Database, clock: Clock, *, posts: int, user_ids: int, tokens: int = 0) -> None:
        """For one client address `posts` a minute and `user_ids` in 60 minutes; for one account `tokens` a minute."""
        self._database = database
        self._storage = CounterStorage(database, clock)
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._clock = clock
        self._posts = RateLimitItemPerMinute(posts) if posts else None
        self._tokens = RateLimitItemPerMinute(tokens) if tokens else None
        self._user_ids = user_ids

    def post(self, client: str) -> None:
        self._hit(self._posts, "posts", network(client))

    def token(self, user_id: str) -> None:
        self._hit(self._tokens, "tokens", user_id)

    def _hit(self, limit: RateLimitItem | None, what: str, whose: str) -> None:
        if limit and not self._limiter.hit(limit, what, hashed := self._hashed(whose)):
            until = self._storage.get_expiry(limit.key_for(what, hashed))
            raise TooMany(self._seconds_to(datetime.fromtimestamp(until, UTC)))

    @contextmanager
    def trying(self, client: str, user_id: str) -> Iterator[None]:
        """A place is taken before the try and given back unless it was refused, so that tries at once hold it too."""
        if not self._user_ids:
            yield
            return
        site, hashed_id = self._hashed(network(client)), self._hashed(user_id.lower())
        self._take_a_place(site, hashed_id)
        refused = False
        try:
            yield
        except TryRefused:
            refused = True
            raise
        finally:
            if refused:
                self._database.execute(TRY_FAILED, self._clock() + FAILED, site, hashed_id)
            else:
                self._give_it_back(site, hashed_id)

    def _take_a_place(self, site: str, user_id: str) -> None:
        """Waits, without a connection, for tries that are only under way: a whole office may log in at nine sharp."""
        for pause in (0.0, *pauses(WAIT_FOR_A_PLACE)):
            sleep(pause)
            now = self._clock()
            taken = self._database.execute(TAKE_A_PLACE, site, user_id, self._user_ids, now, now + UNDER_WAY)
            free_at = taken[0]["free_at"]
            if free_at is None:
                return
            if free_at > now:
                raise TooMany(self._seconds_to(free_at))
        raise Busy("too many tries at once from one address")

    def _give_it_back(self, site: str, user_id: str) -> None:
        if self._database.execute(END_THE_ONLY_TRY, site, user_id):
            return
        with self._database.transaction() as cursor:
            cursor.execute(TRY_ENDED, [site, user_id])
            cursor.execute(CLEAR_AWAY, [site, user_id])

    def _seconds_to(self, then: datetime) -> int:
        return max(1, -int((self._clock() - then).total_seconds() // 1))

    def forget_old(self) -> None:
        self._storage.forget_old()
        now = self._clock()
        self._database.execute(FORGET_OLD, now, now)

    @cached_property
    def _key(self) -> bytes:
        key: bytes = self._database.execute("select key from rate_key")[0]["key"]
        return key

    def _hashed(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(), "sha256").hex()[:32]


def network(client: str) -> str:
    """The address a limit counts by: IPv4 whole, of IPv6 the first 64 bits."""
    address = ip_address(client)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> (128 - PREFIX_OF_A_SITE) << (128 - PREFIX_OF_A_SITE)))
    return str(address)
