"""``mmscheck lint``: offline, slide XML and local media files; it never permits anything."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mmscheck import gate
from mmscheck.assets import locate
from mmscheck.baseline import apply_baseline, faults_of, read_baseline, written
from mmscheck.cli import options as opts
from mmscheck.cli.exits import Exit
from mmscheck.cli.files import is_stream, replace_file
from mmscheck.cli.lint_paths import Paths, sort_paths
from mmscheck.cli.output import destinations, shows_media, write_reports
from mmscheck.cli.running import run
from mmscheck.cli.say import say
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError, UsageError
from mmscheck.formats import View
from mmscheck.lint import lint
from mmscheck.model.report import Report
from mmscheck.ruleset import demand_folders
from mmscheck.slidexml import Input, document_places, is_other_xml, parse, read_inputs


@click.command(name="lint")
@click.argument("paths", nargs=-1, metavar="[PATH ... | -]")
@opts.offline_options
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Faults that are listed there are known, and do not block.",
)
@click.option(
    "--write-baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="List what blocks now, for --baseline.",
)
@click.option("--skip-other-xml", is_flag=True, help="Leave out .xml files that are no messages.")
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Judge slide XML and local media files without a network. Nothing is ever permitted by it.

    PATH: an .xml file, a media file, or a folder, which is walked for both. Media that a message refers to
    are looked at where the configuration's [assets] maps their URLs to a local folder.

    Exit codes: 0 every blocking rule passed, 1 a rule failed, 2 nothing was judged or an input could not be
    read, 3 a rule could not be decided, 4 internal error or unwritable report.
    """
    if given["baseline"] is not None and given["write_baseline"] is not None:
        raise UsageError("--baseline and --write-baseline: one is read, the other is made; give one of them")
    wanted = destinations(given["formats"])
    known = None if given["baseline"] is None else read_baseline(given["baseline"])
    changes = opts.changes(given)
    sorted_ = sort_paths(paths, given["exclude"])
    inputs, unread = _documents(sorted_)
    messages = [each for each in inputs if not (given["skip_other_xml"] and is_other_xml(each.data))]
    if not messages and not sorted_.media:
        return _nothing(inputs, unread)
    config = opts.configuration(given, (*sorted_.documents, *sorted_.media))
    demand_folders(config)
    parsed = [parse(each.data, each.source) for each in messages]
    located = (locate(ref.url, config.assets) for message in parsed for ref in message.media)
    media = (place for place in located if isinstance(place, Path))
    spare(given, wanted, inputs=(*document_places(sorted_.documents), *sorted_.media, *media), config=config)
    report = run(
        lint(
            parsed,
            sorted_.media,
            opts.offline_ruleset(given, config),
            assets=config.assets,
            changes=changes,
            strict=given["strict"] or config.strict,
            unread=unread,
            previews=shows_media(wanted),
            left_out=len(inputs) - len(messages),
            notes=sorted_.left,
        )
    )
    if known is not None:
        report = apply_baseline(report, known, given["baseline"])
    if given["write_baseline"] is not None:
        report = _write_baseline(report, given["write_baseline"])
    verdict = gate.verdict(report)
    write_reports(wanted, View(report=report, verdict=verdict, quiet=given["quiet"]))
    return verdict.exit_code


def _write_baseline(report: Report, file: Path) -> Report:
    """The report with all that the new baseline knows; what is there and is no baseline stays as it is."""
    if file.exists() and not is_stream(file):
        read_baseline(file)
    faults = faults_of(report, file)
    replace_file(file, written(faults))
    applied = apply_baseline(report, faults, file)
    if others := sum(not each.passed_offline for each in gate.verdict(applied).messages):
        files = "1 entry" if others == 1 else f"{others:,} entries"
        say(f"mmscheck: {files} of this run cannot be known by a baseline, and still block: see the report")
    return applied


def _documents(paths: Paths) -> tuple[tuple[Input, ...], tuple[str, ...]]:
    if not paths.documents:
        return (), paths.unread
    stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
    inputs, unread = read_inputs(paths.documents, stdin)
    return inputs, (*paths.unread, *unread)


def _nothing(skipped: Sequence[Input], unread: tuple[str, ...]) -> int:
    """There is nothing to judge: fine only when all there was were documents to be skipped."""
    if unread or not skipped:
        raise InputError("; ".join(unread) or "nothing was found to judge")
    say(f"mmscheck: none of {len(skipped)} XML file{'s' if len(skipped) > 1 else ''} is slide XML; skipped")
    return int(Exit.PERMITTED)
