"""The bank revokes certificates with reason, asker and paper number (R1.1, R4.10, R9.2)."""

from collections.abc import Callable

import pytest

from domain.certificate import REASONS
from domain.fact import COMMAND_LINE
from tests.support.browser import Browser, certificate_of
from tests.support.erasing import erase
from tests.support.house import RENEWAL, RIGHT, TARO, WRONG, House

ADMIN = "bank0001"

Project = Callable[[], None]


def revoke_path(house: House, number: int = 1) -> str:
    return f"/bank/certificates/{house.certificate(number).serial}/revoke"


@pytest.fixture
def revoking(house: House, admin: Browser, project: Project) -> Browser:
    """taro0001 has a certificate, and the bank admin has the page of its revocation before him."""
    house.issue()
    project()
    admin.open(revoke_path(house))
    return admin


@pytest.mark.parametrize("reason", REASONS)
def test_a_certificate_is_revoked_for_each_reason_of_the_bank(
    house: House, revoking: Browser, project: Project, reason: str
) -> None:
    answer = revoking.submit(revoke_path(house), reason=reason, own_password=RIGHT)

    assert answer.status_code == 303
    assert f"{answer.headers['location']}/revoke" == revoke_path(house)
    project()
    revoking.follow()
    assert "失効" in revoking.page.main
    assert house.certificate().revoked == reason


def test_the_page_offers_the_reasons_of_the_bank_and_no_others(revoking: Browser) -> None:
    offered = [
        field.attributes["value"] for field in revoking.page.root.all("input") if "radio" in field.attributes.values()
    ]

    assert offered == list(REASONS)
    assert "「p12 未インポート」のほかは、このユーザーの有効な電子証明書をすべて失効し" in revoking.page.main


@pytest.mark.parametrize(("reason", "living"), [("lost", 0), ("not_imported", 1)])
def test_only_a_p12_never_imported_leaves_the_users_other_certificates(
    house: House, revoking: Browser, project: Project, reason: str, living: int
) -> None:
    house.clock.set(RENEWAL)
    house.issue()
    house.desk.certification.issue_to_file(ADMIN, RIGHT, COMMAND_LINE, house.clock())
    revoking.certificate = certificate_of(house, ADMIN, 2)
    revoking.log_in(ADMIN)
    project()
    revoking.open(revoke_path(house, 2))

    assert "この1枚のほかに、次の電子証明書が有効です" in revoking.page.main
    revoking.submit(revoke_path(house, 2), reason=reason, own_password=RIGHT)

    states = [house.certificate(number).state(house.clock()) for number in (1, 2)]
    assert states.count("live") == living


def test_who_asked_and_the_papers_number_are_recorded_the_one_out_of_the_log(house: House, revoking: Browser) -> None:
    revoking.submit(
        revoke_path(house), reason="lost", requested_by="見本 花子", paper_number="2026-17", own_password=RIGHT
    )

    (revoked,) = [fact for fact in house.every_fact() if type(fact).__name__ == "CertificateRevoked"]
    assert (revoked.paper_number, revoked.request is not None) == ("2026-17", True)  # type: ignore[attr-defined]  # a CertificateRevoked
    assert "見本 花子" not in repr(house.every_fact())


def test_the_page_after_it_tells_all_of_it_however_far_the_read_models_are_behind(
    house: House, revoking: Browser
) -> None:
    revoking.submit(
        revoke_path(house), reason="lost", requested_by="見本 花子", paper_number="2026-17", own_password=RIGHT
    )
    revoking.follow()

    told = ("2026年11月24日(火) 9:00理由:紛失", "依頼した方見本 花子 様", "依頼書の番号2026-17")
    assert [words for words in told if words not in revoking.page.main] == []
    assert "すでに使えない電子証明書のため" in revoking.page.main
    assert revoke_path(house) not in {link.href for link in revoking.page.links}


def test_who_asked_is_told_as_erased_and_the_paper_all_the_same(house: House, revoking: Browser) -> None:
    revoking.submit(
        revoke_path(house), reason="lost", requested_by="見本 花子", paper_number="2026-17", own_password=RIGHT
    )
    erase(house)

    revoking.follow()

    assert "見本 花子" not in revoking.page.main
    assert "依頼した方消去済み" in revoking.page.main
    assert "2026-17" in revoking.page.main


def test_the_page_of_what_nobody_asked_for_names_nobody(house: House, revoking: Browser) -> None:
    revoking.submit(revoke_path(house), reason="lost", own_password=RIGHT)

    revoking.follow()

    assert "理由:紛失" in revoking.page.main
    assert "依頼" not in revoking.page.main


def test_the_form_is_not_shown_for_what_was_revoked_a_moment_ago(house: House, revoking: Browser) -> None:
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())

    revoking.open(revoke_path(house))

    assert [form.action for form in revoking.page.forms] == ["/logout"]


def test_a_refused_revocation_keeps_what_was_typed_but_the_password(house: House, revoking: Browser) -> None:
    typed = {"reason": "retired", "requested_by": "見本 花子", "paper_number": "2026-17"}

    answer = revoking.submit(revoke_path(house), **typed, own_password=WRONG)

    chosen = [field.attributes["value"] for field in revoking.page.root.all("input") if "checked" in field.attributes]
    fields = revoking.page.form(revoke_path(house)).fields
    assert answer.status_code == 401
    assert chosen == ["retired"]
    assert (fields["requested_by"], fields["paper_number"], fields["own_password"]) == ("見本 花子", "2026-17", "")
    assert house.count("CertificateRevoked") == 0


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"reason": ""}, "失効の理由を選んでください"),
        ({"reason": "superseded"}, "失効の理由を選んでください"),
        ({"reason": "lost", "requested_by": " "}, "依頼した方のお名前をご確認ください"),
        ({"reason": "lost", "paper_number": "第1号"}, "依頼書の番号をご確認ください"),
    ],
)
def test_a_revocation_that_cannot_be_taken_is_told_and_nothing_revoked(
    house: House, revoking: Browser, typed: dict[str, str], told: str
) -> None:
    answer = revoking.submit(revoke_path(house), **typed, own_password=RIGHT)

    assert answer.status_code == 422
    assert told in revoking.page.main
    assert house.count("CertificateRevoked") == 0


def test_what_has_ended_cannot_be_revoked_again(house: House, revoking: Browser, project: Project) -> None:
    fields = revoking.page.form(revoke_path(house)).fields | {"reason": "lost", "own_password": RIGHT}
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())
    project()

    answer = revoking.post(revoke_path(house), **fields)

    assert answer.status_code == 409
    assert "この電子証明書は、すでに失効しているか、有効期限が切れています" in revoking.page.main
    assert house.count("CertificateRevoked") == 1
