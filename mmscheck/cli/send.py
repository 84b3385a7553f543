"""``mmscheck send``: check one message, and only with the gate's permit make the one sendSavedMMS call."""

from __future__ import annotations

import click
import msgspec

from mmscheck import send as sends
from mmscheck import sinch, slidexml
from mmscheck.cli.commands import GroupedCommand, with_options
from mmscheck.cli.ledger_open import demand_place
from mmscheck.cli.perform import PlannedCall, Subject, perform, read_one
from mmscheck.cli.plan import refuse_later
from mmscheck.cli.send_options import SendArguments
from mmscheck.cli.spared import spare
from mmscheck.model.request import SEND_CALL, OneShotRequest


@click.command(name="send", cls=GroupedCommand)
@click.argument("path", metavar="PATH")
@with_options(SendArguments)
def command(path: str, *, options: SendArguments) -> int:
    """Check one message and its send fields; only if the gate permits, make one sendSavedMMS call.

    With --one-shot a document that asks for it (sendMMS, sendmms) goes out itself, in one call and to one
    number; it is stored under no id.

    The id must be known to the ledger as this very message: `mmscheck save` and `mmscheck bind` see to it.
    The ledger keeps the same send from going out twice, and mmscheck hold stops every send through it.
    The API key comes from MMSCHECK_API_KEY or --api-key-file. Exit codes: 0 the provider accepted (now, or
    earlier and recorded), 1 and 3 denied, 2 nothing was checked, 4 internal error, unwritable report or
    ledger, 5 permitted but not sent, 6 sent with an unknown outcome: do not repeat it.

    With --recipients the message goes to every row of a CSV file: all rows are judged before the first is
    sent, an empty cell changes nothing, and each number gets one message. The same command, run again,
    goes on where it stopped. A number that has this mms-id from this account, from whatever campaign or send,
    gets it again only with --again. --rate bounds sends as it bounds requests to a media host.
    """
    options.demand_usable()
    refuse_later(options.message.plan.send_at)
    config = options.message.configuration(path)
    asked, options = options, options.filled(config)
    if options.many.recipients is not None:
        from mmscheck.cli.campaign import send_to_all  # noqa: PLC0415 - the engine of campaigns is large

        return send_to_all(path, options.many.recipients, options, config)
    wanted = options.message.destinations(private=True)
    demand_place(options.where)
    data, message = read_one(path, "send")
    request = options.request()
    if options.one_shot:
        options = msgspec.structs.replace(options, fields=asked.at_once(message, data, config).fields)
        fields = msgspec.structs.asdict(options.request())
        request = OneShotRequest(document=data, **fields)
    else:
        sends.demand_stored(message)
    # A document that cannot be read is denied, and never shown.
    broken = options.one_shot and message.problem is not None
    document = "" if broken else sinch.shown_request(request, message.dialect)
    client = None if options.dry_run else options.provider.client(message.dialect)
    spare(options, wanted, inputs=slidexml.document_places((path,)), config=config)
    known = sends.terms_of(options.terms.rules(config.recipients))
    terms = msgspec.structs.replace(known, consent=options.terms.consent)
    subject = Subject(
        message=message,
        ruleset=options.rules(config),
        options=options.message.looking(config),
        wanted=wanted,
        output=options.output,
    )
    planned = PlannedCall(
        kind=SEND_CALL,
        request=request,
        document=document,
        client=client,
        make=sends.SendCall,
        where=options.where,
        account=options.provider.account(),
        api_url=options.provider.address,
        key=options.idempotency_key,
        again=options.again,
        terms=terms,
        retries=options.tries(),
    )
    return perform(subject, planned)
