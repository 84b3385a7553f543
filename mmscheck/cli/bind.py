"""``mmscheck bind``: tell the ledger which message an id holds that was saved elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from mmscheck.cli import calling
from mmscheck.cli import options as opts
from mmscheck.cli.checking import check_with_ledger, read_one
from mmscheck.cli.commands import GroupedCommand
from mmscheck.cli.exits import Exit
from mmscheck.cli.ledger_open import LEDGER, WHO, login, with_ledger
from mmscheck.cli.output import destinations, write_reports
from mmscheck.cli.running import run
from mmscheck.cli.say import complain, say
from mmscheck.cli.spared import spare
from mmscheck.cli.variables import filled
from mmscheck.errors import UsageError
from mmscheck.model.ledger import MmsRecord, MmsState
from mmscheck.model.mms import Mms
from mmscheck.model.report import MessageReport
from mmscheck.report.escape import visible
from mmscheck.send.match import differences
from mmscheck.send.order import stored_at
from mmscheck.send.save import WAIT, binding_of, needs_no_encoding
from mmscheck.sinch import Refused, SinchClient
from mmscheck.slidexml import document_places

if TYPE_CHECKING:
    from mmscheck.ledger import Ledger, Save

NOT_COMPARED = (
    "Not compared, because the provider does not tell: texts, durations, order and media. The media as they "
    "are now are taken for those that were saved."
)


@click.command(name="bind", cls=GroupedCommand)
@click.argument("mms_id", metavar="MMS-ID")
@click.argument("path", metavar="PATH")
@click.option(
    "--replace", is_flag=True, help="Bind anew an id that is bound to other content; with --reason."
)
@click.option(
    "--encoded", is_flag=True, help="You have seen that the provider finished encoding it; needs --reason."
)
@click.option("--reason", metavar="TEXT", help="Why, for those who read the ledger later.")
@WHO
@calling.API_URL
@calling.API_KEY_FILE
@calling.API_CA_FILE
@LEDGER
@opts.saving_options
def command(mms_id: str, path: str, **given: Any) -> int:
    """Bind an mms-id that was saved elsewhere to the message at PATH.

    Asks the provider for its list (getMMSTemplates) and refuses unless name, subject and number of slides are
    those of the file; then checks the file as `mmscheck save` does, and records the id with the digests of
    message and media. The provider does not tell texts and media, so who binds vouches for them. An id with
    audio, video or objects can be sent after notification N003, or with --encoded. Exit codes: 0 bound,
    1 the gate denied or the provider's message differs, 2 nothing was checked, or the id is bound to other
    content, 3 not decided, 4 internal error or unusable ledger, 5 the provider gave no list.
    """
    wanted = destinations(given["formats"])
    mms_id = _usable_id(mms_id)
    _demand_reason(given)
    given["who"] = login(given["who"])
    config = opts.configuration(given, (path,))
    given = filled(given, config)
    by = calling.way(given)
    one = read_one(path, "bind")
    spare(given, wanted, inputs=document_places((path,)), config=config)
    if unlike := _compared(by.client, mms_id, one.message):
        text, code = unlike
        return complain(text, code, hint="Nothing was bound.")
    ruleset = opts.ruleset({**given, "profile": given["profile"] or "save"}, config)
    view = check_with_ledger(one, ruleset, wanted, given, config)
    write_reports(wanted, view)
    if not view.verdict.permitted:
        return complain("the gate denied", view.verdict.exit_code, hint="Nothing was bound.")
    save = _binding(view.report.messages[0], mms_id, given, stored_at(by.client))

    async def bind(ledger: Ledger) -> MmsRecord | str:
        try:
            return await ledger.record_save(save)
        except UsageError as other:
            return str(other)

    known = with_ledger(given["where"], bind, create=True)
    if isinstance(known, str):
        told = f"{known}; --replace --reason ... binds it anew"
        return complain(told, Exit.NOTHING_CHECKED, hint="Nothing was bound.")
    return _told(known)


def _usable_id(mms_id: str) -> str:
    if not mms_id.strip() or not mms_id.isprintable():
        raise UsageError("MMS-ID: expected the id that the provider gave")
    return mms_id.strip()


def _demand_reason(given: dict[str, Any]) -> None:
    """Raise UsageError where a person does what no check can and does not say why."""
    for flag in ("replace", "encoded"):
        if given[flag] and not (given["reason"] or "").strip():
            raise UsageError(f"--{flag} needs --reason: say why, for those who read the ledger later")


def _compared(client: SinchClient, mms_id: str, message: Mms) -> tuple[str, Exit] | None:
    """Why the provider's message is not this one, and the exit code for it; None when nothing differs."""
    template = run(client.template(mms_id))
    if isinstance(template, Refused):
        return visible(template.reason), Exit.NOT_SENT
    if template is None:
        return f"the provider lists no message with mms-id {visible(mms_id)}", Exit.DENIED
    found = differences(message, template)
    if not found:
        return None
    lines = "".join(f"\n  {visible(line)}" for line in found)
    source = visible(message.source)
    return f"mms-id {visible(mms_id)} holds another message than {source}:{lines}", Exit.DENIED


def _binding(message: MessageReport, mms_id: str, given: dict[str, Any], account: str) -> Save:
    ready = given["encoded"] or needs_no_encoding(message)
    state = MmsState.READY if ready else MmsState.SAVED
    save = binding_of(message, mms_id, state, account)
    why = given["reason"] or "bound by hand"
    return msgspec.structs.replace(save, replace=given["replace"], who=given["who"], why=why)


def _told(known: MmsRecord) -> int:
    """Say what is bound, what was not compared, and what is still missing for a send."""
    say(f"Bound mms-id {visible(known.mms_id)} to {known.digest} ({known.state.value}).\n{NOT_COMPARED}")
    if known.state is MmsState.CORRUPT:
        told = "the provider has reported that encoding failed, so it can never be sent: save it anew"
        return complain(told, Exit.DENIED)
    if known.state is not MmsState.READY:
        say(f"{WAIT} Who has seen that it finished says so with --encoded --reason ...")
    return int(Exit.PERMITTED)
