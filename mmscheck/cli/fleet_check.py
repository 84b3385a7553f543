"""``mmscheck check --store``: many messages, planned once, checked in parts, kept as a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from mmscheck.cli.commands import values_of
from mmscheck.cli.fleet import FLEET_MISSING, configured_places, fleet_formats, perform_run, write_run
from mmscheck.cli.options import changes, configuration
from mmscheck.cli.plan import sending
from mmscheck.cli.progress import Progress
from mmscheck.cli.spared import spare
from mmscheck.errors import UsageError
from mmscheck.model.words import SenderType

if TYPE_CHECKING:
    from mmscheck.cli.check import CheckArguments
    from mmscheck.fleet.run import FleetRun, RunOrder
    from mmscheck.fleet.store import RunStore


def check_by_fleet(paths: Sequence[str], options: CheckArguments) -> int:
    """Plan the run or go on with one, have it done, and report; the run's exit code.

    Raises UsageError, InputError, RuleSetError, ReportError, and FleetError when the cluster is lost.
    """
    _refuse_together(paths, options)
    wanted = fleet_formats(options.formats)
    try:
        from mmscheck.fleet.reading import Filters, RunReader  # noqa: PLC0415 - an extra may not be installed
        from mmscheck.fleet.store import RunStore  # noqa: PLC0415 - likewise
    except ImportError:
        raise UsageError(FLEET_MISSING) from None
    spare(options, wanted)
    place = options.fleet.store or ""
    store = RunStore(place)
    run = _kept_run(store) if options.fleet.resume else _planned(paths, options, store)
    total = perform_run(options.fleet, store, run, progress=not options.no_progress)
    with RunReader(place) as reader:
        write_run(wanted, reader, Filters(), most=20)
    return total.exit_code


def _refuse_together(paths: Sequence[str], options: CheckArguments) -> None:
    fleet = options.fleet
    if fleet.store is None:
        raise UsageError("--workers, --cluster, --cluster-tls and --resume go with --store DIR")
    if options.fail_fast:
        raise UsageError(
            "--fail-fast ends at the first message in order, and --store has them checked in parts"
        )
    if options.cache.cache_folder is not None or options.cache.cache_ttl is not None:
        raise UsageError("--cache and --store: a run keeps its own results; give one of them")
    if not fleet.resume:
        return
    if paths:
        raise UsageError("--resume: the run in the store knows its sources; give no PATH with it")
    groups = (options.judging, options.config, options.network, options.plan, options.changes)
    changed = [name for group in groups for name, value in values_of(group).items() if value]
    if changed or options.profile or options.deep or options.sample_probes or options.exclude:
        raise UsageError(
            "--resume goes on with the run as it was planned; give no option that would change it"
        )


def _kept_run(store: RunStore) -> FleetRun:
    from mmscheck.fleet.run import own_run  # noqa: PLC0415 - see `check_by_fleet`

    return own_run(store)


def _planned(paths: Sequence[str], options: CheckArguments, store: RunStore) -> FleetRun:
    from mmscheck.fleet.plan import make_plan  # noqa: PLC0415 - see `check_by_fleet`
    from mmscheck.fleet.run import RUN  # noqa: PLC0415 - see `check_by_fleet`
    from mmscheck.fleet.sources import is_of_urls, items  # noqa: PLC0415 - see `check_by_fleet`

    if not paths:
        raise UsageError("nothing was named to read: give files, folders, archives, tables or s3://…")
    if store.exists(RUN):
        raise UsageError(f"{store.place}: a run is kept there already; --resume goes on with it")
    order, digest = _order(paths, options, is_alone=any(map(is_of_urls, paths)))
    for leftover in ("plan", "redirects", "facts", "joined", "results"):
        store.remove(leftover)
    with Progress(wanted=not options.no_progress) as line:
        stage = line.stage("read")
        return make_plan(
            store,
            order,
            items(paths, exclude=options.exclude),
            ruleset_digest=digest,
            on_read=lambda count: setattr(stage, "done", count),
        )


def _order(paths: Sequence[str], options: CheckArguments, *, is_alone: bool) -> tuple[RunOrder, str]:
    from mmscheck.fleet.run import RuleSelection, RunOrder  # noqa: PLC0415 - see `check_by_fleet`

    config = configuration(options.config, configured_places(paths))
    rules = options.rules(config)
    judging = options.judging
    selection = RuleSelection(
        profile=options.profile,
        sender=SenderType(judging.sender) if judging.sender else config.sender,
        carriers=judging.carriers,
        providers=judging.providers,
        transcoding=judging.transcoding,
        config=config,
    )
    order = RunOrder(
        selection=selection,
        policy=options.policy(config),
        window=sending(options.plan.send_at, options.plan.send_within),
        changes=changes(options.changes),
        strict=judging.strict or config.strict,
        deep=options.deep,
        sample_probes=options.sample_probes,
        cache_bust=not options.network.no_cache_bust,
        is_alone=is_alone,
        require_confinement=options.config.require_confinement or config.require_confinement,
    )
    if msgspec.structs.replace(selection).load().digest != rules.digest:
        raise UsageError("these rules cannot be handed to workers as they are")
    return order, rules.digest
