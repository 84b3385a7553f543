"""Hosts that redirect to each other are one lane: what a host bears holds for all names that lead to it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from mmscheck.errors import MmscheckError
from mmscheck.fetch import FetchPolicy, parse_connect_to
from mmscheck.fleet import check, cluster
from mmscheck.fleet.cluster import StepTask, fetch_tasks
from mmscheck.fleet.facts import fetch_chunk, kept_observation
from mmscheck.fleet.judging import judge_part
from mmscheck.fleet.lanes import HostRedirect, lanes, note_redirects, noted_redirects
from mmscheck.fleet.plan import make_plan, policy_of
from mmscheck.fleet.run import FleetRun, RuleSelection, RunOrder, own_run
from mmscheck.fleet.service import SERVICE
from mmscheck.fleet.sources import items
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import RunTotal
from mmscheck.judge.pipeline import window
from mmscheck.model.observation import Fetched
from tests.support.crowd import MEDIA

LIMIT = 2
EACH = 12


class Names:
    """A server with many names: those that ``leads`` has redirect, and all others have the picture."""

    def __init__(self, leads: Callable[[str, str], str | None]) -> None:
        self.leads = leads
        self.port = 0
        self.asked: Counter[str] = Counter()
        self.at_once: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self._body = (MEDIA / "photo-small.jpg").read_bytes()

    async def answer(self, request: web.Request) -> web.Response:
        name = request.host.partition(":")[0]
        self.asked[name] += 1
        self.at_once[name] += 1
        self.most[name] = max(self.most[name], self.at_once[name])
        try:
            await asyncio.sleep(0.01)
            if to := self.leads(name, request.path):
                return web.Response(
                    status=302, headers={"Location": f"http://{to}:{self.port}{request.path_qs}"}
                )
            return web.Response(body=self._body, headers={"Content-Type": "image/jpeg"})
        finally:
            self.at_once[name] -= 1


@contextmanager
def serving(leads: Callable[[str, str], str | None]) -> Iterator[Names]:
    names, loop, ready = Names(leads), asyncio.new_event_loop(), threading.Event()

    async def serve() -> web.AppRunner:
        application = web.Application()
        application.router.add_get("/{name:.*}", names.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        names.port = runner.addresses[0][1]
        ready.set()
        return runner

    def run() -> None:
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield names
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def planned(place: Path, server: Names, *hosts: str) -> FleetRun:
    table = place.parent / "urls.csv"
    urls = [f"http://{host}:{server.port}/{host}-{at}.jpg" for host in hosts for at in range(EACH)]
    table.write_text("url\n" + "\n".join(urls) + "\n")
    to = parse_connect_to(f"::127.0.0.1:{server.port}")
    policy = FetchPolicy(allow_net=("127.0.0.0/8",), connect_to=(to,), per_host=LIMIT)
    order = RunOrder(selection=RuleSelection(), policy=policy, window=window(), is_alone=True)
    digest = order.selection.load().digest
    return make_plan(RunStore(str(place)), order, items([str(table)]), ruleset_digest=digest)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the lanes done side by side, and the steps of each one after the other, without an engine."""

    def do(_client: Any, store: RunStore, digest: str, tasks: list[StepTask], on_done: Any) -> list[str]:
        told: list[str] = []

        def lane(steps: list[StepTask]) -> None:
            for task in steps:
                try:
                    if task.name == "fetch":
                        fetch_chunk(store.address, digest, task.number, hosts=task.hosts)
                    else:
                        judge_part(store.address, digest, task.number)
                except MmscheckError as error:
                    told.append(str(error))
                on_done()

        by_lane: dict[str, list[StepTask]] = {}
        for task in tasks:
            by_lane.setdefault(task.lane or str(task.number), []).append(task)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lane, by_lane.values()))
        return told

    monkeypatch.setattr(check, "do", do)
    yield
    SERVICE.end()


def perform(place: Path, client: Any = None) -> RunTotal:
    store = RunStore(str(place))
    return check.perform(client, store, own_run(store), lambda *_: None)


def ends(place: Path, run: FleetRun) -> Counter[tuple[int, int | None]]:
    """How many files came after how many hops, with the status of the last one."""
    store = RunStore(str(place))
    rows = [row for chunk in run.chunks for row in store.read_table(chunk.facts).to_pylist()]
    seen = [kept_observation(row) for row in rows]
    return Counter((len(each.hops), each.hops[-1].status) for each in seen if isinstance(each, Fetched))


