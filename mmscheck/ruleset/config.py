"""The user's configuration: ``mmscheck.toml``, or ``[tool.mmscheck]`` of a ``pyproject.toml``."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection
from decimal import Decimal
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from mmscheck.errors import RuleSetError
from mmscheck.model.prices import Price, Prices
from mmscheck.model.recipient import RecipientRules, quiet_hours
from mmscheck.model.rule import NEVER_WAIVED
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Dialect, SenderType, Severity
from mmscheck.ruleset.fields import (
    Count,
    Country,
    Currency,
    Domain,
    Filled,
    Host,
    Hours,
    Kebab,
    Money,
    PerSecond,
    Prefix,
    Seconds,
    Span,
)
from mmscheck.ruleset.floor import refuse
from mmscheck.ruleset.toml import Scope, file_scope, read_table, read_toml, shorten, unknown

OWN_FILE, SHARED_FILE = "mmscheck.toml", "pyproject.toml"
"""The two places a configuration may be; in one folder the first goes first."""


class WaiverTable(msgspec.Struct, frozen=True, kw_only=True):
    """A waiver: leave for one rule to fail until the end of a day.

    It is about one source, URL or slide when it names them, and about all otherwise.
    """

    # Not `Waiver` itself: that has ``baseline``, which no file may set.

    rule: Kebab
    reason: Filled
    who: Filled
    expires: dt.date
    source: Filled | None = None
    url: Filled | None = None
    slide: Annotated[int, msgspec.Meta(ge=1, description="a slide number from 1")] | None = None

    def value(self) -> Waiver:
        """The waiver as the rest of the program knows it."""
        return Waiver(**msgspec.structs.asdict(self))


class RuleTable(msgspec.Struct, frozen=True, kw_only=True):
    """What ``[rules.<id>]`` changes of one rule."""

    severity: Severity | None = None
    params: dict[str, Any] = {}


class SendTable(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """What ``[send]`` gives to sends that say nothing else; ``api`` and its address also to ``save``.

    There is no ledger among them: ``hold``, ``postbacks`` and ``ledger`` read no configuration, and must not
    look into another one than sends do.
    """

    api: Dialect | None = None
    api_url: Filled | None = None
    from_: Filled | None = msgspec.field(default=None, name="from")
    service_id: Filled | None = None
    fallback_sms_text: Filled | None = None
    operator_id: Filled | None = None


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class PriceTable(msgspec.Struct, frozen=True, kw_only=True):
    """What one MMS costs, and each SMS of a fallback text."""

    mms: Money
    sms: Money


class PricesTable(msgspec.Struct, frozen=True, kw_only=True):
    """``[prices]``: what messages cost, by the country of the number; no check reads it."""

    currency: Currency
    countries: dict[Country, PriceTable]

    def value(self) -> Prices:
        """The prices as the rest of the program knows them."""
        countries = {
            country: Price(mms=Decimal(each.mms), sms=Decimal(each.sms))
            for country, each in self.countries.items()
        }
        return Prices(currency=self.currency, countries=countries)


class RecipientsTable(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """What ``[recipients]`` holds every send to that says nothing else."""

    quiet_hours: Hours | None = None
    quiet_rows: Literal["wait", "leave"] = "wait"
    marketing: bool = False
    min_gap: Span | None = None
    per_day: Count | None = None
    countries: tuple[Country, ...] = ()
    require_consent: bool = False
    require_proof: bool = False
    list: Filled | None = None

    def rules(self) -> RecipientRules:
        """The same as the rest of the program knows it."""
        gap = self.min_gap
        return RecipientRules(
            quiet=None if self.quiet_hours is None else quiet_hours(self.quiet_hours),
            marketing=self.marketing,
            wait=self.quiet_rows == "wait",
            gap=None if gap is None else float(gap[:-1]) * _SECONDS[gap[-1]],
            per_day=self.per_day,
            countries=self.countries,
            require_consent=self.require_consent,
            require_proof=self.require_proof,
            list_name=self.list or "",
        )


class NotifyEvent(StrEnum):
    """What ``mmscheck serve`` can tell of."""

    REPORT = "report"
    DENIED_SEND = "denied-send"
    UNKNOWN_SEND = "unknown-send"
    FALSE_PERMIT = "false-permit"
    STOPPED_CAMPAIGN = "stopped-campaign"


class NotifyFormat(StrEnum):
    """How it is told: as JSON that is signed, or as a message of Slack or Teams."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"


