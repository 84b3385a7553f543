"""Traces of the service, at a collector that takes them over a socket; none where nobody asked for any."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mmscheck.base.spans import Span, SpanKind, Value, here, span, traced
from mmscheck.sandbox import Sandbox
from mmscheck.serve.traces import is_wanted
from tests.serve.test_serve_campaigns import asked as to_many
from tests.serve.test_serve_campaigns import ended
from tests.serve.test_serve_sends import asked, keyed, saved
from tests.support.campaigns import numbers
from tests.support.collector import Collector, collecting
from tests.support.command import image, message
from tests.support.serving import FIELDS, KNOWN, serving

CONNECT = [("media.example.com", 80, "127.0.0.1", 0)]
XML = {"Content-Type": "application/xml", "Prefer": "wait=120"}
TRACE, ABOVE = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, CLIENT = 2, 3
"""Kinds of span, as OTLP numbers them."""


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)


def told_to(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=mms")


async def test_a_check_is_one_trace_from_the_request_to_each_medium(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = message(
        image("photo-small.jpg?signature=hidden-0123456789"), image("photo-small.png")
    ).replace(
        "http://media.example.com/photo-small.png", "http://user:pass@media.example.com/photo-small.png"
    )
    async with collecting() as collector:
        told_to(collector, monkeypatch)
        async with Sandbox(connect_to=CONNECT) as box, serving(tmp_path, box=box) as client:
            above = {**XML, "traceparent": f"00-{TRACE}-{ABOVE}-01"}
            answer = await client.by("checker").post("/v1/check", data=document.encode(), headers=above)
            assert answer.status in {200, 422}, answer.text
        assert {"event": "tracing", "state": "on"} in client.log
    request, job = collector.one("POST /v1/check"), collector.one("job check")
    assert {one.trace for one in collector.spans} == {TRACE}
    assert (request.parent, request.kind, job.parent) == (ABOVE, SERVER, request.id)
    assert request.attributes["http.response.status_code"] == answer.status
    assert request.attributes["mmscheck.request"] == answer.headers["Mmscheck-Request"]
    assert job.attributes["mmscheck.verdict"] == answer.headers["Mmscheck-Verdict"]
    assert collector.below(job) == ["fetch", "fetch", "judge"]
    fetches = {one.attributes.get("http.response.status_code", 0): one for one in collector.named("fetch")}
    for fetch in fetches.values():
        assert (fetch.kind, fetch.attributes["server.address"]) == (CLIENT, "media.example.com")
    assert collector.below(fetches[200]) == ["decode"]
    assert fetches[0].attributes["mmscheck.not_fetched"], "a URL with a user in it is not fetched"
    assert collector.resources[0]["service.name"] == "mmscheck"
    assert collector.headers[0]["x-team"] == "mms"
    for secret in ("photo-small", "hidden-0123456789", "user", "pass", KNOWN["checker"][0]):
        assert secret.encode() not in collector.raw, secret


async def test_saves_sends_and_campaigns_show_each_call_and_whom_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = numbers(3)
    async with collecting() as collector:
        told_to(collector, monkeypatch)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "gate")
        async with Sandbox(connect_to=CONNECT) as box, serving(tmp_path, box=box) as client:
            sender = client.by("sender")
            mms_id = await saved(sender)
            answer = await sender.post("/v1/send", asked(mms_id), **keyed("order-1"))
            assert answer.status == 200, answer.text
            many = await sender.post("/v1/campaigns", to_many(mms_id, people), **keyed("spring"))
            told = await ended(sender, many.headers["Location"])
            assert told["result"]["accepted"] == 3, told
        assert len(box.sent) == 4
    for kind, calls in (("save", 1), ("send", 1), ("campaign", 3)):
        job = collector.one(f"job {kind}")
        call = f"call {'save' if kind == 'save' else 'send'}"
        made = [one for one in collector.named(call) if one.parent == job.id]
        assert len(made) == calls, kind
        for one in made:
            assert (one.kind, one.attributes["server.address"]) == (CLIENT, "127.0.0.1")
            assert one.attributes["mmscheck.status"] == "accepted"
        assert (job.attributes["mmscheck.status"], job.attributes["mmscheck.verdict"]) == (
            "accepted",
            "permit",
        )
    assert not [one for one in collector.spans if one.failed]
    assert collector.resources[0]["service.name"] == "gate"
    subject, key = "Sale", "sandbox-key"
    for secret in (FIELDS["to"], *people, FIELDS["from"], subject, key, KNOWN["sender"][0], "order-1"):
        assert secret.encode() not in collector.raw, secret


async def test_a_wrong_traceparent_begins_a_trace_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collecting() as collector:
        told_to(collector, monkeypatch)
        async with serving(tmp_path) as client:
            wrong = {"traceparent": f"00-{TRACE}-{'0' * 16}-01"}
            assert (await client.get("/healthz", headers=wrong)).status == 200
            assert (await client.get("/nothing-there")).status == 404
    health, lost = collector.one("GET /healthz"), collector.one("GET none")
    assert (health.parent, lost.parent) == ("", "")
    assert TRACE not in {health.trace, lost.trace}
    assert lost.attributes["mmscheck.problem"]


async def test_a_collector_that_is_away_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv(
            "OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}/hidden"
        )
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
        async with Sandbox(connect_to=CONNECT) as box, serving(tmp_path, box=box) as client:
            answer = await client.by("checker").post(
                "/v1/check", data=message(image("photo-small.jpg")).encode(), headers=XML
            )
            assert answer.status == 200, answer.text
    told = [line for line in client.log if line["event"] == "tracing"]
    assert [line["state"] for line in told] == ["on", "failing"]
    assert "hidden" not in str(client.log)


async def test_a_variable_that_cannot_be_acted_on_is_told_and_the_service_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    for name, value in {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}.items():
        with monkeypatch.context() as only:
            only.setenv(name, value)
            async with serving(tmp_path) as client:
                assert (await client.get("/healthz")).status == 200
        (line,) = [line for line in client.log if line["event"] == "tracing"]
        assert line["state"] == "off"
        assert "OTEL" in line["why"]


RUN = """
import asyncio, json, sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "opentelemetry" and MISSING:
            raise ModuleNotFoundError(name)
