"""What it costs to hold a campaign to everything about its texts and its recipients.

Run ``python tests/bench/bench_compliance.py [ROWS]``; prints figures. Two campaigns of ROWS (20,000 unless
given), the same but for the configuration: one holds nothing, the other has 100,000 numbers on the
suppression list, quiet hours, a gap, a most per day, countries, consent, prices with ``--max-cost``, own
domains, sender's names and a list of words. The target is 10 % more time and 30 MB more memory. Time is the
processor's, of the sending process: on a machine with other work the clock tells little.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for tests.support, wherever this is run from

from bench_campaign import provider

from mmscheck.base.time_zones import area_codes
from mmscheck.cli.main import main as mmscheck
from mmscheck.ledger import open_ledger
from mmscheck.ledger.suppression_list import Addition
from mmscheck.model.suppression import EVERYTHING, SuppressionSource
from tests.support.campaigns import DOCUMENT, bind, write_recipients

ROWS, LISTED = 20_000, 100_000
TARGET_TIME, TARGET_MEMORY = 10, 30

STRICT = """\
own-domains = ["example.com"]
sender-names = ["Sale"]
words = ["us-en", "us-es"]

[recipients]
quiet-hours = "{quiet}"
quiet-rows = "leave"
min-gap = "1h"
per-day = 5
countries = ["US", "CA", "PR"]
require-consent = true

[prices]
currency = "USD"
[prices.countries.US]
mms = "0.02"
sms = "0.0079"
[prices.countries.CA]
mms = "0.03"
sms = "0.01"
[prices.countries.PR]
mms = "0.03"
sms = "0.01"
"""


def phones(count: int, line: int) -> Iterator[str]:
    """Numbers of every area code of the United States and Canada that has some, in turn."""
    from mmscheck.base.time_zones import country_of  # noqa: PLC0415 - it is loaded by the sender alone

    codes = [code for code in area_codes() if country_of(f"{code}2{line}") in {"US", "CA", "PR"}]
    for at in range(count):
        yield f"{codes[at % len(codes)]}{line + at // len(codes)}"


def send(folder: str, where: str, url: str, mms_id: str, config: str) -> None:
    """One campaign in this process; writes its figures."""
    os.environ |= {"MMSCHECK_API_KEY": "sandbox-key", "MMSCHECK_LEDGER": where}
    report = f"{folder}/report.json"
    words = ["--mms-id", mms_id, "--from", "28444", "--service-id", "demo", "--config", config]
    words += ["--fallback-sms-text", "Sale: today only. Reply STOP to end", "--api-url", url]
    words += ["--recipients", f"{folder}/rows.csv", "--format", f"json={report}"]
    words += ["--max-cost", "100000"] if Path(config).name == "strict.toml" else []
    began = time.monotonic()
    mmscheck(["send", f"{folder}/sale.xml", *words])
    whole = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    told = json.loads(Path(report).read_text())["send"]["campaign"]
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({**told, "whole": whole, "cpu": cpu, "memory": usage.ru_maxrss / 1024}), flush=True)


async def listed(where: str) -> None:
    """Put other numbers on the suppression list."""
    said = Addition(scope=EVERYTHING, source=SuppressionSource.IMPORT, reason="asked", who="ann")
    async with await open_ledger(where) as ledger:
        await ledger.suppress(phones(LISTED, 9_000_000), addition=said)


def measure(folder: Path, name: str, count: int) -> dict[str, float]:
    """Print one campaign's figures."""
    where = f"{folder}/{name}.sqlite3"
    with provider() as (url, mms_id):
        asyncio.run(bind(mms_id, where, at=url))
        if name == "strict":
            asyncio.run(listed(where))
        command = [sys.executable, __file__, "send", str(folder), where, url, mms_id, f"{folder}/{name}.toml"]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    assert found["accepted"] == count, found
    print(
        f"{name}: {count:,} rows: CPU {found['cpu']:.1f} s, {found['cpu'] / count * 1000:.3f} ms a row;"
        f" {found['whole']:.1f} s by the clock, {found['seconds']:.1f} of them sending; peak memory"
        f" {found['memory']:.0f} MB",
        flush=True,
    )
    return found


def quiet_now() -> str:
    """Quiet hours that no zone of North America is in for some hours: the sending must not wait."""
    hour = time.gmtime().tm_hour
    return f"{(hour + 7) % 24:02}:00-{(hour + 8) % 24:02}:00"


def main() -> None:
    """Both, one after the other."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory(prefix="mmscheck-bench-") as name:
        folder = Path(name)
        rows = ((to, f"Ana {at}", "web form", "2026-11-01") for at, to in enumerate(phones(count, 2_000_000)))
        write_recipients(folder / "rows.csv", rows, header="to,name,consent-source,consent-at")
        (folder / "sale.xml").write_text(DOCUMENT)
        (folder / "plain.toml").write_text("")
        (folder / "strict.toml").write_text(STRICT.format(quiet=quiet_now()))
        plain, strict = (measure(folder, one, count) for one in ("plain", "strict"))
    more = (strict["cpu"] / plain["cpu"] - 1) * 100
    memory = strict["memory"] - plain["memory"]
    print(f"all of it: {more:+.1f} % processor time ({TARGET_TIME}), {memory:+.0f} MB ({TARGET_MEMORY})")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["send", *arguments]:
            send(*arguments)
        case _:
            main()
