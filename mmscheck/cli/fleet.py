"""Runs over more messages than one process can hold: ``check --store``, ``report STORE`` and ``fleet``."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import msgspec

from mmscheck.cli.commands import LazyGroup, values_of, with_options
from mmscheck.cli.files import replace_file
from mmscheck.cli.output import Destination, destinations
from mmscheck.cli.paths import STDIN
from mmscheck.cli.progress import Progress, ProgressStage
from mmscheck.cli.running import when_asked_to_stop
from mmscheck.cli.say import say, tell, write_stdout
from mmscheck.cli.spared import spare
from mmscheck.errors import UsageError

if TYPE_CHECKING:
    import distributed

    from mmscheck.fleet.reading import Filters, RunReader
    from mmscheck.fleet.run import FleetRun
    from mmscheck.fleet.store import RunStore
    from mmscheck.fleet.sum import RunTotal

FLEET_MISSING = "runs with --store need more than mmscheck alone: pip install 'mmscheck[fleet]'"
FORMATS = ("text", "html", "csv", "markdown", "jsonl")
_LEDGER = "MMSCHECK_LEDGER"


class FleetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is kept, and who does its work."""

    store: Annotated[
        str | None,
        click.option(
            "--store",
            metavar="DIR|URL",
            help="Keep the run here, a folder or s3://…, for many messages; mmscheck report shows it.",
        ),
    ]
    workers: Annotated[
        int | None,
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="With --store: processes of this machine that share the work (default: its cores).",
        ),
    ]
    cluster: Annotated[
        str | None,
        click.option(
            "--cluster", metavar="tls://HOST:PORT", help="With --store: have the workers there do the work."
        ),
    ]
    cluster_tls: Annotated[
        Path | None,
        click.option(
            "--cluster-tls",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="The folder with ca.pem, cert.pem and key.pem for --cluster.",
        ),
    ]
    resume: Annotated[
        bool,
        click.option("--resume", is_flag=True, help="Go on with the run in --store; give no PATH with it."),
    ]

    @property
    def is_meant(self) -> bool:
        """Whether any of them was given."""
        return self.store is not None or any((self.workers, self.cluster, self.cluster_tls, self.resume))


def fleet_formats(formats: Sequence[str]) -> tuple[Destination, ...]:
    """Where the reports on a run go. Raises UsageError for a format that a run does not have."""
    return destinations(formats, FORMATS)


@contextmanager
def opened_cluster(options: FleetOptions, slots: int) -> Iterator[distributed.Client]:
    """The cluster that does the work: that of ``--cluster``, or one of this machine.

    Raises UsageError, and FleetError where the scheduler does not answer.
    """
    from mmscheck.fleet import cluster  # noqa: PLC0415 - Dask takes half a second to import

    cluster.silence()
    # Its password is for sends, and no worker makes one.
    os.environ.pop(_LEDGER, None)
    if options.cluster is None:
        if options.cluster_tls is not None:
            raise UsageError("--cluster-tls is for --cluster, which is not given")
        with cluster.local(options.workers or os.cpu_count() or 1, slots) as client:
            yield client
        return
    if options.workers is not None:
        raise UsageError("--workers are those of this machine; --cluster has its own")
    if options.cluster_tls is None:
        raise UsageError("--cluster needs --cluster-tls DIR with ca.pem, cert.pem and key.pem")
    with cluster.remote(options.cluster, options.cluster_tls) as client:
        yield client


