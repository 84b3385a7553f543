"""``mmscheck send``: check one message, and only with the gate's permit make the one sendSavedMMS call."""

from __future__ import annotations

import time
from typing import Any

import click
import msgspec

from mmscheck.cli import calling
from mmscheck.cli import options as opts
from mmscheck.cli import sending as out
from mmscheck.cli.campaign import send_to_all
from mmscheck.cli.campaign_options import campaign_options, usable
from mmscheck.cli.checking import check_with_ledger, read_one
from mmscheck.cli.commands import GroupedCommand
from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import LEDGER
from mmscheck.cli.output import destinations, write_reports
from mmscheck.cli.plan import refuse_later
from mmscheck.cli.spared import spare
from mmscheck.cli.variables import by_variable, filled
from mmscheck.errors import UsageError
from mmscheck.judge import gate
from mmscheck.model.phone import sender_type
from mmscheck.model.request import SendRequest
from mmscheck.model.rule import SECOND_GATE, RuleSet
from mmscheck.model.send import SendResult, SendStatus
from mmscheck.ruleset import Config
from mmscheck.send.order import Order, Retries
from mmscheck.sinch import redacted_xml
from mmscheck.slidexml import document_places


@click.command(name="send", cls=GroupedCommand)
@click.argument("path", metavar="PATH")
@click.option("--mms-id", metavar="ID", help="The id that saveMMS gave this message.")
@click.option("--to", metavar="NUMBER", help="Country code and number, digits only.")
@click.option(
    "--from",
    "from_",
    metavar="NUMBER",
    help="One of the account's numbers, digits only; default: MMSCHECK_FROM, else [send].",
    **by_variable("MMSCHECK_FROM", "one of the account's numbers"),
)
@click.option(
    "--service-id",
    metavar="ID",
    help="The campaign or service id; default: MMSCHECK_SERVICE_ID, else [send].",
    **by_variable("MMSCHECK_SERVICE_ID", "the campaign or service id"),
)
@click.option(
    "--fallback-sms-text",
    metavar="TEXT",
    help="Sent as SMS where MMS cannot be delivered; default: MMSCHECK_FALLBACK_SMS_TEXT, else [send].",
    **by_variable("MMSCHECK_FALLBACK_SMS_TEXT", "the text"),
)
@click.option("--operator-id", metavar="ID", help="The recipient's carrier, when known.")
@click.option(
    "--ddm-force",
    metavar="VALUE",
    help="Device discovery message (the provider deprecated it): send it always.",
)
@click.option("--ddm-message-text", metavar="TEXT", help="Device discovery message: its text.")
@click.option("--ddm-message-subject", metavar="TEXT", help="Device discovery message: its subject.")
@click.option("--ddm-message-timeout", metavar="MINUTES", help="Device discovery message: how long to wait.")
@click.option(
    "--dry-run", is_flag=True, help="Check, print the exact request with the key redacted, send nothing."
)
@calling.API_URL
@calling.API_KEY_FILE
@calling.API_CA_FILE
@click.option(
    "--idempotency-key",
    metavar="KEY",
    callback=out.own_key,
    help="What is sent once only; default: made of account, recipient, message id, subject, texts and data.",
)
@click.option(
    "--again",
    is_flag=True,
    help="Also to numbers that have this message; once for each --idempotency-key or --campaign name.",
)
@LEDGER
@click.option(
    "--retries",
    type=click.IntRange(min=0, max=100),
    default=Retries().count,
    show_default=True,
    metavar="N",
    help="Tries after the first, and only of what certainly was not sent.",
)
@click.option(
    "--retry-seconds",
    type=click.FloatRange(min=0),
    default=Retries().seconds,
    show_default=True,
    metavar="S",
    help="No try begins later than this after the first.",
)
@campaign_options
@opts.common_options
def command(path: str, **given: Any) -> int:
    """Check one message and its send fields; only if the gate permits, make one sendSavedMMS call.

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
    usable(given)
    refuse_later(given["send_at"])
    config = opts.configuration(given, (path,))
    given = filled(given, config)
    if given["recipients"] is not None:
        return send_to_all(path, given, _request(given), config, _rules)
    wanted = destinations(given["formats"], private=True)
    request = _request(given)
    shown_request = redacted_xml(request).decode("utf-8")
    calling.ledger_place(given)
    by = None if given["dry_run"] else calling.way(given)
    one = read_one(path, "send")
    spare(given, wanted, inputs=document_places((path,)), config=config)
    ruleset = _rules(given, config)
    view = check_with_ledger(one, ruleset, wanted, given, config, request=request)
    view = msgspec.structs.replace(view, send=_not_attempted(given, view.verdict.permitted))
    if not view.verdict.permitted:
        write_reports(wanted, view)
        return view.verdict.exit_code
    if by is None:
        write_reports(wanted, calling.ended(view, Exit.NOT_SENT))
        calling.show_document(wanted, shown_request)
        return int(Exit.NOT_SENT)
    permit = gate.permit(view.report, request, time.time())
    order = Order(
        report=view.report,
        request=request,
        permit=permit,
        key=given["idempotency_key"],
        again=given["again"],
    )
    return out.send(order, by, wanted, view)


def _rules(given: dict[str, Any], config: Config) -> RuleSet:
    ruleset = opts.ruleset(given, config, sender_hint=sender_type(given["from_"]))
    if missing := SECOND_GATE - {rule.id for rule in ruleset.rules}:
        names = ", ".join(sorted(missing))
        raise UsageError(f"profile {ruleset.profile} does not judge sends: it lacks {names}")
    return ruleset


def _not_attempted(given: dict[str, Any], permitted: bool) -> SendResult:  # noqa: FBT001 - one private caller
    if not permitted:
        detail = "The gate denied, so the provider was not called."
    elif given["dry_run"]:
        detail = "Dry run: the provider was not called."
    else:
        detail = "The provider has not been called yet."
    return SendResult(status=SendStatus.NOT_ATTEMPTED, detail=detail)


def _request(given: dict[str, Any]) -> SendRequest:
    names = (
        *("mms_id", "to", "from_", "service_id", "fallback_sms_text", "operator_id"),
        *("ddm_force", "ddm_message_text", "ddm_message_subject", "ddm_message_timeout"),
    )
    return SendRequest(changes=opts.changes(given), **{name: given[name] for name in names})
