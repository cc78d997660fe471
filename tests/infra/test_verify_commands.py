"""`shomei audit verify`: 0 where nothing was changed, 1 for the first bad place, 2 where nothing is known (R10.4)."""

import json
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.tree_head import TreeHead
from infra import cli
from tests.support.accounts import DAY, MINUTE
from tests.support.command_line import CommandLine
from tests.support.signed_log import KEY, PUBLIC_KEY, SIGNED, SignedLog

CHANGE = "update stored_events set state = state || ' ' where notification_id = 8"
SAID = "20 facts, as signed on 2026-11-24 09:00:00 JST: nothing was changed\n"


def pem(key: Ed25519PrivateKey | None = None) -> bytes:
    public = key.public_key() if key else PUBLIC_KEY
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def note(head: TreeHead) -> str:
    return KEY.sign(head.size, head.root, head.at).note


@pytest.fixture
def auditor(tmp_path_factory: pytest.TempPathFactory, log: SignedLog) -> Path:
    """A folder with the log's key, an export of twenty facts, and the head as it came by mail."""
    folder = tmp_path_factory.mktemp("auditor")
    head = log.signed(20)
    log.export().rename(folder / "export.zip")
    (folder / "log.pem").write_bytes(pem())
    (folder / "head.txt").write_text(note(head))
    return folder


def verify(folder: Path, *words: str, file: str | None = "export.zip", stdin: str | None = None) -> Result:
    """With the folder's key; the head is the folder's, if no other is named."""
    chosen = [] if "--head" in words else ["--head", str(folder / "head.txt")]
    given = [str(folder / file)] if file else []
    arguments = ["audit", "verify", *given, *chosen, "--key", str(folder / "log.pem"), *words]
    return CliRunner().invoke(cli.main, arguments, input=stdin)


def test_an_export_is_verified_where_there_is_no_database_and_no_setting_is_read(
    auditor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOMEI_NONSENSE", "an unknown setting stops whoever reads them")

    done = verify(auditor)

    assert (done.exit_code, done.stdout, done.stderr) == (0, SAID, "")
    assert sorted(path.name for path in auditor.iterdir()) == ["export.zip", "head.txt", "log.pem"]


def test_what_was_found_is_told_as_json(auditor: Path) -> None:
    done = verify(auditor, "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "unchanged": True,
        "facts": 20,
        "head": 20,
        "signed_at": "2026-11-24T00:00:00+00:00",
        "heads": 1,
        "not_covered": 0,
        "vault": [],
    }


def test_the_head_may_come_from_standard_input_and_in_a_mail(auditor: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = "監査: 署名付きツリーヘッド"
    mail.set_content("本日のツリーヘッドです。\n\n" + (auditor / "head.txt").read_text(), cte="base64")

    done = verify(auditor, "--head", "-", stdin=mail.as_string())

    assert (done.exit_code, done.stdout) == (0, SAID)


def test_the_first_bad_place_is_named_with_status_1(auditor: Path, log: SignedLog) -> None:
    log.owner.execute(CHANGE)
    log.export().rename(auditor / "export.zip")

    done = verify(auditor)

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: first bad place: leaf 7 (position 8, stream 00000000-0000-4000-8000-000000000001): "
        "the fact is not the one recorded\n"
    )


def test_the_first_bad_place_is_told_as_json(auditor: Path, log: SignedLog) -> None:
    log.owner.execute(CHANGE)
    log.export().rename(auditor / "export.zip")

    done = verify(auditor, "--json")

    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (told["unchanged"], told["what"], told["leaf"], told["position"]) == (False, "changed", 7, 8)
    assert told["sentence"].startswith("first bad place: leaf 7 (position 8, stream ")


def test_a_zip_that_was_cut_has_status_1(auditor: Path) -> None:
    whole = (auditor / "export.zip").read_bytes()
    (auditor / "export.zip").write_bytes(whole[:-1])

    done = verify(auditor)

    assert done.exit_code == 1
    assert "cannot be read" in done.stderr


@pytest.mark.parametrize("name", ["head.txt", "nothing.zip"])
def test_what_is_no_export_has_status_2(auditor: Path, name: str) -> None:
    assert verify(auditor, file=name).exit_code == 2


def test_a_text_without_a_head_has_status_2(auditor: Path) -> None:
    done = verify(auditor, "--head", str(auditor / "log.pem"))

    assert (done.exit_code, done.stderr) == (2, "Error: there is no signed tree head in it\n")


def test_a_head_that_another_key_signed_has_status_2(auditor: Path) -> None:
    (auditor / "log.pem").write_bytes(pem(Ed25519PrivateKey.generate()))

    done = verify(auditor)

    assert done.exit_code == 2
    assert "another key signed it" in done.stderr


def test_a_key_that_is_none_has_status_2(auditor: Path) -> None:
    (auditor / "log.pem").unlink()

    assert verify(auditor).exit_code == 2


def test_a_head_that_says_nothing_of_these_facts_has_status_2(auditor: Path, log: SignedLog) -> None:
    (auditor / "head.txt").write_text(note(log.sign(SIGNED + MINUTE)))

    done = verify(auditor)

    assert done.exit_code == 2
    assert "export with --head 22" in done.stderr


def test_without_a_head_it_is_wrong_usage(auditor: Path) -> None:
    assert CliRunner().invoke(cli.main, ["audit", "verify", str(auditor / "export.zip")]).exit_code == 2


def test_the_database_is_verified_with_the_homes_key(shomei: CommandLine, auditor: Path, log: SignedLog) -> None:
    log.fill(3)
    home = shomei.work / "authority"
    home.mkdir()
    (home / "log.pem").write_bytes(pem())

    done = shomei.run("audit", "verify", "--head", str(auditor / "head.txt"))

    assert (done.exit_code, done.stdout) == (0, SAID + "5 newer facts: not covered by this head\n")


def test_a_changed_database_has_status_1(shomei: CommandLine, auditor: Path, log: SignedLog) -> None:
    log.owner.execute(CHANGE)

    done = verify(auditor, file=None)

    assert done.exit_code == 1
    assert "leaf 7 (position 8" in done.stderr


def test_of_several_heads_in_one_text_each_counts_once(shomei: CommandLine, auditor: Path, log: SignedLog) -> None:
    later = log.sign(SIGNED + DAY)

    text = (auditor / "head.txt").read_text() + note(later) + note(later)
    both = verify(auditor, "--head", "-", "--json", file=None, stdin=text)

    assert (json.loads(both.stdout)["heads"], json.loads(both.stdout)["facts"]) == (2, 22)


def test_a_vault_as_recorded_says_nothing_more(shomei: CommandLine, auditor: Path) -> None:
    done = verify(auditor, "--vault", file=None)

    assert (done.exit_code, done.stdout.startswith(SAID)) == (0, True)


def test_a_row_of_the_vault_that_nobody_recorded_has_status_1(
    shomei: CommandLine, auditor: Path, log: SignedLog
) -> None:
    log.owner.execute("insert into vault_persons values (gen_random_uuid(), 1, 'salt', 'data')")

    said = verify(auditor, "--vault", file=None)
    told = verify(auditor, "--vault", "--json")

    assert (said.exit_code, told.exit_code) == (1, 1)
    assert said.stderr.startswith("vault: nothing ")
    assert said.stderr.endswith(", version 1: what is kept was never recorded\n")
    assert (json.loads(told.stdout)["unchanged"], json.loads(told.stdout)["vault"][0]["what"]) == (False, "unknown")
