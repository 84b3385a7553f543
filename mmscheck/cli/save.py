"""``mmscheck save``: check one message, and only with the gate's permit make the one saveMMS call."""

from __future__ import annotations

from typing import Any

import click

from mmscheck.cli import options as opts
from mmscheck.cli import provider
from mmscheck.cli.commands import GroupedCommand
from mmscheck.cli.ledger_open import LEDGER, demand_place
from mmscheck.cli.output import destinations
from mmscheck.cli.perform import PlannedCall, Subject, check_options, perform, read_one
from mmscheck.cli.spared import spare
from mmscheck.cli.variables import filled
from mmscheck.model.save import SaveRequest
from mmscheck.model.send import SAVE_CALL
from mmscheck.send.save import SaveCall, saveable
from mmscheck.slidexml import document_places


@click.command(name="save", cls=GroupedCommand)
@click.argument("path", metavar="PATH")
@click.option(
    "--dry-run", is_flag=True, help="Check, print the exact document with the key redacted, save nothing."
)
@provider.API_URL
@provider.API_KEY_FILE
@provider.API_CA_FILE
@LEDGER
@opts.saving_options
def command(path: str, **given: Any) -> int:
    """Check one message; only if the gate permits, save it with the provider (one saveMMS call).

    The id that comes back is bound in the ledger to the message and to its media as they were checked;
    `mmscheck send` sends nothing else under it. A save reaches no phone: `mmscheck hold` does not stop
    it, and one of unknown outcome may be made again. Exit codes: 0 the provider accepted and the id is
    bound, 1 and 3 denied, 2 nothing was checked, 4 internal error, unwritable report or ledger (where the
    provider had answered, the id is told), 5 permitted but not saved, 6 outcome unknown.
    """
    wanted = destinations(given["formats"])
    config = opts.configuration(given, (path,))
    given = filled(given, config)
    demand_place(given["where"])
    client = None if given["dry_run"] else provider.client(given)
    document, message = read_one(path, "save")
    shown = saveable(message, document)
    spare(given, wanted, inputs=document_places((path,)), config=config)
    subject = Subject(
        message=message,
        ruleset=opts.ruleset({**given, "profile": given["profile"] or "save"}, config),
        options=check_options(given, config),
        wanted=wanted,
        quiet=given["quiet"],
        progress=not given["no_progress"],
    )
    planned = PlannedCall(
        kind=SAVE_CALL,
        request=SaveRequest(document=document),
        shown=shown,
        client=client,
        make=SaveCall,
        where=given["where"],
    )
    return perform(subject, planned)
