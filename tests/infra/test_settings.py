"""The settings (screens.md: Settings; style 26; R2.4, R4.2, R4.4, R4.7, R8.1, R8.5, R11.4)."""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.policy import Policy
from infra.settings import Settings, SettingsError, describe

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
DATABASE = "postgresql://shomei_process:secret@db.example.jp/shomei"


def read(**environ: str) -> Settings:
    return Settings.read(environ, None)


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        read(**environ)
    return str(refused.value)


def test_the_docs_list_every_setting_with_its_default_and_no_other() -> None:
    lines = DOCS.read_text(encoding="utf-8").splitlines()

    rows = [line for line in lines if line.startswith("| `")]

    assert rows == [f"| `{name}` | {default} | {meaning} |" for name, default, meaning in describe()]


def test_nothing_set_runs_on_a_laptop() -> None:
    settings = read()

    assert settings.is_embedded
    assert settings.is_loopback
    assert settings.demo_allowed
    assert settings.public_url == "https://localhost:8443"
    assert settings.pki_url == "http://127.0.0.1:8480"
    assert settings.password_checks >= 1
    assert settings.policy() == Policy()


@pytest.mark.parametrize(("account", "home"), [(0, "/var/lib/shomei"), (1000, "var")])
def test_the_home_of_root_is_the_systems(account: int, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: account)

    settings = read()

    assert settings.home == Path(home)
    assert settings.authority_passphrase_file == Path(home) / "authority-passphrase"


def test_every_setting_can_be_set() -> None:
    given = {
        "SHOMEI_HOME": "/srv/shomei",
        "DATABASE_URL": DATABASE,
        "SHOMEI_MIGRATION_URL": "postgres://owner@db.example.jp/shomei",
        "SHOMEI_PG_BINDIR": "/opt/pg/bin",
        "SHOMEI_HOST": "192.0.2.1",
        "SHOMEI_PORT": "9443",
        "SHOMEI_SOCKET": "/run/shomei/web",
        "SHOMEI_PUBLIC_URL": "https://shomei.example.jp/",
        "SHOMEI_PKI_PORT": "9480",
        "SHOMEI_PKI_URL": "http://pki.example.jp/",
        "SHOMEI_PRIVATE_PORT": "9481",
        "SHOMEI_WEB_WORKERS": "2",
        "SHOMEI_RATE_POSTS": "0",
        "SHOMEI_RATE_IDS": "0",
        "SHOMEI_RATE_TOKENS": "0",
        "SHOMEI_ANSWER_FLOOR_MS": "0",
        "SHOMEI_TRIES_WAITING": "8",
        "SHOMEI_PASSWORD_CHECKS": "3",
        "SHOMEI_KEY_TYPE": "rsa3072",
        "SHOMEI_SUPERSEDE": "at_expiry",
        "SHOMEI_APPROVAL": "two_persons",
        "SHOMEI_RENEWAL_NEEDS_CERTIFICATE": "on",
        "SHOMEI_AUTHORITY_PASSPHRASE_FILE": "/etc/shomei/passphrase",
        "SHOMEI_P12_KEY_ROUNDS": "10000",
        "SHOMEI_P12_CERTIFICATE_ROUNDS": "20000",
        "SHOMEI_P12_MAC_ROUNDS": "190000",
        "SHOMEI_FIRST_PASSWORD_DAYS": "7",
        "SHOMEI_LETTER_PASSWORD_DAYS": "60",
        "SHOMEI_GENERAL_USERS": "5",
        "SHOMEI_SMTP_URL": "smtps://mail%40example:p%2Fw@mail.example.jp:465",
        "SHOMEI_SMTP_STARTTLS": "never",
        "SHOMEI_MAIL_FROM": "mail@example.jp",
        "SHOMEI_MAIL_ISSUED": "off",
        "SHOMEI_MAIL_REVOKED": "on",
        "SHOMEI_MAIL_RELEASED": "on",
        "SHOMEI_MAIL_HEADS": "off",
        "SHOMEI_MAIL_HOUR": "0",
        "SHOMEI_BANK_NAME": "見本労働金庫",
        "SHOMEI_SERVICE_NAME": "見本サービス",
        "SHOMEI_HELPDESK_NAME": "見本デスク",
        "SHOMEI_HELPDESK_PHONE": "0120-111-111",
        "SHOMEI_HELPDESK_OPENS": "8",
        "SHOMEI_HELPDESK_CLOSES": "24",
        "SHOMEI_DEMO": "off",
        "SHOMEI_FAILPOINT": "after:CertificatePlanned",
        "SHOMEI_LOG_FORMAT": "json",
        "SHOMEI_LOG_LEVEL": "debug",
    }

    settings = read(**given)

    assert set(given) == {name for name, _, _ in describe()}
    assert settings == Settings(
        home=Path("/srv/shomei"),
        database_url=DATABASE,
        migration_url="postgres://owner@db.example.jp/shomei",
        pg_bindir=Path("/opt/pg/bin"),
        host="192.0.2.1",
        port=9443,
        socket=Path("/run/shomei/web"),
        public_url="https://shomei.example.jp",
        pki_port=9480,
        pki_url="http://pki.example.jp",
        private_port=9481,
        web_workers=2,
        rate_posts=0,
        rate_ids=0,
        rate_tokens=0,
        answer_floor_ms=0,
        tries_waiting=8,
        password_checks=3,
        key_type="rsa3072",
        supersede="at_expiry",
        approval="two_persons",
        renewal_needs_certificate=True,
        authority_passphrase_file=Path("/etc/shomei/passphrase"),
        p12_key_rounds=10_000,
        p12_certificate_rounds=20_000,
        p12_mac_rounds=190_000,
        first_password_days=7,
        letter_password_days=60,
        general_users=5,
        smtp_url="smtps://mail%40example:p%2Fw@mail.example.jp:465",
        smtp_starttls="never",
        mail_from="mail@example.jp",
        mail_issued=False,
        mail_revoked=True,
        mail_released=True,
        mail_heads=False,
        mail_hour=0,
        bank_name="見本労働金庫",
        service_name="見本サービス",
        helpdesk_name="見本デスク",
        helpdesk_phone="0120-111-111",
        helpdesk_opens=8,
        helpdesk_closes=24,
        demo=False,
        failpoint="after:CertificatePlanned",
        log_format="json",
        log_level="debug",
    )
    assert settings.policy() == Policy(
        first_password_life=timedelta(days=7),
        letter_password_life=timedelta(days=60),
        general_users=5,
        approval="two_persons",
        supersede="at_expiry",
        renewal_needs_certificate=True,
        mail_hour=0,
        mail_when_issued=False,
        mail_when_revoked=True,
        mail_when_released=True,
    )


