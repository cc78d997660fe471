"""One letter of each kind, and who puts them into words as at the bank (R8.1)."""

from datetime import UTC, date, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from application.mail_ports import Letter
from domain.notification import Kind
from domain.organization_facts import Language
from infra.letters import letters
from infra.settings import Settings
from infra.tree_heads import HeadKey

AT = datetime(2026, 11, 23, 5, 5, tzinfo=UTC)  # 14:05 in Japan
UNTIL = AT + timedelta(minutes=60)
LAST_DAY = date(2026, 12, 23)
SERIAL = "5F3A91C07E24D8B60A4D2C79E61B83F5"
SETTINGS = Settings.read({"SHOMEI_PUBLIC_URL": "https://shomei.bank.example.jp"}, None)
WRITER = letters(SETTINGS)
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NOTE = HeadKey("shomei.bank.example.jp/log", LOG_KEY).sign(20_852_163, bytes(range(32)), AT).note
TOLD: dict[Kind, dict[str, object]] = {
    "expiring": {"last_day": LAST_DAY, "serial": SERIAL},
    "expired": {"last_day": LAST_DAY, "serial": SERIAL},
    "locked": {"until": UNTIL},
    "blocked": {},
    "issued": {"last_day": LAST_DAY, "serial": SERIAL},
    "revoked": {"serial": SERIAL, "reason": "lost"},
    "released": {},
    "code": {"until": UNTIL, "code": "493027"},
    "address_changed": {},
    "address_left": {},
    "tree_head": {"note": NOTE},
}


def letter(kind: Kind, language: Language = "ja", releases: str = "master", **told: object) -> Letter:
    details: dict[str, object] = {"releases": releases, **TOLD[kind], **told}
    return Letter(kind=kind, language=language, user_id="sato2001", name="佐藤 由美", at=AT, **details)  # type: ignore[arg-type]  # each as TOLD has it
