"""Signed tree heads as text: C2SP checkpoints in signed notes (c2sp.org/tlog-checkpoint, c2sp.org/signed-note; R10.4).

The key, its ID and the signature of PeterNeumann are those of the tests of Go's golang.org/x/mod/sumdb/note.
"""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from typing import get_args

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from application.mail_ports import Mail
from domain.organization_facts import Language
from domain.tree_head import TreeHead
from infra.mail_message import mail_message
from infra.tree_heads import HeadFault, HeadKey, key_id, last_in, origin, read, sign
from tests.support.letters import LOG_KEY, WRITER, letter

PETER = b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
PETERS_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETERS_LINE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
PETERS_SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)
HEAD = TreeHead(origin="shomei.example.jp/log", size=1024, root=bytes(range(32)), at=AT)
LATER = TreeHead(origin="shomei.example.jp/log", size=20_852_163, root=bytes(32), at=AT + timedelta(minutes=5))
PUBLIC = LOG_KEY.public_key()
NOTE = sign(HEAD, LOG_KEY).note
TWO = f"{NOTE}\n{sign(LATER, LOG_KEY).note}\n"


def test_a_keys_id_is_that_of_gos_note_package() -> None:
    assert key_id("PeterNeumann", Ed25519PublicKey.from_public_bytes(PETER[1:])).hex() == "c74f20a3"


def test_a_signature_is_that_of_gos_note_package() -> None:
    key = Ed25519PrivateKey.from_private_bytes(PETERS_SEED)

    signed = key_id("PeterNeumann", key.public_key()) + key.sign(PETERS_TEXT.encode())

    assert b64encode(signed).decode() == PETERS_LINE


def test_a_head_is_written_as_a_checkpoint_with_its_time() -> None:
    text, _, line = NOTE.partition("\n\n")

    assert text == (
        "shomei.example.jp/log\n1024\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\ntime 2026-11-23T05:00:00Z"
    )
    name, signed = line.removeprefix("\N{EM DASH} ").removesuffix("\n").split(" ")
    assert name == "shomei.example.jp/log"
    assert b64decode(signed)[:4] == key_id(name, PUBLIC)
    PUBLIC.verify(b64decode(signed)[4:], f"{text}\n".encode())


def test_a_written_head_is_read_again() -> None:
    assert read(NOTE, PUBLIC) == [HEAD]


def test_the_fact_tells_the_note_to_the_second() -> None:
    fact = HeadKey(HEAD.origin, LOG_KEY).sign(HEAD.size, HEAD.root, AT + timedelta(microseconds=999_999))

    assert fact.note == NOTE
    assert fact.at == AT + timedelta(microseconds=999_999)


@pytest.mark.parametrize(
    ("public_url", "name"),
    [("https://shomei.example.jp", "shomei.example.jp/log"), ("https://localhost:8443/a", "localhost:8443/log")],
)
def test_a_logs_name_is_its_host(public_url: str, name: str) -> None:
    assert origin(public_url) == name


@pytest.mark.parametrize(
    "text",
    [
        f"Subject: x\nFrom: a@example.jp\n\n{NOTE}",
        f"{NOTE}\nKind regards\n",
        NOTE.replace("\n", "\r\n"),
        "".join(f"> {line}\n" for line in NOTE.splitlines()),
        "".join(f">> > {line}  \r\n" for line in NOTE.splitlines()),
        NOTE.removesuffix("\n"),
        NOTE.replace("log ", "log\n"),
        NOTE + "\N{EM DASH} witness.example/w1 " + "A" * 100 + "\n",
        NOTE.replace("\n\n", "\n\n\N{EM DASH} witness.example/w1 " + "A" * 100 + "\n"),
        f"— a dash in a mail\n\n— \n\n{NOTE}\n-- \nsigned",
    ],
    ids=["behind", "before", "crlf", "quoted", "twice", "cut", "wrapped", "cosigned", "led", "dashes"],
)
def test_a_head_is_found_in_any_text(text: str) -> None:
    assert read(text, PUBLIC) == [HEAD]


def test_all_heads_of_a_file_are_read_in_their_order() -> None:
    assert read(TWO, PUBLIC) == [HEAD, LATER]


def test_a_head_that_stands_twice_in_a_text_is_one() -> None:
    assert read(f"{NOTE}\n{TWO}", PUBLIC) == [HEAD, LATER]


