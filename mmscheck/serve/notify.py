"""What is told to whom: events as webhooks (signed), Slack and Teams messages.

Signatures are those of Standard Webhooks 1.0 (https://www.standardwebhooks.com, 2026-11): HMAC-SHA256 over
``ID.TIMESTAMP.BODY``. Texts name a job, a kind and a verdict; no number, no text of a message and no URL.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from mmscheck.errors import UsageError
from mmscheck.ruleset import Config
from mmscheck.ruleset.config import NotifyEvent, NotifyFormat

SHORTEST_SECRET = 16
"""Characters of the secret that signs: what can be guessed proves nothing."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One place that is told; ``secret`` signs what a webhook gets, ``tries`` is how often it is tried."""

    name: str
    url: str
    format: NotifyFormat
    events: frozenset[NotifyEvent]
    secret: bytes
    tries: int

    def __repr__(self) -> str:
        """Without the address, which for Slack and Teams is a secret itself."""
        return f"Target({self.name})"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; ``data`` goes to webhooks, ``title`` and ``text`` to people."""

    id: str
    event: NotifyEvent
    title: str
    text: str
    at: str
    data: dict[str, Any] = {}


def targets_of(config: Config) -> tuple[Target, ...]:
    """The places that ``[notify]`` names; raises UsageError for a secret that cannot be read, or is none."""
    found = []
    for name, table in config.notify.items():
        secret = b""
        if table.secret_file is not None:
            file = config.path.parent / table.secret_file
            try:
                secret = file.read_bytes().strip()
            except OSError as error:
                raise UsageError(
                    f"{config.path}: notify.{name}.secret-file: {file} cannot be read: {error.strerror}"
                ) from None
        if table.format is NotifyFormat.WEBHOOK and len(secret) < SHORTEST_SECRET:
            raise UsageError(
                f"{config.path}: notify.{name}: a webhook is signed; give secret-file, a file of at least "
                f"{SHORTEST_SECRET} characters"
            )
        found.append(
            Target(
                name=name,
                url=table.url,
                format=table.format,
                events=frozenset(table.events),
                secret=secret,
                tries=table.tries,
            )
        )
    return tuple(found)


def body_for(target: Target, notice: Notice) -> bytes:
    """The body as this target takes it."""
    if target.format is NotifyFormat.SLACK:
        return msgspec.json.encode({"text": f"*{_slack(notice.title)}*\n{_slack(notice.text)}"})
    if target.format is NotifyFormat.TEAMS:
        return msgspec.json.encode(_card(notice))
    told = {"type": notice.event.value, "timestamp": notice.at, "data": notice.data}
    return msgspec.json.encode({**told, "title": notice.title, "text": notice.text})


def headers_for(target: Target, notice_id: str, body: bytes, now: float) -> Mapping[str, str]:
    """The headers; those of Standard Webhooks where the target has a secret."""
    headers = {"Content-Type": "application/json", "User-Agent": "mmscheck"}
    if target.secret:
        moment = str(int(now))
        signed = f"{notice_id}.{moment}.".encode() + body
        digest = base64.b64encode(hmac.new(target.secret, signed, hashlib.sha256).digest()).decode()
        headers |= {
            "webhook-id": notice_id,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{digest}",
        }
    return headers


def _slack(text: str) -> str:
    """Text in which Slack finds no link, mention or emphasis of a stranger's making."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\u200b{char}" if char in "*_~`" else char for char in text)


def _card(notice: Notice) -> dict[str, Any]:
    """An Adaptive Card 1.4 in a message of Teams' workflows; a TextRun has no Markdown in it."""

    def block(text: str, **how: Any) -> dict[str, Any]:
        return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **how}]}

    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block(notice.title, weight="Bolder"), block(notice.text)],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}
