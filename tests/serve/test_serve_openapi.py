"""The OpenAPI document against the running service: every path, status and body in it, seen over a socket."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import msgspec
import pytest

from mmscheck.errors import LedgerError
from mmscheck.ledger import Ledger, open_ledger
from mmscheck.model.proof import Proof
from mmscheck.ruleset import Config
from mmscheck.sandbox import Mishaps, Sandbox, Ways
from mmscheck.serve import Caps
from mmscheck.serve.store import Store
from tests.serve.test_serve_campaigns import asked as campaign
from tests.serve.test_serve_campaigns import ended
from tests.serve.test_serve_sends import asked, saved
from tests.support.campaigns import numbers
from tests.support.command import image, message
from tests.support.serving import BAD, GOOD, TOKENS, Answer, Client, serving

XML = {"Content-Type": "application/xml"}
JSON = {"Content-Type": "application/json"}
SLOW = message(image("slow/photo-small.jpg")).encode()
RATED = {
    **TOKENS,
    "all": ("all-token-0123456789abcdefgh", ["check", "fix", "send", "hold", "approve"]),
    "stopper": ("stopper-token-0123456789abcdef", ["hold"]),
}
SMALL = Caps(document=20_000, body=40_000, drain=60.0, body_seconds=2.0)
WAYS = Ways(mishaps=Mishaps(actions=("sendSavedMMS", "saveMMS")))

STOP = "/v1/campaigns/{id}/stop"
CALLING = {"/v1/save", "/v1/send", "/v1/campaigns", STOP}
"""What a service that makes no calls has no use for."""

Seen = set[tuple[str, str, int]]


class Contract:
    """The document, and what was seen of it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.seen: Seen = set()
        self.patterns = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path) for path in document["paths"]
        ]

    @property
    def promised(self) -> Seen:
        return {
            (path, method.upper(), int(status))
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
            for status in operation["responses"]
        }

    def hold(self, method: str, path: str, answer: Answer) -> None:
        """An answer is one of those that the document foresees, in type and in shape."""
        path = path.partition("?")[0]
        template = next((name for pattern, name in self.patterns if pattern.fullmatch(path)), None)
        if template is None or method.lower() not in self.document["paths"][template]:
            assert answer.status in {403, 404, 405}
            return
        answers = self.document["paths"][template][method.lower()]["responses"]
        assert str(answer.status) in answers, (method, path, answer.status, answer.text)
        content = answers[str(answer.status)].get("content", {})
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in content or f"{kind.partition('/')[0]}/*" in content, (
            method,
            path,
            answer.status,
            kind,
        )
        if kind.endswith("json") and kind in content:
            schema = {**content[kind]["schema"], "components": self.document["components"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json())
        self.seen.add((template, method, answer.status))


class Watched(Client):
    """A client whose every answer is held against the document."""

    contract: Contract

    @classmethod
    def of(cls, client: Client, contract: Contract, token: str | None = "all") -> Watched:
        found = cls(client._session, client.url, token, client.log)
        found.contract = contract
        return found

    def by(self, token: str | None) -> Watched:
        return Watched.of(self, self.contract, token)

    async def ask(self, method: str, path: str, **given: Any) -> Answer:
        answer = await super().ask(method, path, **given)
        self.contract.hold(method, path, answer)
        return answer


async def unfinished(client: Client, path: str, token: str) -> Answer:
    """What comes back for a body that never comes."""
    parts = urlsplit(client.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {RATED[token][0]}\r\n"
        "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    writer.write(head.encode())
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    body = await reader.readexactly(int(headers["Content-Length"]))
    writer.close()
    return Answer(status=int(lines[0].split()[1]), headers=headers, body=body)


def operations(contract: Contract) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (path, method.upper(), operation)
        for path, methods in contract.document["paths"].items()
        for method, operation in methods.items()
    ]


async def everywhere(client: Watched) -> None:
    """What every operation answers to the wrong caller, host, type, size and syntax."""
    for path, method, operation in operations(client.contract):
        place = path.replace("{id}", "A" * 22)
        foreign = {"Host": "evil.example"}
        if path not in {"/healthz", "/readyz"}:
            assert (await client.ask(method, place, headers=foreign)).problem == "other-host"
        if "security" in operation:
            assert (await client.by(None).ask(method, place)).problem == "no-token"
        if "requestBody" in operation:
            broken = await client.ask(method, place, data=b"{", headers=JSON)
            assert broken.problem in {"malformed", "not-found"}
            assert (await client.ask(method, place, data=b"x", headers={"Content-Type": "a/b"})).status in {
                404,
                415,
            }
            large = b" " * 40_001
            assert (await client.ask(method, place, data=large, headers=JSON)).status in {404, 413}


async def judged(client: Watched) -> None:
    for path in ("/v1/check", "/v1/lint"):
        assert (await client.post(path, data=GOOD, headers=XML)).status == 200
        bad = await client.post(path, data=BAD, headers={**XML, "Idempotency-Key": f"one-{path}"})
        assert bad.status == 422
        assert (
            await client.post(path, data=GOOD, headers={**XML, "Idempotency-Key": f"one-{path}"})
        ).status == 409
        assert (await client.post(path, data=GOOD, headers={**XML, "Accept": "image/png"})).status == 406
    place = bad.headers["Content-Location"]
    assert (await client.get(place)).status == 200
    assert (await client.get(f"{place}?format=pdf")).status == 406
    assert (await client.post(f"{place}/share", {"seconds": 1})).status == 400
    assert (await client.post(f"{place}/share", data=b"x")).status == 415
    assert (await client.post(f"{place}/share", data=b" " * 40_001, headers=JSON)).status == 413
    share = await client.post(f"{place}/share", {"seconds": 60})
    assert (await client.by(None).get(f"{share.json()['path']}?format=html")).status == 200
    assert (await client.by(None).get(f"{share.json()['path']}?format=pdf")).status == 406
    assert (await client.by(None).get("/s/none")).status == 410
    job = place.replace("checks", "jobs")
    assert (await client.get(job)).status == 200
    assert (await client.get(f"{job}/events")).status == 200
    for missing in ("/v1/checks/none", "/v1/jobs/none", "/v1/jobs/none/events"):
        assert (await client.get(missing)).status == 404
    assert (await client.post("/v1/checks/none/share", {"seconds": 60})).status == 404


async def mended(client: Watched) -> None:
    places: list[str] = []
    for document, status in ((GOOD, 200), (BAD, 200), (b"", 422)):
        body = {"document": document.decode()}
        headers = {"Idempotency-Key": f"fix-{len(places)}"}
        answer = await client.post("/v1/fix", body, headers=headers)
        assert answer.status == status, answer.text
        places.append(answer.headers["Content-Location"])
    assert (await client.post("/v1/fix", {"document": "x"}, headers=headers)).status == 409
    assert (await client.post("/v1/fix", data=GOOD, headers={**XML, "Accept": "text/csv"})).status == 406
    assert (await client.get(f"{places[0]}/files")).status == 200
    assert (await client.get(places[0], headers={"Accept": "text/csv"})).status == 406
    for accept in ("text/html", "text/plain", "application/json"):
        assert (await client.get(places[0], headers={"Accept": accept})).status == 200
    for prefer, status in (("wait=60", 200), ("respond-async", 202)):
        assert (await client.post(f"{places[0]}/check", headers={"Prefer": prefer})).status == status
    keyed = {"Idempotency-Key": "again"}
    assert (await client.post(f"{places[0]}/check", headers=keyed)).status == 200
    assert (await client.post(f"{places[1]}/check", headers=keyed)).status == 409
    assert (await client.post(f"{places[1]}/check", headers={"Accept": "image/png"})).status == 406
    for path in ("/v1/fixes/none", "/v1/fixes/none/files"):
        assert (await client.get(path)).status == 404
    assert (await client.post("/v1/fixes/none/check")).status == 404
    assert (await client.post("/v1/fixes/none/check?hosted=perhaps")).status == 400


async def called(client: Watched, box: Sandbox) -> None:
    mms_id = await saved(client)
    save = {"document": GOOD.decode()}
    for path, body in (("/v1/save", save), ("/v1/send", asked(mms_id))):
        assert (await client.post(path, {**body, "document": BAD.decode()})).status == 422
        before = box.provider_connections
        assert (await client.post(path, body, headers={"Accept": "image/png"})).status == 406
        assert box.provider_connections == before, "told that nothing was done"
    box.plan("close-after")
    assert (await client.post("/v1/send", asked(mms_id, to="15551230009"))).status == 504
    box.plan("close-after")
    assert (await client.post("/v1/save", save)).status == 504
    box.plan("e618", "e618", "e618")
    assert (await client.post("/v1/send", asked(mms_id, to="15551230010"))).status == 502
    box.plan("e618")
    assert (await client.post("/v1/save", save)).status == 502
    assert (await client.post("/v1/hold", {"reason": "x"})).status == 201
    assert (await client.get("/v1/hold")).status == 200
    assert (await client.post("/v1/send", asked(mms_id, to="15551230011"))).status == 503
    assert (await client.ask("DELETE", "/v1/hold")).status == 200
    approval = {"content": f"sha256:{'0' * 64}", "name": "Ana"}
    assert (await client.post("/v1/approvals", approval)).status == 201
    assert (await client.get("/v1/approvals?content=x")).status == 200
    for path, body in (("/v1/save", save), ("/v1/send", asked(mms_id))):
        later = {"Prefer": "respond-async", "Idempotency-Key": f"later-{path}"}
        taken = await client.post(path, {**body, "document": SLOW.decode()}, headers=later)
        assert taken.status == 202
        assert (await client.post(path, body, headers=later)).status == 409
    assert (await client.post("/v1/send", asked(mms_id, to="15551230012"))).status == 200
    assert (await client.post("/v1/lint", save, headers={"Prefer": "respond-async"})).status == 202
    for path in ("/v1/save", "/v1/send"):
        # The service's own patience is another's test: here it has none left.
        client.contract.hold("POST", path, await unfinished(client, path, "all"))


async def not_approved(client: Watched, folder: Path) -> None:
    """Approve a content whose proof nobody has got yet."""
    content = f"sha256:{'1' * 64}"
    async with await open_ledger(str(folder / "ledger.sqlite3")) as ledger:
        await ledger.begin_proof(
            Proof(content=content, campaign="may", lines=(2,), names=("Ana",), who="ann", begun_at=0)
        )
    approval = {"content": content, "name": "Ana"}
    assert (await client.post("/v1/approvals", approval)).problem == "not-approved"


async def to_many(client: Watched) -> None:
    body, headers = campaign(await saved(client), numbers(2)), {"Idempotency-Key": "spring"}
    assert (await client.post("/v1/campaigns", {**body, "rows": "x"})).status == 400
    taken = await client.post("/v1/campaigns", body, headers=headers)
    assert taken.status == 202
    place = taken.headers["Location"]
    assert (await ended(client, place))["state"] == "done"
    assert (await client.post("/v1/campaigns", body, headers=headers)).status == 200
    assert (await client.post("/v1/campaigns", {**body, "rows": "to\n1\n"}, headers=headers)).status == 409
    stop = f"{place}/stop"
    assert (await client.post(stop, {"reason": "late"})).status == 200
    assert (await client.post(stop, {})).status == 400
    assert (await client.post(stop, data=b"x")).status == 415
    assert (await client.post(stop, data=b" " * 40_001, headers=JSON)).status == 413
    for path in ("/v1/campaigns/none", "/v1/campaigns/none/events"):
        assert (await client.get(path)).status == 404
    for path in ("/v1/campaigns", stop):
        client.contract.hold("POST", path, await unfinished(client, path, "all"))


async def told(client: Watched) -> None:
    for path in ("/v1/me", "/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/page.css", "/page.js"):
        assert (await client.get(path)).status == 200


async def by_stricter_rules(folder: Path, contract: Contract) -> None:
    """What one service kept, judged by another on the same database, whose configuration is strict."""
    document = message(image("a.jpg"), subject="Long " * 12).encode()
    async with serving(folder, known=RATED) as plain:
        answer = await plain.by("all").post("/v1/fix", data=document, headers={**XML, "Prefer": "wait=100"})
        assert answer.status == 200, answer.text
    async with serving(folder, known=RATED, config=Config(strict=True)) as plain:
        client = Watched.of(plain, contract)
        place = answer.headers["Content-Location"]
        again = await client.post(f"{place}/check", headers={"Prefer": "wait=100"})
        assert again.status == 422


async def too_often(folder: Path, contract: Contract) -> None:
    """A token whose rate is used up, a queue that is full, and jobs that are not over."""
    limits = Caps(slots=1, queue=2, drain=0.1, streams=0)
    async with Sandbox(slow_seconds=60.0) as box, serving(folder, box=box, caps=limits, known=RATED) as plain:
        client = Watched.of(plain, contract)
        later = {**XML, "Prefer": "respond-async"}
        taken = [await client.post("/v1/check", data=SLOW, headers=later)]
        fix = await client.post("/v1/fix", data=BAD, headers=later)
        assert (fix.status, (await client.get(fix.json()["report"])).status) == (202, 202)
        taken += [await client.post("/v1/check", data=SLOW, headers=later) for _ in range(4)]
        assert (await client.get(taken[0].json()["report"])).status == 202
        assert (await client.get(taken[0].json()["events"])).problem == "too-many"
        assert (await client.post("/v1/lint", data=BAD, headers=later)).problem == "too-many"
    rated = {"all": RATED["all"]}
    async with serving(folder / "rated", known=rated, rate=0.01) as plain:
        client = Watched.of(plain, contract)
        await client.get("/v1/me")
        for path, method, operation in operations(contract):
            if "security" in operation:
                assert (await client.ask(method, path.replace("{id}", "A"))).problem == "too-many"


async def too_slow(folder: Path, contract: Contract) -> None:
    """Bodies that never come, and calls of a service that makes none."""
    async with serving(folder, caps=Caps(body_seconds=0.2), known=RATED) as plain:
        client = Watched.of(plain, contract)
        lint = await client.post("/v1/lint", data=BAD, headers={**XML, "Prefer": "wait=100"})
        for path, method, operation in operations(contract):
            if "requestBody" in operation and path not in CALLING:
                place = path.replace("{id}", lint.headers["Content-Location"].rpartition("/")[2])
                answer = await unfinished(client, place, "all")
                contract.hold(method, place, answer)
                assert answer.problem == "too-slow", (path, answer.text)
        for path in sorted(CALLING - {STOP}):
            assert (await client.post(path, data=GOOD, headers=XML)).problem == "no-sends"


async def not_able(folder: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away, and what nobody foresaw."""
    async with serving(folder, known=RATED) as plain:
        client = Watched.of(plain, contract)

        def away(*_given: object, **_named: object) -> None:
            raise LedgerError("it is away")

        def broken(*_given: object, **_named: object) -> None:
            raise ZeroDivisionError

        for fault, status in ((away, 503), (broken, 500)):
            for name in ("counts", "held", "hold", "release", "approve", "approvals"):
                monkeypatch.setattr(Ledger, name, fault)
            for method in ("GET", "DELETE"):
                assert (await client.ask(method, "/v1/hold")).status == status
            assert (await client.post("/v1/hold", {"reason": "x"})).status == status
            assert (await client.get("/metrics")).status == status
            for name in ("job", "shared", "add", "counts"):
                monkeypatch.setattr(Store, name, fault)
            for path in (
                *("/v1/checks/x", "/v1/jobs/x", "/v1/jobs/x/events", "/s/x", "/v1/approvals"),
                *("/v1/fixes/x", "/v1/fixes/x/files", "/v1/campaigns/x", "/v1/campaigns/x/events"),
            ):
                assert (await client.get(path)).status == status
            assert (await client.post("/v1/checks/x/share", {"seconds": 60})).status == status
            assert (await client.post("/v1/fixes/x/check")).status == status
            assert (await client.post("/v1/campaigns/x/stop", {"reason": "x"})).status == status
            for path in ("/v1/check", "/v1/lint", "/v1/fix"):
                assert (await client.post(path, data=BAD, headers=XML)).status == status
            assert (await client.get("/readyz")).status == status
            approval = {"content": f"sha256:{'0' * 64}", "name": "Ana"}
            assert (await client.post("/v1/approvals", approval)).status == status
        monkeypatch.undo()


async def test_all_that_the_document_promises_is_seen_over_a_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)], slow_seconds=1.0, ways=WAYS) as box,
        serving(
            tmp_path,
            box=box,
            caps=Caps(document=20_000, body=40_000, drain=60.0, body_seconds=2.0),
            known=RATED,
        ) as plain,
    ):
        contract = Contract(msgspec.json.decode((await plain.get("/openapi.json")).body))
        client = Watched.of(plain, contract)
        await everywhere(client)
        await judged(client)
        await mended(client)
        await called(client, box)
        await not_approved(client, tmp_path)
        await to_many(client)
        await told(client)
        for path, method, operation in operations(contract):
            rights = {right for way in operation.get("security", ()) for right in way["token"]}
            for name in ("checker", "stopper"):
                if rights.isdisjoint(RATED[name][1]) and rights:
                    place = path.replace("{id}", "A")
                    assert (await client.by(name).ask(method, place)).problem == "no-right"
    (tmp_path / "rated").mkdir()
    await too_often(tmp_path, contract)
    await too_slow(tmp_path, contract)
    await by_stricter_rules(tmp_path / "rated", contract)
    await not_able(tmp_path, contract, monkeypatch)
    missing = contract.promised - contract.seen
    # What nobody foresees cannot be provoked everywhere: it is made by one place for all routes.
    missing = {one for one in missing if one[2] != 500}
    assert not missing, sorted(missing)