MISSING = "missing" in sys.argv
sys.meta_path.insert(0, Without())
from mmscheck.fetch import FetchPolicy
from mmscheck.ruleset import Config
from mmscheck.serve import Setup, running
lines = []
async def main():
    setup = Setup(host="127.0.0.1", port=0, where="ledger.sqlite3", config=Config(), policy=FetchPolicy())
    async with running(setup, lines.append):
        pass
asyncio.run(main())
loaded = any(name.partition(".")[0] == "opentelemetry" for name in sys.modules)
print(json.dumps([loaded, [line.get("why", "") for line in lines]]))
"""
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("settings", "extra", "expected"),
    [
        ({}, "there", "[false, []]"),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, "there", "[false, []]"),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, "there", "[false, []]"),
        (
            ENDPOINT,
            "missing",
            "[false, [\"traces need more than the service alone: pip install 'mmscheck[otel]'\"]]",
        ),
        (ENDPOINT, "there", '[true, [""]]'),
    ],
    ids=["no endpoint", "disabled", "no exporter", "not installed", "on"],
)
def test_nothing_is_loaded_unless_a_collector_is_named(
    tmp_path: Path, settings: Mapping[str, str], extra: str, expected: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, extra],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **settings},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stdout.strip() == expected, done.stderr


def test_the_variables_mean_what_the_specification_says() -> None:
    assert is_wanted(
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a/", "OTEL_TRACES_EXPORTER": "console, otlp"}
    )
    assert is_wanted({**ENDPOINT, "OTEL_SDK_DISABLED": "1"}), "only the word true disables"
    assert not is_wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": " "})
    assert not is_wanted({**ENDPOINT, "OTEL_SDK_DISABLED": " TRUE"})
    assert not is_wanted({**ENDPOINT, "OTEL_TRACES_EXPORTER": "console"})


class Broken:
    """A taker of spans that fails at whatever it is asked; as a span, at that alone."""

    def __init__(self, *, begins: bool) -> None:
        self._begins = begins

    def begin(self, name: str, attributes: Mapping[str, Value], kind: SpanKind, parent: object) -> Span:
        if self._begins:
            return self
        raise RuntimeError(name)

    def here(self) -> object:
        raise RuntimeError

    def asked(self, headers: Mapping[str, str]) -> object:
        raise RuntimeError

    def note(self, attributes: Mapping[str, Value | None]) -> None:
        raise RuntimeError

    def rename(self, name: str) -> None:
        raise RuntimeError

    def end(self, error: BaseException | None) -> None:
        raise RuntimeError


@pytest.mark.parametrize("begins", [True, False])
def test_a_fault_of_tracing_is_none_of_the_work(*, begins: bool) -> None:
    with traced(Broken(begins=begins), "request", headers={"traceparent": "00"}) as outer:
        outer.rename("other")
        assert here() is None
        with span("call") as inner:
            inner.note({"status": "accepted"})
            done = True
    assert done
    with pytest.raises(ZeroDivisionError), traced(Broken(begins=begins), "request"), span("call"):
        raise ZeroDivisionError
