"""``mmscheck explain``: what a code of the provider says, what foresees it, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mmscheck.cli.ledger_open import FORMAT
from mmscheck.cli.ledger_text import json_text
from mmscheck.cli.output import page
from mmscheck.cli.rules_show import CODE, CONFIG, NOT_LISTED, configuration
from mmscheck.cli.say import write_stdout
from mmscheck.errors import UsageError
from mmscheck.judge.rulebook import read_entries
from mmscheck.model.exits import Exit
from mmscheck.model.ledger import PostbackMeaning
from mmscheck.report.layout import Page, Style, shown
from mmscheck.sinch.codes import CodeClass, ErrorCode, PostbackCode, explain, explain_postback

if TYPE_CHECKING:
    from mmscheck.report.rule_entry import RuleEntry

_ANSWERS = {
    CodeClass.FIX: (
        "refused: nothing was done, and it fails again until its cause is mended",
        "Mend the cause; it is safe to make the call again then.",
    ),
    CodeClass.RETRY: (
        "not now: nothing was done, and the same call may succeed later",
        "Wait, and make the call again; mmscheck send does so by itself (--retries).",
    ),
    CodeClass.UNKNOWN: (
        "unknown: it may have been done",
        "Do not repeat a send. Find out how it ended, then: mmscheck ledger resolve ID.",
    ),
}
"""What a class says of the call, and what to do."""

_TOO_FAST = (
    "Make fewer calls in a second (--rate of a campaign); mmscheck send waits and tries again by itself."
)

_NOTIFICATIONS = {
    PostbackMeaning.READY: "Nothing: mmscheck postbacks makes the id ready, and it may be sent.",
    PostbackMeaning.CORRUPT: "Mend the file and save the message anew; nothing is sent under this id.",
    PostbackMeaning.SENT: "Nothing: its end is told by another notification.",
    PostbackMeaning.STATUS: "Nothing: mmscheck ledger show ID tells what its status made of the send.",
    PostbackMeaning.DELIVERED_AS_SMS: "Nothing; the phone got the fallback text and not the message.",
    PostbackMeaning.FAILED: "Mend the cause, and give the next try an idempotency key of its own.",
    PostbackMeaning.INBOUND: "Nothing: it is kept, and a reply such as STOP puts the number on the list of "
    "those that get nothing (mmscheck suppress).",
    PostbackMeaning.SUBSCRIBED: "Nothing: it is kept.",
    PostbackMeaning.UNSUBSCRIBED: "Nothing: the number is on the list of those that get nothing "
    "(mmscheck suppress).",
    PostbackMeaning.DISCOVERY: "Nothing: it tells nothing of the message itself.",
    PostbackMeaning.UNKNOWN: "Nothing is known of it.",
}
"""What to do when a notification of this meaning comes."""


@click.command(name="explain")
@click.argument("provider_code", metavar="CODE")
@FORMAT
@CONFIG
def command(provider_code: str, form: str, config_file: Path | None) -> int:
    """Tell what a code of the provider says, such as E620 or N102: as the answer to a call and in a
    notification, which may differ; which rules foresee it; and what to do.

    Exit codes: 0 it is told, 2 the documents list no such code.
    """  # noqa: D205 - click shows the first paragraph whole
    code = provider_code.strip().upper()
    if not CODE.fullmatch(code):
        raise UsageError(
            f"{provider_code[:40]!a}: a code of the provider is E or N and three digits, such as E620; "
            "for a rule: mmscheck rules explain RULE"
        )
    entries = read_entries(configuration(config_file))
    rules = [entry for entry in entries if code in entry.rule.provider_codes]
    answer, postback = explain(code), explain_postback(code)
    if answer is None and postback is None and not rules:
        raise UsageError(f"{code}: the provider's documents list no such code")
    write_stdout(
        json_text(_value(code, answer, postback, rules))
        if form == "json"
        else _text(code, answer, postback, rules, page())
    )
    return int(Exit.PERMITTED)


def _value(
    code: str, answer: ErrorCode | None, postback: PostbackCode | None, rules: list[RuleEntry]
) -> dict[str, Any]:
    return {
        "code": code,
        "answer": answer
        and {
            "meaning": answer.meaning,
            "class": answer.kind.value,
            "only": answer.only or None,
            "do": _to_do(answer),
        },
        "notification": postback
        and {"meaning": postback.meaning, "class": postback.kind.value, "do": _NOTIFICATIONS[postback.kind]},
        "rules": [{"id": entry.rule.id, "title": entry.rule.title} for entry in rules],
    }


def _to_do(answer: ErrorCode) -> str:
    return _TOO_FAST if answer.too_fast else _ANSWERS[answer.kind][1]


def _text(
    code: str, answer: ErrorCode | None, postback: PostbackCode | None, rules: list[RuleEntry], on: Page
) -> str:
    lines = [on.paint(code, Style.STRONG)]
    if answer is None and postback is None:
        lines += on.block(f"{NOT_LISTED}.", indent=2)
    if answer is not None:
        lines += ["", on.paint("As the answer to a call", Style.STRONG)]
        for sentence in (
            f"{_capital(answer.told)}.",
            f"{_capital(_ANSWERS[answer.kind][0])}.",
            _to_do(answer),
        ):
            lines += on.block(sentence, indent=2)
    if postback is not None:
        lines += ["", on.paint(f"In a notification ({postback.kind})", Style.STRONG)]
        for sentence in (f"{_capital(postback.meaning)}.", _NOTIFICATIONS[postback.kind]):
            lines += on.block(sentence, indent=2)
    lines += ["", on.paint("Rules that foresee it", Style.STRONG)]
    if not rules:
        return "\n".join([*lines, "  none"]) + "\n"
    width = max(len(entry.rule.id) for entry in rules)
    lines += [f"  {entry.rule.id.ljust(width)}  {shown(entry.rule.title)}" for entry in rules]
    return "\n".join([*lines, "  More about one: mmscheck rules explain RULE"]) + "\n"


def _capital(clause: str) -> str:
    return clause[:1].upper() + clause[1:]
