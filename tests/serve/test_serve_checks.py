"""Checks and lints over HTTP: what comes in, what comes back, in which format, under which status."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import jsonschema
import pytest

from mmscheck.report import FORMATS
from mmscheck.sandbox import Sandbox
from mmscheck.serve.formats import MEDIA_TYPES
from mmscheck.serve.settings import Caps
from tests.support.command import image, message
from tests.support.serving import BAD, GOOD, Client, form, serving

PHOTO = (Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg").read_bytes()
XML = {"Content-Type": "application/xml"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with Sandbox() as box, serving(tmp_path, box=box, tokens=False) as found:
        yield found


async def test_a_good_message_is_permitted_and_a_bad_one_is_denied(client: Client) -> None:
    good = await client.post("/v1/check", data=GOOD, headers=XML)
    assert (good.status, good.headers["Mmscheck-Verdict"], good.headers["Mmscheck-Exit-Code"]) == (
        200,
        "permit",
        "0",
    )
    report = good.json()
    assert (report["version"], report["verdict"]) == (1, "permit")
    bad = await client.post("/v1/check", {"document": BAD.decode(), "source": "sale.xml"})
    assert (bad.status, bad.json()["verdict"], bad.json()["messages"][0]["source"]) == (
        422,
        "deny",
        "sale.xml",
    )
    assert "subject-ascii" in {finding["rule"] for finding in bad.json()["messages"][0]["findings"]}


async def test_the_report_over_http_fits_the_schema_of_the_command(client: Client) -> None:
    answer = await client.post("/v1/check", data=BAD, headers=XML)
    schema = Path(__file__).parents[2] / "mmscheck" / "report" / "report.schema.json"
    jsonschema.validate(answer.json(), json.loads(schema.read_text()))


async def test_a_document_that_is_no_xml_is_judged_and_denied(client: Client) -> None:
    answer = await client.post("/v1/check", data=b"<request><name>", headers=XML)
    assert answer.status == 422
    assert answer.json()["exit_code"] == 1


async def test_several_documents_are_one_report(client: Client) -> None:
    data = form(("document", "a.xml", GOOD), ("document", "b.xml", BAD))
    answer = await client.post("/v1/check", data=data)
    assert [one["source"] for one in answer.json()["messages"]] == ["a.xml", "b.xml"]
    assert answer.status == 422


async def test_options_are_those_of_the_command(client: Client) -> None:
    options = {"custom_subject": "Sale", "strict": False}
    answer = await client.post("/v1/check", {"document": BAD.decode(), "options": options})
    assert (answer.status, answer.json()["messages"][0]["subject"]) == (200, "Sale")
    data = form(("document", "a.xml", BAD), options=json.dumps(options))
    assert (await client.post("/v1/check", data=data)).status == 200


@pytest.mark.parametrize(
    "options",
    [{"sttrict": True}, {"carriers": ["nobody"]}, {"sender": "smoke"}, {"allow_net": ["0.0.0.0/0"]}, 7],
)
async def test_options_that_there_are_not_are_refused(client: Client, options: object) -> None:
    answer = await client.post("/v1/check", {"document": GOOD.decode(), "options": options})
    assert (answer.status, answer.problem) == (400, "malformed")


async def test_media_are_judged_by_their_urls_and_permit_nothing(client: Client) -> None:
    urls = ["http://media.example.com/photo-small.jpg"]
    answer = await client.post("/v1/check", {"urls": urls})
    assert (answer.status, answer.json()["verdict"]) == (200, "pass-media")
    answer = await client.post("/v1/check", {"urls": ["http://media.example.com/chunked/photo-small.jpg"]})
    assert (answer.status, answer.json()["verdict"]) == (422, "deny")
    assert (await client.post("/v1/check", {"urls": ["file:///etc/passwd"]})).problem == "malformed"
    assert (await client.post("/v1/check", {"urls": urls, "document": "<request/>"})).problem == "malformed"


async def test_a_lint_takes_files_for_the_urls_that_end_as_they_do(client: Client) -> None:
    document = message(image("photo-small.jpg"), image("other.jpg")).encode()
    data = form(("document", "sale.xml", document), ("file", "pictures/photo-small.jpg", PHOTO))
    answer = await client.post("/v1/lint", data=data)
    messages = answer.json()["messages"]
    assert [one["source"] for one in messages] == ["sale.xml", "pictures/photo-small.jpg"]
    assert [one["observation"]["status"] for one in messages[0]["media"]] == ["fetched", "not-fetched"]
    assert (answer.status, answer.json()["verdict"]) == (200, "pass-offline")


async def test_a_lint_takes_no_file_where_two_would_do(client: Client) -> None:
    document = message(image("photo-small.jpg")).encode()
    data = form(
        ("document", "sale.xml", document),
        ("file", "a/photo-small.jpg", PHOTO),
        ("file", "b/photo-small.jpg", PHOTO[:100]),
    )
    answer = await client.post("/v1/lint", data=data)
    assert answer.json()["messages"][0]["media"][0]["observation"]["status"] == "not-fetched"


async def test_a_file_that_is_none_of_a_message_is_told(client: Client) -> None:
    answer = await client.post("/v1/lint", data=form(("file", "notes.txt", b"hello world, only words")))
    assert answer.status == 422
    assert "notes.txt" in answer.json()["unread"][0]


@pytest.mark.parametrize("name", sorted(FORMATS))
async def test_every_format_comes_by_its_type_and_by_its_name(client: Client, name: str) -> None:
    first = await client.post("/v1/lint", data=BAD, headers=XML)
    place = first.headers["Content-Location"]
    by_type = await client.get(place, headers={"Accept": MEDIA_TYPES[name]})
    by_name = await client.get(f"{place}?format={name}")
    assert by_type.status == 200
    assert by_type.headers["Content-Type"] == f"{MEDIA_TYPES[name]}; charset=utf-8"
    assert by_type.body == by_name.body
    if name == "html":
        assert "sandbox" in by_type.headers["Content-Security-Policy"]


async def test_the_best_of_what_is_accepted_comes(client: Client) -> None:
    place = (await client.post("/v1/lint", data=BAD, headers=XML)).headers["Content-Location"]
    accept = "application/pdf, text/plain;q=0.2, text/markdown;q=0.7, */*;q=0.1"
    assert (
        (await client.get(place, headers={"Accept": accept}))
        .headers["Content-Type"]
        .startswith("text/markdown")
    )
    assert (await client.get(place, headers={"Accept": "image/png"})).problem == "no-such-format"
    assert (await client.get(f"{place}?format=pdf")).problem == "no-such-format"


async def test_long_work_tells_where_to_ask_and_how_far_it_is(client: Client) -> None:
    taken = await client.post("/v1/check", data=GOOD, headers={**XML, "Prefer": "respond-async"})
    assert taken.status == 202
    job = taken.headers["Location"]
    assert taken.json()["report"] == job.replace("jobs", "checks")
    events = (await client.get(f"{job}/events")).text
    assert events.endswith('event: done\ndata: {"done":1,"total":1,"failed":0,"waiting":""}\n\n')
    after = await client.get(job)
    assert (after.json()["state"], after.json()["outcome"]["verdict"]) == ("done", "permit")
    assert after.json()["outcome"]["content"].startswith("sha256:")
    assert (await client.get(after.json()["report"])).json()["verdict"] == "permit"


async def test_a_full_queue_says_when_to_come_again(tmp_path: Path) -> None:
    slow = message(image("slow/photo-small.jpg")).encode()
    async with (
        Sandbox(slow_seconds=20.0) as box,
        serving(tmp_path, box=box, tokens=False, caps=Caps(slots=1, queue=2, drain=0.1)) as client,
    ):
        later = {**XML, "Prefer": "respond-async"}
        answers = [await client.post("/v1/check", data=slow, headers=later) for _ in range(6)]
        assert 202 in {one.status for one in answers}
        assert answers[-1].problem == "too-many"
        assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_the_same_key_is_the_same_job_and_never_another_request(client: Client) -> None:
    keyed = {**XML, "Idempotency-Key": '"one"'}
    first = await client.post("/v1/check", data=GOOD, headers=keyed)
    second = await client.post("/v1/check", data=GOOD, headers={**XML, "Idempotency-Key": "one"})
    assert first.headers["Content-Location"] == second.headers["Content-Location"]
    other = await client.post("/v1/check", data=BAD, headers=keyed)
    assert (other.status, other.problem) == (409, "other-payload")
    assert (await client.post("/v1/check", data=BAD, headers={**XML, "Idempotency-Key": " \t"})).status == 400


async def test_a_link_to_a_report_needs_no_token_and_expires(tmp_path: Path) -> None:
    async with Sandbox() as box, serving(tmp_path, box=box) as anybody:
        client = anybody.by("checker")
        place = (await client.post("/v1/lint", data=BAD, headers=XML)).headers["Content-Location"]
        share = (await client.post(f"{place}/share", {"seconds": 60})).json()
        shown = await anybody.get(share["path"], headers={"Accept": "text/html"})
        assert (shown.status, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "sandbox allow-scripts" in shown.headers["Content-Security-Policy"]
        assert (await anybody.get("/s/" + "A" * 43)).problem == "gone"
        assert (await client.post(f"{place}/share", {"seconds": 1})).problem == "malformed"


async def test_a_report_is_its_owners_alone(tmp_path: Path) -> None:
    async with serving(tmp_path) as anybody:
        mine = await anybody.by("checker").post("/v1/lint", data=BAD, headers=XML)
        place = mine.headers["Content-Location"]
        assert (await anybody.by("checker").get(place)).status == 200
        assert (await anybody.by("boss").get(place)).problem == "not-found"
        assert (await anybody.by("boss").get(place.replace("checks", "jobs"))).problem == "not-found"
        assert (await anybody.by("boss").post(f"{place}/share", {"seconds": 60})).problem == "not-found"


async def test_metrics_count_what_was_fetched_and_what_was_decoded(client: Client) -> None:
    async def counts() -> list[str]:
        lines = (await client.get("/metrics")).text.splitlines()
        return [line for line in lines if line.startswith(("mmscheck_fetch", "mmscheck_decode"))]

    assert await counts() == []
    await client.post("/v1/check", data=GOOD, headers=XML)
    assert {"mmscheck_fetch_seconds_count 1", "mmscheck_decode_seconds_count 1"} <= set(await counts())
    await client.post("/v1/lint", data=form(("file", "photo-small.jpg", PHOTO)))
    assert {"mmscheck_fetch_seconds_count 1", "mmscheck_decode_seconds_count 2"} <= set(await counts())
