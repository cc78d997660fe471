"""What the pages say: the words that R3.9, R5.1, R5.8, R11.2 and each refusal of the domain ask for."""

from collections.abc import Iterator

import pytest

from domain.errors import DomainError
from tests.support.html import Page
from tests.web.samples import REFUSALS, SAMPLES, SATO, SERVICE, SESSION_ENDS, Sample, refusal
from web.pages import Pages

PAGES = Pages(SERVICE, demo=True)
TOLD = {sample.context["code"]: name for name, sample in SAMPLES.items() if "code" in sample.context}


def page_of(sample: Sample) -> Page:
    return Page(sample.html(PAGES))


def leaves(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    """Refusals that are raised: the ends of the tree."""
    if not kind.__subclasses__():
        yield kind
    for below in kind.__subclasses__():
        yield from leaves(below)


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("live", "受け取った電子証明書:sato2001(2026年12月17日まで有効)"),
        ("expired", "受け取った電子証明書:sato2001(2026年12月17日で有効期限切れ)"),
        ("not_yet_valid", "受け取った電子証明書:sato2001(有効期間の前)"),
        ("revoked", "受け取った電子証明書:sato2001(失効済み)"),
        ("superseded", "受け取った電子証明書:sato2001(更新前の古い電子証明書)"),
        ("unknown", "受け取った電子証明書:本サービスのものではありません"),
    ],
)
def test_the_entrance_names_the_certificate_received(state: str, line: str) -> None:
    page = page_of(SAMPLES[f"entrance-{state}"])

    assert line in page.main


def test_without_a_certificate_the_entrance_says_so() -> None:
    assert "電子証明書は受け取っていません" in page_of(SAMPLES["entrance"]).main


@pytest.mark.parametrize("state", ["none", "unknown", "superseded", "of_another"])
def test_where_the_choice_was_wrong_every_window_is_to_be_closed(state: str) -> None:
    page = page_of(SAMPLES[f"login-certificate-{state}"])

    assert "開いているブラウザのウィンドウを[×]ですべて閉じ、もう一度起動して" in page.main


@pytest.mark.parametrize("state", ["none", "expired", "revoked"])
def test_without_a_usable_certificate_the_way_on_is_to_issue_one(state: str) -> None:
    page = page_of(SAMPLES[f"login-certificate-{state}"])

    assert "/issuance" in {link.href for link in page.links}


def test_every_refusal_at_issuance_is_one_page_but_for_the_id_typed() -> None:
    refused = SAMPLES["issuance-refused"]
    other = Sample("issuance.html", refused.context | {"user_id": "suzuki77"}, status=401)

    assert other.html(PAGES).replace("suzuki77", "sato2001") == refused.html(PAGES)


@pytest.mark.parametrize("words", ["ロック中", "閉塞しています", "停止して", "終了して", "残り"])
def test_the_refusal_at_issuance_tells_no_state_of_the_account(words: str) -> None:
    assert words not in page_of(SAMPLES["issuance-refused"]).main


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("issuance", "続けて6回で「ロック」"),
        ("issuance", "60分たつと、自動で解除されます"),
        ("issuance", "ロック3回で「閉塞」"),
        ("issuance", "一般ユーザーの方は、マスターユーザーへ"),
        ("issuance", "マスターユーザーの方は、労金へ"),
        ("issuance", "有効期限の30日前から認証できます"),
        ("confirm", "本サービスを使う Windows のログオンアカウントで発行してください"),
        ("confirm", "Windows のログオンアカウントごとに一度ずつインポートします"),
        ("confirm", "13:57までに[発行]を押してください"),
        ("result", "インポートが終わるまで、この画面を閉じないでください"),
        ("result", "労金へ失効をご依頼ください"),
        ("result", "Windows のログオンアカウントごとに、一度ずつ行ってください"),
        ("result", "sato200120261126134912.p12"),
        ("result", "13:57まで、この画面からもう一度受け取れます"),
        ("result", "「現在のユーザー」を選び、[次へ]を押します"),
        ("result", "「全ての拡張プロファイルを含める」だけにチェックを入れ"),
        ("result", "このファイルは④のパスワードのままです"),
        ("result", "「証明書の種類に基づいて、自動的に証明書ストアを選択する」を選び"),
        ("result", "[完了]を押します。セキュリティの警告が出たら[はい]を押します。「正しくインポートされました。」"),
        ("closed", "[×]ですべて閉じて"),
        ("registration", "続けて6回で「ロック」"),
        ("registration", "労金へ解除をご依頼ください"),
        ("registration-confirm", "14:17までに[登録]を押してください"),
        ("registration-confirm", "書面の初期パスワードは使えなくなります"),
        ("login-locked", "14:29まで(あと42分)ログインできません"),
        ("login-blocked", "時間がたっても解除されません"),
        ("refused-certificate_still_valid", "2027年2月2日(火)から更新できます"),
    ],
)
def test_a_page_says_what_its_requirement_asks(name: str, words: str) -> None:
    assert words in page_of(SAMPLES[name]).main


def test_home_of_somebody_who_has_renewed_points_to_the_new_certificate() -> None:
    page = page_of(SAMPLES["home-renewed"])

    assert "新しい電子証明書を発行済みのときは" in page.main
    assert "から更新できます" not in page.main


@pytest.mark.parametrize("code", sorted({kind.code for kind in leaves(DomainError)}))
def test_every_refusal_of_the_domain_has_a_text_of_its_own(code: str) -> None:
    fallback = page_of(Sample("refused.html", {"code": "never heard of", "error": None}, status=400))

    told = page_of(SAMPLES[TOLD[code]])

    assert told.main != fallback.main


def test_no_two_refusals_say_the_same() -> None:
    told = [page_of(refusal(code)).main for code in REFUSALS]
    ended = [page_of(SAMPLES[f"refused-session-{reason}"]).main for reason in SESSION_ENDS]

    assert len(set(told)) == len(told)
    assert len(set(ended)) == len(ended)


def test_a_refusal_unknown_to_the_texts_still_has_a_page() -> None:
    ours = page_of(Sample("refused.html", {"code": "new", "error": None}, status=500))
    theirs = page_of(Sample("refused.html", {"code": "new", "error": None}, status=400))

    assert ours.h1 == "処理を完了できませんでした"
    assert theirs.h1 == "受け付けられない内容です"


def test_a_refusal_leads_somebody_signed_in_home() -> None:
    assert "/home" in {link.href for link in page_of(refusal("not_found", SATO)).links}