def test_what_a_host_bears_is_kept_over_all_names_that_lead_to_it(tmp_path: Path, threads: None) -> None:
    with serving(lambda name, _: "cdn.example" if name.startswith("shop") else None) as server:
        shops = [f"shop{at}.example" for at in range(5)]
        place = tmp_path / "run"
        run = planned(place, server, *shops, "cdn.example", "other.example")
        total = perform(place)
    assert server.most["cdn.example"] == LIMIT
    assert max(server.most.values()) == LIMIT
    assert (total.permitted, total.messages) == (7 * EACH, 7 * EACH)
    assert ends(place, run) == {(2, 200): 5 * EACH, (1, 200): 2 * EACH}
    # Who leads elsewhere was asked a little more, and nobody else.
    assert server.asked["other.example"] == 2 * EACH
    assert noted_redirects(RunStore(str(place))) == {HostRedirect(shop, "cdn.example") for shop in shops}


def test_whoever_leads_to_many_hosts_takes_three_turns(
    tmp_path: Path, threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    done: Callable[..., list[str]] = check.__dict__["do"]

    def counting(*arguments: Any) -> list[str]:
        nonlocal turns
        turns += 1
        return done(*arguments)

    monkeypatch.setattr(check, "do", counting)
    leads = lambda name, path: f"{path[1:-4]}.to.example" if name == "hub.example" else None  # noqa: E731 - short
    with serving(leads) as server:
        place = tmp_path / "run"
        run = planned(place, server, "hub.example")
        perform(place)
    assert ends(place, run) == {(2, 200): EACH}
    assert turns == 3 + 1  # and one in which the parts are judged
    assert server.asked["hub.example"] <= 4 * EACH


def test_it_goes_on_with_what_it_has_learned(tmp_path: Path, threads: None) -> None:
    with serving(lambda name, _: "cdn.example" if name == "shop.example" else None) as server:
        place = tmp_path / "run"
        run = planned(place, server, "shop.example", "cdn.example")
        store = RunStore(str(place))
        note_redirects(store, [HostRedirect("shop.example", "cdn.example")])
        (place / "redirects" / "broken.json").write_text("{")
        assert len({task.lane for task in fetch_tasks(run, [], noted_redirects(store))}) == 1
        perform(place)
    assert server.asked["shop.example"] == 2 * EACH
    assert not (place / "redirects" / "broken.json").exists()


def test_hosts_that_meet_by_others_are_one_lane_and_ports_of_one_host_are(tmp_path: Path) -> None:
    table = tmp_path / "urls.csv"
    hosts = ["a.example", "b.example", "c.example", "d.example", "d.example:8080"]
    table.write_text("url\n" + "".join(f"http://{host}/1.jpg\n" for host in hosts))
    order = RunOrder(selection=RuleSelection(), policy=FetchPolicy(), window=window(), is_alone=True)
    run = make_plan(RunStore(str(tmp_path / "run")), order, items([str(table)]), ruleset_digest="x")
    found = lanes(run, [HostRedirect("a.example", "x.example"), HostRedirect("c.example", "x.example")])
    by_host = {chunk.host: found[chunk.number] for chunk in run.chunks}
    assert by_host["a.example:80"] == by_host["c.example:80"]
    assert by_host["a.example:80"].hosts == ("a.example", "c.example", "x.example")
    assert by_host["b.example:80"].hosts == ("b.example",)
    assert by_host["d.example:80"] == by_host["d.example:8080"]
    assert len({lane.name for lane in found.values()}) == 3


def test_in_a_lane_of_several_hosts_each_bears_its_own(tmp_path: Path) -> None:
    table = tmp_path / "urls.csv"
    table.write_text("url\nhttp://ours.example/1.jpg\n")
    policy = FetchPolicy(own_hosts=(("ours.example", 64),), rate=3.0)
    order = RunOrder(selection=RuleSelection(), policy=policy, window=window(), is_alone=True)
    run = make_plan(RunStore(str(tmp_path / "run")), order, items([str(table)]), ruleset_digest="x")
    shared = policy_of(order, run.chunks[0], shared=True)
    assert (shared.per_host, shared.own_hosts, shared.rate) == (policy.per_host, policy.own_hosts, 3.0)


def test_two_workers_keep_it_too(tmp_path: Path) -> None:
    with serving(lambda name, _: "cdn.example" if name.startswith("shop") else None) as server:
        place = tmp_path / "run"
        run = planned(place, server, *(f"shop{at}.example" for at in range(4)), "cdn.example")
        with cluster.local(2, 8) as client:
            total = perform(place, client)
    assert server.most["cdn.example"] == LIMIT
    assert total.permitted == 5 * EACH
    assert ends(place, run) == {(2, 200): 4 * EACH, (1, 200): EACH}
