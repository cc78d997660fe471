"""What each mail's letter is told (R8.1, R8.2)."""

from datetime import date
from uuid import UUID

import pytest

from application.mail_ports import Letter
from application.ports import Changes
from application.streams import load_account, mail
from domain.credentials import account_stream
from domain.fact import COMMAND_LINE, WORKER
from domain.notification import Notification, daily_stream
from domain.policy import Policy
from domain.tree_head import head_stream
from domain.validity import japanese_day
from infra.tree_heads import HeadKey
from tests.support.accounts import HOUR, MINUTE, SECOND, fact
from tests.support.house import NINE, RENEWAL, TARO, House
from tests.support.letters import LOG_KEY
from tests.support.post import Post

EIGHT = RENEWAL + 8 * HOUR  # on the first day of the renewal window


@pytest.fixture
def policy() -> Policy:
    """Nobody is told of an issue: the mails are those that a test is about."""
    return Policy(mail_when_issued=False)


@pytest.fixture
def post(house: House, policy: Policy) -> Post:
    return Post(house, policy)


@pytest.fixture
def expiring(post: Post) -> Post:
    """The mail of the renewal window's first day was asked for at eight."""
    post.house.issue()
    post.house.clock.set(EIGHT)
    post.ask()
    return post


@pytest.fixture
def locked(post: Post) -> Post:
    """Locked at nine: its mail waits."""
    post.house.fail(6)
    return post


def revoke(post: Post) -> None:
    post.house.desk.revocation.revoke_user(TARO, "retired", "bank0001", post.house.clock())


def told(post: Post) -> Letter:
    """The only letter that was sent."""
    assert post.send() == 1
    [letter] = post.letters.written
    return letter


def test_the_letter_of_a_lock_tells_its_time_and_its_end_and_who_releases(locked: Post) -> None:
    locked.house.clock.advance(SECOND)

    assert told(locked) == Letter(
        kind="locked",
        language="ja",
        user_id=TARO,
        name="見本 太郎",
        at=NINE,
        until=NINE + HOUR,
        releases="master",
    )


def test_the_letter_of_a_block_to_staff_names_the_administrator(post: Post) -> None:
    post.house.staff("bank0001")
    found = load_account(post.house.store, "bank0001")
    cause = found.changes([fact("AccountBlocked", NINE, by="bank0001")])
    post.house.store.save(cause, mail("blocked", "bank0001", cause, cause.facts[0]))

    assert told(post) == Letter(
        kind="blocked", language="ja", user_id="bank0001", name="見本 花子", at=NINE, releases="administrator"
    )


def test_the_letter_of_an_expiry_tells_the_certificate_and_its_last_day(expiring: Post) -> None:
    assert told(expiring) == Letter(
        kind="expiring",
        language="ja",
        user_id=TARO,
        name="見本 太郎",
        at=EIGHT,
        last_day=date(2027, 11, 24),
        serial=expiring.house.certificate().serial,
        releases="master",
    )


def test_an_organization_that_reads_english_is_written_to_in_english(locked: Post) -> None:
    locked.house.desk.organizations.set("ACME01", "bank0001", NINE, language="en")

    assert told(locked).language == "en"
    assert locked.server.taken[0].language == "en"


@pytest.mark.parametrize("policy", [Policy()])
def test_the_letter_of_an_issue_tells_the_certificate(post: Post) -> None:
    post.house.issue()

    letter = told(post)

    assert (letter.kind, letter.at, letter.last_day) == ("issued", NINE, date(2027, 11, 24))
    assert letter.serial == post.house.certificate().serial


@pytest.mark.parametrize("policy", [Policy(mail_when_issued=False, mail_when_revoked=True)])
def test_the_letter_of_a_revocation_tells_its_reason(post: Post) -> None:
    post.house.issue()
    post.house.clock.advance(HOUR)
    revoke(post)

    letter = told(post)

    assert (letter.kind, letter.at, letter.reason) == ("revoked", NINE + HOUR, "retired")
    assert letter.serial == post.house.certificate().serial


def test_the_letter_of_a_tree_head_has_the_signed_note_that_an_auditor_keeps(post: Post) -> None:
    house, auditor = post.house, "audit001"
    house.desk.accounts.register(auditor, "auditor", None, "監査 二郎", "jiro@example.com", COMMAND_LINE, NINE)
    head = HeadKey("shomei.example/log", LOG_KEY).sign(3, bytes(32), NINE)
    request = Notification.request("tree_head", auditor, head_stream(3), 1, WORKER, NINE)
    house.store.save(Changes(head_stream(3), 0, [head]), Changes(daily(auditor), 0, request))

    letter = told(post)

    assert letter == Letter(
        kind="tree_head",
        language="ja",
        user_id=auditor,
        name="監査 二郎",
        at=NINE,
        note=head.note,
        releases="administrator",
    )


def daily(user_id: str) -> UUID:
    return daily_stream("tree_head", account_stream(user_id), japanese_day(NINE))


@pytest.mark.parametrize("policy", [Policy(mail_when_released=True)])
def test_the_letter_of_a_release_tells_its_time(locked: Post) -> None:
    locked.send()
    locked.house.clock.advance(MINUTE)
    locked.house.desk.accounts.release(TARO, "bank0001", NINE + MINUTE)
    locked.send()

    assert locked.letters.written[-1] == Letter(
        kind="released", language="ja", user_id=TARO, name="見本 太郎", at=NINE + MINUTE, releases="master"
    )