def test_the_environment_wins_over_the_file_and_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("SHOMEI_PORT=1111\nSHOMEI_PKI_PORT=2222\nSHOMEI_DEMO=\nSHOMEI_MAIL_HOUR\nOTHER=x\n")

    settings = Settings.read({"SHOMEI_PORT": "3333", "SHOMEI_PKI_PORT": "", "SHOMEI_PUBLIC_URL": " "}, dotenv)

    assert (settings.port, settings.pki_port, settings.demo, settings.mail_hour) == (3333, 2222, True, 8)
    assert settings.public_url == "https://localhost:3333"
    assert settings.pki_url == "http://127.0.0.1:2222"


def test_a_password_in_the_file_is_taken_as_it_stands(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("DATABASE_URL=postgresql://a:${HOME}$1@db/x\n")

    settings = Settings.read({}, dotenv)

    assert settings.database_url == settings.migration_url == "postgresql://a:${HOME}$1@db/x"


def test_without_a_file_the_environment_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOMEI_PORT", "9443")

    assert Settings.from_environment().port == 9443


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes("SHOMEI_BANK_NAME=見本".encode("cp932"))

    with pytest.raises(SettingsError, match="must be UTF-8"):
        Settings.read({}, dotenv)


@pytest.mark.parametrize(
    ("unknown", "hint"),
    [
        ("SHOMEI_PORTT", "did you mean SHOMEI_PORT?"),
        ("SHOMEI_DATABASE_URL", "did you mean DATABASE_URL?"),
        ("SHOMEI_SMPT_URL", "did you mean SHOMEI_SMTP_URL?"),
        ("SHOMEI_QQQQ", "docs/settings.md lists those there are."),
    ],
)
def test_an_unknown_name_stops_the_start_and_the_nearest_is_named(unknown: str, hint: str) -> None:
    assert refusal(**{unknown: "1"}) == f"{unknown} is no setting; {hint}"


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("SHOMEI_PORT", "0", "a whole number from 1 to 65535"),
        ("SHOMEI_PORT", "65536", "a whole number from 1 to 65535"),
        ("SHOMEI_PRIVATE_PORT", "65536", "a whole number from 0 to 65535"),
        ("SHOMEI_PORT", "84.43", "a whole number from 1 to 65535"),
        ("SHOMEI_PORT", "８４４３", "a whole number from 1 to 65535"),
        ("SHOMEI_P12_MAC_ROUNDS", "9999", "a whole number from 10000 to 190000"),
        ("SHOMEI_P12_MAC_ROUNDS", "190001", "a whole number from 10000 to 190000"),
        ("SHOMEI_MAIL_HOUR", "24", "a whole number from 0 to 23"),
        ("SHOMEI_RATE_POSTS", "-1", "a whole number from 0 to 1000000"),
        ("SHOMEI_DEMO", "yes", "on or off"),
        ("SHOMEI_KEY_TYPE", "p384", "p256 or rsa2048 or rsa3072"),
        ("SHOMEI_SUPERSEDE", "never", "at_expiry or first_login or now"),
        ("SHOMEI_HOST", "a host", "like localhost or 192.0.2.1"),
        ("SHOMEI_BANK_NAME", "金" * 61, "at most 60 visible letters on one line"),
        ("SHOMEI_BANK_NAME", "サンプル\u202e金庫", "at most 60 visible letters on one line"),
        ("SHOMEI_BANK_NAME", "サンプル\u2028金庫", "at most 60 visible letters on one line"),
        ("SHOMEI_BANK_NAME", "金\n庫", "at most 60 visible letters on one line"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(variable: str, value: str, allowed: str) -> None:
    assert refusal(**{variable: value}) == f"{variable} has a value that is not allowed: it must be {allowed}."


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://user:secret@db/x"),
        ("SHOMEI_SMTP_URL", "http://user:secret@mail"),
        ("SHOMEI_SMTP_URL", "smtp://user:sec@ret@mail"),
        ("SHOMEI_SMTP_URL", "smtp://user:secret@mail:65536"),
        ("SHOMEI_SMTP_URL", "smtp://user:secret@mail:0"),
        ("SHOMEI_PUBLIC_URL", "https://user:secret@web"),
        ("SHOMEI_PKI_URL", "https://secret.example.jp"),
    ],
)
def test_a_bad_url_is_refused_without_being_shown(variable: str, value: str) -> None:
    said = refusal(**{variable: value})

    assert said.startswith(f"{variable} ")
    assert "not allowed: it must be" in said
    assert "sec" not in said


