"""A mail is asked for once per kind and cause (R3.8, R8.3, R8.4)."""

from uuid import UUID

from domain.credentials import account_stream
from domain.notification import notification_stream

CAUSE = account_stream("taro01")


def test_asking_twice_for_the_same_mail_ends_in_one_stream_that_never_moves() -> None:
    # Literal for ever: another namespace or spelling would send the mails of the past again.
    assert notification_stream("locked", CAUSE, 7) == UUID("e39f87f7-3174-5a85-af31-ded73cef83cf")
    assert notification_stream("locked", CAUSE, 7) == notification_stream("locked", CAUSE, 7)


def test_another_kind_cause_or_version_is_another_mail() -> None:
    streams = {
        notification_stream("locked", CAUSE, 7),
        notification_stream("blocked", CAUSE, 7),
        notification_stream("locked", account_stream("jiro02"), 7),
        notification_stream("locked", CAUSE, 17),
    }

    assert len(streams) == 4
