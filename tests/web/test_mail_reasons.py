"""Why a mail was not sent, in words, on the bank's list of mails (R8.3, R8.4, R9.1)."""

from typing import get_args

import pytest
from msgspec.structs import replace

from application.mail_ports import Fault
from domain.notification import Cancelled
from projections.answers import MailState
from tests.support.html import Page
from tests.web.bank_samples import listed, mail
from tests.web.samples import SERVICE, Sample
from web.pages import Pages

# Of all that can go wrong with a mail server these are one to the bank: its conversation failed.
CONVERSATION = {"disconnected", "tls_not_offered", "tls_failed", "login_refused", "busy", "sender_refused"}
CONVERSATION |= {"not_understood"}
GIVEN_UP = {*get_args(Fault), "never_ended"}
PAGES = Pages(SERVICE, demo=True)


def told(state: MailState, reason: str) -> str:
    """What stands under the mail's badge."""
    row = replace(mail(state), reason=reason)
    page = Page(Sample("bank_mails.html", listed("/bank/mails", [row], {})).html(PAGES))
    (words,) = [found.text for found in page.root.all("span") if found.attributes.get("class") == "sub"]
    return words


FALLBACK = told("given_up", "never heard of")


@pytest.mark.parametrize("reason", get_args(Cancelled))
def test_every_reason_to_cancel_a_mail_has_words_of_its_own(reason: str) -> None:
    others = {told("cancelled", other) for other in get_args(Cancelled) if other != reason}

    assert told("cancelled", reason) not in {FALLBACK, *others}


@pytest.mark.parametrize("reason", sorted(GIVEN_UP - CONVERSATION))
def test_every_reason_to_give_a_mail_up_has_words_of_its_own(reason: str) -> None:
    others = {told("given_up", other) for other in GIVEN_UP - CONVERSATION - {reason}}

    assert told("given_up", reason) not in {FALLBACK, *others}


@pytest.mark.parametrize("reason", sorted(CONVERSATION))
def test_a_conversation_that_failed_is_told_as_one(reason: str) -> None:
    assert told("given_up", reason) == FALLBACK
    assert "メールサーバーとのやり取りができなかったため" in FALLBACK


def test_a_code_that_is_over_is_told_as_such() -> None:
    assert "確認コードの期限が過ぎたか、使えなくなったため" in told("cancelled", "code_over")
