"""Lists as CSV (R9.1; RFC 4180): what a spreadsheet gets, and what it must not take for a formula."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, date, datetime

import anyio
import pytest
from starlette.responses import StreamingResponse

from web.csv import Cell, download, lines, text_of

LATE = datetime(2026, 11, 26, 15, tzinfo=UTC)  # 00:00 in Japan, on the 27th


async def pages(*of: Iterable[Sequence[Cell]]) -> AsyncIterator[Iterable[Sequence[Cell]]]:
    for page in of:
        yield page


def sent(*of: Iterable[Sequence[Cell]]) -> tuple[bytes, StreamingResponse]:
    answer = download("accounts", LATE, ["ユーザーID", "団体"], pages(*of))
    assert isinstance(answer, StreamingResponse)

    async def read() -> bytes:
        return b"".join([bytes(part) async for part in answer.body_iterator])  # type: ignore[arg-type]  # never text

    return anyio.run(read), answer


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_run_is_made_text(first: str) -> None:
    assert text_of(f"{first}1+1") == f"'{first}1+1"


@pytest.mark.parametrize("text", ["", "taro01", "1=1", "さくら精機労働組合", "'=1", " =1"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert text_of(text) == text


def test_times_are_japanese_ones_and_nothing_is_an_empty_cell() -> None:
    cells = (datetime(2026, 11, 26, 14, 59, 59, 999_999, tzinfo=UTC), date(2026, 11, 26), 0, None)

    assert [text_of(cell) for cell in cells] == ["2026-11-26 23:59:59", "2026-11-26", "0", ""]


def test_quotes_commas_and_line_ends_come_back_as_they_went() -> None:
    row = ['a "quoted" one', "one, two", "two\nlines", "=HYPERLINK(1)"]

    (read,) = csv.reader(io.StringIO(lines([row]).decode(), newline=""))

    assert read == [*row[:3], "'=HYPERLINK(1)"]
    assert lines([["a", 1], ["b", None]]) == b"a,1\r\nb,\r\n"


def test_a_file_begins_with_the_mark_and_its_head_and_has_all_pages() -> None:
    body, _ = sent([("taro01", "ORG0001")], [("jiro02", None)], [])

    assert body.decode() == "\ufeffユーザーID,団体\r\ntaro01,ORG0001\r\njiro02,\r\n"


def test_a_file_is_named_for_the_japanese_day() -> None:
    _, answer = sent()

    assert answer.headers["content-disposition"] == 'attachment; filename="accounts-20261127.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
