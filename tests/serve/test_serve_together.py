"""Several services on one database: a job of one is read from the other, and a key is one job for both."""

from __future__ import annotations

from pathlib import Path

from mmscheck.sandbox import Sandbox
from tests.serve.test_serve_sends import asked, saved
from tests.support.serving import BAD, serving

XML = {"Content-Type": "application/xml"}


async def test_two_services_share_jobs_links_and_keys(where: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(exist_ok=True)
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as box,
        serving(tmp_path, box=box, where=where) as one,
        serving(tmp_path, box=box, where=where) as other,
    ):
        first, second = one.by("sender"), other.by("sender")
        keyed = {**XML, "Idempotency-Key": "k"}
        place = (await first.post("/v1/lint", data=BAD, headers=keyed)).headers["Content-Location"]
        assert (await second.get(place)).json() == (await first.get(place)).json()
        assert (await second.post("/v1/lint", data=BAD, headers=keyed)).headers["Content-Location"] == place
        link = (await second.post(f"{place}/share", {"seconds": 60})).json()["path"]
        assert (await one.get(f"{link}?format=html")).status == 200
        later = {**XML, "Prefer": "respond-async"}
        job = (await first.post("/v1/check", data=BAD, headers=later)).headers["Location"]
        assert "event: done" in (await second.get(f"{job}/events")).text
        mms_id = await saved(first)
        once = {"headers": {"Idempotency-Key": "order-1"}}
        assert (await first.post("/v1/send", asked(mms_id), **once)).status == 200
        assert (await second.post("/v1/send", asked(mms_id), **once)).status == 200
        assert len(box.sent) == 1
