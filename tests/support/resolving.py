"""A service of its own, asked for checks, lints and a send in every format; prints what threads resolved.

``mmscheck.base.resolved`` says why a thread must never be the first to do so.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType

from mmscheck.sandbox import Sandbox
from mmscheck.serve.formats import MEDIA_TYPES
from tests.serve.test_serve_sends import asked, saved
from tests.support.serving import BAD, GOOD, form, serving

_RESOLVING = vars(importlib.import_module("msgspec._utils"))["get_class_annotations"].__code__


def _importing(frame: FrameType | None) -> bool:
    """Whether this is part of an import, which one thread does alone while the others wait."""
    return frame is not None and (frame.f_code.co_name == "<module>" or _importing(frame.f_back))


def _watch(frame: FrameType, event: str, _value: object) -> None:
    if event == "call" and frame.f_code is _RESOLVING and not _importing(frame):
        sys.stdout.write(f"{threading.current_thread().name} {frame.f_locals['obj']}\n")


async def _ask(folder: Path) -> None:
    async with (
        Sandbox(connect_to=[("media.example.com", 80, "127.0.0.1", 0)]) as box,
        serving(folder, box=box) as client,
    ):
        sender = client.by("sender")
        for path, document in (("/v1/check", GOOD), ("/v1/check", BAD), ("/v1/lint", GOOD)):
            for named in MEDIA_TYPES.values():
                headers = {"Accept": named, "Prefer": "wait=60"}
                answer = await sender.post(path, data=form(("document", "m.xml", document)), headers=headers)
                assert answer.status in {200, 422}, answer.text
        mms_id = await saved(sender)
        headers = {"Idempotency-Key": "order-1", "Prefer": "wait=60"}
        sent = await sender.post("/v1/send", asked(mms_id), headers=headers)
        assert sent.status == 200, sent.text


if __name__ == "__main__":
    threading.setprofile(_watch)
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(_ask(Path(made)))
