"""``mmscheck check``: read messages, fetch their media, judge, report; with URLs, media without a message."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import msgspec
from msgspec.structs import replace

from mmscheck import fetch, judge, slidexml
from mmscheck import report as reports
from mmscheck import ruleset as rulesets
from mmscheck.cli.commands import with_options
from mmscheck.cli.fleet import FleetOptions
from mmscheck.cli.options import (
    AllEvaluations,
    ChangeOptions,
    ConfigOptions,
    Exclude,
    Formats,
    JudgingOptions,
    MeantFor,
    NetworkOptions,
    NoProgress,
    PlanOptions,
    Profile,
    Quiet,
    changes,
    configuration,
    configurations,
    policy,
    refuse_changes,
    ruleset,
)
from mmscheck.cli.output import Destination, destinations, shows_media, write_reports
from mmscheck.cli.paths import STDIN, document_paths, is_url
from mmscheck.cli.plan import HOUR, duration, sending
from mmscheck.cli.progress import CheckProgress, Progress
from mmscheck.cli.running import Loop, run, spared_collector
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError, UsageError
from mmscheck.judge.documents import meant, read_message
from mmscheck.model.mms import Mms
from mmscheck.model.report import Report
from mmscheck.model.rule import RuleSet

if TYPE_CHECKING:
    from mmscheck.cache.store import ResultCache

DEFAULT_TTL = "10m"
"""How old a kept result may be when nobody says (a judgement: long enough to mend a text and check again)."""

MOST_IN_MEMORY = 100
"""Messages of a run that wait in memory for their reports, at some 60 kB a medium; more wait on disk."""

_EXAMPLES = "90s, 10m or 1h"
_LONGEST = HOUR
"""Seconds: servers and files change, and a report is about what is there now (a judgement)."""


class CacheOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where results are kept, and how old one may be."""

    cache_folder: Annotated[
        Path | None,
        click.option(
            "--cache",
            "cache_folder",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Keep whole answers in this folder of yours, and use them again. Never used for a send.",
        ),
    ]
    cache_ttl: Annotated[
        str | None,
        click.option(
            "--cache-ttl",
            metavar="DURATION",
            help=f"How old a kept result may be, as {_EXAMPLES}; at most 1h (default: {DEFAULT_TTL}).",
        ),
    ]


class CheckArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck check``."""

    deep: Annotated[
        bool,
        click.option(
            "--deep",
            is_flag=True,
            help="Ask in every way that a rule looks at: some seven requests more per URL.",
        ),
    ]
    sample_probes: Annotated[
        bool,
        click.option(
            "--sample-probes",
            is_flag=True,
            help=(
                "Above 100 URLs: ask in further ways for three files of each host and type, and for all where"
                " these show something."
            ),
        ),
    ]
    fail_fast: Annotated[
        bool,
        click.option(
            "--fail-fast",
            is_flag=True,
            help="End at the first message that is denied; those after it are listed as not checked.",
        ),
    ]
    fleet: FleetOptions
    cache: CacheOptions
    exclude: Exclude
    meant_for: MeantFor
    formats: Formats
    all_evaluations: AllEvaluations
    profile: Profile
    judging: JudgingOptions
    config: ConfigOptions
    network: NetworkOptions
    plan: PlanOptions
    changes: ChangeOptions
    quiet: Quiet
    no_progress: NoProgress

    def rules(self, config: rulesets.Config) -> RuleSet:
        """The rules that this configuration makes of them. Raises RuleSetError, UsageError."""
        return ruleset(self.judging, config, profile=self.profile)

    def policy(self, config: rulesets.Config) -> fetch.FetchPolicy:
        """How to fetch under this configuration. Raises UsageError."""
        return policy(self.network, config, named=self.config.config_file)


class _MessageGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The messages that lie under one configuration, and a sentence for each input that could not be read."""

    config: rulesets.Config
    messages: tuple[Mms, ...]
    unread: tuple[str, ...]


@click.command(name="check")
@click.argument("paths", nargs=-1, metavar="[PATH ... | URL ... | -]")
@with_options(CheckArguments)
def command(paths: tuple[str, ...], *, options: CheckArguments) -> int:
    """Check stored MMS: files, folders (walked for .xml), or - for standard input.

    With URLs in their place each is fetched and judged as one medium of a message would be. Rules that need
    a message are not applied, and a good end (PASS) permits nothing.

    Messages for other providers (Twilio, Telnyx, Bandwidth, Plivo, Vonage, Infobip) and lists of URLs are
    held to what these take; they are told by their content, or by --as.

    Exit codes: 0 permitted, 1 denied (a rule failed), 2 nothing was checked or an input could not be read,
    3 denied (a rule could not be decided), 4 internal error or unwritable report.
    """
    if options.deep and options.sample_probes:
        raise UsageError("--deep asks for every file in every way, and --sample-probes for some; give one")
    if options.fleet.is_meant:
        if options.meant_for:
            raise UsageError("--as is for one process: several go by what messages hold")
        from mmscheck.cli.fleet_check import check_by_fleet  # noqa: PLC0415 - only these runs need Dask

        return check_by_fleet(paths, options)
    wanted = destinations(options.formats, whole=options.all_evaluations)
    by_url = any(map(is_url, paths))
    report = _check_urls(paths, options, wanted) if by_url else _check_messages(paths, options, wanted)
    verdict = judge.gate.verdict(report)
    write_reports(wanted, reports.View(report=report, verdict=verdict, quiet=options.quiet))
    return verdict.exit_code


