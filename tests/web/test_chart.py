"""The bank's chart: every day has its place, every bar its height, every number room (R9.1)."""

from datetime import date

import pytest

from projections.answers import EndingDay
from tests.support.html import Page
from tests.web.samples import SAMPLES, SERVICE
from web.chart import DESK, PHONE, READABLE, Chart, Size, chart, every_day, step_of
from web.languages import Language
from web.pages import Pages

TODAY = date(2026, 11, 26)  # a Thursday


def drawn(*found: EndingDay, size: Size = DESK, today: date = TODAY) -> Chart:
    return chart(every_day(found, today, 30), size)


def test_every_day_from_today_to_the_thirtieth_stands_there_also_without_any() -> None:
    days = every_day([EndingDay(date(2026, 12, 26), 1, 2)], TODAY, 30)

    assert len(days) == 31
    assert (days[0], days[30]) == (EndingDay(TODAY, 0, 0), EndingDay(date(2026, 12, 26), 1, 2))
    assert days[5].last_day == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("most", "step"),
    [(0, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (40, 10), (41, 20), (200_001, 100_000)],
)
def test_the_scale_goes_by_ones_twos_and_fives(most: int, step: int) -> None:
    assert step_of(most) == step


def test_the_scale_reaches_the_highest_bar() -> None:
    found = drawn(EndingDay(date(2026, 12, 1), 9, 6))

    assert [line.value for line in found.lines] == [0, 5, 10, 15]
    assert (found.lines[0].y, found.lines[-1].y) == (DESK.bottom, DESK.top)


def test_without_any_the_chart_is_empty_and_has_a_scale_still() -> None:
    found = drawn()

    assert [line.value for line in found.lines] == [0, 1]
    assert {bar.solid + bar.hatched for bar in found.bars} == {0}


def test_a_bar_is_as_high_as_its_numbers_the_renewed_on_top() -> None:
    bar = drawn(EndingDay(date(2026, 12, 1), 9, 6)).bars[5]

    unit = (DESK.bottom - DESK.top) / 15
    assert bar.solid == pytest.approx(6 * unit, abs=0.1)
    assert bar.solid_top + bar.solid == pytest.approx(DESK.bottom, abs=0.2)
    assert bar.hatched_top + bar.hatched < bar.solid_top
    assert bar.hatched_top == pytest.approx(DESK.top, abs=1)


def test_saturdays_and_sundays_are_weekends() -> None:
    weekend = [bar.day.last_day.day for bar in drawn().bars if bar.weekend]

    assert weekend == [28, 29, 5, 6, 12, 13, 19, 20, 26]


@pytest.mark.parametrize("size", [DESK, PHONE])
@pytest.mark.parametrize("number", [0, 1, 150, 9_999, 1_234_567])
def test_all_bars_lie_between_the_numbers_of_the_scale_and_the_edge(size: Size, number: int) -> None:
    found = drawn(EndingDay(TODAY, 0, number), EndingDay(date(2026, 12, 26), number, 0), size=size)

    first, last = found.bars[0], found.bars[-1]
    assert first.left >= found.left >= size.left
    assert last.left + found.bar_width <= size.right
    assert found.left >= len(str(found.lines[-1].value)) * size.font / 2


@pytest.mark.parametrize(("not_renewed", "number"), [(0, None), (1, None), (100, 100), (999, 999), (1000, None)])
def test_a_number_stands_in_its_bar_where_there_is_room(not_renewed: int, number: int | None) -> None:
    bar = drawn(EndingDay(TODAY, 0, not_renewed), EndingDay(date(2026, 12, 1), 0, 1000)).bars[0]

    assert bar.number == number
    assert bar.number is None or bar.solid >= READABLE


def test_a_phone_has_no_numbers_in_the_bars_and_names_every_tenth_day() -> None:
    found = drawn(EndingDay(TODAY, 0, 10), size=PHONE)

    assert {bar.number for bar in found.bars} == {None}
    tenth = [TODAY, date(2026, 12, 6), date(2026, 12, 16), date(2026, 12, 26)]
    assert [(name.what, name.day) for name in found.names] == [("day", day) for day in tenth]
    assert [name.anchor for name in found.names] == ["start", "middle", "middle", "end"]


@pytest.mark.parametrize(
    ("today", "names"),
    [
        (date(2026, 11, 26), ["first_month", "month"]),
        (date(2026, 11, 27), ["first_month", "month"]),
        (date(2026, 11, 28), ["month", "month"]),
        (date(2026, 11, 30), ["month", "month"]),
        (date(2026, 12, 1), ["first_month"]),
        (date(2027, 1, 31), ["month", "month", "month"]),
    ],
)
def test_months_are_named_at_their_first_day_and_never_over_each_other(today: date, names: list[str]) -> None:
    found = drawn(today=today).names

    assert [name.what for name in found] == names
    assert found[0].day == today
    assert {name.day.day for name in found[1:]} <= {1}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", ["枚", "11月(今日から)", "12月", "枚", "11/26", "12/6", "12/16", "12/26"]),
        ("en", ["Certificates", "Nov (from today)", "Dec", "Certificates", "26 Nov", "6 Dec", "16 Dec", "26 Dec"]),
    ],
)
def test_both_drawings_speak_the_language_of_the_page(language: Language, words: list[str]) -> None:
    html = SAMPLES["bank-quiet"].html(Pages(SERVICE, demo=True), language)

    shown = [element.text for element in Page(html).root.all("text")]
    assert [text for text in shown if not text.isdigit()] == words
