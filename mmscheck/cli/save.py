"""``mmscheck save``: check one message, and only with the gate's permit make the one saveMMS call."""

from __future__ import annotations

from typing import Annotated

import click
import msgspec

from mmscheck import send as sends
from mmscheck import slidexml
from mmscheck.cli.commands import GroupedCommand, with_options
from mmscheck.cli.ledger_open import Where, demand_place
from mmscheck.cli.perform import MessageOptions, OutputOptions, PlannedCall, Subject, perform, read_one
from mmscheck.cli.provider import ProviderOptions
from mmscheck.cli.spared import spare
from mmscheck.model.request import SAVE_CALL, SaveRequest


class SaveArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck save``."""

    dry_run: Annotated[
        bool,
        click.option(
            "--dry-run",
            is_flag=True,
            help="Check, print the exact document with the key redacted, save nothing.",
        ),
    ]
    provider: ProviderOptions
    where: Where
    message: MessageOptions
    output: OutputOptions


@click.command(name="save", cls=GroupedCommand)
@click.argument("path", metavar="PATH")
@with_options(SaveArguments)
def command(path: str, *, options: SaveArguments) -> int:
    """Check one message; only if the gate permits, save it with the provider (one call).

    The id that comes back is bound in the ledger to the message and to its media as they were checked;
    `mmscheck send` sends nothing else under it. A save reaches no phone: `mmscheck hold` does not stop
    it, and one of unknown outcome may be made again. Exit codes: 0 the provider accepted and the id is
    bound, 1 and 3 denied, 2 nothing was checked, 4 internal error, unwritable report or ledger (where the
    provider had answered, the id is told), 5 permitted but not saved, 6 outcome unknown.
    """
    wanted = options.message.destinations()
    config = options.message.configuration(path)
    provider = options.provider.filled(config, options.message.config.config_file)
    demand_place(options.where)
    data, message = read_one(path, "save")
    client = None if options.dry_run else provider.client(message.dialect)
    document = sends.saveable(message, data)
    spare(options, wanted, inputs=slidexml.document_places((path,)), config=config)
    subject = Subject(
        message=message,
        ruleset=options.message.rules(config, "save"),
        options=options.message.looking(config),
        wanted=wanted,
        output=options.output,
    )
    planned = PlannedCall(
        kind=SAVE_CALL,
        request=SaveRequest(document=data),
        document=document,
        client=client,
        make=sends.SaveCall,
        where=options.where,
    )
    return perform(subject, planned)
