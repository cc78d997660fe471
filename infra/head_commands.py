"""`shomei audit head`: the newest signed tree head, as auditors keep it (R10.4)."""

import click

from infra.command import as_json, open_house, show, tells_errors


@click.command()
@as_json
@tells_errors
def head(as_json: bool) -> None:
    """The newest signed head of the log's tree."""
    with open_house() as opened:
        found = opened.views.heads(limit=1).items
    if not found:
        raise click.ClickException("no head has been signed yet: the worker signs them, start `shomei remind`")
    newest = found[0]
    if as_json:
        told = {"size": newest.size, "root": newest.root, "at": newest.at.isoformat(), "note": newest.note}
        show(told, json_wanted=True)
    else:
        click.echo(newest.note, nl=False)
    if not newest.agrees:
        raise click.ClickException("the log no longer has the tree of this head: `shomei audit verify` names the place")
