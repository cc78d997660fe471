"""The mails' texts: every kind, language and role (R8.1, R11.4; manual 6 and ④)."""

import re
from collections.abc import Iterator
from typing import get_args
from unicodedata import east_asian_width
from uuid import UUID

import pytest
from jinja2 import UndefinedError

from application.mail_ports import Letter
from domain.certificate import Reason
from domain.notification import Kind
from domain.organization_facts import Language
from infra.letters import TEXTS, letters
from infra.settings import Settings
from infra.tree_heads import read
from tests.support.letters import AT, LOG_KEY, NOTE, TOLD, WRITER, letter
from web.languages import texts

LANGUAGES = get_args(Language)
RELEASES = ("master", "bank", "administrator")


def body(*args: object, **told: object) -> str:
    return WRITER.write(letter(*args, **told))[1]  # type: ignore[arg-type]  # passed on as they came


def every_letter() -> Iterator[object]:
    for kind in TOLD:
        for language in LANGUAGES:
            for releases in RELEASES:
                reasons = get_args(Reason) if kind == "revoked" else (None,)
                for reason in reasons:
                    named = "-".join(filter(None, (kind, language, releases, reason)))
                    yield pytest.param(letter(kind, language, releases, reason=reason), id=named)


every = pytest.mark.parametrize("told", list(every_letter()))
in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def columns(line: str) -> int:
    return sum(2 if east_asian_width(sign) in "WFA" else 1 for sign in line)


def without_note(text: str) -> str:
    return text.replace(NOTE, "")


def test_there_is_a_text_for_each_kind_in_each_language_and_none_besides() -> None:
    names = {f"{kind}.{language}.txt" for kind in (*get_args(Kind), "frame") for language in LANGUAGES}

    assert {path.name for path in TEXTS.iterdir()} == names
    assert set(TOLD) == set(get_args(Kind))


@every
def test_a_mail_names_the_person_the_id_the_helpdesk_and_itself(told: Letter) -> None:
    subject, text = WRITER.write(told)

    named = "佐藤 由美 様\n" if told.language == "ja" else "Dear 佐藤 由美,\n"
    assert text.startswith(named)
    assert "sato2001" in text
    for helpdesk in ("証明書サービス ヘルプデスク", "0120-000-000", "9:00", "18:00", "サンプル労働金庫"):
        assert helpdesk in text
    assert "自動でお送りしています" in text or "sent automatically" in text
    assert "証明書サービス" in subject


@every
def test_a_mail_can_be_read_in_any_mail_program(told: Letter) -> None:
    """A tree head's signature is one line, as its format has it: mails carry it encoded, and nobody has to read it."""
    subject, text = WRITER.write(told)

    assert max(columns(line) for line in [subject, *without_note(text).splitlines()]) <= 78
    assert "\n\n\n" not in text
    assert text.endswith("-\n")
    assert not text.startswith("\n")
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


@every
def test_a_mail_has_no_unfilled_part(told: Letter) -> None:
    subject, text = WRITER.write(told)

    assert not re.search(r"[{}%]|None|Undefined", subject + text)


@every
def test_the_top_address_is_the_only_one_and_stands_alone(told: Letter) -> None:
    """But for a tree head's origin, which is the log's name."""
    subject, text = WRITER.write(told)

    links = [line for line in without_note(text).splitlines() if re.search(r"://|www\.|@|\.(jp|com)\b", line)]
    assert links == ["https://shomei.bank.example.jp"]
    assert "//" not in subject


@in_each_language
def test_no_two_kinds_have_one_subject(language: Language) -> None:
    subjects = {WRITER.write(letter(kind, language))[0] for kind in TOLD}

    assert len(subjects) == len(TOLD)


@pytest.mark.parametrize(
    ("language", "at", "until", "last_day"),
    [
        ("ja", "2026年11月23日 14:05", "2026年11月23日 15:05", "2026年12月23日"),
        ("en", "14:05 on 23 November 2026 (Japan time)", "15:05 on 23 November 2026", "23 December 2026"),
    ],
)
def test_a_mail_says_when_in_japanese_time(language: Language, at: str, until: str, last_day: str) -> None:
    for kind in ("locked", "blocked", "issued", "revoked", "released"):
        assert at in body(kind, language)
    for kind in ("expiring", "expired", "issued"):
        assert last_day in body(kind, language)
    assert until in body("locked", language)


