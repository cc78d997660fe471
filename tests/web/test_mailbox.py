"""The mailbox page of the embedded start on a loopback address (R8.5)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

from domain.notification import Kind
from domain.organization_facts import Language
from infra.maildir import Maildir, MaildirMailer
from tests.support.browser import Browser, serving
from tests.support.house import NINE, House
from tests.support.html import Page
from tests.support.letters import NOTE, TOLD, WRITER, letter
from tests.support.smtp import MAIL, SENDER
from tests.web.samples import MAIL_ID, SAMPLES, SERVICE
from web.mailbox import KeptMail
from web.pages import Pages

LINK = re.compile(r"\S*(?:://|www\.|@|\.(?:jp|com)\b)\S*")  # what a mail program may make a link of


def kept_mail(mail_id: str, at: datetime, subject: str = "ロックのお知らせ", body: str = "佐藤 由美 様\n") -> KeptMail:
    return KeptMail(mail_id=mail_id, at=at, recipient="sato@example.jp", subject=subject, body=body)


class FewMails:
    """web.mailbox.Mailbox over a list, the newest first."""

    def __init__(self, *mails: KeptMail) -> None:
        self._mails = mails

    def newest(self, limit: int) -> list[KeptMail]:
        return list(self._mails[:limit])

    def find(self, mail_id: str) -> KeptMail | None:
        return next((mail for mail in self._mails if mail.mail_id == mail_id), None)


@pytest.fixture
def browser(house: House) -> Iterator[Browser]:
    """One of this machine."""
    mails = FewMails(
        kept_mail("second", NINE + timedelta(minutes=1)),
        kept_mail(MAIL_ID, NINE, "<b>発行</b>", "佐藤 <i>由美</i> 様\n\n  <script>alert(1)</script>\n"),
    )
    with serving(house, kept=mails) as server:
        yield server.browser().comes_from("127.0.0.1")


def test_the_list_shows_each_mail_with_its_time_in_japan_and_its_recipient(browser: Browser) -> None:
    answer = browser.open("/dev/mailbox")

    assert answer.status_code == 200
    assert browser.page.h1 == "メールボックス"
    (newer, older) = browser.page.root.all("ul")[0].all("li")
    assert newer.text.startswith("ロックのお知らせ")
    assert older.text.startswith("<b>発行</b>")
    assert "sato@example.jp" in older.text


def test_times_are_those_of_japan() -> None:
    page = Page(SAMPLES["mailbox"].html(Pages(SERVICE, demo=True)))

    assert "2026年11月26日(木) 13:47" in page.main


def test_a_mail_is_read_as_plain_text(browser: Browser) -> None:
    browser.open("/dev/mailbox")
    link = next(link for link in browser.page.links if link.text == "<b>発行</b>")

    browser.open(link.href)

    (text,) = browser.page.root.all("pre")
    assert text.raw_text() == "佐藤 <i>由美</i> 様\n\n  <script>alert(1)</script>\n"
    assert browser.page.h1 == "<b>発行</b>"
    assert browser.page.inline_scripts == []
    assert browser.page.root.all("i") == []


@pytest.mark.parametrize("language", get_args(Language))
def test_each_kind_of_mail_reads_as_it_was_written_with_one_address_in_it(
    house: House, tmp_path: Path, language: Language
) -> None:
    written = {kind: WRITER.write(letter(kind, language, reason="lost")) for kind in TOLD}
    mailer = MaildirMailer(tmp_path / "mailbox", SENDER)
    for kind, (subject, body) in written.items():
        mailer.send(
            replace(MAIL, message_id=f"{kind}@shomei.example.jp", subject=subject, body=body, language=language)
        )

    with serving(house, kept=Maildir(tmp_path / "mailbox")) as server:
        browser = server.browser().comes_from("127.0.0.1")
        browser.open("/dev/mailbox")
        listed = {link.text: link.href for link in browser.page.links if link.href.startswith("/dev/mailbox/")}
        read = {kind: read_mail(browser, listed[subject]) for kind, (subject, _) in written.items()}

    assert read == written
    assert set(read) == set(get_args(Kind))
    # But for the log's name in a tree head, which is a URL without its scheme.
    links = [LINK.findall(body.replace(NOTE, "")) for _, body in read.values()]
    assert links == [["https://shomei.bank.example.jp"]] * len(read)


def read_mail(browser: Browser, path: str) -> tuple[str, str]:
    """Its subject and text, of which no part is a link."""
    browser.open(path)
    (text,) = browser.page.root.all("pre")
    assert text.all("a") == []
    return browser.page.h1, text.raw_text()


def test_a_mail_that_is_not_there_is_not_found(browser: Browser) -> None:
    assert browser.open("/dev/mailbox/third").status_code == 404
    assert browser.open("/dev/mailbox/..%2Fdemo.json").status_code == 404


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254", "::1"])
def test_this_machine_sees_the_mailbox_by_any_of_its_own_addresses(browser: Browser, address: str) -> None:
    assert browser.comes_from(address).open("/dev/mailbox").status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.1", "128.0.0.1", "::2", None, "testclient"])
@pytest.mark.parametrize("path", ["/dev/mailbox", f"/dev/mailbox/{MAIL_ID}"])
def test_nobody_else_finds_a_mailbox(browser: Browser, path: str, address: str | None) -> None:
    browser.comes_from(address)

    answer = browser.send("GET", path, headers={"x-real-ip": "127.0.0.1", "x-forwarded-for": "127.0.0.1"})

    assert answer.status_code == 404
    assert "発行" not in browser.page.main


@pytest.mark.parametrize("path", ["/dev/mailbox", f"/dev/mailbox/{MAIL_ID}"])
def test_where_mails_are_sent_there_is_no_mailbox(house: House, path: str) -> None:
    with serving(house) as server:
        assert server.browser().comes_from("127.0.0.1").open(path).status_code == 404


def test_the_demos_banner_leads_to_the_mailbox_where_there_is_one() -> None:
    with_mails = Page(SAMPLES["entrance"].html(Pages(SERVICE, demo=True, mailbox=True)))
    without = Page(SAMPLES["entrance"].html(Pages(SERVICE, demo=True)))
    no_demo = Page(SAMPLES["entrance"].html(Pages(SERVICE, demo=False, mailbox=True)))

    assert "/dev/mailbox" in {link.href for link in with_mails.links}
    assert "/dev/mailbox" not in {link.href for page in (without, no_demo) for link in page.links}


def test_an_empty_mailbox_says_so() -> None:
    assert "メールはまだありません" in Page(SAMPLES["mailbox-empty"].html(Pages(SERVICE, demo=True))).main
