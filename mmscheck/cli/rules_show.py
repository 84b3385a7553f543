"""``mmscheck rules list``, ``explain`` and ``validate``: what the rules are, and faults of their files."""

from __future__ import annotations

import datetime as dt
import re
from difflib import get_close_matches
from pathlib import Path

import click
import msgspec

from mmscheck import ruleset as rulesets
from mmscheck.cli.output import page
from mmscheck.cli.say import tell, write_stdout
from mmscheck.errors import RuleSetError, UsageError
from mmscheck.judge.rulebook import (
    count_limits,
    count_servers,
    find_faults,
    profiles,
    read_entries,
    rule_files,
    rules_in_no_profile,
)
from mmscheck.model.exits import Exit
from mmscheck.report.rule_entry import RuleEntry, render_json
from mmscheck.report.rule_text import render_rule, render_table

CONFIG = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: mmscheck.toml, upward.",
)
"""The option that all of them share."""

CODE = re.compile(r"[ENen][0-9]{3}")
"""A code of the provider, in either case."""

NOT_LISTED = "a code that this program has no meaning for"
"""What is said of a provider code that is not in the table."""


def configuration(file: Path | None, extra: tuple[Path, ...] = ()) -> rulesets.Config:
    """The named configuration, or the one found upward from here, or none, with more rule folders.

    Raises RuleSetError.
    """
    nearest = file or rulesets.find_config(Path())
    return with_folders(rulesets.load_config(nearest) if nearest else rulesets.Config(), extra)


def with_folders(config: rulesets.Config, extra: tuple[Path, ...]) -> rulesets.Config:
    """The configuration with more rule folders; those it has, and the program's own, are not added again."""
    folders = {rulesets.packaged_root().resolve(): rulesets.packaged_root()}
    for folder in (*config.extra_rules, *extra):
        folders.setdefault(folder.resolve(), folder)
    return msgspec.structs.replace(config, extra_rules=tuple(folders.values())[1:])


@click.command(name="list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--profile", metavar="NAME", help="Only the rules of this profile, as it changes them.")
@CONFIG
def list_(form: str, profile: str | None, config_file: Path | None) -> int:
    """List the rules by family: id, severity, target, owner and title.

    Without --profile: every rule there is, also those of the configuration's own folders, as their files
    have them. With --profile: the rules it selects, with the severities and numbers that the profile and
    the configuration give them. JSON is an array with one object per rule and has everything.
    """
    entries = read_entries(configuration(config_file), profile)
    write_stdout(render_json(entries) if form == "json" else render_table(entries, page()))
    return 0


@click.command(name="explain")
@click.argument("rule_id", metavar="ID | CODE")
@CONFIG
def explain(rule_id: str, config_file: Path | None) -> int:
    """Tell everything about one rule: what must hold, why, how to fix it, whether it can be waived, its
    parameters with the published numbers they come from, the provider's error codes it prevents, and an
    example that fails and one that passes, taken from the cases that test it.

    With a code of the provider, such as E351, in its place: what it says, and which rules foresee it.
    """  # noqa: D205 - click shows the first paragraph whole
    from mmscheck.judge.rule_examples import cases_file, read_examples  # noqa: PLC0415 - reads XML

    config = configuration(config_file)
    if CODE.fullmatch(rule_id):
        write_stdout(_foreseen(rule_id.upper(), read_entries(config)))
        return 0
    entry = _find(rule_id, read_entries(config))
    file = rule_files(config)[rule_id]
    text = render_rule(
        entry,
        page(),
        codes=code_meanings(entry.rule.provider_codes),
        examples=read_examples(entry.rule, file),
        place=str(cases_file(file)),
    )
    write_stdout(text)
    return 0


def code_meanings(codes: tuple[str, ...]) -> dict[str, str]:
    """What the provider says by each of these codes, in an answer and in a postback, which may differ."""
    return {code: _meaning(code) for code in codes}


