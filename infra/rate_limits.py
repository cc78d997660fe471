"""How much one client address may do, shared by all processes (R3.10): `limits`' strategies on a small storage of ours.

The counters lie in an unlogged table, so a crash begins them anew. Keys are hashes, for an address is personal data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from domain.errors import TryRefused
from infra.clock import Clock
from infra.postgres import Database
from web.limits import TooMany

PREFIX_OF_A_SITE = 64  # bits of an IPv6 address that one customer has for himself

# One statement a hit: a window that is over begins anew with it.
HIT = """
    insert into rate_counters as c (key, count, until) values (%s, %s, %s)
    on conflict (key) do update
    set count = case when c.until <= %s then excluded.count else greatest(0, c.count + excluded.count) end,
        until = case when c.until <= %s then excluded.until else c.until end
    returning count"""


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

    def __init__(self, database: Database, clock: Clock, *, posts: int, user_ids: int) -> None:
        """`posts` a minute, `user_ids` an hour, each for one client address."""
        self._storage = CounterStorage(database, clock)
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._clock = clock
        self._posts = RateLimitItemPerMinute(posts) if posts else None
        self._user_ids = RateLimitItemPerHour(user_ids) if user_ids else None
        self._one_user_id = RateLimitItemPerHour(1)

    def post(self, client: str) -> None:
        if self._posts and not self._limiter.hit(self._posts, "posts", hashed(network(client))):
            raise TooMany(self._seconds_left(self._posts, "posts", hashed(network(client))))

    @contextmanager
    def trying(self, client: str, user_id: str) -> Iterator[None]:
        """A place is taken before the try and given back unless it was refused, so that tries at once hold it too."""
        if self._user_ids is None:
            yield
            return
        site = hashed(network(client))
        one = (self._one_user_id, "user id", site, hashed(user_id.lower()))
        if not self._limiter.hit(*one):
            yield  # counted already, or being tried just now
            return
        if not self._limiter.hit(self._user_ids, "user ids", site):
            self._give_back(one[0], *one[1:])
            self._give_back(self._user_ids, "user ids", site)
            raise TooMany(self._seconds_left(self._user_ids, "user ids", site))
        refused = False
        try:
            yield
        except TryRefused:
            refused = True
            raise
        finally:
            if not refused:
                self._give_back(one[0], *one[1:])
                self._give_back(self._user_ids, "user ids", site)

    def _give_back(self, item: RateLimitItemPerHour, *identifiers: str) -> None:
        self._storage.incr(item.key_for(*identifiers), item.get_expiry(), -1)

    def _seconds_left(self, item: RateLimitItemPerMinute | RateLimitItemPerHour, *identifiers: str) -> int:
        until = datetime.fromtimestamp(self._storage.get_expiry(item.key_for(*identifiers)), UTC)
        return max(1, -int((self._clock() - until).total_seconds() // 1))

    def forget_old(self) -> None:
        self._storage.forget_old()


def network(client: str) -> str:
    """The address a limit counts by: IPv4 whole, of IPv6 the first 64 bits."""
    address = ip_address(client)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> (128 - PREFIX_OF_A_SITE) << (128 - PREFIX_OF_A_SITE)))
    return str(address)


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
