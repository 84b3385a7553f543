"""Options that several commands share, in groups, and how they and the configuration become values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import click
import msgspec

from mmscheck import fetch, judge, media
from mmscheck import ruleset as rulesets
from mmscheck.cli.plan import SECONDS
from mmscheck.errors import UsageError
from mmscheck.model.mms import Mms
from mmscheck.model.report import LINT
from mmscheck.model.request import Changes, CustomText
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType

_Value = TypeVar("_Value")

_RATE = click.FloatRange(min=0, min_open=True)
_COUNT = click.IntRange(min=1)


Formats = Annotated[
    tuple[str, ...],
    click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="FORMAT[=FILE]",
        help="text (default), json, jsonl, html, junit, sarif, github, gitlab, csv or markdown; repeatable.",
    ),
]
AllEvaluations = Annotated[
    bool,
    click.option(
        "--all-evaluations",
        is_flag=True,
        help="In jsonl, what passed too, in full; without it by name.",
    ),
]
Profile = Annotated[
    str | None, click.option("--profile", metavar="NAME", help="The rules to apply (default: send).")
]
Exclude = Annotated[
    tuple[str, ...],
    click.option(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Leave out of folders, as a line of .gitignore would; repeatable.",
    ),
]
MeantFor = Annotated[
    str | None,
    click.option(
        "--as",
        "meant_for",
        metavar="PROVIDER",
        help="Read the messages as these: twilio, telnyx, bandwidth, plivo, vonage, infobip, or urls.",
    ),
]
Quiet = Annotated[
    bool,
    click.option("-q", "--quiet", is_flag=True, help="A line per finding, advice too, and the verdict."),
]
NoProgress = Annotated[
    bool, click.option("--no-progress", is_flag=True, help="No progress line, even on a terminal.")
]


class JudgingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Whose numbers count, and what blocks."""

    sender: Annotated[
        str | None,
        click.option(
            "--sender",
            type=click.Choice([item.value for item in SenderType]),
            help="What the message is sent from; sizes differ. Without it the tightest numbers count.",
        ),
    ]
    carriers: Annotated[
        tuple[str, ...],
        click.option(
            "--carrier",
            "carriers",
            multiple=True,
            metavar="NAME",
            help="A recipients' carrier, such as att or verizon; its sizes count. Repeatable.",
        ),
    ]
    providers: Annotated[
        tuple[str, ...],
        click.option(
            "--provider",
            "providers",
            multiple=True,
            metavar="NAME",
            help="Another provider, such as twilio, whose limits are warned of. Repeatable.",
        ),
    ]
    transcoding: Annotated[
        bool | None,
        click.option(
            "--transcoding/--no-transcoding",
            default=None,
            help="The provider makes this account's media fit, so larger files are taken (default: not).",
        ),
    ]
    strict: Annotated[bool, click.option("--strict", is_flag=True, help="Warnings block too.")]


class ConfigOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which configuration counts, and what this machine must be able to do."""

    require_confinement: Annotated[
        bool,
        click.option(
            "--require-confinement",
            is_flag=True,
            help="Check nothing where the system cannot isolate the processes that open media.",
        ),
    ]
    config_file: Annotated[
        Path | None,
        click.option(
            "--config",
            "config_file",
            type=click.Path(path_type=Path),
            help="Default: mmscheck.toml, upward.",
        ),
    ]


class NetworkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How media are fetched; None where the configuration or the policy's own default counts."""

    allow_net: Annotated[
        tuple[str, ...],
        click.option(
            "--allow-net",
            multiple=True,
            metavar="CIDR",
            help="Let media live in this network; repeatable.",
        ),
    ]
    connect_to: Annotated[
        tuple[str, ...],
        click.option(
            "--connect-to",
            multiple=True,
            metavar="HOST:PORT:ADDRESS:PORT",
            help="As curl's: dial elsewhere; repeatable.",
        ),
    ]
    ca_file: Annotated[
        str | None,
        click.option(
            "--ca-file",
            metavar="FILE",
            help="Trust these certificate authorities as well for media (PEM).",
        ),
    ]
    timeout: Annotated[
        float | None,
        click.option("--timeout", type=SECONDS, metavar="SECONDS", help="For one fetch, as 10 or 10s."),
    ]
    deadline: Annotated[
        float | None,
        click.option("--deadline", type=SECONDS, metavar="SECONDS", help="For the whole check, as 90 or 2m."),
    ]
    max_concurrency: Annotated[
        int | None,
        click.option("--max-concurrency", type=_COUNT, metavar="N", help="Fetches at the same time."),
    ]
    per_host: Annotated[
        int | None,
        click.option("--per-host", type=_COUNT, metavar="N", help="Fetches from one host at the same time."),
    ]
    rate: Annotated[
        float | None,
        click.option("--rate", type=_RATE, metavar="N", help="At most N requests a second to one host."),
    ]
    proxy: Annotated[
        str | None,
        click.option(
            "--proxy",
            metavar="URL",
            help="Send every request through this http:// proxy, which then guards.",
        ),
    ]
    user_agent: Annotated[
        str | None,
        click.option(
            "--user-agent", metavar="TEXT", help="What to call ourselves (default: mmscheck/VERSION)."
        ),
    ]
    no_cache_bust: Annotated[
        bool,
        click.option(
            "--no-cache-bust", is_flag=True, help="Never ask past a cache by adding a query to the URL."
        ),
    ]


