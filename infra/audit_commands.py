"""`shomei audit`: the whole history for who audits it (R10; screens.md, "Command line")."""

import click

from infra.export_commands import export
from infra.head_commands import head
from infra.history_commands import history
from infra.replay_commands import replay
from infra.verify_commands import verify


@click.group()
def audit() -> None:
    """History, replay, export, proof."""


audit.add_command(export)
audit.add_command(head)
audit.add_command(history)
audit.add_command(replay)
audit.add_command(verify)