def test_the_settings_as_text_show_no_password() -> None:
    assert str(read(DATABASE_URL=DATABASE)) == "Settings(…)"


def test_an_owner_without_a_database_of_ones_own_is_a_contradiction() -> None:
    assert "DATABASE_URL is not" in refusal(SHOMEI_MIGRATION_URL="postgresql://owner@db/shomei")


@pytest.mark.parametrize(("opens", "closes"), [("18", "18"), ("19", "18")])
def test_a_helpdesk_that_closes_before_it_opens_is_a_contradiction(opens: str, closes: str) -> None:
    assert "later hour" in refusal(SHOMEI_HELPDESK_OPENS=opens, SHOMEI_HELPDESK_CLOSES=closes)


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("bank.example.jp", "8443", "https://bank.example.jp:8443"),
        ("bank.example.jp", "443", "https://bank.example.jp"),
        ("::1", "8443", "https://[::1]:8443"),
    ],
)
def test_the_public_url_follows_host_and_port(host: str, port: str, url: str) -> None:
    assert read(SHOMEI_HOST=host, SHOMEI_PORT=port).public_url == url


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("128.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  (shown to be no loopback address)
        ("::", False),
        ("localhost.example.jp", False),
    ],
)
def test_only_this_machines_own_addresses_are_loopback(host: str, loopback: bool) -> None:
    settings = read(SHOMEI_HOST=host)

    assert settings.is_loopback is loopback
    assert settings.demo_allowed is loopback


@pytest.mark.parametrize(
    "given", [{"SHOMEI_DEMO": "off"}, {"DATABASE_URL": DATABASE}, {"SHOMEI_SOCKET": "/run/shomei/web"}]
)
def test_there_is_no_demo_when_off_on_ones_own_database_or_behind_nginx(given: dict[str, str]) -> None:
    assert not read(**given).demo_allowed


@pytest.mark.parametrize("variable", ["DATABASE_URL", "SHOMEI_MIGRATION_URL"])
@pytest.mark.parametrize(
    "address", ["postgresql://shomei:se%cret@db.example.jp/shomei", "postgresql://shomei:secret@db.example.jp/a?b=c"]
)
def test_an_address_that_postgresql_would_not_understand_is_refused_without_its_password(
    variable: str, address: str
) -> None:
    given = {"DATABASE_URL": DATABASE, variable: address}

    with pytest.raises(SettingsError) as refused:
        read(**given)

    fault = refused.value
    assert str(fault).startswith(f"{variable} is no address")
    assert "cret" not in str(fault)
    assert fault.__cause__ is None
    assert fault.__suppress_context__
