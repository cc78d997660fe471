"""Who looked at the history: one stream for each person and day in Japan, so that none grows for ever (R10.5)."""

from domain.reading import reading_stream
from tests.support.accounts import SECOND, japan

AUDITOR = "Kansa01"


def test_what_one_person_reads_on_one_day_is_one_stream() -> None:
    assert reading_stream(AUDITOR, japan(2026, 11, 23)) == reading_stream(AUDITOR, japan(2026, 11, 23, 23, 59, 59))


def test_the_day_ends_at_midnight_in_japan() -> None:
    midnight = japan(2026, 11, 24)

    assert reading_stream(AUDITOR, midnight - SECOND) != reading_stream(AUDITOR, midnight)


def test_each_person_has_a_stream_of_his_own() -> None:
    now = japan(2026, 11, 23, 9)

    assert reading_stream(AUDITOR, now) != reading_stream("kansa02", now)


def test_the_case_of_a_user_id_makes_no_other_stream() -> None:
    now = japan(2026, 11, 23, 9)

    assert reading_stream(AUDITOR, now) == reading_stream(AUDITOR.lower(), now)
