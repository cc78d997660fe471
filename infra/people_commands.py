"""`shomei organization` and `shomei user` (screens.md, "Command line")."""

import sys
from pathlib import Path

import click

from domain.fact import COMMAND_LINE
from domain.organization_facts import Language, Profile, Switch
from domain.user_account_facts import Role
from infra import user_import
from infra.clock import now
from infra.command import as_json, open_desk, release_and_show, said, show, tells_errors


@click.group()
def organization() -> None:
    """Customers of the bank."""


p12_profile = click.option("--p12-profile", type=click.Choice(["modern", "legacy"]))
issuance_code = click.option("--issuance-code", type=click.Choice(["on", "off"]))
language = click.option("--language", type=click.Choice(["ja", "en"]))


@organization.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--email", required=True)
@p12_profile
@issuance_code
@language
@as_json
@tells_errors
def organization_add(
    code: str,
    name: str,
    email: str,
    p12_profile: Profile | None,
    issuance_code: Switch | None,
    language: Language | None,
    as_json: bool,
) -> None:
    """Register an organization; prints the initial password of its letter once."""
    with open_desk() as desk:
        password = desk.organizations.register(
            code,
            name,
            email,
            COMMAND_LINE,
            now(),
            p12_profile=p12_profile,
            issuance_code=issuance_code,
            language=language,
        )
        show({"code": code, "initial_password": password}, json_wanted=as_json)


@organization.command("set")
@click.argument("code")
@p12_profile
@issuance_code
@language
@as_json
@tells_errors
def organization_set(
    code: str,
    p12_profile: Profile | None,
    issuance_code: Switch | None,
    language: Language | None,
    as_json: bool,
) -> None:
    """Change an organization's settings; prints them as they then are."""
    with open_desk() as desk:
        found = desk.organizations.set(
            code, COMMAND_LINE, now(), p12_profile=p12_profile, issuance_code=issuance_code, language=language
        )
    show(
        {
            "code": found.code,
            "p12_profile": found.p12_profile,
            "issuance_code": found.issuance_code,
            "language": found.language,
        },
        json_wanted=as_json,
    )


@organization.command("initialize")
@click.argument("code")
@as_json
@tells_errors
def organization_initialize(code: str, as_json: bool) -> None:
    """End its master's account and certificates; prints the initial password of a new letter once."""
    with open_desk() as desk:
        password = desk.organizations.initialize(code, COMMAND_LINE, now())
        show({"code": code, "initial_password": password}, json_wanted=as_json)


@organization.command("release")
@click.argument("code")
@as_json
@tells_errors
def organization_release(code: str, as_json: bool) -> None:
    """Release its invitation's lock or block."""
    with open_desk() as desk:
        release_and_show(desk.organizations.release, "code", code, now(), json_wanted=as_json)


@organization.command("close")
@click.argument("code")
@as_json
@tells_errors
def organization_close(code: str, as_json: bool) -> None:
    """Close it for ever, with its users and their certificates; prints the serials revoked."""
    with open_desk() as desk:
        serials = desk.organizations.close(code, COMMAND_LINE, now())
    show({"code": code, "serials": serials}, json_wanted=as_json)


@click.group()
def user() -> None:
    """Users of an organization."""


@user.command("add")
@click.argument("user_id")
@click.option("--organization", required=True, help="The organization's code.")
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--role", type=click.Choice(["general", "master"]), default="general", show_default=True)
@as_json
@tells_errors
def user_add(user_id: str, organization: str, name: str, email: str, role: Role, as_json: bool) -> None:
    """Register a user; prints the first password once."""
    with open_desk() as desk:
        password = desk.accounts.register(user_id, role, organization, name, email, COMMAND_LINE, now())
        show({"user_id": user_id, "password": password}, json_wanted=as_json)


@user.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--passwords", type=click.Path(path_type=Path), required=True, help="A new file for the passwords.")
@as_json
@tells_errors
def user_import_(file: Path, passwords: Path, as_json: bool) -> None:
    """Register many users from CSV; each row whole or not at all, with a report of the refused ones."""
    with open_desk() as desk:
        report = user_import.run(desk.accounts, file, passwords, now, said, show_progress=sys.stderr.isatty())
    refused = [f"row {row}: {why}" for row, why in report.refused]
    show({"added": report.added, "refused": refused}, json_wanted=as_json)
    if refused:
        sys.exit(1)
