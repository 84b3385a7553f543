"""The digest of a rule set: equal exactly when everything that can change an outcome is equal."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.model.rule import Limit, Override, Rule
from mmscheck.model.server import Server
from mmscheck.model.waiver import Waiver
from mmscheck.ruleset.config import Config
from mmscheck.ruleset.limits import Selection
from mmscheck.ruleset.params import plain_params


def digest(
    *,
    profile: str,
    selection: Selection,
    rules: tuple[Rule, ...],
    limits: dict[str, Limit],
    overrides: tuple[Override, ...],
    waivers: tuple[Waiver, ...] = (),
    servers: tuple[Server, ...] = (),
    config: Config | None = None,
) -> str:
    """``sha256:`` and the hex digest of a canonical JSON text: sorted keys and sets, no file paths."""
    shaped = {
        "version": _version(),
        "profile": profile,
        "selection": selection,
        "rules": [_plain(rule) for rule in rules],
        "limits": limits,
        "overrides": overrides,
        "waivers": waivers,
        "servers": servers,
        "configuration": None if config is None else config_digest(config),
    }
    return "sha256:" + hashlib.sha256(msgspec.json.encode(shaped, order="sorted")).hexdigest()


def config_digest(config: Config) -> str:
    """``sha256:`` and the hex digest of all that a configuration says; paths count relative to its folder."""
    folder = config.path.parent
    said = {name: getattr(config, name) for name in config.__struct_fields__ if name != "path"}

    def relative(path: Any) -> str:
        return os.path.relpath(path, folder) if isinstance(path, Path) else str(path)

    text = msgspec.json.encode(said, enc_hook=relative, order="sorted")
    return "sha256:" + hashlib.sha256(text).hexdigest()


def _plain(rule: Rule) -> dict[str, Any]:
    fields = {name: getattr(rule, name) for name in rule.__struct_fields__}
    return {**fields, "check": rule.check.name, "params": plain_params(rule.params)}


def _version() -> str:
    """The version of this program, because its checks are part of what decides."""
    try:
        return importlib.metadata.version("mmscheck")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
