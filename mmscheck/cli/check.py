"""``mmscheck check``: read messages, fetch their media, judge, report."""

from __future__ import annotations

import io
import sys
from typing import Any

import click
import msgspec

from mmscheck import gate
from mmscheck.cli import options as opts
from mmscheck.cli.cache import cache_options, open_cache
from mmscheck.cli.lint_paths import Paths, document_paths
from mmscheck.cli.output import destinations, shows_media, write_reports
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import Progress
from mmscheck.cli.progress_hosts import CheckProgress
from mmscheck.cli.running import run
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError
from mmscheck.formats import View
from mmscheck.model.mms import Mms
from mmscheck.pipeline import check
from mmscheck.slidexml import document_places, parse, read_inputs


def read_messages(found: Paths) -> tuple[tuple[Mms, ...], tuple[str, ...]]:
    """Every message found, and a sentence for each input that could not be read.

    Raises InputError when there is no message at all.
    """
    if not found.documents:
        raise InputError("; ".join(found.unread))
    stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
    inputs, unread = read_inputs(found.documents, stdin)
    if not inputs:
        raise InputError("; ".join((*found.unread, *unread)))
    return tuple(parse(item.data, item.source) for item in inputs), (*found.unread, *unread)


@click.command(name="check")
@click.argument("paths", nargs=-1, metavar="[PATH ... | -]")
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

    Exit codes: 0 permitted, 1 denied (a rule failed), 2 nothing was checked or an input could not be read,
    3 denied (a rule could not be decided), 4 internal error or unwritable report.
    """
    wanted = destinations(given["formats"])
    changes = opts.changes(given)
    found = document_paths(paths, given["exclude"])
    messages, unread = read_messages(found)
    config = opts.configuration(given, found.documents)
    spare(given, wanted, inputs=document_places(found.documents), config=config)
    ruleset, policy = opts.ruleset(given, config), opts.policy(given, config)
    urls = [ref.url for message in messages for ref in message.media]
    with open_cache(given) as cache, Progress(wanted=not given["no_progress"]) as line:
        told = CheckProgress(line, urls, len(messages))
        report = run(
            check(
                messages,
                ruleset,
                policy,
                changes=changes,
                strict=given["strict"] or config.strict,
                unread=unread,
                on_done=told.came,
                on_judged=told.judged,
                sending=sending(given["send_at"], given["send_within"]),
                deep=given["deep"],
                cache_bust=not given["no_cache_bust"],
                previews=shows_media(wanted),
                cache=cache,
                fail_fast=given["fail_fast"],
            )
        )
    report = msgspec.structs.replace(report, allowances=(*report.allowances, *found.left))
    verdict = gate.verdict(report)
    write_reports(wanted, View(report=report, verdict=verdict, quiet=given["quiet"]))
    return verdict.exit_code
