"""The files of a new rule, made from an existing rule that uses the same check.

So the parameters have values the check takes, the wording has placeholders that are filled, and the cases
really end as they say.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmscheck.errors import InputError

KINDS = ("pass-", "fail-", "cant-tell-", "inapplicable-")
"""How the names of cases begin; a new rule gets one of each that its model has."""

SHORT = 1500
"""Characters: a longer case is no good beginning when there is a shorter one."""

_KEYS = ("id", "title", "severity", "target", "owner", "check", "provider_codes", "source")
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


def rule_text(rule_id: str, model: Path, today: dt.date) -> str:
    """The rule file's text; InputError when the model's cannot be read."""
    raw = _read(model)
    top = {**raw, "id": rule_id, "provider_codes": [], "source": f"our own practice, {today.isoformat()}"}
    lines = [_RULE_HEAD.format(model=model.stem), *(_pair(key, top[key]) for key in _KEYS)]
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
