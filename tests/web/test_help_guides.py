"""What the help pages say, and that who has never seen the service finds it (manual 4, 6, 別紙1, ②, ⑦ and ⑧; R11)."""

import pytest

from tests.support.browser import Browser


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/help/edge", "Windows 10 Home、Windows 10 Pro"),
        ("/help/edge", "Windows 11 Home、Windows 11 Pro"),
        ("/help/edge", "Microsoft Edge(IE モード)"),
        ("/help/edge", "「Cookie データの保存と読み取りをサイトに許可する(推奨)」がオン"),
        ("/help/edge", "「JavaScript」が「許可済み」"),
        ("/help/edge", "「ポップアップとリダイレクト」"),
        ("/help/edge", "「ダウンロード時の動作を毎回確認する」をオンにします"),
        ("/help/edge", "オートコンプリートの設定"),
        ("/help/edge", "「信頼済みサイト」への登録"),
        ("/help/edge", "https://shomei.example.com"),
        ("/help/ie-mode", "「アクティブ スクリプト」を「有効にする」"),
        ("/help/ie-mode", "「ポップアップ ブロックを有効にする」"),
        ("/help/ie-mode", "「ファイルのダウンロード」を「有効にする」"),
        ("/help/ie-mode", "「フォームのユーザー名およびパスワード」のチェックを外し"),
        ("/help/ie-mode", "設定手順書は、お取引店にご用意があります"),
        ("/help/issue", "④と同じもの"),
        ("/help/issue", "発行した日を含めて366日間使えます"),
        ("/help/issue", "有効期限の30日前にメールでお知らせします。その日から更新できます"),
        ("/help/issue", "はじめてのログインで「パスワード変更」の画面が出ます"),
        ("/help/trouble", "続けて6回間違えると「ロック」60分間、"),
        ("/help/trouble", "60分たつと自動で解除されます"),
        ("/help/trouble", "ロックを3回繰り返すと「閉塞」時間がたっても解除されません"),
        ("/help/trouble", "一般ユーザーの方は、マスターユーザーへ。マスターユーザーの方は、労金(お取引店)へ"),
        ("/help/trouble", "発行から10分以内であれば、[もう一度ダウンロード]"),
        ("/help/trouble", "労金へ電子証明書の失効をご依頼ください"),
        ("/help/trouble", "それまでのパソコンの電子証明書の失効を、労金へ"),
        ("/help/trouble", "マスターユーザーに、パスワードの再設定をご依頼ください"),
        ("/help/trouble", "労金(お取引店)に、初期化をご依頼ください"),
        ("/help/import", "「その他」を押すとすべて出ます"),
        ("/help/import", "選ばないまま[OK]を押しても、次の画面へは進みません"),
        ("/help/import", "この画面が出ず、自動で選ばれることがあります"),
        ("/help/import", "選ぶものはありませんので、そのまま[OK]を押してください"),
        ("/help/import", "[×]ですべて閉じます"),
        ("/help/import", "「現在のユーザー」を選び、[次へ]"),
        ("/help/import", "「全ての拡張プロファイルを含める」にチェックを入れます"),
        ("/help/import", "ほかの三つにはチェックを入れません"),
        ("/help/import", "「パスワード」に、④ ユーザー認証で入力したパスワードを入力します"),
        ("/help/import", "「証明書の種類に基づいて、自動的に証明書ストアを選択する」を選び、[次へ]"),
        ("/help/import", "[完了]を押します"),
        ("/help/import", "[はい]を押します"),
        ("/help/import", "「正しくインポートされました。」と出たら、インポートは完了です。[OK]"),
    ],
)
def test_a_guide_says_what_the_manual_asks(browser: Browser, path: str, words: str) -> None:
    browser.open(path)

    assert words in browser.page.main


# ---- found by somebody who has never seen the service

FOUND = {
    ("/help/issue", "steps"): ("[認証]を押します", "press [Verify]"),
    ("/help/import", "wizard"): ("「現在のユーザー」を選び", "Current User"),
    ("/help/issue", "login"): ("ログイン画面の[ログイン]を押し", "Press [Log in] on the start page"),
    ("/help/trouble", "locked"): ("60分たつと自動で解除されます", "After 60 minutes the lock is released by itself"),
    ("/help/trouble", "lost"): ("労金へ電子証明書の失効をご依頼", "ask the bank to revoke"),
    ("/help/trouble", "wrong"): ("[×]ですべて閉じます", "Close every browser window with [×]"),
    ("/help/trouble", "password"): ("パスワードの再設定をご依頼", "reset your password"),
    ("/help/trouble", "new-pc"): ("それまでのパソコンの電子証明書の失効", "revoke the certificate of the old one"),
    ("/help/trouble", "expired"): ("もう一度発行し、インポートします", "issue a new certificate and import it"),
}


def sections_by_links_alone(browser: Browser) -> dict[tuple[str, str], str]:
    """The words of the places of FOUND, as far as the links of `/` and of the pages they lead to go there."""
    found: dict[tuple[str, str], str] = {}
    met, ahead = {"/"}, ["/"]
    while ahead:
        path = ahead.pop()
        browser.open(path)
        page = browser.page
        places = ((each, (path, each.attributes.get("id", ""))) for each in page.root.walk())
        found |= {place: each.text for each, place in places if place in FOUND}
        links = {link.href.partition("#")[0] for link in page.links}
        onward = {link for link in links if link.startswith("/") and "?" not in link and link not in met}
        onward.discard("/help/check/file")  # a download, which is no page
        met |= onward
        ahead.extend(onward)
    return found


@pytest.mark.parametrize(("language", "at"), [("ja", 0), ("en", 1)])
def test_who_knows_only_the_first_page_finds_by_its_links_what_to_do(browser: Browser, language: str, at: int) -> None:
    browser.open(f"/?lang={language}")

    found = sections_by_links_alone(browser)

    assert {place for place, words in FOUND.items() if words[at] not in found.get(place, "")} == set()


SETTINGS = ("javascript", "cookie", "popup", "download", "trusted", "autocomplete", "tls")


@pytest.mark.parametrize("setting", SETTINGS)
def test_each_setting_of_ie_mode_says_how_to_open_the_window_that_it_is_made_in(browser: Browser, setting: str) -> None:
    browser.open("/help/ie-mode")

    (section,) = (each for each in browser.page.root.all("section") if each.attributes.get("id") == setting)
    assert "#options" in {link.attributes["href"] for link in section.all("a")}


@pytest.mark.parametrize("path", ["/help/edge", "/help/ie-mode", "/help/import", "/help/issue", "/help/trouble"])
def test_a_long_guide_leads_back_to_its_list_of_steps(browser: Browser, path: str) -> None:
    browser.open(path)

    page = browser.page
    (contents,) = (each for each in page.root.all("section") if each.attributes.get("id") == "contents")
    sections = {f"#{each.attributes['id']}" for each in page.root.all("section") if "id" in each.attributes}
    assert {link.attributes["href"] for link in contents.all("ol")[0].all("a")} <= sections
    assert "#contents" in {link.href for link in page.links}
