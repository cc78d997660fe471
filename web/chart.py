"""The certificates that end within thirty days, by day, as a drawing: every place reckoned here, drawn by a template.

Two sizes, of which the stylesheet shows one (design of the project). Lengths are in units of the drawing.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from typing import Literal

import msgspec

from projections.answers import EndingDay

SATURDAY = 5
DIVISIONS = 4  # lines above the ground line, at most
STROKE = 1.5
READABLE = 14.0  # a bar lower than this has no room for its number
DIGITS = 3  # nor is one wide enough for more
DIGIT = 0.62  # the width of one, of its font's size
SCALE_GAP = 12.0  # what is left free beside the numbers of the scale


# The first month also says that it begins with today, where there is room.
Named = Literal["first_month", "month", "day"]


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """The plot lies between `left` - or more, where the scale's numbers are wide - and `right`, `top` and `bottom`.

    `bar` is a bar's part of its day's width.
    """

    name: str
    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    bar: float
    font: int
    every_day_named: bool


DESK = Size(
    name="desk",
    width=1120,
    height=320,
    left=36,
    right=1116,
    top=42,
    bottom=276,
    bar=0.66,
    font=14,
    every_day_named=True,
)
PHONE = Size(
    name="phone", width=358, height=240, left=34, right=356, top=35, bottom=198, bar=0.7, font=13, every_day_named=False
)


class Line(msgspec.Struct, frozen=True):
    """A line of the scale."""

    value: int
    y: float


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A day: where it begins, its middle, and its bar, not renewed below renewed; `number` has room in the bar."""

    day: EndingDay
    weekend: bool
    x: float
    middle: float
    left: float
    solid_top: float
    solid: float
    hatched_top: float
    hatched: float
    number: int | None


class Name(msgspec.Struct, frozen=True):
    """What is named under the bars: on the desk the months, on a phone every tenth day; the template has the words."""

    x: float
    anchor: str
    what: Named
    day: date


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    size: Size
    left: float
    day_width: float
    bar_width: float
    lines: list[Line]
    bars: list[Bar]
    names: list[Name]


def every_day(found: Sequence[EndingDay], today: date, within: int) -> list[EndingDay]:
    """From today on, those without any too."""
    by_day = {each.last_day: each for each in found}
    days = (today + timedelta(days=ahead) for ahead in range(within + 1))
    return [by_day.get(day, EndingDay(day, 0, 0)) for day in days]


def step_of(most: int) -> int:
    """The distance of the scale's lines: 1, 2 or 5 and so on by tens, so that few lines reach `most`."""
    steps = (int(digit * 10**power) for power in count() for digit in (1, 2, 5))
    return next(step for step in steps if step * DIVISIONS >= most)


def chart(days: Sequence[EndingDay], size: Size) -> Chart:
    most = max((day.renewed + day.not_renewed for day in days), default=0)
    step = step_of(most)
    top = max(step, -(-most // step) * step)
    left = max(size.left, SCALE_GAP + len(str(top)) * DIGIT * size.font)
    unit, day_width = (size.bottom - size.top) / top, (size.right - left) / len(days)
    bar_width = day_width * size.bar

    def bar(place: int, day: EndingDay) -> Bar:
        x = left + place * day_width
        solid, hatched = day.not_renewed * unit, max(0.0, day.renewed * unit - STROKE)
        fits = day.not_renewed > 0 and solid >= READABLE and len(str(day.not_renewed)) <= DIGITS
        return Bar(
            day=day,
            weekend=day.last_day.weekday() >= SATURDAY,
            x=_round(x),
            middle=_round(x + day_width / 2),
            left=_round(x + (day_width - bar_width) / 2),
            solid_top=_round(size.bottom - solid),
            solid=_round(solid),
            hatched_top=_round(size.bottom - solid - day.renewed * unit + STROKE / 2),
            hatched=_round(hatched),
            number=day.not_renewed if fits and size.every_day_named else None,
        )

    bars = [bar(place, day) for place, day in enumerate(days)]
    return Chart(
        size=size,
        left=_round(left),
        day_width=_round(day_width),
        bar_width=_round(bar_width),
        lines=[Line(value, _round(size.bottom - value * unit)) for value in range(0, top + 1, step)],
        bars=bars,
        names=_months(bars) if size.every_day_named else _tenth_days(bars, size),
    )


def _months(bars: Sequence[Bar]) -> list[Name]:
    firsts = [bar for place, bar in enumerate(bars) if place and bar.day.last_day.day == 1]
    # The words beside the first month are as wide as three days.
    crowded = firsts and firsts[0].x - bars[0].x < 4 * (bars[1].x - bars[0].x)
    return [
        Name(bars[0].left, "start", "month" if crowded else "first_month", bars[0].day.last_day),
        *(Name(bar.left, "start", "month", bar.day.last_day) for bar in firsts),
    ]


def _tenth_days(bars: Sequence[Bar], size: Size) -> list[Name]:
    tenth = bars[::10]

    def name(bar: Bar) -> Name:
        day = bar.day.last_day
        if bar is bars[0]:
            return Name(bar.x, "start", "day", day)
        return Name(size.right, "end", "day", day) if bar is bars[-1] else Name(bar.middle, "middle", "day", day)

    return [name(bar) for bar in tenth]


def _round(length: float) -> float:
    return round(length, 1)
