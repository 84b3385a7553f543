"""The JSON Schemas of rule files and of the configuration, generated from what the loader reads.

``python -m mmscheck.ruleset.schema rule`` (or ``config``) prints one. The loader is stricter: it also knows
which checks, parameters, limits and rules there are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mmscheck.ruleset.config import ConfigFile
from mmscheck.ruleset.keys import CONFIG_KEYS, RULE_KEYS
from mmscheck.ruleset.rulefile import RuleFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_USAGE = "usage: python -m mmscheck.ruleset.schema rule | config\n"


def schemas() -> dict[str, str]:
    """Each schema (JSON Schema 2020-12) by file name, indented by two, ending with a line feed."""
    return {
        "rule.schema.json": _schema("mmscheck rule file", RuleFile, RULE_KEYS),
        "config.schema.json": _schema("mmscheck configuration", ConfigFile, CONFIG_KEYS),
    }


def main(argv: Sequence[str]) -> int:
    """Print one; returns the exit code: 0, or 2 for wrong usage."""
    match list(argv):
        case ["rule" | "config" as name]:
            sys.stdout.write(schemas()[f"{name}.schema.json"])
        case _:
            sys.stderr.write(_USAGE)
            return 2
    return 0


def _schema(title: str, kind: type[msgspec.Struct], keys: Mapping[str, str]) -> str:
    made = msgspec.json.schema(kind)
    for name, each in made["$defs"].items():
        for key, inner in each.get("properties", {}).items():
            if described := keys.get(f"{name}.{key}"):
                inner["description"] = described
    whole = {"$schema": _DIALECT, "title": title, **_fit({"$ref": made["$ref"]}, made["$defs"])}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _fit(node: Any, types: Mapping[str, Any]) -> Any:
    """The schema as it fits TOML, which has no null, and tables that take no other keys.

    Anchors of Python's regular expressions become those that editors know (ECMA-262), and references are
    filled in, because editors disagree on what stands beside one.
    """
    if isinstance(node, list):
        return [_fit(item, types) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _fit({**types[node["$ref"].removeprefix("#/$defs/")], **rest}, types)
    fitted = {
        key: _fit(value, types) for key, value in node.items() if key != "title" or isinstance(value, dict)
    }
    if isinstance(pattern := fitted.get("pattern"), str):
        fitted["pattern"] = pattern.replace(r"\A", "^").replace(r"\Z", "$")
    if isinstance(words := fitted.get("description"), str):
        fitted["description"] = " ".join(words.replace("``", "`").split())
    if "properties" in fitted and fitted.get("type") == "object":
        fitted["additionalProperties"] = False
    return _without_null(fitted)


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    kinds = node.get("anyOf", [])
    if {"type": "null"} not in kinds:
        return node
    (kind,) = (each for each in kinds if each != {"type": "null"})
    rest = {key: value for key, value in node.items() if key != "anyOf" and value is not None}
    return {**kind, **rest}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
