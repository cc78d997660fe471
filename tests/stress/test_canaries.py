"""Nothing secret stays behind: not in the database's files, a log, a mail, nor beside them (R2.3, R5.3, R10.6; Q11).

Real processes on a PostgreSQL of their own do the main job with all its errors; then every file and mail is searched. A
canary is a value that stands nowhere else, so a place where it is found is a leak.
"""

import json
import re
import shutil
import ssl
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

import httpx2
import psycopg
import pytest
from aiosmtpd.smtp import Envelope
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from infra import core_dumps
from infra.embedded_postgres import embedded
from infra.migration import migrate
from tests.support.canaries import Spellings, files_below, found_in, of_octets, of_package, of_text
from tests.support.database import Dsn
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, Process, Visitor, fleet_on
from tests.support.mail_server import ADDRESS, MailServer
from tests.support.stress_table import record
from web.cookies import NOTE

COMMAND = "make stress"
DESK = "kanariadesk73@example.com"
ORGANIZATION = ("organization", "add", "ACME01", "見本商事株式会社", "--email", DESK)
TARO, JIRO, SABURO, HANAKO, MASTER = "taro0001", "jiro0002", "sabu0003", "hana0004", "mich0005"
NAMES = {
    TARO: "加奈里太郎七三",
    JIRO: "加奈里次郎七三",
    SABURO: "加奈里三郎七三",
    HANAKO: "加奈里花子七三",
    MASTER: "加奈里道子七三",
}
MAILS = {TARO: 1, JIRO: 2, HANAKO: 1}  # issued; issued and revoked; locked
# Of one who typed it all, and never pressed 登録: what was typed is sealed.
UNDECIDED, UNDECIDED_NAME = "haru0006", "加奈里春子七三"
OWN, MISTYPED = "kanariaOwn73", "kanariaBad73"
SERVER_ERROR = 500
TAKES_NO_ROW = "add constraint never check (false) not valid"

Owner = psycopg.Connection[tuple[object, ...]]


def address_of(user_id: str) -> str:
    return f"kanaria.{user_id}@example.com"


@dataclass
class Ground:
    """Folders of this test alone, and whose canaries were let loose there."""

    folder: Path
    passwords: dict[str, str] = field(default_factory=dict)
    packages: dict[str, Spellings] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    vault: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        for part in ("postgres", "home", "temporary", "cards", "mails"):
            (self.folder / part).mkdir()

    @property
    def mails(self) -> Path:
        """A folder for each address that got one."""
        return self.folder / "mails"

    @property
    def searched(self) -> list[Path]:
        """All but the cards and mails, which stand for the visitors' own machines."""
        return [self.folder / part for part in ("postgres", "home", "temporary")]

    @property
    def secrets(self) -> dict[str, Spellings]:
        typed = {f"password of {who}": of_text(password) for who, password in self.passwords.items()}
        cookies = {f"cookie {number}": of_text(cookie) for number, cookie in enumerate(self.cookies)}
        undecided = {"undecided": of_text(UNDECIDED_NAME), "her address": of_text(address_of(UNDECIDED))}
        own = {"own": of_text(OWN), "mistyped": of_text(MISTYPED)}
        return {**typed, **self.packages, **cookies, **undecided, **own}

    @property
    def persons(self) -> dict[str, Spellings]:
        names = {f"name of {who}": of_text(name) for who, name in NAMES.items()}
        addresses = {f"address of {who}": of_text(address_of(who)) for who in NAMES}
        return {**names, **addresses, "address of ACME01": of_text(DESK)}


