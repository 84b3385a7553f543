"""``mmscheck bind``: tell the ledger which message an id holds that was saved elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import click
import msgspec

from mmscheck import report as reports
from mmscheck import send as sends
from mmscheck import sinch, slidexml
from mmscheck.cli.commands import GroupedCommand, with_options
from mmscheck.cli.ledger_open import WHO, Where, demand_place, login, opened_ledger
from mmscheck.cli.output import write_reports
from mmscheck.cli.perform import MessageOptions, OutputOptions, Subject, check_subject, read_one
from mmscheck.cli.provider import ProviderOptions, usable_id
from mmscheck.cli.say import complain, say
from mmscheck.cli.spared import spare
from mmscheck.errors import LedgerError, UsageError
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import MmsRecord, MmsState
from mmscheck.model.mms import Mms
from mmscheck.model.report import MessageReport
from mmscheck.model.request import Template
from mmscheck.model.words import Dialect
from mmscheck.report.escape import visible

if TYPE_CHECKING:
    from mmscheck.ledger import Save

NOT_COMPARED = (
    "Not compared, because the provider does not tell: texts, durations, order and media. The media as they "
    "are now are taken for those that were saved."
)
_NOTHING = "Nothing was bound."


class BindArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck bind``."""

    replace: Annotated[
        bool,
        click.option(
            "--replace",
            is_flag=True,
            help="Bind anew an id that is bound to other content; with --reason.",
        ),
    ]
    encoded: Annotated[
        bool,
        click.option(
            "--encoded",
            is_flag=True,
            help="You have seen that the provider finished encoding it; needs --reason.",
        ),
    ]
    reason: Annotated[
        str | None,
        click.option("--reason", metavar="TEXT", help="Why, for those who read the ledger later."),
    ]
    who: Annotated[str | None, WHO]
    provider: ProviderOptions
    where: Where
    message: MessageOptions
    output: OutputOptions


@click.command(name="bind", cls=GroupedCommand)
@click.argument("mms_id", metavar="MMS-ID")
@click.argument("path", metavar="PATH")
@with_options(BindArguments)
def command(mms_id: str, path: str, *, options: BindArguments) -> int:
    """Bind an mms-id that was saved elsewhere to the message at PATH.

    Asks the provider for its list (getMMSTemplates) and refuses unless name, subject and number of slides are
    those of the file; then checks the file as `mmscheck save` does, and records the id with the digests of
    message and media. The provider does not tell texts and media, so who binds vouches for them. An id with
    audio, video or objects can be sent after notification N003, or with --encoded. Exit codes: 0 bound,
    1 the gate denied or the provider's message differs, 2 nothing was checked, or the id is bound to other
    content, 3 not decided, 4 internal error or unusable ledger, 5 the provider gave no list.
    """
    wanted = options.message.destinations()
    mms_id = usable_id(mms_id)
    _demand_reason(options)
    options = msgspec.structs.replace(options, who=login(options.who))
    config = options.message.configuration(path)
    provider = options.provider.filled(config, options.message.config.config_file)
    demand_place(options.where)
    _, message = read_one(path, "bind")
    if message.dialect is Dialect.JSON:
        raise UsageError(
            f"{path} is JSON: bind compares a message with the provider's list, which only the XML API has; "
            "save it with mmscheck save, which binds its id"
        )
    client = provider.client(message.dialect)
    spare(options, wanted, inputs=slidexml.document_places((path,)), config=config)
    subject = Subject(
        message=message,
        ruleset=options.message.rules(config, "save"),
        options=options.message.looking(config),
        wanted=wanted,
        output=options.output,
    )
    try:
        return _bound(subject, client, mms_id, options)
    except LedgerError as error:
        return complain(str(error), Exit.INTERNAL, hint=_NOTHING)


def _bound(subject: Subject, client: sinch.SinchClient, mms_id: str, options: BindArguments) -> int:
    """Compare, check, report, bind; each only after the one before."""
    with opened_ledger(options.where, secrets=(client.api_key,)) as opened:
        asked = time.time()
        template = opened.run(client.template(mms_id))
        if unlike := _compared(template, mms_id, subject.message):
            text, code = unlike
            return complain(text, code, hint=_NOTHING)
        checked = opened.run(check_subject(opened.ledger, subject, "save"))
        view = reports.View(report=checked.report, verdict=checked.verdict, quiet=subject.output.quiet)
        write_reports(subject.wanted, view)
        if not checked.verdict.permitted:
            return complain("the gate denied", checked.verdict.exit_code, hint=_NOTHING)
        save = _binding(checked.message, mms_id, options, sends.stored_at(client))
        try:
            known = opened.run(opened.ledger.record_save(msgspec.structs.replace(save, since=asked)))
        except UsageError as other:
            return complain(str(other), Exit.NOTHING_CHECKED, hint=_NOTHING)
    return _told(known)


def _demand_reason(options: BindArguments) -> None:
    """Raise UsageError where a person does what no check can and does not say why."""
    for flag, used in (("replace", options.replace), ("encoded", options.encoded)):
        if used and not (options.reason or "").strip():
            raise UsageError(f"--{flag} needs --reason: say why, for those who read the ledger later")


def _compared(
    template: Template | sinch.Refused | None, mms_id: str, message: Mms
) -> tuple[str, Exit] | None:
    """Why the provider's message is not this one, and the exit code for it; None when nothing differs."""
    if isinstance(template, sinch.Refused):
        return visible(template.reason), Exit.NOT_SENT
    if template is None:
        return f"the provider lists no message with mms-id {visible(mms_id)}", Exit.DENIED
    unlike = sends.differences(message, template)
    if not unlike:
        return None
    lines = "".join(f"\n  {visible(line)}" for line in unlike)
    source = visible(message.source)
    return f"mms-id {visible(mms_id)} holds another message than {source}:{lines}", Exit.DENIED


def _binding(message: MessageReport, mms_id: str, options: BindArguments, account: str) -> Save:
    ready = options.encoded or sends.needs_no_encoding(message)
    save = sends.binding_of(message, mms_id, MmsState.READY if ready else MmsState.SAVED, account)
    why = options.reason or "bound by hand"
    return msgspec.structs.replace(save, replace=options.replace, who=options.who, why=why)


def _told(known: MmsRecord) -> int:
    """Say what is bound, what was not compared, and what is still missing for a send."""
    say(f"Bound mms-id {visible(known.mms_id)} to {known.digest} ({known.state.value}).\n{NOT_COMPARED}")
    if known.state is MmsState.CORRUPT:
        fault = "the provider has reported that encoding failed, so it can never be sent: save it anew"
        return complain(fault, Exit.DENIED)
    if known.state is not MmsState.READY:
        say(f"{sends.WAIT} Who has seen that it finished says so with --encoded --reason ...")
    return int(Exit.PERMITTED)
