"""``check --store --sample-probes``: three files of a host and type are asked for all like them."""

from __future__ import annotations

from pathlib import Path

from mmscheck.fetch import FetchPolicy, parse_connect_to
from mmscheck.fleet.check import finish
from mmscheck.fleet.facts import fetch_chunk, whole_facts
from mmscheck.fleet.join import join
from mmscheck.fleet.judging import judge_part
from mmscheck.fleet.plan import make_plan
from mmscheck.fleet.run import RuleSelection, RunOrder
from mmscheck.fleet.service import SERVICE
from mmscheck.fleet.sources import items
from mmscheck.fleet.store import RunStore
from mmscheck.judge.pipeline import window
from mmscheck.judge.sampling import LARGE
from tests.support.crowd import FILES, crowd

URLS = LARGE + 10


def test_a_run_asks_three_of_each_type_and_counts_the_others_as_undecided(tmp_path: Path) -> None:
    with crowd() as server:
        server.incomplete = False
        table = tmp_path / "urls.csv"
        table.write_text("url\n" + "\n".join(server.url(number, 1) for number in range(URLS)) + "\n")
        to = parse_connect_to(f"::127.0.0.1:{server.port}")
        policy = FetchPolicy(allow_net=("127.0.0.0/8",), connect_to=(to,))
        order = RunOrder(
            selection=RuleSelection(), policy=policy, window=window(), sample_probes=True, is_alone=True
        )
        store = RunStore(str(tmp_path / "run"))
        digest = order.selection.load().digest
        run = make_plan(store, order, items([str(table)]), ruleset_digest=digest)
        try:
            for chunk in run.chunks:
                fetch_chunk(store.address, run.digest, chunk.number)
            join(store, run.digest, whole_facts(store, run))
            judge_part(store.address, run.digest, 0)
        finally:
            SERVICE.end()
        asked = 3 * len(FILES)
        assert (len(server.asked), sum(server.under_gzip.values())) == (URLS, asked)
    total = finish(store, run, [])
    assert total.outcomes["length-under-gzip"] == {"passed": asked, "cant-tell": URLS - asked}
    assert (total.permitted, total.undecided) == (URLS, 0)
    assert [told for told in total.allowances if "three like each were" in told]
