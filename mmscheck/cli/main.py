"""The ``mmscheck`` command: hands over to one subcommand and turns every error into an exit code."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

import click
from click.exceptions import NoArgsIsHelpError

from mmscheck.base.version import VERSION
from mmscheck.cli.commands import LazyGroup
from mmscheck.cli.environment import hide
from mmscheck.cli.say import complain, internal, say, silence_stdout, watch
from mmscheck.errors import FleetError, LedgerError, MmscheckError, PermitError, ReaderGoneError, ReportError
from mmscheck.model.exits import INTERRUPTED, Exit

SUBCOMMANDS = {
    "check": ("check:command", "Check stored MMS: files, folders, or - for standard input."),
    "send": ("send:command", "Check one message, and send it through the gate."),
    "save": ("save:command", "Check one message, save it through the gate, and bind its id to the content."),
    "bind": ("bind:command", "Tell the ledger which message an id holds that was saved elsewhere."),
    "delete": (
        "delete:command",
        "Delete a stored message at the provider; nothing is sent under its id then.",
    ),
    "ledger": ("ledger:command", "Look into the record of every send, settle unknown ones, copy it."),
    "postbacks": ("postbacks:command", "Take the provider's notifications, and keep each before answering."),
    "hold": ("hold:command", "Stop every send that uses the ledger, until release."),
    "release": ("hold:release", "Let sends go again."),
    "suppress": ("suppress:command", "Keep the list of numbers that must not be texted."),
    "lint": ("lint:command", "Judge slide XML and local media files offline; permits nothing."),
    "fix": ("fix:command", "Mend media files and messages, and judge them again before they are kept."),
    "diff": ("diff:command", "Compare two JSON reports: what is fixed, new, left, or not known any more."),
    "report": ("fleet:report", "Show a run over many messages that check --store has kept."),
    "fleet": ("fleet:command", "Run the parts of a cluster for check --cluster."),
    "rules": ("rules:command", "List, explain and validate the rules, and begin new ones."),
    "explain": ("explain:command", "Tell what a code of the provider says, and what to do about it."),
    "new": ("new:command", "Begin a message from one that passes, or write the schema for editors."),
    "serve": ("serve:command", "Serve the gate over HTTP, and a page for people without a terminal."),
    "sandbox": ("sandbox:command", "Run a local provider and media host to try things against."),
    "demo": ("demo:command", "Show the main job on real sockets and real media files."),
}
"""Name to the place of the command, which is imported when it is called, and one line of help."""

_REPORTING = frozenset({"check", "send", "save", "bind", "lint", "diff"})
"""Commands that answer with a verdict."""

_LISTS = frozenset(
    {
        *(("ledger", name) for name in ("list", "show", "saves", "deletions", "postbacks", "summary")),
        *(("rules", name) for name in ("list", "explain")),
        ("suppress", "list"),
        ("explain",),
    }
)
"""Commands that only tell what there is: who has read enough of it has what he wanted."""

_CHECKING = frozenset({"check", "send", "save", "bind", "lint", "demo"})


@click.group(
    cls=LazyGroup,
    subcommands=SUBCOMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, "-V", "--version", prog_name="mmscheck", message="%(prog)s %(version)s")
def cli() -> None:
    """Preflight and gate for MMS.

    Reads stored slide XML, fetches every media URL the way the provider will, applies every rule, and lets a
    send through only when every blocking rule passed. What it cannot know, it denies.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; no exception leaves."""
    arguments = _in_own_words(list(sys.argv[1:] if argv is None else argv))
    watch(arguments)
    checked = "" if arguments and arguments[0] in SUBCOMMANDS.keys() - _CHECKING else "Nothing was checked."
    try:
        result = cli.main(args=arguments, prog_name="mmscheck", standalone_mode=False)
        code = int(result) if isinstance(result, int) else int(Exit.PERMITTED)
    except (click.exceptions.Exit, click.ClickException, click.Abort, KeyboardInterrupt) as stop:
        code = _stopped(stop, checked)
    except ReaderGoneError as gone:
        code = _unread(gone, arguments)
    except MmscheckError as error:
        code = _refused(error, checked)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback reaches a user
        code = complain(internal(error), Exit.INTERNAL, hint="Nothing was permitted.")
    return code


def _in_own_words(arguments: list[str]) -> list[str]:
    """``help [COMMAND ...]`` and ``version``, as other programs have them, in this one's words."""
    match arguments:
        case ["help", *words] if not any(word.startswith("-") for word in words):
            return [*words, "--help"]
        case ["version"]:
            return ["--version"]
    return arguments


def _stopped(stop: BaseException, checked: str) -> int:
    if isinstance(stop, click.exceptions.Exit):
        return stop.exit_code
    if not isinstance(stop, click.ClickException):
        return complain("interrupted; nothing was decided", INTERRUPTED)
    context = getattr(stop, "ctx", None)
    called = context.command_path if context else "mmscheck"
    if isinstance(stop, NoArgsIsHelpError):
        say(stop.format_message())
        return complain(f"which command? {checked}".strip(), Exit.NOTHING_CHECKED)
    # It knows the formats' helpers, and --version needs none of them.
    from mmscheck.cli.guesses import helpful_sentence  # noqa: PLC0415

    hint = f"{checked} See {called} --help.".strip()
    return complain(helpful_sentence(stop), Exit.NOTHING_CHECKED, hint=hint)


def _unread(gone: ReaderGoneError, arguments: Sequence[str]) -> int:
    """Nobody is told what he did by himself, but where a verdict went unread; a list is fine in part."""
    if arguments and arguments[0] in _REPORTING:
        return complain(str(gone), Exit.INTERNAL)
    listed = {tuple(arguments[:1]), tuple(arguments[:2])} & _LISTS
    return int(Exit.PERMITTED if listed else Exit.INTERNAL)


def _refused(error: MmscheckError, checked: str) -> int:
    if isinstance(error, ReportError | PermitError | LedgerError | FleetError):
        return complain(str(error), Exit.INTERNAL)
    return complain(str(error), Exit.NOTHING_CHECKED, hint=checked)


def entry() -> None:
    """The console script: run, then leave with the exit code whatever standard output's state is."""
    hide()
    code = main()
    # Ctrl-C while Python puts itself away would end a send that is done as one that was interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not silence_stdout():
        code = code or int(Exit.INTERNAL)
    sys.exit(code)
