"""A small valid rules folder and the checks it names, for tests to spoil one thing at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.errors import RuleSetError
from mmscheck.model.check import Check, NoParams, Result, passed
from mmscheck.model.rule import FLOOR, RuleSet
from mmscheck.model.words import TargetKind
from mmscheck.ruleset import load_ruleset
from mmscheck.ruleset.floor import FLOOR_RULES, GENERIC_TYPES


class Held(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One party's number."""

    name: str
    maximum: int
    own: bool
    source: str


class Within(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of a count, and a list of words to ignore."""

    minimum: int
    maximum: int
    ratio: float = 1.0
    ignored: frozenset[str] = frozenset()
    carriers: tuple[Held, ...] = ()
    providers: tuple[Held, ...] = ()


class Generic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list of types."""

    generic: tuple[str, ...]


def _run(_target: Any, _params: Any) -> Result:
    return passed()


def _check(name: str, target: TargetKind, params: type[msgspec.Struct] = NoParams, *reports: str) -> Check:
    return Check(name=name, target=target, run=_run, params=params, reports=frozenset(reports))


CHECKS = {
    check.name: check
    for check in (
        _check("count-within", TargetKind.MESSAGE, Within, "count", "minimum", "maximum"),
        _check("anything", TargetKind.MEDIA),
        *(
            _check(each.check, each.target, Generic if each.at_least else NoParams)
            for each in FLOOR_RULES.values()
        ),
    )
}

GENERIC = f"[params]\ngeneric = {sorted(GENERIC_TYPES)}\n"

SLIDE_COUNT = """\
id = "slide-count"
title = "The message has between 1 and 8 slides"
severity = "error"
target = "message"
owner = "content"
check = "count-within"
provider_codes = ["E312", "E225"]
source = "a document"
[params]
minimum = 1
[limits]
maximum = "slides-max"
[text]
why = "The provider takes no more."
fix = "Split the message."
failed = "{source} has {count} slides; {minimum} to {maximum} are taken."
cant_tell = "Not counted: {reason}."
"""

LIMITS = """\
[limits.slides-max]
value = 8
unit = "slides"
source = "a document"
checked = 2026-11-01
"""


def limit(place: str, value: object, unit: str = "bytes") -> str:
    """One table of a limits file."""
    return f'[{place}]\nvalue = {value}\nunit = "{unit}"\nsource = "a document"\nchecked = 2026-11-01\n'


def rule(rule_id: str, check: str, target: str, more: str = "") -> str:
    """A rule file without parameters; ``more`` goes before the texts."""
    head = f'id = "{rule_id}"\ntitle = "t"\nseverity = "error"\ntarget = "{target}"\nowner = "hosting"\n'
    text = '[text]\nwhy = "w"\nfix = "f"\nfailed = "{url}"\ncant_tell = "{reason}"\n'
    return f'{head}check = "{check}"\nprovider_codes = []\nsource = "s"\n{more}{text}'


def profile(profile_id: str, *rules: str, more: str = "") -> str:
    """A profile file with these rules in this order."""
    listed = ", ".join(f'"{each}"' for each in rules)
    return f'id = "{profile_id}"\ntitle = "t"\nrules = [{listed}]\n{more}'


SEND = ("slide-count", *sorted(FLOOR))
"""The rules of the small folder in the order of its profile."""


def make_root(folder: Path) -> Path:
    """A valid rules folder: the floor, ``slide-count``, one limit and the profile ``send``."""
    root = folder / "rules"
    put(root / "__init__.py", "")
    put(root / "__pycache__" / "__init__.pyc", "")
    for rule_id, guarded in FLOOR_RULES.items():
        more = GENERIC if guarded.at_least else ""
        put(root / "http" / f"{rule_id}.toml", rule(rule_id, guarded.check, guarded.target, more))
    put(root / "message" / "slide-count.toml", SLIDE_COUNT)
    put(root / "limits" / "default.toml", LIMITS)
    put(root / "profiles" / "send.toml", profile("send", *SEND))
    return root


def put(path: Path, text: str | bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there once."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    path.write_text(text.replace(old, new))


def faults_of(root: Path, **options: Any) -> tuple[str, ...]:
    """Every fault of loading this folder, which must not load."""
    with pytest.raises(RuleSetError) as caught:
        load_ruleset(checks=CHECKS, root=root, **options)
    assert all("\n" not in fault for fault in caught.value.faults)
    return caught.value.faults


def load(root: Path, **options: Any) -> RuleSet:
    """The rule set of this folder with the small checks."""
    return load_ruleset(checks=CHECKS, root=root, **options)
