"""``mmscheck lint``: offline, slide XML and local media files; it never permits anything."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import click
import msgspec
from msgspec.structs import replace

from mmscheck import judge, slidexml
from mmscheck import lint as linting
from mmscheck import report as reports
from mmscheck import ruleset as rulesets
from mmscheck.cli.commands import with_options
from mmscheck.cli.files import is_stream, replace_file
from mmscheck.cli.options import (
    AllEvaluations,
    ChangeOptions,
    ConfigOptions,
    Exclude,
    Formats,
    JudgingOptions,
    MeantFor,
    Quiet,
    changes,
    configurations,
    offline_ruleset,
    refuse_changes,
)
from mmscheck.cli.output import destinations, shows_media, write_reports
from mmscheck.cli.paths import Paths, sort_paths
from mmscheck.cli.running import run
from mmscheck.cli.say import say
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError, UsageError
from mmscheck.judge.documents import meant, read_message
from mmscheck.model.exits import Exit
from mmscheck.model.mms import Mms
from mmscheck.model.report import Report


class LintArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck lint``."""

    formats: Formats
    all_evaluations: AllEvaluations
    judging: JudgingOptions
    config: ConfigOptions
    changes: ChangeOptions
    exclude: Exclude
    meant_for: MeantFor
    quiet: Quiet
    baseline: Annotated[
        Path | None,
        click.option(
            "--baseline",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Faults that are listed there are known, and do not block.",
        ),
    ]
    write_baseline: Annotated[
        Path | None,
        click.option(
            "--write-baseline",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="List what blocks now, for --baseline.",
        ),
    ]
    skip_other_xml: Annotated[
        bool,
        click.option(
            "--skip-other-xml", is_flag=True, help="Leave out .xml and .json files that are no messages."
        ),
    ]


class _LintGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What lies under one configuration; ``skipped`` counts documents that are no messages."""

    config: rulesets.Config
    messages: tuple[Mms, ...]
    media: tuple[str, ...]
    unread: tuple[str, ...]
    skipped: int

    def placed(self) -> Iterator[Path]:
        """The local files that the messages' URLs are mapped to."""
        refs = (ref for message in self.messages for ref in message.media)
        located = (linting.locate(ref.url, self.config.assets) for ref in refs)
        return (place for place in located if isinstance(place, Path))


@click.command(name="lint")
@click.argument("paths", nargs=-1, metavar="[PATH ... | -]")
@with_options(LintArguments)
def command(paths: tuple[str, ...], *, options: LintArguments) -> int:
    """Judge slide XML and local media files without a network. Nothing is ever permitted by it.

    PATH: an .xml file, a media file, or a folder, which is walked for both. Media that a message refers to
    are looked at where the configuration's [assets] maps their URLs to a local folder.

    Exit codes: 0 every blocking rule passed, 1 a rule failed, 2 nothing was judged or an input could not be
    read, 3 a rule could not be decided, 4 internal error or unwritable report.
    """
    if options.baseline is not None and options.write_baseline is not None:
        raise UsageError("--baseline and --write-baseline: one is read, the other is made; give one of them")
    wanted = destinations(options.formats, whole=options.all_evaluations)
    known = None if options.baseline is None else linting.read_baseline(options.baseline)
    replaced = changes(options.changes)
    named = meant(options.meant_for)
    inputs = sort_paths(paths, options.exclude, meant_for=named)
    groups = [
        _read(config, inputs, own, named, skip_other_xml=options.skip_other_xml)
        for config, own in configurations(options.config, (*inputs.documents, *inputs.media))
    ]
    unread = (*inputs.unread, *(sentence for group in groups for sentence in group.unread))
    if not any(group.messages or group.media for group in groups):
        return _nothing(sum(group.skipped for group in groups), unread)
    refuse_changes(options.changes, [each for group in groups for each in group.messages])
    files = (*slidexml.document_places(inputs.documents), *inputs.media)
    for group in groups:
        spare(options, wanted, inputs=(*files, *group.placed()), config=group.config)
    report = judge.join_reports(
        [
            run(
                linting.lint(
                    group.messages,
                    group.media,
                    offline_ruleset(options.judging, group.config),
                    assets=group.config.assets,
                    changes=replaced,
                    strict=options.judging.strict or group.config.strict,
                    unread=group.unread,
                    previews=shows_media(wanted),
                    left_out=group.skipped,
                )
            )
            for group in groups
        ]
    )
    report = replace(
        report,
        unread=(*inputs.unread, *report.unread),
        allowances=(*inputs.left, *report.allowances),
    )
    if known is not None and options.baseline is not None:
        report = linting.apply_baseline(report, known, options.baseline)
    if options.write_baseline is not None:
        report = _write_baseline(report, options.write_baseline)
    verdict = judge.gate.verdict(report)
    write_reports(wanted, reports.View(report=report, verdict=verdict, quiet=options.quiet))
    return verdict.exit_code


def _write_baseline(report: Report, file: Path) -> Report:
    """The report with all that the new baseline knows; what is there and is no baseline stays as it is."""
    if file.exists() and not is_stream(file):
        linting.read_baseline(file)
    faults = linting.faults_of(report, file)
    replace_file(file, linting.written(faults))
    applied = linting.apply_baseline(report, faults, file)
    if others := sum(not each.passed_offline for each in judge.gate.verdict(applied).messages):
        files = "1 entry" if others == 1 else f"{others:,} entries"
        say(f"mmscheck: {files} of this run cannot be known by a baseline, and still block: see the report")
    return applied


def _read(
    config: rulesets.Config, paths: Paths, own: Sequence[str], meant_for: str, *, skip_other_xml: bool
) -> _LintGroup:
    mine = frozenset(own)
    documents = tuple(path for path in paths.documents if path in mine)
    stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
    inputs, unread = slidexml.read_inputs(documents, stdin) if documents else ((), ())
    messages = [each for each in inputs if not (skip_other_xml and slidexml.is_other_xml(each.data))]
    media = tuple(path for path in paths.media if path in mine)
    if messages or media:
        rulesets.demand_folders(config)
    return _LintGroup(
        config=config,
        messages=tuple(read_message(each.data, each.source, meant_for) for each in messages),
        media=media,
        unread=unread,
        skipped=len(inputs) - len(messages),
    )


def _nothing(skipped: int, unread: tuple[str, ...]) -> int:
    """There is nothing to judge: fine only when all there was were documents to be skipped."""
    if unread or not skipped:
        raise InputError("; ".join(unread) or "nothing was found to judge")
    say(f"mmscheck: none of {skipped} file{'s' if skipped > 1 else ''} is a message; skipped")
    return int(Exit.PERMITTED)
