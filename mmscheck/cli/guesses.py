"""What somebody probably meant who called a command, an option or a value that there is not.

People come with the habits of other checkers (ruff, pip-audit, lychee, pre-commit), whose words
are known here.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import click

from mmscheck.cli.paths import is_url

_CLOSE = 0.75  # of 1.0 by difflib: a slip of a letter or two, and no other word

_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "rule": "mmscheck rules explain RULE",
        "init": "mmscheck new message",
        "create": "mmscheck new message",
        "template": "mmscheck new message",
        "validate": "mmscheck lint FILE",
        "verify": "mmscheck check FILE, or mmscheck ledger verify",
        "export": "mmscheck ledger list --format csv",
        "stats": "mmscheck ledger summary",
        "status": "mmscheck ledger list",
        "schema": "mmscheck new schema",
    }
)
"""Names that commands of other programs have, and what is called here for the same."""

_ANY_FORMAT = "--format json, or --format json=FILE for a file"
_CODE = "nothing changes what an exit code means"
_WAIVERS = "waivers and severities stand in mmscheck.toml: [[waivers]], [rules.ID]"
_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("--json", "--output", "-o", "--output-format", "--output-file", "--out"), _ANY_FORMAT
        ),
        "--html": "--format html=FILE",
        "--sarif": "--format sarif=FILE",
        "--junit": "--format junit=FILE",
        "--csv": "--format csv",
        **dict.fromkeys(("--ignore", "--disable", "--select", "--enable", "--skip"), _WAIVERS),
        **dict.fromkeys(("--exit-zero", "--no-fail", "--soft-fail", "--no-exit-code"), _CODE),
        "--fix": "this command changes no file; its report says what to change",
        **dict.fromkeys(("--no-color", "--no-colour", "--color", "--colour"), "NO_COLOR=1 or FORCE_COLOR=1"),
        **dict.fromkeys(
            ("-v", "--verbose"), "--format json tells everything; MMSCHECK_DEBUG=1 shows tracebacks"
        ),
        **dict.fromkeys(("--schedule", "--at"), "--send-at says when, and nothing waits for it"),
        **dict.fromkeys(("--insecure", "-k", "--no-verify"), "--ca-file FILE trusts further authorities"),
        "--url": "mmscheck check URL",
        "--key": "MMSCHECK_API_KEY or --api-key-file",
        "--api-key": "MMSCHECK_API_KEY or --api-key-file: never on the command line",
        "--number": "--to NUMBER",
        "--phone": "--to NUMBER",
        "--csv-file": "--recipients FILE.csv",
        "--exclude-from": "--exclude GLOB",
    }
)
"""Options of other programs, and what there is for the same."""

_NAMED = re.compile(r"No such (?:command|option)[: ]+'?([^'\s.]+(?:\.[^'\s.]+)*)'?")
_CHOICE = re.compile(r"'([^']*)' is not one of (.+)")


def helpful_sentence(stop: click.ClickException) -> str:
    """The error's sentence, with what was probably meant where anybody can guess it."""
    text = stop.message
    context: click.Context | None = getattr(stop, "ctx", None)
    if isinstance(stop, click.NoSuchOption):
        return _with(text, _option(stop.option_name, context))
    if text.startswith("No such command") and (match := _NAMED.match(text)):
        plain = re.split(r" \(?Did you mean", text)[0]
        return _with(plain, _command(match[1], context))
    if match := _CHOICE.search(text):
        return _with(stop.format_message(), _choice(match[1], re.findall(r"'([^']+)'", match[2])))
    return stop.format_message()


def _with(text: str, guess: str | None) -> str:
    return text if guess is None else f"{text.rstrip('.')}: {guess}"


def _option(name: str, context: click.Context | None) -> str | None:
    if name in _OPTIONS and not (context and name == "--csv" and context.info_name == "sandbox"):
        return _OPTIONS[name]
    params = context.command.params if context else []
    known = [opt for param in params for opt in (*param.opts, *param.secondary_opts) if opt.startswith("--")]
    return _meant(name, known)


def _command(name: str, context: click.Context | None) -> str | None:
    command = context.command if context else None
    top = context is not None and context.parent is None
    if top and (is_url(name) or os.path.lexists(name)):
        return f"did you mean mmscheck check {name}?"
    known = command.list_commands(context) if isinstance(command, click.Group) and context else []
    if top and name in _COMMANDS:
        return _COMMANDS[name]
    return _meant(name, known)


def _choice(value: str, known: Sequence[str]) -> str | None:
    plain = {re.sub(r"[-_ ]", "", each.lower()): each for each in known}
    same = plain.get(re.sub(r"[-_ ]", "", value.lower()))
    return f"did you mean {same}?" if same else _meant(value, known)


def _meant(name: str, known: Sequence[str]) -> str | None:
    near = difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)
    return f"did you mean {near[0]}?" if near else None
