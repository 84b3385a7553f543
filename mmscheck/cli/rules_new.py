"""``mmscheck rules new``: the files of a new rule, made from an existing rule that uses the same check.

So the parameters have values the check takes, the wording has placeholders that are filled, and the cases
really end as they say.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from mmscheck import ruleset as rulesets
from mmscheck.checks import CHECKS
from mmscheck.cli.rules_blank import blank_cases, blank_rule
from mmscheck.cli.rules_show import CONFIG, configuration
from mmscheck.cli.say import tell
from mmscheck.errors import InputError, UsageError
from mmscheck.judge.rule_examples import cases_file
from mmscheck.judge.rulebook import read_entries, rule_files
from mmscheck.report.rule_entry import FAMILIES, RuleEntry
from mmscheck.ruleset.fields import KEBAB

KINDS = ("pass-", "fail-", "cant-tell-", "inapplicable-")
"""How the names of cases begin; a new rule gets one of each that its model has."""

SHORT = 1500
"""Characters: a longer case is no good beginning when there is a shorter one."""

_KEYS = (
    "id",
    "title",
    "severity",
    "target",
    "owner",
    "check",
    "provider_codes",
    "source",
    "documents",
    "follows",
)
_CASE = re.compile(r"^(?=\[\[case\]\]\s*$)", re.MULTILINE)
_NAME = re.compile(r"^name = \"([^\"]*)\"", re.MULTILINE)

_RULE_HEAD = """\
# Begun from {model}, which uses the same check. Make it yours: what must hold (title, params, limits),
# how much it matters (severity: error blocks, warning advises), why, and what to do about it.
# A placeholder such as {{url}} is filled when a finding is worded; mmscheck rules validate names those
# that nothing would fill.
"""
_CASES_HEAD = """\
# Cases of {rule}: a message each, what the web server answers, and what the rule is to say.
# Begun from {model}. A rule is worth what its cases show: one that passes, one that fails, and one
# where it cannot tell, as far as there can be one.
"""


@click.command(name="new")
@click.argument("rule_id", metavar="ID")
@click.option("--family", metavar="FAMILY", help=f"The folder it goes to: {', '.join(FAMILIES)}.")
@click.option(
    "--check", "check_name", metavar="NAME", help="The check that judges; without it all are listed."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where rules/ and fixtures/ are or shall be (default: here).",
)
@CONFIG
def command(
    rule_id: str, family: str | None, check_name: str | None, folder: Path, config_file: Path | None
) -> int:
    """Begin a rule: DIR/rules/FAMILY/ID.toml, and DIR/fixtures/rules/ID/cases.toml with a case that passes,
    one that fails and one where the rule cannot tell, as far as the check can have them.

    Both are begun from a rule that uses the same check (with none yet, they are to be filled in), and load as
    they are. Existing files are never touched. To use the rule, name DIR/rules in the configuration:
    extra-rules = ["DIR/rules"].
    """  # noqa: D205 - click shows the first paragraph whole
    config = configuration(config_file)
    entries = read_entries(config)
    family = _family(family)
    check = _check(check_name)
    _inspect_id(rule_id, rule_files(config))
    model = _model(entries, check, family, config)
    rule = folder / "rules" / family / f"{rule_id}.toml"
    cases = cases_file(rule)
    for file in (rule, cases):
        if file.exists() or file.is_symlink():
            raise UsageError(f"{file} exists; choose another ID, or edit that file")
    today = dt.datetime.now().astimezone().date()
    if model is None:
        texts = {
            rule: blank_rule(rule_id, CHECKS[check], today),
            cases: blank_cases(rule_id, CHECKS[check]),
        }
    else:
        texts = {rule: rule_text(rule_id, model, today), cases: cases_text(rule_id, cases_file(model))}
    _write_all(texts)
    tell(_next_steps(rule, cases, config))
    return 0


def _family(name: str | None) -> str:
    if name is not None and name in FAMILIES:
        return name
    what = "which family is it of? Give --family" if name is None else _unknown("--family", name, FAMILIES)
    listed = "\n".join(f"  {family.ljust(8)} {about}" for family, about in FAMILIES.items())
    raise UsageError(f"{what}; there are:\n{listed}")


def _check(name: str | None) -> str:
    if name is not None and name in CHECKS:
        return name
    what = "which check judges? Give --check" if name is None else _unknown("--check", name, CHECKS)
    by_target: dict[str, list[str]] = {}
    for check in sorted(CHECKS.values(), key=lambda check: check.name):
        by_target.setdefault(check.target.value, []).append(check.name)
    listed = "\n".join(f"  {target}: {', '.join(names)}" for target, names in by_target.items())
    own = "A check of your own is a function in mmscheck/checks/, which comes first: docs/writing-rules.md."
    raise UsageError(f"{what}; there are, by what they look at:\n{listed}\n{own}")


def _unknown(flag: str, name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f"{flag}: unknown {name!r}" + (f", did you mean {near[0]}?" if near else "")


def _inspect_id(rule_id: str, files: dict[str, Path]) -> None:
    if not re.match(KEBAB, rule_id):
        raise UsageError(f"{rule_id!r} is no rule id, expected a kebab-case name such as 'slide-count'")
    if rule_id in files:
        raise UsageError(f"there is a rule {rule_id!r} in {files[rule_id]}; choose another ID")


def _model(entries: tuple[RuleEntry, ...], check: str, family: str, config: rulesets.Config) -> Path | None:
    """The file of a rule with this check, of the same family if there is one, that has cases.

    None for a check that no rule uses yet; InputError where the cases are not at hand.
    """
    files = rule_files(config)
    named = [entry for entry in entries if entry.rule.check.name == check]
    if not named:
        return None
    candidates = [files[entry.rule.id] for entry in sorted(named, key=lambda entry: entry.family != family)]
    with_cases = [file for file in candidates if cases_file(file).is_file()]
    if not with_cases:
        raise InputError(f"no rule with the check {check!r} has cases to begin from in this installation")
    return with_cases[0]


def _write_all(texts: dict[Path, str]) -> None:
    """Write all files or none."""
    written: list[Path] = []
    try:
        for file, text in texts.items():
            _write(file, text)
            written.append(file)
    except InputError:
        for file in written:
            file.unlink(missing_ok=True)
        raise


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from error


def _next_steps(rule: Path, cases: Path, config: rulesets.Config) -> str:
    root = rule.parents[1]
    shipped = root.resolve() == rulesets.packaged_root().resolve()
    configured = root.resolve() in {folder.resolve() for folder in config.extra_rules}
    where = "" if shipped or configured else f" {shlex.quote(str(root))}"
    steps = ["Edit both: the rule's words and numbers, and cases that show what it is about."]
    if shipped:
        steps.append(
            f"Add it to the profiles that shall have it, or nothing is held to it: {root / 'profiles'}"
        )
        steps.append("Renew the generated pages: python -m tools.generated --write")
        steps.append("Name it in docs/stops-and-reports.md, in the order of the profile send.")
    elif not configured:
        steps.append(f'Let checks use it: extra-rules = ["{root}"] in mmscheck.toml (relative to that file).')
    steps.append(f"mmscheck rules validate{where}")
    lines = [
        f"wrote {rule}",
        f"wrote {cases}",
        "",
        "Next:",
        *(f"  {n}. {step}" for n, step in enumerate(steps, 1)),
    ]
    return "\n".join(lines) + "\n"


def rule_text(rule_id: str, model: Path, today: dt.date) -> str:
    """The rule file's text; InputError when the model's cannot be read."""
    raw = _read(model)
    top = {**raw, "id": rule_id, "provider_codes": [], "source": f"our own practice, {today.isoformat()}"}
    lines = [_RULE_HEAD.format(model=model.stem), *(_pair(key, top[key]) for key in _KEYS if key in top)]
    tables = sorted((key for key, value in raw.items() if isinstance(value, dict)), key="text".__eq__)
    for table in tables:
        if raw[table]:
            lines += ["", f"[{table}]", *(_pair(key, value) for key, value in raw[table].items())]
    return "\n".join(lines) + "\n"


def cases_text(rule_id: str, model_cases: Path) -> str:
    """The text of the cases; InputError when the model's cannot be read."""
    model = model_cases.parent.name
    try:
        blocks = _CASE.split(model_cases.read_text(encoding="utf-8"))[1:]
    except OSError as error:
        raise InputError(f"{model_cases}: the cases of {model} cannot be read: {error.strerror}") from error
    named = [(match[1], block) for block in blocks if (match := _NAME.search(block))]
    chosen = (_best([block for name, block in named if name.startswith(kind)]) for kind in KINDS)
    text = _CASES_HEAD.format(rule=rule_id, model=model) + "\n" + "".join(chosen)
    tomllib.loads(text)  # a block torn apart would be a fault of this program
    return text.rstrip() + "\n"


def _best(blocks: list[str]) -> str:
    """The first that is short, else the shortest; nothing of nothing."""
    return next((block for block in blocks if len(block) < SHORT), min(blocks, key=len, default=""))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _pair(key: str, value: Any) -> str:
    return f"{key} = {_value(value)}"


def _value(value: Any) -> str:
    """A value as TOML; its strings, numbers and arrays are written as in JSON."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(_pair(key, item) for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
