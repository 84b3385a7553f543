"""The stand-in for the provider: the XML service with five actions, and the JSON service with three."""

from __future__ import annotations

import asyncio
import hmac
import math

from aiohttp import web

from mmscheck.sandbox.actions import carrier_objection, list_templates, read_numbers, read_send
from mmscheck.sandbox.calls import CallForm, Fields, Node, from_body, from_query, read_call, write_answer
from mmscheck.sandbox.carrier import Network, message_digest
from mmscheck.sandbox.encoding import Encoder
from mmscheck.sandbox.events import Chores, Event, EventLog
from mmscheck.sandbox.json_calls import read_element
from mmscheck.sandbox.loopback import Routes
from mmscheck.sandbox.media_files import KINDS, CopyError, TooBigError, copy, examine
from mmscheck.sandbox.messages import CalledMessage, Medium, Sent, Store, read_message
from mmscheck.sandbox.mishaps import MishapDraws, befall
from mmscheck.sandbox.postbacks import Postman
from mmscheck.sandbox.refusals import Refusal
from mmscheck.sandbox.ways import Gatekeeper, Ways
from mmscheck.sandbox.web_server import of_a_page, plain

PATH = "/ep/v1/"
"""The path of the XML service's documented address."""

JSON_PATH = "/ep/v2/"
"""The path of the JSON service's (Sinch JSON API, introduction, 2026)."""

MAX_CALL_BYTES = 1_048_576
"""Longest call: eight slides of 5000 characters are far below."""

JSON_ACTIONS = frozenset({"savemms", "sendmms", "sendsavedmms"})
"""What is offered in JSON; a form of getMMSTemplates and deleteMMSID in JSON is documented nowhere (2026)."""

Answered = tuple[Fields, tuple[str, ...]]
"""The fields of a success after its status, and notes for the event."""


