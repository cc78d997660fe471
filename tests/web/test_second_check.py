"""本人確認: the page between ④ and ⑤ that asks for the code by mail (screens.md, /issuance/code; R5.7)."""

import pytest

from domain.fact import COMMAND_LINE
from tests.support.accounts import MINUTE
from tests.support.browser import Browser
from tests.support.house import NINE, House


@pytest.fixture
def waiting(house: House, browser: Browser) -> Browser:
    """④ is done, and the code is on its way."""
    house.desk.organizations.set("ACME01", COMMAND_LINE, NINE, issuance_code="on")
    answer = browser.authenticate()
    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/code")
    browser.follow()
    return browser


def code(house: House) -> str:
    [row] = house.database.execute("select code from issuance_codes")
    return str(row["code"])


def wrong(house: House) -> str:
    return "000000" if code(house) != "000000" else "111111"


def test_the_page_says_where_the_code_went_and_until_when_it_is_good(waiting: Browser) -> None:
    page = waiting.page

    assert page.title.startswith("電子証明書発行 本人確認")
    assert page.h1 == "電子証明書発行 本人確認"
    assert "6桁の確認コード" in page.main
    assert "使えるのは9:10まで" in page.main
    assert "taro@example.com" not in page.text


def test_the_right_code_leads_to_5(house: House, waiting: Browser) -> None:
    answer = waiting.submit("/issuance/code", code=code(house))

    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/confirm")
    assert waiting.follow().status_code == 200
    assert waiting.page.h1 == "電子証明書発行"


def test_a_wrong_code_is_asked_for_again_with_the_tries_left(house: House, waiting: Browser) -> None:
    answer = waiting.submit("/issuance/code", code=wrong(house))

    assert answer.status_code == 401
    assert "確認コードが正しくありません" in waiting.page.main
    assert "あと4回" in waiting.page.main


@pytest.mark.parametrize("right", [True, False], ids=["the right code", "malformed"])
def test_the_page_of_another_tab_counts_for_nothing_on_the_account_entered_since(
    house: House, waiting: Browser, *, right: bool
) -> None:
    house.user("jiro0001", "jirosan1")
    fields, tab_a = waiting.page.form("/issuance/code").fields, code(house)
    waiting.authenticate("jiro0001", "jirosan1")

    answer = waiting.post("/issuance/code", **fields | {"code": tab_a if right else "x"})

    assert (answer.status_code, waiting.page.h1) == (409, "別の画面で手続きが進んでいます")
    assert house.count("IssuanceCodeFailed") == 0


def test_a_form_that_does_not_say_which_ticket_is_taken(house: House, waiting: Browser) -> None:
    fields = waiting.page.form("/issuance/code").fields
    del fields["ticket"]

    answer = waiting.post("/issuance/code", **fields | {"code": code(house)})

    assert answer.headers["location"] == "/issuance/confirm"


def test_malformed_input_is_told_and_counts_for_nothing(house: House, waiting: Browser) -> None:
    answer = waiting.submit("/issuance/code", code="１２３４５６")

    assert answer.status_code == 422
    assert "全角の文字は使えません" in waiting.page.main
    assert house.count("IssuanceCodeFailed") == 0


def test_the_fifth_wrong_one_leads_back_to_4(house: House, waiting: Browser) -> None:
    for _ in range(4):
        assert waiting.submit("/issuance/code", code=wrong(house)).status_code == 401

    answer = waiting.submit("/issuance/code", code=wrong(house))

    assert answer.status_code == 409
    assert waiting.page.h1 == "この確認コードは、もう使えません"
    assert "パスワードの間違いには数えていません" in waiting.page.main


def test_5_and_6_lead_to_the_code_while_it_is_awaited(house: House, waiting: Browser) -> None:
    assert waiting.open("/issuance/confirm").headers["location"] == "/issuance/code"
    assert waiting.open("/issuance/progress").headers["location"] == "/issuance/confirm"


def test_whoever_starts_the_issue_without_the_code_is_told_so(house: House, waiting: Browser) -> None:
    fields = waiting.page.form("/issuance/code").fields

    answer = waiting.post("/issuance/confirm", **fields)

    assert answer.status_code == 409
    assert waiting.page.h1 == "確認コードの入力が済んでいません"


def test_cancel_leads_to_the_first_page_and_ends_the_ticket(waiting: Browser) -> None:
    fields = waiting.page.form("/issuance/code").fields

    answer = waiting.post("/issuance/cancel", **fields)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert waiting.open("/issuance/code").status_code == 409


def test_at_ten_minutes_the_page_says_that_it_is_over(house: House, waiting: Browser) -> None:
    house.clock.set(NINE + 10 * MINUTE)

    assert waiting.open("/issuance/code").status_code == 409


def test_the_sixth_code_of_a_day_is_refused_with_its_reason(house: House, waiting: Browser) -> None:
    for _ in range(4):
        waiting.authenticate()

    answer = waiting.authenticate()

    assert answer.status_code == 409
    assert waiting.page.h1 == "本日は、これ以上確認コードをお送りできません"
