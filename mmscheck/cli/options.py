"""The options that check and send share, and how they and the configuration become values."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from mmscheck.cli.plan import SECONDS
from mmscheck.errors import UsageError
from mmscheck.fetch import FetchPolicy, parse_connect_to
from mmscheck.judge.pipeline import load_rules
from mmscheck.media import demand_confinement
from mmscheck.model.report import LINT
from mmscheck.model.request import Changes, CustomText
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset import NETWORK_KEYS, Config, find_configs, is_for_pull_request, load_config

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_RATE = click.FloatRange(min=0, min_open=True)
_COUNT = click.IntRange(min=1)

_Options = tuple[Callable[[Any], Any], ...]

_FORMAT: _Options = (
    click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="FORMAT[=FILE]",
        help="text (default), json, html, junit, sarif, github, gitlab, csv or markdown; repeatable.",
    ),
)
_PROFILE: _Options = (click.option("--profile", metavar="NAME", help="The rules to apply (default: send)."),)
_JUDGING: _Options = (
    click.option(
        "--sender",
        type=click.Choice([item.value for item in SenderType]),
        help="What the message is sent from; sizes differ. Without it the tightest numbers count.",
    ),
    click.option(
        "--carrier",
        "carriers",
        multiple=True,
        metavar="NAME",
        help="A recipients' carrier, such as att or verizon; its sizes count. Repeatable.",
    ),
    click.option(
        "--provider",
        "providers",
        multiple=True,
        metavar="NAME",
        help="Another provider, such as twilio, whose limits are warned of. Repeatable.",
    ),
    click.option(
        "--transcoding/--no-transcoding",
        default=None,
        help="The provider makes this account's media fit, so larger files are taken (default: not).",
    ),
    click.option("--strict", is_flag=True, help="Warnings block too."),
    click.option(
        "--require-confinement",
        is_flag=True,
        help="Check nothing where the system cannot isolate the processes that open media.",
    ),
    click.option(
        "--config", "config_file", type=click.Path(path_type=Path), help="Default: mmscheck.toml, upward."
    ),
)
_NETWORK: _Options = (
    click.option(
        "--allow-net", multiple=True, metavar="CIDR", help="Let media live in this network; repeatable."
    ),
    click.option(
        "--connect-to",
        multiple=True,
        metavar="HOST:PORT:ADDRESS:PORT",
        help="As curl's: dial elsewhere; repeatable.",
    ),
    click.option(
        "--ca-file", metavar="FILE", help="Trust these certificate authorities as well for media (PEM)."
    ),
    click.option("--timeout", type=SECONDS, metavar="SECONDS", help="For one fetch, as 10 or 10s."),
    click.option("--deadline", type=SECONDS, metavar="SECONDS", help="For the whole check, as 90 or 2m."),
    click.option("--max-concurrency", type=_COUNT, metavar="N", help="Fetches at the same time."),
    click.option("--per-host", type=_COUNT, metavar="N", help="Fetches from one host at the same time."),
    click.option(
        "--rate",
        type=_RATE,
        metavar="N",
        help="At most N requests a second to one host.",
    ),
    click.option(
        "--proxy", metavar="URL", help="Send every request through this http:// proxy, which then guards."
    ),
    click.option("--user-agent", metavar="TEXT", help="What to call ourselves (default: mmscheck/VERSION)."),
    click.option(
        "--no-cache-bust", is_flag=True, help="Never ask past a cache by adding a query to the URL."
    ),
)
_PLAN: _Options = (
    click.option(
        "--send-at",
        metavar="TIME",
        help="When the message is to go out, as 2026-12-01T09:00Z; signed URLs must live until then. "
        "Nothing waits for it: send refuses a time to come.",
    ),
    click.option(
        "--send-within",
        metavar="DURATION",
        help="How long the sending lasts from then on, as 90m, 4h or 2d (default: 1h).",
    ),
)
_CHANGES: _Options = (
    click.option(
        "--custom-subject", metavar="TEXT", help="The subject this send will use instead of the stored one."
    ),
    click.option(
        "--custom-text", multiple=True, metavar="SLIDE=TEXT", help="A slide's text for this send; repeatable."
    ),
    click.option(
        "--data", multiple=True, metavar="NAME=VALUE", help="Merge data for {$name|default}; repeatable."
    ),
)
_WALKED: _Options = (
    click.option(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Leave out of folders, as a line of .gitignore would; repeatable.",
    ),
)
_QUIET: _Options = (
    click.option("-q", "--quiet", is_flag=True, help="A line per finding, advice too, and the verdict."),
)
_OUTPUT: _Options = (
    *_QUIET,
    click.option("--no-progress", is_flag=True, help="No progress line, even on a terminal."),
)


def common_options(function: _Decorated) -> _Decorated:
    """Add the common options of check and send to a command."""
    return _decorated(function, (*_FORMAT, *_PROFILE, *_JUDGING, *_NETWORK, *_PLAN, *_CHANGES, *_OUTPUT))


def saving_options(function: _Decorated) -> _Decorated:
    """Add those of a command that judges what is saved: nothing may be put in its place."""
    return _decorated(function, (*_FORMAT, *_PROFILE, *_JUDGING, *_NETWORK, *_PLAN, *_OUTPUT))


def offline_options(function: _Decorated) -> _Decorated:
    """Add those that make sense without a network and with one fixed profile."""
    return _decorated(function, (*_FORMAT, *_JUDGING, *_CHANGES, *_WALKED, *_QUIET))


def walked_options(function: _Decorated) -> _Decorated:
    """Add those about which files of folders count."""
    return _decorated(function, _WALKED)


def _decorated(function: _Decorated, options: _Options) -> _Decorated:
    for option in reversed(options):
        function = option(function)
    return function


def configuration(options: Mapping[str, Any], paths: Sequence[str]) -> Config:
    """The named configuration file, or the one found upward from the inputs, or none.

    Raises RuleSetError, and UsageError when the inputs lie under different ones (the order of the inputs must
    not decide what counts), or when media cannot be opened as safely as is demanded.
    """
    groups = configurations(options, paths)
    if len(groups) > 1:
        told = ", ".join(
            f"{path}: {config.path if config.path.is_absolute() else 'none'}"
            for config, inputs in groups
            for path in inputs
        )
        raise UsageError(f"the inputs lie under different configurations ({told}); give one with --config")
    return groups[0][0]


def configurations(options: Mapping[str, Any], paths: Sequence[str]) -> list[tuple[Config, tuple[str, ...]]]:
    """At least one configuration, each with the inputs that it is the nearest of; raises as the above."""
    named: Path | None = options["config_file"]
    found = find_configs(Path() if path == "-" else Path(path) for path in paths) if named is None else []
    groups: dict[Path | None, list[str]] = {}
    for at, path in enumerate(paths):
        groups.setdefault(named or found[at], []).append(path)
    loaded = [
        (load_config(file) if file else Config(), tuple(inputs))
        for file, inputs in (groups or {named: []}).items()
    ]
    if options["require_confinement"] or any(config.require_confinement for config, _ in loaded):
        demand_confinement("--require-confinement")
    return loaded


def ruleset(options: Mapping[str, Any], config: Config, sender_hint: SenderType | None = None) -> RuleSet:
    """The rules for this run: flags win over the configuration. Raises RuleSetError, UsageError."""
    profile = options.get("profile") or config.profile
    if profile == LINT:
        raise UsageError("--profile lint: those rules need no network and permit nothing; use mmscheck lint")
    return _ruleset(profile, options, config, sender_hint)


def offline_ruleset(options: Mapping[str, Any], config: Config) -> RuleSet:
    """The rules of lint, whichever profile the configuration names. Raises RuleSetError."""
    return _ruleset(LINT, options, config)


def _ruleset(
    profile: str | None, options: Mapping[str, Any], config: Config, sender_hint: SenderType | None = None
) -> RuleSet:
    flag = options["sender"]
    sender = SenderType(flag) if flag else config.sender or sender_hint
    return load_rules(
        profile,
        sender=sender,
        carriers=options["carriers"],
        providers=options["providers"],
        transcoding=options["transcoding"],
        config=config,
    )


def policy(options: Mapping[str, Any], config: Config) -> FetchPolicy:
    """How to fetch: flags win over the configuration, lists are joined. Raises UsageError.

    Also for what decides to which machines requests go, when a pull request may have brought it: a CI system
    checks out the configuration with the messages, so there the one that counts has to be named.
    """
    brought = [name for name in NETWORK_KEYS if getattr(config, name)]
    if brought and options["config_file"] is None and is_for_pull_request(dict(os.environ)):
        keys = ", ".join(name.replace("_", "-") for name in brought)
        raise UsageError(
            f"{config.path}: {keys}: this runs for a pull request, which may have changed that file; give "
            f"--config {config.path.name} if it may say where requests go, or the flags of those names"
        )
    mappings = (*config.connect_to, *options["connect_to"])
    chosen = {
        name: options[name] if options[name] is not None else getattr(config, name)
        for name in (
            "timeout",
            "deadline",
            "max_concurrency",
            "per_host",
            "ca_file",
            "rate",
            "proxy",
            "user_agent",
        )
    }
    if isinstance(chosen["ca_file"], Path):
        chosen["ca_file"] = str(chosen["ca_file"])
    return FetchPolicy(
        allow_net=(*config.allow_net, *options["allow_net"]),
        connect_to=tuple(parse_connect_to(text) for text in mappings),
        **{name: value for name, value in chosen.items() if value is not None},
    )


def changes(options: Mapping[str, Any]) -> Changes:
    """Custom subject, custom texts and merge data. Raises UsageError for what cannot be read as such."""
    return Changes(
        custom_subject=options["custom_subject"],
        custom_texts=tuple(_custom_text(text) for text in options["custom_text"]),
        data=_data(options["data"]),
    )


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
