"""The user's configuration: ``mmscheck.toml``, or ``[tool.mmscheck]`` of a ``pyproject.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from mmscheck.errors import RuleSetError
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import SenderType, Severity
from mmscheck.ruleset.assets import Prefix, resolve_assets
from mmscheck.ruleset.fields import Filled, Kebab
from mmscheck.ruleset.networks import inspect_networks
from mmscheck.ruleset.scope import Scope, file_scope
from mmscheck.ruleset.table import read_table
from mmscheck.ruleset.tomlfile import read_toml
from mmscheck.ruleset.waivers import WaiverTable, inspect_waivers

OWN_FILE, SHARED_FILE = "mmscheck.toml", "pyproject.toml"
"""The two places a configuration may be; in one folder the first goes first."""

Seconds = Annotated[float, msgspec.Meta(gt=0, description="a number of seconds above 0")]
PerSecond = Annotated[float, msgspec.Meta(gt=0, description="a number of requests per second above 0")]
Count = Annotated[int, msgspec.Meta(ge=1, description="a whole number from 1")]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What ``[rules.<id>]`` changes of one rule."""

    severity: Severity | None = None
    params: dict[str, Any] = {}


class SendTable(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """What ``[send]`` gives to sends that say nothing else; ``api_url`` also to ``save`` and ``bind``.

    There is no ledger among them: ``hold``, ``postbacks`` and ``ledger`` read no configuration, and must not
    look into another one than sends do.
    """

    api_url: Filled | None = None
    from_: Filled | None = msgspec.field(default=None, name="from")
    service_id: Filled | None = None
    fallback_sms_text: Filled | None = None
    operator_id: Filled | None = None


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """The configuration of mmscheck: ``mmscheck.toml``, or ``[tool.mmscheck]`` of a ``pyproject.toml``."""

    profile: Kebab | None = None
    sender: SenderType | None = None
    carriers: tuple[Filled, ...] = ()
    providers: tuple[Filled, ...] = ()
    transcoding: bool = False
    strict: bool = False
    require_confinement: bool = False
    allow_net: tuple[Filled, ...] = ()
    connect_to: tuple[Filled, ...] = ()
    ca_file: Filled | None = None
    timeout: Seconds | None = None
    deadline: Seconds | None = None
    max_concurrency: Count | None = None
    per_host: Count | None = None
    rate: PerSecond | None = None
    proxy: Filled | None = None
    user_agent: Filled | None = None
    extra_rules: tuple[Filled, ...] = ()
    send: SendTable = SendTable()
    assets: dict[Prefix, Filled] = {}
    rules: dict[str, Change] = {}
    waivers: tuple[WaiverTable, ...] = ()


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration file as read; None, and empty, is a key that the file leaves out.

    ``path`` is the file, absolute; relative in a configuration that no file holds. ``timeout`` and
    ``deadline`` are seconds. ``allow_net`` holds networks in CIDR form, ``connect_to`` texts as the flag of
    that name takes them, not looked into here. ``ca_file`` and ``extra_rules`` are written relative to the
    file's folder and are joined to it here; so are the folders of ``assets``, which pairs URL prefixes with
    them, the longest prefix first. ``rules`` maps rule ids to changes, which ``load_ruleset`` applies.
    """

    path: Path = Path(OWN_FILE)
    profile: str | None = None
    sender: SenderType | None = None
    carriers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    transcoding: bool = False
    strict: bool = False
    require_confinement: bool = False
    allow_net: tuple[str, ...] = ()
    connect_to: tuple[str, ...] = ()
    ca_file: Path | None = None
    timeout: float | None = None
    deadline: float | None = None
    max_concurrency: int | None = None
    per_host: int | None = None
    rate: float | None = None
    proxy: str | None = None
    user_agent: str | None = None
    extra_rules: tuple[Path, ...] = ()
    send: SendTable = SendTable()
    assets: tuple[tuple[str, Path], ...] = ()
    rules: Mapping[str, Change] = {}
    waivers: tuple[Waiver, ...] = ()


def load_config(path: Path) -> Config:
    """The configuration in this file; RuleSetError with every fault of its form.

    In a ``pyproject.toml`` the table ``[tool.mmscheck]`` is read, in any other file the whole. Whether
    the rules and profile it names exist is for ``load_ruleset`` to find, which knows them.
    """
    faults: list[str] = []
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    if raw is not None and path.name == SHARED_FILE:
        scope, raw = _own_table(scope, raw)
    file = None if raw is None else read_table(scope, raw, ConfigFile)
    if file is not None:
        inspect_networks(scope.at("allow-net"), file.allow_net)
        inspect_waivers(scope.at("waivers"), tuple(each.value() for each in file.waivers))
    if file is None or faults:
        raise RuleSetError(faults)
    return _config(path.absolute(), file)


def configures(path: Path) -> bool:
    """Whether this ``pyproject.toml`` has a table for this program, or cannot be read so far."""
    faults: list[str] = []
    scope = file_scope(faults, path)
    raw = read_toml(scope, path)
    return raw is None or _own_table(scope, raw)[1] is not None


def _own_table(scope: Scope, raw: dict[str, Any]) -> tuple[Scope, dict[str, Any] | None]:
    tool = raw.get("tool")
    table = tool.get("mmscheck") if isinstance(tool, dict) else None
    inner = scope.at("tool").at("mmscheck")
    if table is None:
        inner.fault("missing, expected a table with the configuration")
    return inner, table


def _config(path: Path, file: ConfigFile) -> Config:
    folder = path.parent
    return Config(
        path=path,
        profile=file.profile,
        sender=file.sender,
        carriers=file.carriers,
        providers=file.providers,
        transcoding=file.transcoding,
        strict=file.strict,
        require_confinement=file.require_confinement,
        allow_net=file.allow_net,
        connect_to=file.connect_to,
        ca_file=folder / file.ca_file if file.ca_file else None,
        timeout=file.timeout,
        deadline=file.deadline,
        max_concurrency=file.max_concurrency,
        per_host=file.per_host,
        rate=file.rate,
        proxy=file.proxy,
        user_agent=file.user_agent,
        extra_rules=tuple(folder / each for each in file.extra_rules),
        send=file.send,
        assets=resolve_assets(folder, file.assets),
        rules=file.rules,
        waivers=tuple(each.value() for each in file.waivers),
    )


def demand_folders(config: Config) -> None:
    """Raise RuleSetError for mapped folders that are not there: all their media would pass unseen."""
    faults: list[str] = []
    scope = file_scope(faults, config.path).at("assets")
    for prefix, folder in config.assets:
        if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for what may not be looked at
            scope.at(prefix).fault(f"{folder} is not there, expected the folder of the media")
    if faults:
        raise RuleSetError(faults)
