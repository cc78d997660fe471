"""Reading the mails that are kept instead of sent (R8.5)."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from infra.maildir import Maildir, MaildirMailer
from tests.support.smtp import MAIL, SENDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mailbox"


def test_one_that_nothing_was_sent_to_is_empty(folder: Path) -> None:
    assert Maildir(folder).newest(10) == []
    assert Maildir(folder).find("anything") is None


def test_the_newest_mail_comes_first_and_no_more_than_asked_for(folder: Path) -> None:
    mailer = MaildirMailer(folder, SENDER)
    for minute in (1, 3, 2):
        at = MAIL.date + timedelta(minutes=minute)
        mailer.send(replace(MAIL, message_id=f"{minute}@shomei.example.jp", date=at))

    assert [mail.mail_id for mail in Maildir(folder).newest(3)] == ["3", "2", "1"]
    assert len(Maildir(folder).newest(2)) == 2


def test_a_mail_is_found_by_its_id_as_it_was_written(folder: Path) -> None:
    MaildirMailer(folder, SENDER).send(MAIL)
    (listed,) = Maildir(folder).newest(10)

    mail = Maildir(folder).find(listed.mail_id)

    assert mail == listed
    assert (mail.subject, mail.recipient, mail.body) == (MAIL.subject, MAIL.recipient, MAIL.body)
    assert mail.at == MAIL.date


def test_a_mail_that_a_mail_program_has_shown_is_still_there(folder: Path) -> None:
    MaildirMailer(folder, SENDER).send(MAIL)
    (file,) = folder.glob("new/*")
    file.rename(folder / "cur" / f"{file.name}:2,S")

    (mail,) = Maildir(folder).newest(10)

    assert Maildir(folder).find(mail.mail_id) == mail
    assert f"{mail.mail_id}@shomei.example.jp" == MAIL.message_id


@pytest.mark.parametrize("mail_id", ["../new/1", "..", "", "/etc/passwd", "*"])
def test_nothing_but_an_id_leads_to_a_mail(folder: Path, mail_id: str) -> None:
    MaildirMailer(folder, SENDER).send(replace(MAIL, message_id="1@shomei.example.jp"))

    assert Maildir(folder).find(mail_id) is None
