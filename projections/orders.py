"""The orders in which a list is read, page by page: each is that of an index, so that a page costs a page (R9.1)."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from psycopg import sql


class Bound(msgspec.Struct, frozen=True):
    """What a column must be besides: `sign` is one of `<`, `<=`, `>`, `>=`."""

    column: str
    sign: str
    value: datetime

    @property
    def holds(self) -> sql.Composed:
        return sql.SQL("{} {} {}").format(sql.Identifier(self.column), sql.SQL(self.sign), sql.Literal(self.value))


class Order(msgspec.Struct, frozen=True):
    """`columns`, the last of which makes a row's place its own. None of them may be null in a row that is listed."""

    columns: tuple[str, ...]
    descending: bool = False

    @property
    def by(self) -> sql.Composed:
        """What stands behind `order by`."""
        direction = sql.SQL(" desc" if self.descending else "")
        return sql.SQL(", ").join(sql.Identifier(column) + direction for column in self.columns)

    @property
    def behind(self) -> sql.Composed:
        """That a row comes after the one whose key `last` gives."""
        return sql.SQL("({columns}) {than} ({last})").format(
            columns=sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            than=sql.SQL("<" if self.descending else ">"),
            last=sql.SQL(", ").join(sql.Placeholder(f"last_{column}") for column in self.columns),
        )

    def implies(self, bound: Bound, key: msgspec.Struct) -> bool:
        """Whether all that comes behind that key keeps the bound.

        Then it is to be left out: of two conditions on its first column an index is searched from the one that does not
        know how far the reader has come, and all between that and the key is read again for every page.
        """
        is_begin = bound.sign.startswith("<" if self.descending else ">")
        if bound.column != self.columns[0] or not is_begin:
            return False
        reached = getattr(key, bound.column)
        return bool(reached < bound.value if self.descending else reached > bound.value)


def both_ways(orders: Mapping[str, tuple[str, ...]]) -> dict[str, Order]:
    """By its name, and from its end by its name behind a minus sign."""
    return {name: Order(columns) for name, columns in orders.items()} | {
        f"-{name}": Order(columns, descending=True) for name, columns in orders.items()
    }


def last(key: msgspec.Struct | None) -> dict[str, object]:
    """The parameters of `Order.behind`. A key's fields are named as the columns."""
    return {f"last_{name}": value for name, value in msgspec.structs.asdict(key).items()} if key else {}