def perform_run(options: FleetOptions, store: RunStore, run: FleetRun, *, progress: bool) -> RunTotal:
    """Have the rest of a run done, with a line of progress."""
    from mmscheck.fleet.check import perform  # noqa: PLC0415 - see `opened_cluster`

    stages: dict[str, ProgressStage] = {}
    slots = max(1, run.order.policy.max_concurrency // run.order.policy.per_host)
    with Progress(wanted=progress) as line, opened_cluster(options, slots) as client:

        def came(stage: str, done: int, total: int) -> None:
            kept = (
                stages.setdefault(stage, line.stage(stage, total)) if stage not in stages else stages[stage]
            )
            kept.done = done

        return perform(client, store, run, came)


def write_run(wanted: Sequence[Destination], reader: RunReader, filters: Filters, most: int) -> None:
    """Write every report on a run. Raises ReportError."""
    from mmscheck.fleet.formats import pieces  # noqa: PLC0415 - see `opened_cluster`

    for item in wanted:
        if item.file is not None:
            replace_file(item.file, pieces(item.format, reader, filters, most), private=item.private)
    for item in wanted:
        if item.file is None:
            for piece in pieces(item.format, reader, filters, most):
                write_stdout(piece)


class ReportArguments(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck report``."""

    rule: Annotated[str | None, click.option("--rule", metavar="ID", help="Only findings of this rule.")]
    host: Annotated[
        str | None, click.option("--host", metavar="HOST", help="Only findings on media of this host.")
    ]
    owner: Annotated[
        str | None,
        click.option("--owner", metavar="OWNER", help="Only what these can mend: content, hosting, …"),
    ]
    source: Annotated[
        str | None,
        click.option("--source", metavar="GLOB", help="Only messages with such a name, as 'sale/*.xml'."),
    ]
    limit: Annotated[
        int,
        click.option(
            "--limit",
            type=click.IntRange(min=1),
            default=50,
            show_default=True,
            metavar="N",
            help="Rows of each table for people.",
        ),
    ]
    sql: Annotated[
        str | None,
        click.option(
            "--sql",
            metavar="SELECT",
            help="Ask the tables messages, findings and media yourself (DuckDB's SQL); answers in CSV.",
        ),
    ]
    formats: Annotated[
        tuple[str, ...],
        click.option(
            "--format",
            "formats",
            multiple=True,
            metavar="FORMAT[=FILE]",
            help="text (default), html, csv, markdown or jsonl; repeatable.",
        ),
    ]


@click.command(name="report")
@click.argument("run", metavar="STORE")
@with_options(ReportArguments)
def report(run: str, *, options: ReportArguments) -> int:
    """Show a run that mmscheck check --store has kept: what was found, where, and who can mend it.

    csv has a row for each finding, jsonl a line for the run and one for each message, the others tables for
    people.

    Exit codes: that of the run; 2 usage, or no run that came to its end; 4 the report could not be written.
    """
    from mmscheck.fleet.reading import Filters, RunReader  # noqa: PLC0415 - see `opened_cluster`

    wanted = fleet_formats(options.formats)
    spare({**values_of(options), "run": run}, wanted)
    filters = Filters(rule=options.rule, host=options.host, owner=options.owner, source=options.source)
    with RunReader(run) as reader:
        if options.sql is not None:
            _answer(reader, options)
        else:
            write_run(wanted, reader, filters, options.limit)
        return reader.total.exit_code


def _answer(reader: RunReader, options: ReportArguments) -> None:
    from mmscheck.fleet.formats import csv_lines  # noqa: PLC0415 - see `opened_cluster`

    if options.formats or any((options.rule, options.host, options.owner, options.source)):
        raise UsageError("--sql asks by itself: give no filter and no --format with it")
    columns, rows = reader.ask(options.sql or "")
    for line in csv_lines(columns, rows):
        write_stdout(line)


@click.group(
    name="fleet",
    cls=LazyGroup,
    subcommands={
        "scheduler": ("fleet:scheduler", "Hand out the work of check --cluster to workers."),
        "worker": ("fleet:worker", "Do work that a scheduler hands out, until interrupted."),
        "keys": ("fleet:keys", "Make the certificates that machines of a cluster know each other by."),
    },
)
def command() -> None:
    """Run the parts of a cluster for mmscheck check --cluster; docs/fleet.md tells how.

    Whoever has one of its keys can run code on every machine of it, as with ssh. Workers need no API key and
    no ledger, and make no sends.
    """


TLS = click.option(
    "--tls",
    "tls",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder with this machine's ca.pem, cert.pem and key.pem.",
)


@click.command(name="scheduler")
@click.option("--listen", metavar="HOST:PORT", default="127.0.0.1:8786", show_default=True, help="Where.")
@TLS
def scheduler(listen: str, tls: Path) -> int:
    """Hand out work until interrupted."""
    from mmscheck.fleet.cluster import silence  # noqa: PLC0415 - see `opened_cluster`
    from mmscheck.fleet.nodes import schedule  # noqa: PLC0415 - see `opened_cluster`

    silence()
    host, mark, port = listen.rpartition(":")
    if not mark or not port.isdigit() or not host:
        raise UsageError(f"--listen {listen}: expected HOST:PORT, as in 0.0.0.0:8786")
    _until_stopped(schedule(host.strip("[]"), int(port), tls, lambda address: tell(f"scheduler {address}\n")))
    return 0


@click.command(name="worker")
@click.argument("address", metavar="tls://HOST:PORT")
@click.option(
    "--slots",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    metavar="N",
    help="Chunks of different hosts that are fetched at the same time.",
)
@TLS
def worker(address: str, slots: int, tls: Path) -> int:
    """Do work until interrupted. Start one for each core; a scheduler that is lost is looked for again."""
    from mmscheck.fleet.cluster import silence  # noqa: PLC0415 - see `opened_cluster`
    from mmscheck.fleet.nodes import work  # noqa: PLC0415 - see `opened_cluster`

    silence()
    os.environ.pop(_LEDGER, None)
    _until_stopped(work(address, tls, slots, say))
    return 0


@click.command(name="keys")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME",
    default=("localhost", "127.0.0.1"),
    show_default=True,
    help="What others call this machine, a name or an address; repeatable.",
)
def keys(folder: Path, hosts: tuple[str, ...]) -> int:
    """Write ca.pem, cert.pem and key.pem into a folder, and ca-key.pem, which signs further machines.

    For another machine copy ca.pem and ca-key.pem into an empty folder and call this again there. Nothing
    that is there is overwritten.
    """
    from mmscheck.fleet.nodes import make_keys  # noqa: PLC0415 - see `opened_cluster`

    for file in make_keys(folder, hosts):
        tell(f"wrote {file}\n")
    return 0


def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    import asyncio  # noqa: PLC0415 - see cli.running

    async def stoppable() -> None:
        task = asyncio.ensure_future(work)
        when_asked_to_stop(task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            say("stopped")

    asyncio.run(stoppable())


def configured_places(paths: Sequence[str]) -> tuple[str, ...]:
    """What a configuration is looked for from: the sources of this machine, and configurations below them.

    Where all sources are elsewhere it is the place of standard input.
    """
    local = [path for path in paths if "://" not in path]
    nested = [
        os.path.join(folder, name)  # noqa: PTH118 - as os.walk gives them
        for path in local
        for folder, _, names in os.walk(path)
        for name in names
        if name in {"mmscheck.toml", "pyproject.toml"}
    ]
    return (*local, *nested) or (STDIN,)
