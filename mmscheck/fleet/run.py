"""One run over a fleet as plain data: what was asked for, by which rules, and how far it is."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.errors import InputError, RuleSetError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.fetch.reach import host_name
from mmscheck.fleet.store import RunStore
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.request import Changes, SendWindow
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import SenderType
from mmscheck.ruleset import Config

RUN = "run.json"
"""The file that a store begins with; it is written last of all that the plan is."""


class RuleSelection(msgspec.Struct, frozen=True, kw_only=True):
    """What chooses the rules, as `load_rules` takes it."""

    profile: str | None = None
    sender: SenderType | None = None
    carriers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    transcoding: bool | None = None
    config: Config = Config()

    def load(self) -> RuleSet:
        """The rules as this machine has them. Raises RuleSetError."""
        return load_rules(
            self.profile,
            sender=self.sender,
            carriers=self.carriers,
            providers=self.providers,
            transcoding=self.transcoding,
            config=self.config,
        )


class RunOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one run is asked to do.

    ``is_alone`` tells that the sources are URLs without messages; with ``require_confinement`` no worker
    opens media that cannot do it as confined as is demanded.
    """

    selection: RuleSelection
    policy: FetchPolicy
    window: SendWindow
    changes: Changes = Changes()
    strict: bool = False
    deep: bool = False
    sample_probes: bool = False
    cache_bust: bool = True
    is_alone: bool = False
    require_confinement: bool = False


class UrlChunk(msgspec.Struct, frozen=True, kw_only=True):
    """URLs of one ``host`` (with its port) that are fetched by one task.

    ``lane`` is the chain that it stands in: the chunks of a lane are fetched one after the other, each with
    ``at_once`` requests at a time and at most ``rate`` a second, so that no host gets more over the fleet.
    """

    number: int
    name: str
    host: str
    lane: str
    urls: int
    at_once: int
    rate: float | None = None

    @property
    def host_name(self) -> str:
        """The host, whatever the port."""
        return host_name(self.host)

    @property
    def facts(self) -> str:
        """The file that holds what was found; when it is there, the chunk is done."""
        return f"facts/{self.name}.parquet"


class FleetRun(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that was made: the order, the rules' digest, and the counts that the end is held against.

    ``started`` is RFC 3339 in UTC; ``plan`` is in every file of documents, so that those of another plan are
    none; ``unread`` has a sentence for each input that could not be read, ``notes`` what was left out of
    folders on purpose.
    """

    tool_version: str
    program_digest: str
    plan: str
    ruleset_digest: str
    started: str
    order: RunOrder
    messages: int
    parts: int
    urls: int
    chunks: tuple[UrlChunk, ...]
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What tasks name the run by: a worker that finds another one in the store refuses."""
        return hashlib.sha256(encode(self)).hexdigest()


def encode(run: FleetRun) -> bytes:
    """The run as JSON."""
    return msgspec.json.encode(run, enc_hook=_path_out, order="deterministic")


def read_run(store: RunStore) -> FleetRun:
    """The run that the store holds, made by whatever version. Raises InputError for none."""
    if not store.exists(RUN):
        raise InputError(f"{store.place}: no run is kept there; mmscheck check PATH --store makes one")
    try:
        return msgspec.json.decode(store.read(RUN), type=FleetRun, dec_hook=_path_in)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InputError(f"{store.path(RUN)}: no run of this version of mmscheck") from None


def own_run(store: RunStore) -> FleetRun:
    """The run that the store holds, for who goes on with it; InputError where another mmscheck made it."""
    run = read_run(store)
    if run.tool_version != version("mmscheck"):
        raise InputError(
            f"{store.place}: made by mmscheck {run.tool_version}, and this is {version('mmscheck')}; "
            "one run is one version on every machine"
        )
    if run.program_digest != program_digest():
        raise InputError(
            f"{store.place}: made by another build of mmscheck {run.tool_version} than this one; "
            "one run is one program on every machine"
        )
    return run


@lru_cache(maxsize=1)
def program_digest() -> str:
    """That of this program's source: two builds may have one version, and decide otherwise."""
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        found.update(f"{file.relative_to(root).as_posix()}\0".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return f"sha256:{found.hexdigest()}"


def rules_of(run: FleetRun) -> RuleSet:
    """The run's rules, loaded here. Raises UsageError where this machine has others."""
    try:
        ruleset = run.order.selection.load()
    except RuleSetError as error:
        raise UsageError(f"this machine cannot load the run's rules: {error}") from error
    if ruleset.digest != run.ruleset_digest:
        raise UsageError(
            f"this machine has other rules ({ruleset.digest[:19]}) than the run ({run.ruleset_digest[:19]}); "
            "install the same mmscheck and the same files of rules everywhere"
        )
    return ruleset


def _path_out(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError  # by this msgspec knows that its hook has nothing for a type


def _path_in(kind: type[Any], value: Any) -> Any:
    if issubclass(kind, Path):
        return Path(value)
    raise NotImplementedError  # as above