class NotifyTable(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """One place that ``[notify.<name>]`` has told by ``mmscheck serve``; no check and no command reads it."""

    url: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A(https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/])\S+\Z",
            description="an https:// URL, or an http:// one of this machine",
        ),
    ]
    events: Annotated[tuple[NotifyEvent, ...], msgspec.Meta(min_length=1, description="what to tell of")]
    format: NotifyFormat = NotifyFormat.WEBHOOK
    secret_file: Filled | None = None
    tries: Annotated[int, msgspec.Meta(ge=1, le=20, description="a number of tries from 1 to 20")] = 8


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """What a configuration may say, in the order of the documentation; None, and empty, is a key left out.

    The keys that are ``Any`` here are texts in a file, and paths or values in what is read of it. ``timeout``
    and ``deadline`` are seconds. ``allow_net`` holds networks in CIDR form, ``connect_to`` texts as the flag
    of that name takes them, not looked into here. ``rules`` maps rule ids to changes, which ``load_ruleset``
    applies.
    """

    profile: Kebab | None = None
    sender: SenderType | None = None
    carriers: tuple[Filled, ...] = ()
    providers: tuple[Filled, ...] = ()
    transcoding: bool = False
    strict: bool = False
    require_confinement: bool = False
    allow_net: tuple[Filled, ...] = ()
    connect_to: tuple[Filled, ...] = ()
    ca_file: Any = None
    timeout: Seconds | None = None
    deadline: Seconds | None = None
    max_concurrency: Count | None = None
    per_host: Count | None = None
    own_hosts: dict[Host, Count] = {}
    rate: PerSecond | None = None
    proxy: Filled | None = None
    user_agent: Filled | None = None
    own_domains: tuple[Domain, ...] = ()
    sender_names: tuple[Filled, ...] = ()
    words: tuple[Kebab, ...] = ()
    extra_rules: Any = ()
    send: SendTable = SendTable()
    recipients: RecipientsTable = RecipientsTable()
    notify: dict[Kebab, NotifyTable] = {}
    prices: PricesTable | None = None
    assets: Any = ()
    rules: dict[str, RuleTable] = {}
    waivers: Any = ()


class ConfigFile(Settings, frozen=True, kw_only=True):
    """The configuration of mmscheck: ``mmscheck.toml``, or ``[tool.mmscheck]`` of a ``pyproject.toml``."""

    ca_file: Filled | None = None
    extra_rules: tuple[Filled, ...] = ()
    assets: dict[Prefix, Filled] = {}
    waivers: tuple[WaiverTable, ...] = ()


class Config(Settings, frozen=True, kw_only=True):
    """A configuration as the rest of the program takes it.

    ``path`` is the file, absolute; relative in a configuration that no file holds. What a file writes
    relative to its folder is joined to it here: ``ca_file``, ``extra_rules``, and the folders of ``assets``,
    which pairs URL prefixes with them, the longest prefix first, as it wins.
    """

    path: Path = Path(OWN_FILE)
    ca_file: Path | None = None
    extra_rules: tuple[Path, ...] = ()
    assets: tuple[tuple[str, Path], ...] = ()
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
        _inspect_networks(scope.at("allow-net"), file.allow_net)
        hours = file.recipients.quiet_hours
        if hours is not None and quiet_hours(hours) is None:
            scope.at("recipients").at("quiet-hours").fault("begins when it ends, expected hours of a day")
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
    as_written = {name: getattr(file, name) for name in Settings.__struct_fields__}
    assets = sorted(file.assets.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    joined = {
        "ca_file": folder / file.ca_file if file.ca_file else None,
        "extra_rules": tuple(folder / each for each in file.extra_rules),
        "assets": tuple((prefix, folder / each) for prefix, each in assets),
        "waivers": tuple(each.value() for each in file.waivers),
    }
    return Config(path=path, **{**as_written, **joined})


def _inspect_networks(scope: Scope, networks: tuple[str, ...]) -> None:
    """Record every text that is no network in CIDR form."""
    for position, text in enumerate(networks):
        try:
            ip_network(text)
        except ValueError:
            scope.at(position).fault(f"expected a network such as '10.0.0.0/8', got {shorten(text)}")


def inspect_waivers(scope: Scope, waivers: tuple[Waiver, ...]) -> None:
    """Record waivers of what nobody can waive, and those for the same thing as another."""
    places = [(waiver.rule, waiver.source, waiver.url, waiver.slide) for waiver in waivers]
    for position, place in enumerate(places):
        _refuse_waiver(scope.at(position).at("rule"), waivers[position].rule)
        if place in places[:position]:
            first = places.index(place)
            scope.at(position).fault(f"duplicate of waivers[{first}], expected one for the same thing")


def inspect_waived_rules(scope: Scope, waivers: tuple[Waiver, ...], known: Collection[str]) -> None:
    """Record waivers of rules that are not among the known ones."""
    for position, waiver in enumerate(waivers):
        if waiver.rule not in known:
            scope.at(position).at("rule").fault(unknown("rule", waiver.rule, known))


def _refuse_waiver(scope: Scope, rule_id: str) -> None:
    if not refuse(scope, rule_id, "waived") and rule_id in NEVER_WAIVED:
        what = "cannot be waived, because without it there is no message to judge"
        scope.fault(f"{rule_id} {what}, expected it left alone")


def demand_folders(config: Config) -> None:
    """Raise RuleSetError for mapped folders that are not there: all their media would pass unseen."""
    faults: list[str] = []
    scope = file_scope(faults, config.path).at("assets")
    for prefix, folder in config.assets:
        if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for what may not be looked at
            scope.at(prefix).fault(f"{folder} is not there, expected the folder of the media")
    if faults:
        raise RuleSetError(faults)