def _check_messages(paths: Sequence[str], options: CheckArguments, wanted: tuple[Destination, ...]) -> Report:
    """One report on all messages of these paths. Raises InputError where there is none to be read."""
    replaced = changes(options.changes)
    inputs = document_paths(paths, options.exclude)
    if not inputs.documents:
        raise InputError("; ".join(inputs.unread))
    named = meant(options.meant_for)
    groups = [_read(config, own, named) for config, own in configurations(options.config, inputs.documents)]
    unread = (*inputs.unread, *(sentence for group in groups for sentence in group.unread))
    if not any(group.messages for group in groups):
        raise InputError("; ".join(unread))
    for group in groups:
        spare(options, wanted, inputs=slidexml.document_places(inputs.documents), config=group.config)
    chosen = [(group, options.rules(group.config), options.policy(group.config)) for group in groups]
    every = [message for group in groups for message in group.messages]
    refuse_changes(options.changes, every)
    urls = [ref.url for message in every for ref in message.media]
    by_group: list[Report] = []
    with (
        spared_collector(),
        open_cache(options.cache) as cache,
        Progress(wanted=not options.no_progress) as line,
        Loop() as loop,
    ):
        progress = CheckProgress(line, urls, len(every))
        for group, rules, fetching in chosen:
            if options.fail_fast and any(not judge.gate.verdict(each).permitted for each in by_group):
                left = tuple(message.source for message in group.messages)
                by_group[-1] = replace(by_group[-1], not_checked=(*by_group[-1].not_checked, *left))
                continue
            checking = judge.CheckOptions(
                policy=fetching,
                changes=replaced,
                strict=options.judging.strict or group.config.strict,
                unread=group.unread,
                on_done=progress.came,
                on_judged=progress.judged,
                sending=sending(options.plan.send_at, options.plan.send_within),
                deep=options.deep,
                sample_probes=options.sample_probes,
                cache_bust=not options.network.no_cache_bust,
                previews=shows_media(wanted),
                cache=cache,
                fail_fast=options.fail_fast,
                on_disk=len(every) > MOST_IN_MEMORY,
            )
            by_group.append(loop.run(judge.check_messages(group.messages, rules, checking)))
    report = judge.join_reports(by_group)
    return replace(
        report,
        unread=(*inputs.unread, *report.unread),
        allowances=(*report.allowances, *inputs.left),
    )


def _read(config: rulesets.Config, documents: Sequence[str], meant_for: str) -> _MessageGroup:
    messages, unread = read_messages(documents, meant_for)
    return _MessageGroup(config=config, messages=messages, unread=unread)


def read_messages(documents: Sequence[str], meant_for: str = "") -> tuple[tuple[Mms, ...], tuple[str, ...]]:
    """Every message of these files, and a sentence for each that could not be read."""
    stdin = sys.stdin.buffer if sys.stdin is not None else io.BytesIO()
    inputs, unread = slidexml.read_inputs(documents, stdin)
    return tuple(read_message(item.data, item.source, meant_for) for item in inputs), unread


def _check_urls(urls: Sequence[str], options: CheckArguments, wanted: tuple[Destination, ...]) -> Report:
    """A report on what is at these URLs. Raises UsageError for what needs a message."""
    if others := [each for each in urls if not is_url(each)]:
        raise UsageError(f"{others[0]}: URLs and messages are checked apart; give either")
    of_messages = {
        "--custom-subject": options.changes.custom_subject,
        "--custom-text": options.changes.custom_text,
        "--data": options.changes.data,
        "--fail-fast": options.fail_fast,
        "--as": options.meant_for,
    }
    if named := [name for name, value in of_messages.items() if value]:
        raise UsageError(f"{named[0]} is about messages, and URLs were given")
    # As for a message from standard input: the configuration of this folder.
    config = configuration(options.config, (STDIN,))
    spare(options, wanted, config=config)
    rules, fetching = options.rules(config), options.policy(config)
    with (
        spared_collector(),
        open_cache(options.cache) as cache,
        Progress(wanted=not options.no_progress) as line,
    ):
        checking = judge.CheckOptions(
            policy=fetching,
            strict=options.judging.strict or config.strict,
            on_done=CheckProgress(line, urls, 0).came,
            sending=sending(options.plan.send_at, options.plan.send_within),
            deep=options.deep,
            sample_probes=options.sample_probes,
            cache_bust=not options.network.no_cache_bust,
            cache=cache,
            previews=shows_media(wanted),
        )
        return run(judge.check_urls(urls, rules, checking))


def open_cache(options: CacheOptions) -> contextlib.AbstractContextManager[ResultCache | None]:
    """The cache these options ask for, or none. Raises UsageError."""
    folder, ttl = options.cache_folder, options.cache_ttl
    if folder is None and ttl is not None:
        raise UsageError("--cache-ttl says how old results of --cache may be, and there is no --cache")
    if folder is None:
        return contextlib.nullcontext()
    from mmscheck.cache.store import ResultCache  # noqa: PLC0415 - few checks keep results

    text = DEFAULT_TTL if ttl is None else ttl
    return ResultCache(folder, duration("--cache-ttl", text, _EXAMPLES, _LONGEST))
