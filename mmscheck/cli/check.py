"""``mmscheck check``: read messages, fetch their media, judge, report."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from mmscheck.cli import options as opts
from mmscheck.cli.alone import check_alone
from mmscheck.cli.cache import cache_options, open_cache
from mmscheck.cli.lint_paths import document_paths, is_url
from mmscheck.cli.output import destinations, shows_media, write_reports
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import Progress
from mmscheck.cli.progress_hosts import CheckProgress
from mmscheck.cli.running import run
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError
from mmscheck.judge import gate
from mmscheck.judge.pipeline import CheckOptions, check_messages
from mmscheck.judge.reports import join_reports
from mmscheck.model.mms import Mms
from mmscheck.model.report import Report
from mmscheck.report import View
from mmscheck.ruleset import Config
from mmscheck.slidexml import document_places, parse, read_inputs


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    """The messages that lie under one configuration, and a sentence for each input that could not be read."""

    config: Config
    messages: tuple[Mms, ...]
    unread: tuple[str, ...]


def _read(config: Config, documents: Sequence[str]) -> _Group:
    messages, unread = read_messages(documents)
    return _Group(config=config, messages=messages, unread=unread)


def read_messages(documents: Sequence[str]) -> tuple[tuple[Mms, ...], tuple[str, ...]]:
    """Every message of these files, and a sentence for each that could not be read."""
    stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
    inputs, unread = read_inputs(documents, stdin)
    return tuple(parse(item.data, item.source) for item in inputs), unread


@click.command(name="check")
@click.argument("paths", nargs=-1, metavar="[PATH ... | URL ... | -]")
@click.option(
    "--deep", is_flag=True, help="Ask in every way that a rule looks at: some seven requests more per URL."
)
@click.option(
    "--fail-fast",
    is_flag=True,
    help="End at the first message that is denied; those after it are listed as not checked.",
)
@cache_options
@opts.walked_options
@opts.common_options
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Check stored MMS: files, folders (walked for .xml), or - for standard input.

    With URLs in their place each is fetched and judged as one medium of a message would be. Rules that need
    a message are not applied, and a good end (PASS) permits nothing.

    Exit codes: 0 permitted, 1 denied (a rule failed), 2 nothing was checked or an input could not be read,
    3 denied (a rule could not be decided), 4 internal error or unwritable report.
    """
    wanted = destinations(given["formats"])
    if any(map(is_url, paths)):
        return check_alone(paths, given, wanted)
    changes = opts.changes(given)
    found = document_paths(paths, given["exclude"])
    if not found.documents:
        raise InputError("; ".join(found.unread))
    groups = [_read(config, own) for config, own in opts.configurations(given, found.documents)]
    unread = (*found.unread, *(sentence for group in groups for sentence in group.unread))
    if not any(group.messages for group in groups):
        raise InputError("; ".join(unread))
    for group in groups:
        spare(given, wanted, inputs=document_places(found.documents), config=group.config)
    chosen = [
        (group, opts.ruleset(given, group.config), opts.policy(given, group.config)) for group in groups
    ]
    every = [message for group in groups for message in group.messages]
    urls = [ref.url for message in every for ref in message.media]
    reports: list[Report] = []
    with open_cache(given) as cache, Progress(wanted=not given["no_progress"]) as line:
        told = CheckProgress(line, urls, len(every))
        for group, ruleset, policy in chosen:
            if given["fail_fast"] and any(not gate.verdict(each).permitted for each in reports):
                left = tuple(message.source for message in group.messages)
                reports[-1] = replace(reports[-1], not_checked=(*reports[-1].not_checked, *left))
                continue
            options = CheckOptions(
                policy=policy,
                changes=changes,
                strict=given["strict"] or group.config.strict,
                unread=group.unread,
                on_done=told.came,
                on_judged=told.judged,
                sending=sending(given["send_at"], given["send_within"]),
                deep=given["deep"],
                cache_bust=not given["no_cache_bust"],
                previews=shows_media(wanted),
                cache=cache,
                fail_fast=given["fail_fast"],
            )
            reports.append(run(check_messages(group.messages, ruleset, options)))
    report = join_reports(reports)
    report = replace(
        report,
        unread=(*found.unread, *report.unread),
        allowances=(*report.allowances, *found.left),
    )
    verdict = gate.verdict(report)
    write_reports(wanted, View(report=report, verdict=verdict, quiet=given["quiet"]))
    return verdict.exit_code