@pytest.fixture
def ground() -> Iterator[Ground]:
    """With short paths, for PostgreSQL's socket and the workers' stand in it."""
    folder = Path(tempfile.mkdtemp(prefix="shomei-"))
    try:
        folder.chmod(0o755)  # as root the database's files belong to another account
        yield Ground(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def post() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@contextmanager
def running(ground: Ground, **settings: str) -> Iterator[tuple[Fleet, str]]:
    """A fleet on a cluster of its own; the address of its owner."""
    with embedded(ground.folder / "postgres") as cluster:
        dsn = Dsn(cluster.owner_dsn, cluster.process_dsn)
        migrate(dsn.owner, dsn.process)
        settings = {"TMPDIR": str(ground.folder / "temporary"), "SHOMEI_LOG_LEVEL": "debug", **settings}
        with fleet_on(dsn, ground.folder / "home", **settings) as fleet:
            yield fleet, dsn.owner


def register(fleet: Fleet, ground: Ground, user_id: str) -> None:
    person = ("--organization", "ACME01", "--name", NAMES[user_id], "--email", address_of(user_id))
    ground.passwords[user_id] = json.loads(fleet.run("user", "add", user_id, *person, "--json"))["password"]


def register_by_letter(visitor: Visitor, ground: Ground, user_id: str, name: str) -> None:
    """The master's first registration up to 登録, with a slip on each page."""
    entrance, profile = "/registration/master", "/registration/master/profile"
    for password, status in ((MISTYPED, 401), (ground.passwords["the letter"], 303)):
        answer = visitor.post(entrance, visitor.token(entrance), organization_code="ACME01", initial_password=password)
        assert answer.status_code == status
    ground.passwords[user_id] = f"kanaria{user_id[:4]}7"
    person = {"name": name, "email": address_of(user_id), "email_again": address_of(user_id), "user_id": user_id}
    for again, status in ((MISTYPED, 422), (ground.passwords[user_id], 303)):
        typed = person | {"password": ground.passwords[user_id], "password_again": again}
        assert visitor.post(profile, visitor.token(profile), **typed).status_code == status
    assert name in visitor.get("/registration/master/confirm").text


def register_masters(fleet: Fleet, ground: Ground, web: Process) -> None:
    with fleet.visitor(web) as undecided, fleet.visitor(web) as master:
        register_by_letter(undecided, ground, UNDECIDED, UNDECIDED_NAME)
        register_by_letter(master, ground, MASTER, NAMES[MASTER])
        confirm = "/registration/master/confirm"
        assert master.post(confirm, master.token(confirm)).status_code == httpx2.codes.SEE_OTHER
        ground.cookies += cookies_of(undecided) + cookies_of(master)


def receive(visitor: Visitor, ground: Ground, user_id: str) -> bytes:
    """④ to ⑦."""
    assert visitor.authenticate(user_id, ground.passwords[user_id]).status_code == httpx2.codes.SEE_OTHER
    assert visitor.issue().status_code == httpx2.codes.SEE_OTHER
    assert visitor.wait_for_the_result().headers["location"] == "/issuance/result"
    p12 = visitor.get("/issuance/p12").content
    ground.packages[f"key of {user_id}"] = of_package(p12, ground.passwords[user_id])
    return p12


def with_card(fleet: Fleet, ground: Ground, web_port: int, p12: bytes, password: str) -> Visitor:
    """A browser in which that p12 has been imported."""
    key, certificate, _ = pkcs12.load_key_and_certificates(p12, password.encode())
    assert key is not None
    assert certificate is not None
    card = ground.folder / "cards" / "card.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    card.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    visitor = Visitor(f"https://127.0.0.1:{web_port}", fleet.root)
    context = ssl.create_default_context(cafile=fleet.root)
    context.load_cert_chain(card)
    visitor.client = httpx2.Client(base_url=visitor.url, verify=context, follow_redirects=False)
    return visitor


def go_behind(visitor: Visitor, first: str) -> None:
    """In, the password changed after a slip, the first page looked at."""
    assert visitor.post("/login", visitor.token("/login"), user_id=TARO, password=first).status_code == 303
    token = visitor.token("/home/password")
    change = {"password": OWN, "password_again": OWN}
    assert visitor.post("/home/password", token, current_password=MISTYPED, **change).status_code == 401
    assert visitor.post("/home/password", token, current_password=OWN[:5], **change).status_code == 422
    assert visitor.post("/home/password", token, current_password=first, **change).status_code == 303
    assert NAMES[TARO] in visitor.get("/home").text
    assert visitor.post("/logout", visitor.token("/home")).status_code == 303


def err(visitor: Visitor) -> None:
    """What people do wrong at ④, on to a lock."""
    for user_id, password in ((TARO, MISTYPED), ("nobody01", MISTYPED), (NAMES[HANAKO], OWN + MISTYPED)):
        assert visitor.authenticate(user_id, password).status_code in (401, 422)
    for _ in range(7):
        assert visitor.authenticate(HANAKO, MISTYPED).status_code == 401
    strange = visitor.client.post("/issuance", content=f"password={OWN}&password={MISTYPED}&%zz")
    assert strange.status_code == 422
    assert visitor.get(f"/nowhere?password={MISTYPED}").status_code == 404


def break_things(card: Visitor, third: Visitor, ground: Ground, owner: Owner) -> None:
    """Bugs, as far as the processes can tell: a table that is not there, and one that takes no row."""
    at_login, at_issue = (card, "/login", TARO, OWN), (third, "/issuance", SABURO, ground.passwords[SABURO])
    for table, (visitor, entrance, user_id, password), rows in (
        ("vault_verifiers", at_login, False),
        ("sessions", at_login, True),
        ("tickets", at_issue, True),
    ):
        token = token_again(visitor, entrance)
        owner.execute(f"alter table {table} rename to away")
        broken = [visitor.post(entrance, token, user_id=user_id, password=password)]
        owner.execute(f"alter table away rename to {table}")
        if rows:
            token = token_again(visitor, entrance)
            owner.execute(f"alter table {table} {TAKES_NO_ROW}")
            broken.append(visitor.post(entrance, token, user_id=user_id, password=password))
            owner.execute(f"alter table {table} drop constraint never")
        assert all(answer.status_code >= SERVER_ERROR for answer in broken), table
        assert all(password not in answer.text for answer in broken)


def cookies_of(visitor: Visitor) -> list[str]:
    """Session, ticket and form: those that open something. The note that one has logged out does not."""
    return [cookie.value for cookie in visitor.client.cookies.jar if cookie.value and cookie.name != NOTE]


def token_again(visitor: Visitor, entrance: str) -> str:
    """After a bug's page the server closes the connection: the next request may meet that."""
    with suppress(httpx2.RemoteProtocolError):
        return visitor.token(entrance)
    return visitor.token(entrance)


def refuse_a_person(fleet: Fleet, ground: Ground, owner: Owner) -> None:
    """The vault takes no row; PostgreSQL's own words for that quote the whole of it."""
    owner.execute(f"alter table vault_persons {TAKES_NO_ROW}")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        register(fleet, ground, SABURO)
    owner.execute("alter table vault_persons drop constraint never")
    (fleet.home / "terminal.log").write_text(failure.value.stderr)


def limits_of(fleet: Fleet) -> set[tuple[str, ...]]:
    """The limit on core dumps of every process of ours, the workers that pack key packages among them."""

    def below(pid: int) -> Iterator[int]:
        yield pid
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from below(int(child))

    pids = [pid for process in fleet.processes for pid in below(process.process.pid)]
    assert len(pids) > len(fleet.processes)
    limits = (Path(f"/proc/{pid}/limits").read_text() for pid in pids)
    return {re.search(r"^Max core file size +(\S+) +(\S+)", text, re.MULTILINE).groups() for text in limits}  # type: ignore[union-attr]  # every kernel has it


def vault_files(owner: Owner, data: Path) -> list[Path]:
    """The table's own file; what of it may stand in the write-ahead log stands there as its row."""
    (row,) = owner.execute("select pg_relation_filepath('vault_persons')")
    return [data / str(row[0])]


def keep(ground: Ground, mails: list[Envelope]) -> None:
    """Each as it came, and as it is read."""
    for number, mail in enumerate(mails):
        (address,) = mail.rcpt_tos
        folder = ground.mails / address
        folder.mkdir(exist_ok=True)
        came = bytes(mail.original_content or b"")
        read = message_from_bytes(came, policy=policy.default)
        (folder / f"{number}.eml").write_bytes(came)
        (folder / f"{number}.txt").write_text("\n".join([*map(str, read.values()), read.get_content()]))


def live_through_it(ground: Ground, post: MailServer, **settings: str) -> None:
    to_post = {"SHOMEI_SMTP_URL": f"smtp://{ADDRESS}:{post.port}", "SHOMEI_MAIL_REVOKED": "on"}
    with running(ground, **to_post, **settings) as (fleet, dsn), psycopg.connect(dsn, autocommit=True) as owner:
        for words in (("project",), ("remind",)):
            fleet.start(*words)
        (web,) = fleet.web()
        ground.passwords["the letter"] = json.loads(fleet.run(*ORGANIZATION, "--json"))["initial_password"]
        register_masters(fleet, ground, web)
        for user_id in (TARO, JIRO, HANAKO):
            register(fleet, ground, user_id)
        with fleet.visitor(web) as taro, fleet.visitor(web) as jiro, fleet.visitor(web) as third:
            p12 = receive(taro, ground, TARO)  # closed at ⑧
            assert taro.post("/issuance/close", taro.token("/issuance/result")).status_code == 303
            receive(jiro, ground, JIRO)  # left waiting, sealed
            err(third)
            refuse_a_person(fleet, ground, owner)
            register(fleet, ground, SABURO)
            with with_card(fleet, ground, web.port, p12, ground.passwords[TARO]) as card:
                go_behind(card, ground.passwords[TARO])
                break_things(card, third, ground, owner)
                ground.cookies += cookies_of(card)
            token_again(third, "/issuance")
            assert third.authenticate(SABURO, ground.passwords[SABURO]).status_code == 303  # left at ⑤, sealed
            for visitor in (taro, jiro, third):
                ground.cookies += cookies_of(visitor)
        fleet.run("revoke", JIRO, "--reason", "lost")
        fleet.run("remind", "--once")
        patiently(lambda: len(post.taken) == sum(MAILS.values()))
        keep(ground, post.taken)
        assert limits_of(fleet) == {(str(core_dumps.LIMIT),) * 2}
        web.kill()
        ground.vault = vault_files(owner, ground.folder / "postgres" / "data")
        owner.execute("checkpoint")


def is_log_of_the_database(file: Path) -> bool:
    return file.parent.name == "pg_wal"


def test_after_the_main_job_with_all_its_errors_no_secret_is_in_any_file_or_mail(
    ground: Ground, post: MailServer, long: bool
) -> None:
    live_through_it(ground, post, SHOMEI_KEY_TYPE="rsa2048" if long else "p256")

    files, mails = list(files_below(*ground.searched)), list(files_below(ground.mails))
    secrets, persons = found_in(files + mails, ground.secrets), found_in(files, ground.persons)
    elsewhere = [file for where in persons.values() for file in where if not is_log_of_the_database(file)]
    told = {person: {mail.parent.name for mail in where} for person, where in found_in(mails, ground.persons).items()}
    assert secrets == {}
    assert set(elsewhere) == set(ground.vault)
    assert set(persons) == set(ground.persons), "the search finds what is there"
    assert found_in(files, {"user ID": of_octets(TARO.encode())}) != {}
    assert told == {f"{what} of {who}": {address_of(who)} for who in MAILS for what in ("name", "address")}
    assert received(mails) == {address_of(who): number for who, number in MAILS.items()}
    record(
        "Q11",
        "main job and its errors by serve, project, remind and commands; then every file of database, write-ahead log, "
        "SHOMEI_HOME, logs and temporary folder, and every mail as it came and as it is read, searched for "
        f"{len(ground.secrets)} secrets in {spelt(ground.secrets)} spellings and for {len(ground.persons)} names and "
        f"addresses of {len(NAMES)} people and an organization",
        f"{len(files)} files, {sum(file.stat().st_size for file in files) >> 20} MiB, {received(mails).total()} mails "
        f"to {len(told) // 2} people: {len(secrets)} secrets found; names and addresses in {len(set(elsewhere))} file, "
        "the vault's, in the write-ahead log that repeats it, and in no mail but its owner's; no core dump allowed in "
        "any process",
        COMMAND,
    )


def received(mails: list[Path]) -> Counter[str]:
    """How many each address got."""
    return Counter(mail.parent.name for mail in mails if mail.suffix == ".eml")


def spelt(canaries: dict[str, Spellings]) -> int:
    return sum(map(len, canaries.values()))
