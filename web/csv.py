"""Lists as CSV for a spreadsheet: RFC 4180, UTF-8 with a byte order mark, sent page by page (R9.1)."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime

from starlette.responses import Response, StreamingResponse

from domain.validity import JST, japanese_day

MARK = "\ufeff"  # without it Excel takes the bytes for Shift_JIS
# What a spreadsheet takes for a formula, also as Japanese keyboards have it; an apostrophe before it makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | date | None


def text_of(cell: Cell) -> str:
    """An instant as the Japanese time of day, whole seconds; None as an empty cell."""
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell.astimezone(JST):%Y-%m-%d %H:%M:%S}"
        case str() if cell.startswith(FORMULA):
            return f"'{cell}"
    return str(cell)


def lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([text_of(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def download(name: str, now: datetime, head: Sequence[str], pages: AsyncIterator[Iterable[Sequence[Cell]]]) -> Response:
    """A file named for the list and the Japanese day."""

    async def body() -> AsyncIterator[bytes]:
        yield MARK.encode() + lines([head])
        async for rows in pages:
            yield lines(rows)

    headers = {"Content-Disposition": f'attachment; filename="{name}-{japanese_day(now):%Y%m%d}.csv"'}
    return StreamingResponse(body(), headers=headers, media_type="text/csv")