@in_each_language
def test_a_serial_number_is_grouped_as_on_the_pages(language: Language) -> None:
    for kind in ("expiring", "expired", "issued", "revoked"):
        assert "5F3A 91C0 7E24 D8B6 0A4D 2C79 E61B 83F5" in body(kind, language)


def button(words: str, language: Language) -> str:
    """As the page of that language names it."""
    return f"[{texts(language).gettext(words)}]"


@in_each_language
def test_the_expiring_mail_says_to_renew_by_either_way(language: Language) -> None:
    text = body("expiring", language)

    assert button("更新する", language) in text
    assert button("電子証明書発行", language) in text


@in_each_language
def test_staff_are_sent_where_their_certificates_are_made(language: Language) -> None:
    """R1.2: staff renew in their own session, and after its end at the command line."""
    expiring = body("expiring", language, "administrator")
    others = [body(kind, language, "administrator") for kind in ("expired", "revoked", "released", "locked", "blocked")]

    assert button("更新する", language) in expiring
    for text in (expiring, *others):
        assert button("電子証明書発行", language) not in text
    for text in others:
        assert "システムの管理者" in text or "administrator of the system" in " ".join(text.split())


@pytest.mark.parametrize(
    ("releases", "ja", "en"),
    [
        (
            "master",
            "貴団体のマスターユーザーに、解除をご依頼ください",
            "ask your organization's master user to release",
        ),
        ("bank", "労金に、解除をご依頼ください", "ask the bank to release"),
        ("administrator", "システムの管理者に、解除をご依頼ください", "ask the administrator of the system to release"),
    ],
)
def test_the_block_mail_says_who_releases(releases: str, ja: str, en: str) -> None:
    """Manual ④: general users ask their master, masters ask the bank."""
    assert ja in body("blocked", "ja", releases)
    assert en in " ".join(body("blocked", "en", releases).split())


def test_the_lock_mail_has_the_numbers_of_the_manual() -> None:
    text = body("locked")

    assert "続けて6回" in text
    assert "ロックを3回" in text
    assert "15:05になると、\n自動で解除されます" in text


@pytest.mark.parametrize(
    ("reason", "ja", "en"),
    [
        ("pc_changed", "パソコンの変更", "change of computer"),
        ("not_imported", "p12 ファイルの未インポート", "p12 file not imported"),
        ("lost", "紛失", "loss"),
        ("retired", "退職", "retirement"),
        ("requested", "お客様からのご依頼", "on request"),
        ("superseded", "新しい電子証明書への切り替え", "replaced by a new certificate"),
        ("closed", "ユーザーIDの利用終了", "no longer in use"),
    ],
)
def test_the_revocation_mail_gives_the_reason_in_words(reason: Reason, ja: str, en: str) -> None:
    assert f"失効の理由: {ja}\n" in body("revoked", "ja", reason=reason)
    assert en in body("revoked", "en", reason=reason)


@in_each_language
def test_the_signed_tree_head_stands_in_its_mail_as_it_was_published(language: Language) -> None:
    """R10.4: it is found there again, and its signature holds."""
    text = body("tree_head", language, "administrator")

    assert f"\n\n{NOTE}\n" in text
    assert [head.size for head in read(text, LOG_KEY.public_key())] == [20_852_163]


@in_each_language
def test_the_issue_mail_says_to_call_at_once_where_it_was_not_asked_for(language: Language) -> None:
    text = body("issued", language)

    assert "すぐにヘルプデスクへお電話ください" in text or "call the helpdesk at once" in text


@in_each_language
def test_a_letter_that_lacks_what_its_kind_tells_is_never_sent(language: Language) -> None:
    with pytest.raises(AttributeError):
        body("locked", language, until=None)
    with pytest.raises(UndefinedError):
        body("revoked", language, reason="unheard of")
    with pytest.raises(UndefinedError):
        body("tree_head", language, note=None)


@pytest.mark.parametrize("name", ["<b>佐藤</b> & 由美", "O'Brien"])
def test_a_name_stands_as_it_is(name: str) -> None:
    told = Letter(kind="blocked", language="ja", user_id="sato2001", name=name, at=AT)

    assert WRITER.write(told)[1].startswith(f"{name} 様\n")


def test_the_message_id_is_the_notifications_own_under_the_senders_domain() -> None:
    notification = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a04")

    of_another = letters(Settings.read({"SHOMEI_MAIL_FROM": "mail@mail.example.jp"}, None))

    assert WRITER.message_id(notification) == f"{notification}@shomei.bank.example.jp"
    assert of_another.message_id(notification) == f"{notification}@mail.example.jp"
