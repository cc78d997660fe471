"""A mail that was given up, sent again on the bank's word (R8.3)."""

from uuid import UUID, uuid4

import pytest

from domain.errors import NotFound, NotGivenUp
from domain.notification import NotificationRequested
from domain.policy import MAIL_ATTEMPTS, Policy
from tests.support.accounts import HOUR
from tests.support.crowd import refusals, together
from tests.support.house import NINE, House
from tests.support.post import REFUSED, Post

BANK_ADMIN = "bank0001"
LATER = NINE + 100 * HOUR


@pytest.fixture
def post(house: House, policy: Policy) -> Post:
    """One mail, of a lock, waits."""
    house.fail(6)
    return Post(house, policy)


def give_up(house: House, post: Post) -> UUID:
    """As the worker does after so many refusals; returns the mail's stream."""
    for _ in range(MAIL_ATTEMPTS):
        house.between.fails_at("smtp", REFUSED)
        post.send()
        if post.outcomes() == [("locked", None)]:
            house.clock.set(post.next_due())
    assert post.outcomes() == [("locked", "given_up")]
    return stream_of(house)


def stream_of(house: House) -> UUID:
    return next(entry.stream for entry in house.store.entries(0, 1000) if isinstance(entry.fact, NotificationRequested))


def test_a_mail_given_up_is_sent_once_it_is_asked_for_again_under_the_same_message_id(house: House, post: Post) -> None:
    stream = give_up(house, post)
    house.clock.set(LATER)

    house.desk.mails.resend(stream, BANK_ADMIN, LATER)
    sent = post.send()

    asked = [fact for fact in house.every_fact() if isinstance(fact, NotificationRequested)]
    assert sent == 1
    assert [mail.message_id for mail in post.server.taken] == [f"{stream}@example.com"]
    assert [(fact.by, fact.at) for fact in asked] == [("taro0001", NINE), (BANK_ADMIN, LATER)]
    assert post.send() == 0


def test_its_attempts_begin_anew(house: House, post: Post) -> None:
    stream = give_up(house, post)
    house.clock.set(LATER)
    house.desk.mails.resend(stream, BANK_ADMIN, LATER)
    house.between.fails_at("smtp", REFUSED)

    post.send()

    assert house.database.execute("select attempts from mail_claims") == [{"attempts": 1}]


def test_what_waits_or_was_sent_is_not_sent_again(house: House, post: Post) -> None:
    stream = stream_of(house)
    with pytest.raises(NotGivenUp):
        house.desk.mails.resend(stream, BANK_ADMIN, NINE)

    post.send()

    with pytest.raises(NotGivenUp):
        house.desk.mails.resend(stream, BANK_ADMIN, NINE)


def test_of_two_who_ask_for_it_at_once_one_is_told_it_waits(house: House, second_house: House, post: Post) -> None:
    stream = give_up(house, post)

    outcomes = together(
        [
            lambda: house.desk.mails.resend(stream, BANK_ADMIN, LATER),
            lambda: second_house.desk.mails.resend(stream, "bank0002", LATER),
        ]
    )

    assert refusals(outcomes) == [NotGivenUp]
    assert house.count("NotificationRequested") == 2


def test_a_mail_never_asked_for_is_not_found(house: House) -> None:
    with pytest.raises(NotFound, match="mail"):
        house.desk.mails.resend(uuid4(), BANK_ADMIN, NINE)