@pytest.mark.parametrize("language", get_args(Language))
def test_a_head_is_found_in_a_mail_as_it_came_over_the_wire(language: Language) -> None:
    subject, body = WRITER.write(letter("tree_head", language, "administrator"))
    mail = Mail(
        message_id="m@example.jp",
        recipient="a@example.jp",
        subject=subject,
        body=body,
        language=language,
        date=AT,
    )

    source = mail_message(mail, Address(username="no-reply", domain="example.jp")).as_bytes().decode("ascii")

    assert [head.size for head in read(source, PUBLIC)] == [20_852_163]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("\n1024\n", "\n1025\n"),
        ("\nAAEC", "\nBAEC"),
        ("05:00:00Z", "05:00:01Z"),
        ("05:00:00Z", "05:00:60Z"),
        ("shomei.example.jp/log\n", "shomei.example.jp/lug\n"),
        ("\n1024\n", "\n01024\n"),
        ("\n1024\n", "\n1024\nmore\n"),
        ("\ntime ", "\ntima "),
        ("time 2026-11-23T05:00:00Z\n", ""),
        ("log\n1024\n", "log\n"),
    ],
    ids=["size", "root", "second", "no time", "origin", "zero", "line", "word", "timeless", "sizeless"],
)
@pytest.mark.parametrize("before", ["", f"{sign(LATER, LOG_KEY).note}\n"], ids=["alone", "second"])
def test_a_changed_head_is_refused_also_behind_a_good_one(was: str, now: str, before: str) -> None:
    changed = NOTE.replace(was, now)

    assert changed != NOTE
    with pytest.raises(HeadFault):
        read(before + changed, PUBLIC)


def test_each_changed_octet_of_a_signature_is_refused() -> None:
    fact = sign(HEAD, LOG_KEY)
    signature = bytes.fromhex(fact.signature)

    for place in range(64):
        wrong = bytes([*signature[:place], signature[place] ^ 1, *signature[place + 1 :]])
        line = b64encode(bytes.fromhex(fact.key_id) + wrong).decode()
        with pytest.raises(HeadFault, match="the tree head of 1024 facts was changed, or another key signed it"):
            read(f"{HEAD.text}\n\N{EM DASH} {HEAD.origin} {line}\n", PUBLIC)


def test_a_head_that_another_key_signed_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes([1] * 32))

    with pytest.raises(HeadFault, match="another key signed it"):
        read(sign(HEAD, other).note, PUBLIC)
    with pytest.raises(HeadFault, match="another key signed it"):
        read(f"{NOTE}\n{sign(LATER, other).note}", PUBLIC)


def test_a_signature_under_another_name_than_the_origins_is_passed_over() -> None:
    line = NOTE.split("\n\n")[1].replace(HEAD.origin, "other.example")

    with pytest.raises(HeadFault):
        read(f"{HEAD.text}\n{line}", PUBLIC)


def test_a_signature_under_another_keys_id_is_passed_over() -> None:
    line = b64encode(bytes(4) + LOG_KEY.sign(HEAD.text.encode())).decode()

    with pytest.raises(HeadFault):
        read(f"{HEAD.text}\n\N{EM DASH} {HEAD.origin} {line}\n", PUBLIC)


@pytest.mark.parametrize("text", ["", "no head\n", HEAD.text, HEAD.text + "\n\N{EM DASH} x AAAA\n"])
def test_a_text_without_a_head_is_refused(text: str) -> None:
    with pytest.raises(HeadFault, match="there is no signed tree head in it"):
        read(text, PUBLIC)


def test_a_signed_note_that_is_no_head_is_refused() -> None:
    with pytest.raises(HeadFault, match="no tree head"):
        read(f"{PETERS_TEXT}\n\N{EM DASH} PeterNeumann {PETERS_LINE}\n", PUBLIC)


@pytest.mark.parametrize("line", ["a line\n", "> \n", "\N{EM DASH} a \n", "x y\n\n"])
def test_a_long_text_without_a_head_is_read_to_its_end(line: str) -> None:
    """200,000 lines: were it quadratic, no time limit would do."""
    with pytest.raises(HeadFault):
        read(line * 50_000, PUBLIC)


def test_the_last_head_of_a_file_is_told_from_its_end() -> None:
    whole = TWO.encode()

    assert last_in(whole) == LATER
    assert last_in(whole[100:]) == LATER
    assert last_in(whole[:-60]) == HEAD
    assert last_in(b"") is None
