"""`shomei audit verify`: an export or the database against signed heads (R10.4; screens.md, "Command line").

Exit status 0: nothing was changed; 1: the first bad place is named; 2: nothing could be checked. With a file nothing
but that, the heads and the log's public key is needed: no database, and no settings.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TextIO

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.tree_head import TreeHead
from domain.validity import JST
from infra import consistency, log_key, tree_heads
from infra.bootstrap import authority_home
from infra.command import TOLD, as_json, open_house, progress, sentence, settings
from infra.consistency import Consistency, Continued
from infra.export_file import Damaged, NoExport, open_export
from infra.tree_heads import HeadFault
from infra.vault_check import Difference, differences
from infra.verification import Bad, Undecided, Verified, Wrong
from infra.verify_database import verify_database
from infra.verify_export import verify_export

CANNOT_TELL = 2  # the exit status; 1 is kept for what was changed
LABEL = "verifying"
NEITHER = "the file is about the heads of {} and {} facts, and neither is among the given ones"

VAULT_SENTENCES = {
    "changed": "what is kept is not what was recorded",
    "missing": "what was recorded is missing, and nobody erased it",
    "unknown": "what is kept was never recorded",
}


class Undone(click.ClickException):
    """Nothing could be checked."""

    exit_code = CANNOT_TELL


@contextmanager
def undone() -> Iterator[None]:
    try:
        yield
    except (Undecided, NoExport, HeadFault, *TOLD) as error:
        raise Undone(sentence(error)) from error


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--head", "heads", type=click.File(encoding="utf-8", errors="replace"), required=True, metavar="H")
@click.option("--key", type=click.Path(path_type=Path), help="The log's public key; without it that of SHOMEI_HOME.")
@click.option("--vault", is_flag=True, help="Names and addresses in the database too, against what was recorded.")
@as_json
def verify(file: Path | None, heads: TextIO, key: Path | None, vault: bool, as_json: bool) -> None:
    """An export, a proof of consistency, or without FILE the database, against the signed heads in H, file or mail."""
    with undone():
        public = log_key.read_public(key or authority_home(settings()) / log_key.PUBLIC_KEY)
        given = list(dict.fromkeys(tree_heads.read(heads.read(), public)))  # a mail tells them in two ways
        try:
            if file and (proof := consistency.read(file)):
                _tell_continued(_of_proof(proof, given, public), json_wanted=as_json)
                return
            found = _of_file(file, given, public) if file else _of_database(given)
        except Wrong as wrong:
            _tell_bad(wrong.bad, json_wanted=as_json)
        kept = _vault() if vault else []
    _tell_verified(found, kept, json_wanted=as_json)


def _of_proof(proof: Consistency, given: Sequence[TreeHead], key: Ed25519PublicKey) -> Continued:
    found = consistency.verify(proof, key)
    if not {found.old, found.new} & set(given):
        raise Undecided(NEITHER.format(found.old.size, found.new.size))
    return found


def _of_file(file: Path, given: Sequence[TreeHead], key: Ed25519PublicKey) -> Verified:
    try:
        with open_export(file) as export, progress(LABEL) as told:
            return verify_export(export, given, key, told)
    except Damaged as error:
        raise Wrong(Bad(what="damaged")) from error


def _of_database(given: Sequence[TreeHead]) -> Verified:
    with open_house() as opened, progress(LABEL) as told:
        return verify_database(opened.database.dsn, given, told)


def _vault() -> list[Difference]:
    with open_house() as opened:
        return list(differences(opened.database))


def _tell_continued(found: Continued, *, json_wanted: bool) -> None:
    old, new = (head.at.astimezone(JST) for head in (found.old, found.new))
    if json_wanted:
        told = {"unchanged": True, "old": found.old.size, "new": found.new.size}
        click.echo(json.dumps(told))
        return
    click.echo(
        f"the log of {found.new.size} facts, signed on {new:%Y-%m-%d %H:%M:%S} JST, begins with the "
        f"{found.old.size} facts signed on {old:%Y-%m-%d %H:%M:%S} JST: nothing of them was changed"
    )


def _tell_bad(bad: Bad, *, json_wanted: bool) -> NoReturn:
    if not json_wanted:
        raise click.ClickException(bad.sentence)
    click.echo(json.dumps({"unchanged": False, **msgspec.structs.asdict(bad), "sentence": bad.sentence}))
    sys.exit(1)


def _tell_verified(found: Verified, kept: Sequence[Difference], *, json_wanted: bool) -> None:
    signed = found.head.at.astimezone(JST)
    if json_wanted:
        told = {
            "unchanged": not kept,
            "facts": found.facts,
            "head": found.head.size,
            "signed_at": found.head.at.isoformat(),
            "heads": found.heads,
            "not_covered": found.not_covered,
            "vault": [msgspec.structs.asdict(each) for each in kept],
        }
        click.echo(json.dumps(told))
    else:
        click.echo(f"{found.facts} facts, as signed on {signed:%Y-%m-%d %H:%M:%S} JST: nothing was changed")
        if found.not_covered:
            click.echo(f"{found.not_covered} newer facts: not covered by this head")
        for each in kept:
            about = f"{each.of} {each.subject}, version {each.version}"
            click.echo(f"vault: {about}: {VAULT_SENTENCES[each.what]}", err=True)
    if kept:
        sys.exit(1)
