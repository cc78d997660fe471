"""Tree heads on the house's own database, with a log key and a file of its own (R10.4)."""

from datetime import datetime
from pathlib import Path

from application.head_ports import LogKey
from application.tree_heads import HeadMails, TreeHeads
from domain.tree_head import TreeHead, TreeHeadSigned
from infra.current_tree import CurrentTree
from infra.head_file import HEADS, HeadFile
from infra.tree_heads import HeadKey, read
from infra.views import CurrentViews
from infra.worker import auditors
from projections.log_tree import LogTree
from projections.people import People
from projections.runner import catch_up, connect
from tests.support.database import Dsn
from tests.support.fakes import Between, WatchedStore
from tests.support.house import House
from tests.support.letters import LOG_KEY

ORIGIN = "shomei.bank.example.jp/log"


class PausingKey:
    """A LogKey; reaches `sign` before it signs."""

    def __init__(self, between: Between) -> None:
        self._between = between
        self._key: LogKey = HeadKey(ORIGIN, LOG_KEY)

    def sign(self, size: int, root: bytes, now: datetime) -> TreeHeadSigned:
        self._between.reach("sign")
        return self._key.sign(size, root, now)


class Heads:
    """One worker of the house, its read models kept up by the test."""

    def __init__(self, house: House, dsn: Dsn, home: Path) -> None:
        store = WatchedStore(house.store, house.between)
        self.house, self._dsn = house, dsn
        self.tree, views = CurrentTree(house.database), CurrentViews(house.database)
        self.path = home / HEADS
        self.outside = HeadFile(self.path)
        self._signing = TreeHeads(store, self.tree, PausingKey(house.between), self.outside)
        self._mails = HeadMails(store, self.tree, lambda: auditors(views))

    def keep_up(self) -> None:
        with connect(self._dsn.process, "test") as connection:
            for view in (LogTree(), People()):
                catch_up(connection, view, self.house.store)

    def sign(self) -> bool:
        self.keep_up()
        return self._signing.sign(self.house.clock())

    def ask(self) -> int:
        self.keep_up()
        return self._mails.ask(self.house.clock())

    def signed(self) -> list[TreeHead]:
        """Those in the log."""
        return [fact.head for fact in self.house.every_fact() if isinstance(fact, TreeHeadSigned)]

    def published(self) -> list[int]:
        """The sizes of those outside, each with its signature."""
        return [head.size for head in read(self.path.read_text(), LOG_KEY.public_key())] if self.path.exists() else []