class Provider:
    """Answers calls; ``store`` holds what was saved and sent."""

    def __init__(self, api_key: str, routes: Routes, log: EventLog, chores: Chores, ways: Ways) -> None:
        """Take calls with this key, fetch media by these routes, and behave in these ways."""
        self._api_key = api_key.encode("utf-8", "surrogatepass")
        self._routes = routes
        self._log = log
        self._ways = ways
        self._gatekeeper = Gatekeeper(ways.throttle)
        postman = Postman(ways.postbacks, log, chores)
        self._encoder = Encoder(ways.encoding, postman, chores)
        self.mishaps = MishapDraws(ways.mishaps)
        self.network = Network(ways.carrier, postman, chores)
        self.store = Store()

    async def handle(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """The answer to one HTTP request, with an event for it."""
        place = request.path.rstrip("/") + "/"
        if place not in {PATH, JSON_PATH}:
            self._log.add(Event(source="provider", action=f"{request.method} {request.path}", outcome="404"))
            return plain(404, f"The XML service is at {PATH}, the JSON service at {JSON_PATH}.")
        if of_a_page(request):
            return plain(403, "A web page makes no calls here.")
        if place == JSON_PATH:
            return await self._handle_json(request, body)
        query = request.rel_url.raw_query_string
        if request.method != "POST" and not (request.method == "GET" and query):
            refusal = Refusal("E100", "A call is a POST of an XML document, or a GET with the fields.")
            return self._refused(request.method, refusal, CallForm.MODERN, status=405)
        try:
            call = read_call(from_body(body)) if request.method == "POST" else _queried(query)
        except Refusal as refusal:
            form = CallForm.LEGACY if b"<REQUEST" in body else CallForm.MODERN
            return self._refused(request.method, refusal, form)
        return await self._take(call)

    async def _handle_json(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        if request.method != "POST" or request.content_type != "application/json":
            refusal = Refusal("E100", "A call is a POST of application/json.")
            return self._refused(request.method, refusal, CallForm.JSON, status=405)
        try:
            element = read_element(body, request.headers.get("x-api-key", ""))
        except Refusal as refusal:
            return self._refused("POST", refusal, CallForm.JSON)
        return await self._take(Node(element=element, form=CallForm.JSON))

    async def _take(self, call: Node) -> web.StreamResponse:
        await asyncio.sleep(self._ways.answer_seconds)
        action = (call.text("action") or "").strip()
        mishap = self.mishaps.draw(action)
        if mishap is None:
            return await self._answer(call, action)
        self._log.add(Event(source="provider", action=action, outcome=f"mishap {mishap}"))
        return await befall(
            mishap,
            lambda: self._answer(call, action),
            lambda refusal: self._refused(action, refusal, call.form, to=_repeated(call)),
            self._ways.mishaps.late_seconds,
        )

    async def _answer(self, call: Node, action: str) -> web.Response:
        try:
            fields, notes = await self._act(call, action)
        except Refusal as refusal:
            return self._refused(action or "POST", refusal, call.form, to=_repeated(call))
        return self._accepted(action, fields, notes, call.form)

    async def _act(self, call: Node, action: str) -> Answered:
        key = (call.text("api-key") or "").strip()
        if not hmac.compare_digest(key.encode(), self._api_key):
            raise Refusal("E104", "The api-key is not valid.")
        self._gatekeeper.admit(action)
        if call.form is CallForm.JSON and action not in JSON_ACTIONS:
            raise Refusal("E107", "The action is missing, unknown or not offered in JSON.")
        match action.lower():
            case "savemms":
                return await self._save(call)
            case "sendsavedmms":
                return self._send(call)
            case "sendmms":
                return await self._send_at_once(call)
            case "getmmstemplates":
                return list_templates(call, self.store), ()
            case "deletemmsid":
                return self._delete(call)
            case _:
                raise Refusal("E107", "The action is missing, unknown or not offered here.")

    async def _save(self, call: Node) -> Answered:
        message = read_message(call)
        files = await self._files(message)
        size = sum(len(data) for _, data in files) + _text_size(message)
        saved = self.store.save(message, size, _message_size(message, files))
        encoded = [pair for pair in files if self._encoder.wants(pair[0])]
        self._encoder.begin(saved.mms_id, encoded, call.form)
        objection = carrier_objection(message.subject)
        return [("mms-id", saved.mms_id)], (objection,) if objection else ()

    async def _files(self, message: CalledMessage) -> list[tuple[Medium, bytes]]:
        """Every file of a message, fetched now; raises Refusal for the first that is none."""
        media = [medium for slide in message.slides for medium in slide.media]
        # Concurrent only here: at most eight slides with two files each.
        ends = await asyncio.gather(*map(self._copy, media), return_exceptions=True)
        return list(zip(media, map(_file, ends), strict=True))

    async def _send_at_once(self, call: Node) -> Answered:
        """sendMMS: the files are fetched for each call, and nothing is stored under the id it answers."""
        numbers = read_numbers(call)
        message = read_message(call, at_once=True)
        files = await self._files(message)
        wire_size = _message_size(message, files)
        objection = carrier_objection(message.subject) or self.network.size_objection(wire_size)
        sent = Sent(
            tracking_id=self.store.new_tracking_id(),
            mms_id=self.store.new_mms_id(),
            to=numbers.to,
            sender=numbers.sender,
            subject=message.subject,
            dropped=objection,
            digest=message_digest(message.subject, [slide.text for slide in message.slides]),
            form=call.form,
            client_reference=call.text("client-reference"),
        )
        self.store.send(sent)
        names = [("mms-id", sent.mms_id), ("tracking-id", sent.tracking_id), ("to", sent.to)]
        encoded = [pair for pair in files if self._encoder.wants(pair[0])]
        self._encoder.send_at_once(names, encoded, call.form, lambda: self.network.take(sent))
        return _queued(sent), (objection,) if objection else ()

    async def _copy(self, medium: Medium) -> bytes:
        """Fetch and examine one file."""
        kind = KINDS[medium.kind]
        try:
            file = await copy(medium.url, kind.limit, self._routes)
        except CopyError as error:
            where = f"The {kind.label} in slide {medium.slide} could not be copied"
            raise Refusal(kind.copy_code, f"{where}: {error}.") from None
        except TooBigError as error:
            info = f"The {kind.label} in slide {medium.slide} has {error.size} bytes, over {kind.limit}."
            raise Refusal(kind.size_code, info) from None
        examine(medium, file)
        return file.data

    def _send(self, call: Node) -> Answered:
        order = read_send(call, self.store, self._encoder.check)
        objection = carrier_objection(order.subject) or self.network.size_objection(order.saved.wire_size)
        sent = Sent(
            tracking_id=self.store.new_tracking_id(),
            mms_id=order.saved.mms_id,
            to=order.to,
            sender=order.sender,
            subject=order.subject,
            dropped=objection,
            digest=message_digest(order.subject, order.texts),
            form=call.form,
            client_reference=call.text("client-reference"),
        )
        self.store.send(sent)
        self.network.take(sent)
        return _queued(sent), (objection,) if objection else ()

    def _delete(self, call: Node) -> Answered:
        mms_id = (call.text("mms-id") or "").strip()
        if not mms_id:
            raise Refusal("E620", "The mms-id is missing.")
        if not self.store.delete(mms_id):
            raise Refusal("E241", f"There is no message with mms-id {mms_id}.")
        return [("mms-id", mms_id)], ()

    def _accepted(self, action: str, fields: Fields, notes: tuple[str, ...], form: CallForm) -> web.Response:
        ids = {name: value for name, value in fields if isinstance(value, str)}
        self._log.add(
            Event(
                source="provider",
                action=action,
                outcome="Success",
                mms_id=ids.get("mms-id"),
                tracking_id=ids.get("tracking-id"),
                notes=notes,
            )
        )
        return _written(200, [("status", "Success"), *fields], form)

    def _refused(
        self, action: str, refusal: Refusal, form: CallForm, *, status: int = 200, to: str = ""
    ) -> web.Response:
        self._log.add(
            Event(
                source="provider",
                action=action,
                outcome="Failure",
                error_code=refusal.code,
                error_info=refusal.info,
            )
        )
        fields = [
            ("status", "Failure"),
            ("error-code", refusal.code),
            *([("to", to)] if to else []),
            ("error-info", refusal.info),
        ]
        return _written(status, fields, form)


def _queried(query: str) -> Node:
    """The call whose fields are in a query; raises Refusal."""
    try:
        return read_call(from_query(query))
    except ValueError:
        raise Refusal("E100", "The query's fields have no names that elements could have.") from None


def _repeated(call: Node) -> str:
    """The recipient that the answer to a failed send repeats (samples of 2015 and 2021)."""
    sends = (call.text("action") or "").strip().lower() in {"sendsavedmms", "sendmms"}
    return (call.text("to") or "").strip() if sends else ""


def _file(end: bytes | BaseException) -> bytes:
    if isinstance(end, BaseException):
        raise end
    return end


def _queued(sent: Sent) -> Fields:
    """What the answer to an accepted send says beside its status."""
    return [
        ("mms-id", sent.mms_id),
        ("tracking-id", sent.tracking_id),
        ("to", sent.to),
        ("from", sent.sender),
        ("status-details", "The message is queued for delivery (by the sandbox: to nobody)."),
    ]


def _text_size(message: CalledMessage) -> int:
    return sum(len(slide.text.encode()) for slide in message.slides)


def _message_size(message: CalledMessage, files: list[tuple[Medium, bytes]]) -> int:
    """Bytes of files and texts on the way to a phone."""
    return sum(_wire_size(data) for _, data in files) + _text_size(message)


def _wire_size(data: bytes) -> int:
    """Bytes on the way to a phone, by the documented estimate (Sinch XML API, saveMMS, 2021)."""
    return math.ceil(len(data) * 1.37) + 814


_TYPES = {
    CallForm.MODERN: "text/xml",
    # Inferred: the public client of the upper-case dialect needs a type that its library leaves alone.
    CallForm.LEGACY: "text/html",
    CallForm.JSON: "application/json",
}


def _written(status: int, fields: Fields, form: CallForm) -> web.Response:
    headers = {"Content-Type": f"{_TYPES[form]}; charset=utf-8"}
    return web.Response(status=status, body=write_answer(fields, form), headers=headers)
