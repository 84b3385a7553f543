"""``mmscheck rules validate``: every rule, limit, profile and server file, as strictly as for a check."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from mmscheck.checks import CHECKS
from mmscheck.cli.exits import Exit
from mmscheck.cli.rules_read import (
    CONFIG,
    configuration,
    count_limits,
    count_servers,
    profiles,
    rule_files,
    with_folders,
)
from mmscheck.cli.say import tell
from mmscheck.errors import RuleSetError
from mmscheck.ruleset import Config, load_all_rules, load_ruleset, stale_limits


@click.command(name="validate")
@click.argument("folders", nargs=-1, metavar="[FOLDER ...]", type=click.Path(path_type=Path))
@CONFIG
@click.option("--strict", is_flag=True, help="Numbers that nobody has looked up for a year are faults too.")
def command(folders: tuple[Path, ...], config_file: Path | None, *, strict: bool) -> int:
    """Read the rules, limits, profiles and servers of this program, those of the configuration, and those of
    each FOLDER (with rules in FAMILY/ID.toml, profiles in profiles/NAME.toml, servers in
    servers/NAME.toml), and name every fault with its file and key. Nothing is checked with them, nothing is
    changed.

    Numbers that were checked more than a year ago are listed as warnings.

    Exit codes: 0 all fine, 2 faults.
    """  # noqa: D205 - click shows the first paragraph whole
    config, faults = _configuration(config_file, folders)
    faults = tuple(dict.fromkeys((*faults, *find_faults(config))))
    # The day is the user's, as it is on the calendar that the numbers were dated by.
    today = dt.datetime.now().astimezone().date()
    code, text = refusal(faults) if faults else approval(config, today, strict=strict)
    tell(text)
    return int(code)


def refusal(faults: tuple[str, ...]) -> tuple[Exit, str]:
    """The exit code and the text for files that cannot be used."""
    count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
    text = "\n".join([*faults, "", f"{count} found; nothing can be checked with these files."])
    return Exit.NOTHING_CHECKED, f"{text}\n"


def approval(config: Config, today: dt.date, *, strict: bool) -> tuple[Exit, str]:
    """The exit code and the text for files that can be used, with the numbers that are old by ``today``."""
    stale = stale_limits(today=today)
    word = "fault" if strict else "warning"
    lines = [*(f"{word}: {sentence}" for sentence in stale), summary(config, len(stale))]
    code = Exit.NOTHING_CHECKED if strict and stale else Exit.PERMITTED
    return code, "\n".join(lines) + "\n"


def _configuration(file: Path | None, folders: tuple[Path, ...]) -> tuple[Config, tuple[str, ...]]:
    """The configuration and its faults; a faulty one is left out, so that the rules are still read."""
    try:
        return configuration(file, folders), ()
    except RuleSetError as error:
        return with_folders(Config(), folders), error.faults


def find_faults(config: Config) -> tuple[str, ...]:
    """Every fault of the files, and of the configuration under every profile, each once."""
    try:
        load_all_rules(checks=CHECKS, config=config)
    except RuleSetError as error:
        return error.faults
    found: list[str] = []
    for name in (None, *profiles(config)):  # None: the one that the configuration names
        try:
            load_ruleset(checks=CHECKS, profile=name, config=config)
        except RuleSetError as error:
            found += error.faults
    return tuple(dict.fromkeys(found))


def summary(config: Config, stale: int) -> str:
    """What was read, in one line."""
    rules = len(rule_files(config))
    own = f" (with those in {', '.join(map(str, config.extra_rules))})" if config.extra_rules else ""
    end = f"Fine, but for numbers to look up again: {stale}." if stale else "All fine."
    counts = f"{rules} rules{own}, {count_limits()} limits, {count_servers(config)} servers"
    return f"{counts}; profiles: {', '.join(profiles(config))}. {end}"
