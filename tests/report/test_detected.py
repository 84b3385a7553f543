"""Who was recognised, and what is advised for it, in the text and in the JSON report."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from mmscheck.model.report import Evaluation, MessageReport, ServerAdvice
from mmscheck.model.server import Detected
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS, View
from mmscheck.servers.recognition import join_fix
from tests.support import reports
from tests.support.reports import HOSTILE, PHOTO, judged, medium, report

NGINX = ServerAdvice(
    name="nginx",
    words="It compresses. Write:\n"
    "    location /media/ {\n        gzip off; # and a long remark that goes on\n    }",
)
FASTLY = ServerAdvice(name="Fastly", words="Streaming Miss: it passes on what comes.")
MORE = replace(NGINX, words=f"{NGINX.words} Also this.")


def shown(*evaluations: Evaluation, phrase: str = "Fastly in front of nginx") -> View:
    message: MessageReport = replace(
        reports.good_message(),
        evaluations=evaluations,
        servers={PHOTO: Detected(names=("Fastly", "nginx"), phrase=phrase)},
    )
    run = report(message)
    denial = MessageVerdict(source=message.source, permitted=False, reasons=("no",), untold=("no",))
    return View(report=run, verdict=judged(run, 1, denial), width=60)


def fix(*advised: ServerAdvice) -> dict[str, Any]:
    general = "Serve it plainly."
    return {"general": general, "advice": advised, "fix": join_fix(general, advised)}


def failed(rule: str, *advised: ServerAdvice) -> Evaluation:
    return reports.evaluation(rule, Outcome.FAILED, medium(1, 1), url=PHOTO, line=7, **fix(*advised))


def text(view: View) -> str:
    return FORMATS["text"](view)


def media(view: View) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FORMATS["json"](view))["messages"][0]["media"][0]
    return found


def test_both_reports_name_who_was_recognised() -> None:
    view = shown(failed("content-length"))
    assert "\n        Detected: Fastly in front of nginx.\n" in text(view)
    assert media(view)["observation"]["server"] == ["Fastly", "nginx"]


def test_where_nobody_was_recognised_nothing_is_said() -> None:
    assert "Detected" not in text(reports.denied())
    assert media(reports.denied())["observation"]["server"] == []


def test_configuration_is_shown_as_it_is_to_be_copied() -> None:
    found = text(shown(failed("content-length", NGINX)))
    assert "          Here  For nginx: It compresses. Write:\n" in found
    margin = " " * 16
    assert (
        f"\n{margin}    location /media/ {{\n{margin}        gzip off; # and a long remark that goes on\n"
        in found
    )


def test_what_was_advised_for_a_medium_is_not_said_again_about_it() -> None:
    found = text(shown(failed("content-length", FASTLY, NGINX), failed("not-compressed", NGINX, FASTLY)))
    assert found.count("gzip off;") == found.count("Streaming") == 1
    first, second = found.split("[2] ERROR")
    assert first.index("For Fastly: Streaming Miss") < first.index("For nginx: It compresses")
    assert "Here" not in second


def test_what_was_advised_for_another_medium_is_pointed_to_in_one_line() -> None:
    here = (failed("content-length", FASTLY, NGINX), failed("not-compressed", MORE))
    there = reports.evaluation(
        "content-length",
        Outcome.FAILED,
        medium(2, 2),
        **fix(NGINX, FASTLY, MORE),
    )
    last = text(shown(*here, there)).split("[3] ERROR")[1]
    assert last.count("Here") == 1
    assert "Here For nginx: as in [1], [2]; for Fastly: as in [1]." in " ".join(last.split())
    assert "gzip off;" not in last


def test_the_json_report_keeps_the_fix_whole() -> None:
    found = json.loads(FORMATS["json"](shown(failed("content-length", NGINX, FASTLY))))
    fix = found["messages"][0]["evaluations"][0]["fix"]
    assert fix == f"Serve it plainly.\nFor {NGINX}\nFor {FASTLY}"


def test_nothing_in_a_name_is_obeyed_by_a_terminal() -> None:
    found = text(shown(failed("content-length", ServerAdvice(name="x", words=HOSTILE)), phrase=HOSTILE))
    assert "\x1b" not in found
    assert "\nPERMIT" not in found
