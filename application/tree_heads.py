"""Signing heads of the log's tree, publishing them outside the database, and mailing them to the auditors (R10.4).

A head is signed only where the tree still has the roots of the last ones: in the log, and outside of it, where nobody
reaches who changes the database. No head may contradict an earlier one (c2sp.org/tlog-checkpoint, Signatures).
The tree has each fact as it was when it was new: a fact that was changed since is found by who reads all of them.
"""

from datetime import datetime
from uuid import UUID

import structlog

from application.head_ports import Auditors, LogKey, Outside, Tree
from application.ports import Changes, Conflict, FactStore
from domain.credentials import account_stream
from domain.fact import WORKER
from domain.notification import Notification, daily_stream
from domain.tree_head import TreeHead, TreeHeadSigned, head_stream, is_due
from domain.validity import japanese_day

log = structlog.get_logger(__name__)

KNOWN = 5.0  # seconds, at most, for the read model to learn of the newest facts
PAGE = 500  # heads published at a time


def lost(tree: Tree, outside: Outside) -> TreeHead | None:
    """A head that the log, as far as the read model has come, contradicts; of the last ones, in the log and outside."""
    newest = tree.newest()
    if newest is not None and not _holds(tree, newest.head):
        return newest.head
    last = outside.last()
    if last is not None and not _holds(tree, last) and (last.size <= tree.size() or tree.settle(0)):
        return last
    return None


def _holds(tree: Tree, head: TreeHead) -> bool:
    return head.size <= tree.size() and tree.root_at(head.size) == head.root


class TreeHeads:
    def __init__(self, store: FactStore, tree: Tree, key: LogKey, outside: Outside) -> None:
        self._store = store
        self._tree = tree
        self._key = key
        self._outside = outside

    def sign(self, now: datetime) -> bool:
        """What is due, and what a crash left unpublished; returns whether a head was signed."""
        if not self._tree.settle(KNOWN):
            return False
        with self._tree.still() as tree:
            fact = self._next(tree, now)
        if fact is None:
            return False
        try:
            self._store.save(Changes(head_stream(fact.size), 0, [fact]))
        except Conflict:  # another worker was quicker
            return False
        self._outside.append([fact])
        log.info("tree head signed", size=fact.size)
        return True

    def _next(self, tree: Tree, now: datetime) -> TreeHeadSigned | None:
        """The head that is due. What is signed is the very tree that was held against the last heads."""
        if broken := lost(tree, self._outside):
            log.error("the log no longer has the tree of a signed head: nothing is signed", size=broken.size)
            return None
        self._publish(tree)
        newest, last, size = tree.newest(), self._outside.last(), tree.size()
        before = newest.size if newest else 0
        # Another worker's head may be newer than this moment, or the log older than the file: not told yet by `lost`.
        if size == before or (last is not None and last.size >= size):
            return None
        if not is_due(newest.at if newest else None, has_news=tree.has_news(before), now=now):
            return None
        return self._key.sign(size, tree.root_at(size), now)

    def _publish(self, tree: Tree) -> None:
        """What stands in the log and not yet outside, in the order of the log."""
        last = self._outside.last()
        size = last.size if last else 0
        while heads := tree.later(size, PAGE):
            self._outside.append(heads)
            size = heads[-1].size


class HeadMails:
    """The newest head of the day to each auditor, once on each day in Japan."""

    def __init__(self, store: FactStore, tree: Tree, auditors: Auditors) -> None:
        self._store = store
        self._tree = tree
        self._auditors = auditors

    def ask(self, now: datetime) -> int:
        """Returns how many were asked for."""
        newest, today = self._tree.newest(), japanese_day(now)
        if newest is None or japanese_day(newest.at) != today:
            return 0
        subject = head_stream(newest.size)
        streams = {user_id: daily_stream("tree_head", account_stream(user_id), today) for user_id in self._auditors()}
        return sum(self._ask(stream, user_id, subject, now) for user_id, stream in streams.items())

    def _ask(self, stream: UUID, user_id: str, subject: UUID, now: datetime) -> bool:
        if self._store.load(stream):
            return False
        facts = Notification.request("tree_head", user_id, subject, 1, WORKER, now)
        try:
            self._store.save(Changes(stream, 0, facts))
        except Conflict:  # another worker was quicker
            return False
        return True