class PlanOptions(msgspec.Struct, frozen=True, kw_only=True):
    """When the message goes out; `plan.sending` reads them."""

    send_at: Annotated[
        str | None,
        click.option(
            "--send-at",
            metavar="TIME",
            help="When the message is to go out, as 2026-12-01T09:00Z; signed URLs must live until then. "
            "Nothing waits for it: send refuses a time to come.",
        ),
    ]
    send_within: Annotated[
        str | None,
        click.option(
            "--send-within",
            metavar="DURATION",
            help="How long the sending lasts from then on, as 90m, 4h or 2d (default: 1h).",
        ),
    ]


class ChangeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What one send puts in the place of what is stored."""

    custom_subject: Annotated[
        str | None,
        click.option(
            "--custom-subject",
            metavar="TEXT",
            help="The subject this send will use instead of the stored one.",
        ),
    ]
    custom_text: Annotated[
        tuple[str, ...],
        click.option(
            "--custom-text",
            multiple=True,
            metavar="SLIDE=TEXT",
            help="A slide's text for this send; repeatable.",
        ),
    ]
    data: Annotated[
        tuple[str, ...],
        click.option(
            "--data",
            multiple=True,
            metavar="NAME=VALUE",
            help="Merge data for {$name|default}; repeatable.",
        ),
    ]


def configuration(options: ConfigOptions, paths: Sequence[str]) -> rulesets.Config:
    """The named configuration file, or the one found upward from the inputs, or none.

    Raises RuleSetError, and UsageError when the inputs lie under different ones (the order of the inputs must
    not decide what counts), or when media cannot be opened as safely as is demanded.
    """
    groups = configurations(options, paths)
    if len(groups) > 1:
        places = ", ".join(
            f"{path}: {config.path if config.path.is_absolute() else 'none'}"
            for config, inputs in groups
            for path in inputs
        )
        raise UsageError(f"the inputs lie under different configurations ({places}); give one with --config")
    return groups[0][0]


def configurations(
    options: ConfigOptions, paths: Sequence[str]
) -> list[tuple[rulesets.Config, tuple[str, ...]]]:
    """At least one configuration, each with the inputs that it is the nearest of; raises as the above."""
    named = options.config_file
    nearest = (
        rulesets.find_configs(Path() if path == "-" else Path(path) for path in paths)
        if named is None
        else []
    )
    groups: dict[Path | None, list[str]] = {}
    for at, path in enumerate(paths):
        groups.setdefault(named or nearest[at], []).append(path)
    loaded = [
        (rulesets.load_config(file) if file else rulesets.Config(), tuple(inputs))
        for file, inputs in (groups or {named: []}).items()
    ]
    if options.require_confinement or any(config.require_confinement for config, _ in loaded):
        media.demand_confinement("--require-confinement")
    return loaded


def ruleset(
    options: JudgingOptions,
    config: rulesets.Config,
    *,
    profile: str | None = None,
    sender_hint: SenderType | None = None,
) -> RuleSet:
    """The rules for this run: flags win over the configuration. Raises RuleSetError, UsageError."""
    profile = profile or config.profile
    if profile == LINT:
        raise UsageError("--profile lint: those rules need no network and permit nothing; use mmscheck lint")
    return _ruleset(profile, options, config, sender_hint)


def offline_ruleset(options: JudgingOptions, config: rulesets.Config) -> RuleSet:
    """The rules of lint, whichever profile the configuration names. Raises RuleSetError."""
    return _ruleset(LINT, options, config)


def _ruleset(
    profile: str | None,
    options: JudgingOptions,
    config: rulesets.Config,
    sender_hint: SenderType | None = None,
) -> RuleSet:
    sender = SenderType(options.sender) if options.sender else config.sender or sender_hint
    return judge.load_kept_rules(
        profile,
        sender=sender,
        carriers=options.carriers,
        providers=options.providers,
        transcoding=options.transcoding,
        config=config,
    )


def policy(options: NetworkOptions, config: rulesets.Config, named: Path | None = None) -> fetch.FetchPolicy:
    """How to fetch: flags win over the configuration, lists are joined. Raises UsageError.

    Also for what decides to which machines requests go, when a pull request may have brought it: a CI system
    checks out the configuration with the messages, so there the one that counts has to be ``named``.
    """
    brought = [name for name in rulesets.NETWORK_KEYS if getattr(config, name)]
    if brought and named is None and rulesets.is_for_pull_request(dict(os.environ)):
        keys = ", ".join(name.replace("_", "-") for name in brought)
        raise UsageError(
            f"{config.path}: {keys}: this runs for a pull request, which may have changed that file; give "
            f"--config {config.path.name} if it may say where requests go, or the flags of those names"
        )
    usual = fetch.FetchPolicy()
    configured_ca = None if config.ca_file is None else str(config.ca_file)
    mappings = (*config.connect_to, *options.connect_to)
    return fetch.FetchPolicy(
        allow_net=(*config.allow_net, *options.allow_net),
        connect_to=tuple(fetch.parse_connect_to(text) for text in mappings),
        timeout=_first(options.timeout, config.timeout, usual.timeout),
        deadline=_first(options.deadline, config.deadline, usual.deadline),
        max_concurrency=_first(options.max_concurrency, config.max_concurrency, usual.max_concurrency),
        per_host=_first(options.per_host, config.per_host, usual.per_host),
        own_hosts=tuple(config.own_hosts.items()),
        ca_file=_first(options.ca_file, configured_ca, usual.ca_file),
        rate=_first(options.rate, config.rate, usual.rate),
        proxy=_first(options.proxy, config.proxy, usual.proxy),
        user_agent=_first(options.user_agent, config.user_agent, usual.user_agent),
    )


def _first(flag: _Value | None, configured: _Value | None, usual: _Value) -> _Value:
    if flag is not None:
        return flag
    return usual if configured is None else configured


def changes(options: ChangeOptions) -> Changes:
    """Custom subject, custom texts and merge data. Raises UsageError for what cannot be read as such."""
    return Changes(
        custom_subject=options.custom_subject,
        custom_texts=tuple(_custom_text(text) for text in options.custom_text),
        data=_data(options.data),
    )


def refuse_changes(options: ChangeOptions, messages: Iterable[Mms]) -> None:
    """Raises UsageError for changes of messages for another provider, which are sent as they stand."""
    given = {
        "--custom-subject": options.custom_subject,
        "--custom-text": options.custom_text,
        "--data": options.data,
    }
    named = [name for name, value in given.items() if value]
    others = [message.source for message in messages if message.payload is not None]
    if named and others:
        raise UsageError(f"{named[0]} is about messages for Sinch, and {others[0]} is none")


def _custom_text(text: str) -> CustomText:
    slide, mark, value = text.partition("=")
    if not mark or not (slide.isascii() and slide.isdigit()):
        raise UsageError(f"--custom-text {text!r}: expected SLIDE=TEXT with a slide number, as in 2=Hello")
    return CustomText(slide=int(slide), value=value)


def _data(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or not name.strip():
            raise UsageError(f"--data {text!r}: expected NAME=VALUE, as in firstname=Ana")
        if any(name.lower() == known.lower() for known, _ in pairs):
            raise UsageError(f"--data {name}: given twice (names are matched without regard to case)")
        pairs.append((name, value))
    return tuple(pairs)