def _meaning(code: str) -> str:
    from mmscheck import sinch  # noqa: PLC0415 - the provider's package brings the HTTP client

    answer, postback = sinch.explain(code), sinch.explain_postback(code)
    if answer and postback:
        return f"in a postback: {postback.meaning}; as an answer: {answer.told}"
    if answer:
        return answer.told
    return postback.meaning if postback else NOT_LISTED


def _foreseen(code: str, entries: tuple[RuleEntry, ...]) -> str:
    """What the code says, and the rules that find its cause before the provider does."""
    meaning = _meaning(code)
    rules = [entry.rule for entry in entries if code in entry.rule.provider_codes]
    if meaning == NOT_LISTED and not rules:
        raise UsageError(f"{code}: the provider's documents list no such code")
    width = max((len(rule.id) for rule in rules), default=0)
    listed = "".join(f"  {rule.id.ljust(width)}  {rule.title}\n" for rule in rules)
    none = "No rule foresees it.\n"
    listing = f"Rules that foresee it (mmscheck rules explain RULE):\n{listed}" if rules else none
    return f"{code}: {meaning}.\n\n{listing}"


def _find(rule_id: str, entries: tuple[RuleEntry, ...]) -> RuleEntry:
    by_id = {entry.rule.id: entry for entry in entries}
    if rule_id in by_id:
        return by_id[rule_id]
    near = get_close_matches(rule_id, by_id, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "mmscheck rules list shows them all"
    raise UsageError(f"unknown rule {rule_id!r}; {hint}")


@click.command(name="validate")
@click.argument("folders", nargs=-1, metavar="[FOLDER ...]", type=click.Path(path_type=Path))
@CONFIG
@click.option("--strict", is_flag=True, help="Numbers that nobody has looked up for a year are faults too.")
def validate(folders: tuple[Path, ...], config_file: Path | None, *, strict: bool) -> int:
    """Read the rules, limits, profiles and servers of this program, those of the configuration, and those of
    each FOLDER (with rules in FAMILY/ID.toml, profiles in profiles/NAME.toml, servers in
    servers/NAME.toml), and name every fault with its file and key. Nothing is checked with them, nothing is
    changed.

    Numbers that were checked more than a year ago, and rules that no profile has, are listed as warnings.

    Exit codes: 0 all fine, 2 faults.
    """  # noqa: D205 - click shows the first paragraph whole
    config, faults = _lenient_configuration(config_file, folders)
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


def approval(config: rulesets.Config, today: dt.date, *, strict: bool) -> tuple[Exit, str]:
    """The exit code and the text for files that can be used, with the numbers that are old by ``today``."""
    stale, idle = rulesets.stale_limits(today=today), rules_in_no_profile(config)
    word = "fault" if strict else "warning"
    said = [f"{file}: in no profile, so nothing is held to it; add it to profiles/*.toml" for file in idle]
    lines = [*(f"{word}: {sentence}" for sentence in (*stale, *said)), summary(config, len(stale), len(idle))]
    code = Exit.NOTHING_CHECKED if strict and (stale or idle) else Exit.PERMITTED
    return code, "\n".join(lines) + "\n"


def _lenient_configuration(
    file: Path | None, folders: tuple[Path, ...]
) -> tuple[rulesets.Config, tuple[str, ...]]:
    """The configuration and its faults; a faulty one is left out, so that the rules are still read."""
    try:
        return configuration(file, folders), ()
    except RuleSetError as error:
        return with_folders(rulesets.Config(), folders), error.faults


def summary(config: rulesets.Config, stale: int, idle: int) -> str:
    """What was read, in one line."""
    rules = len(rule_files(config))
    own = f" (with those in {', '.join(map(str, config.extra_rules))})" if config.extra_rules else ""
    wanting = {"numbers to look up again": stale, "rules in no profile": idle}
    named = [f"{what}: {number}" for what, number in wanting.items() if number]
    end = f"Fine, but for {', '.join(named)}." if named else "All fine."
    counts = f"{rules} rules{own}, {count_limits()} limits, {count_servers(config)} servers"
    return f"{counts}; profiles: {', '.join(profiles(config))}. {end}"
