"""Reports as JSON lines: what they hold, that each line is as its schema says, that they compare alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace

from mmscheck.diff import Comparison, compare
from mmscheck.errors import InputError
from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS, View, json_v1, jsonl, pieces
from mmscheck.report.json_read import ReadReport, read_report
from tests.support import compared, html_reports, reports
from tests.support.agreeing import EVERY
from tests.support.many_reports import many, stopped
from tools.report_schema import lines_schema

VIEWS = {**EVERY, **reports.SAMPLES, "many": many(chunked_ones=3), "stopped": stopped()}
LINE = jsonschema.Draft202012Validator(json.loads(lines_schema()))


def lines(view: View) -> list[dict[str, Any]]:
    return [json.loads(line) for line in FORMATS["jsonl"](view).splitlines()]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", VIEWS)
def test_every_line_is_as_the_schema_says(name: str, *, whole: bool) -> None:
    view = replace(VIEWS[name], all_evaluations=whole)
    run, *messages = lines(view)
    for line in (run, *messages):
        LINE.validate(line)
    assert "run" in run
    assert run["run"]["messages"] == len(messages) == len(view.report.messages)
    assert all(("passed" in line["message"]) is not whole for line in messages)


def test_the_schema_refuses_what_is_no_line() -> None:
    run, message = lines(reports.denied())
    del message["message"]["verdict"]
    run["run"]["version"] = 2
    assert not LINE.is_valid(message)
    assert not LINE.is_valid(run)


@pytest.mark.parametrize("name", VIEWS)
def test_lines_tell_what_the_json_report_tells(name: str) -> None:
    view = VIEWS[name]
    whole = json.loads(FORMATS["json"](view))
    run, *messages = lines(view)
    mine = {"format", "messages", "permitted", "denied", "undecided", "all_evaluations", "rules"}
    told = {key: value for key, value in run["run"].items() if key not in mine}
    assert told == {key: value for key, value in whole.items() if key != "messages"}
    for line, message in zip(messages, whole["messages"], strict=True):
        brief = line["message"]
        for key in ("source", "digest", "verdict", "reasons", "findings", "request_digest", "subject"):
            assert brief[key] == message[key]
        settled = ("passed", "inapplicable")
        assert brief["evaluations"] == [x for x in message["evaluations"] if x["outcome"] not in settled]
        for outcome in settled:
            named = {(rule, place) for rule, places in brief[outcome].items() for place in places}
            assert named == {
                (x["rule"], _place(x)) for x in message["evaluations"] if x["outcome"] == outcome
            }
        for short, full in zip(brief["media"], message["media"], strict=True):
            assert short["observation"] == {key: full["observation"][key] for key in short["observation"]}


def _place(item: dict[str, Any]) -> str:
    number = item[item["target"]] if item["target"] in {"slide", "media"} else None
    return item["target"] if number is None else f"{item['target']} {number}"


@pytest.mark.parametrize("name", VIEWS)
def test_with_all_evaluations_messages_are_those_of_the_json_report(name: str) -> None:
    whole = json.loads(FORMATS["json"](VIEWS[name]))
    _, *messages = lines(replace(VIEWS[name], all_evaluations=True))
    for line, message in zip(messages, whole["messages"], strict=True):
        assert {key: line["message"][key] for key in message} == message
        assert set(line["message"]) - set(message) == {"counts", "slides"}


def test_messages_are_counted_by_what_became_of_them() -> None:
    run = lines(many(chunked_ones=3))[0]["run"]
    assert (run["messages"], run["permitted"], run["denied"], run["undecided"]) == (30, 27, 3, 0)


def test_there_is_a_piece_for_each_line() -> None:
    parts = list(pieces("jsonl", many(all_in_all=100)))
    assert len(parts) == 101
    assert all(part.endswith("\n") and part.count("\n") == 1 for part in parts)


def test_what_passed_takes_little_room() -> None:
    view = html_reports.many(20, 4)
    assert len(FORMATS["jsonl"](view)) * 5 < len(FORMATS["json"](view))


def test_a_rules_words_hold_no_secret_of_a_url() -> None:
    secret = "signature=abcdef0123456789abcdef"
    url = f"https://media.example.com/a b.jpg?{secret}"
    ref = compared.picture(url, 1, 1)
    fine = reports.evaluation("content-length", Outcome.PASSED, reports.medium(1, 1), fix=f"As {secret} is.")
    output = FORMATS["jsonl"](compared.view(compared.one(fine, media=(ref,))))
    assert "content-length" in output
    assert secret not in output


# Read again


def read(file: Path, view: View) -> ReadReport:
    file.write_text(FORMATS["jsonl"](view), encoding="utf-8")
    return read_report(file)


def told(comparison: Comparison) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(comparison)
    value["changes"].sort(key=json.dumps)
    return value


def runs() -> tuple[View, View]:
    """Two runs of messages with real rules, between which media and messages changed."""
    return html_reports.three(), html_reports.everything()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("way", ["forth", "back"])
def test_a_comparison_is_the_same_whichever_format_it_reads(tmp_path: Path, way: str, *, whole: bool) -> None:
    old, new = runs() if way == "forth" else reversed(runs())
    wanted = told(compared.difference(old, new))
    lined = [read(tmp_path / "r.jsonl", replace(view, all_evaluations=whole)) for view in (old, new)]
    plain = [compared.read(view) for view in (old, new)]
    assert wanted["changes"]
    for before, after in ((lined[0], lined[1]), (plain[0], lined[1]), (lined[0], plain[1])):
        assert told(compare(before, after, old_file="old.json", new_file="new.json")) == wanted


@pytest.mark.parametrize("name", VIEWS)
def test_every_report_in_lines_can_be_read(name: str, tmp_path: Path) -> None:
    view = VIEWS[name]
    found = read(tmp_path / "r.jsonl", view)
    whole = msgspec.json.decode(json_v1.render(view), type=ReadReport)
    assert [message.source for message in found.messages] == [message.source for message in whole.messages]
    assert found.counts == whole.counts


def refusal(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_report(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(f"{file}: ")


def test_what_is_cut_or_no_such_report_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    whole = jsonl.render(many(chunked_ones=1))
    rows = whole.splitlines(keepends=True)
    assert "promises 30 messages, and 29 lines follow" in refusal(file, "".join(rows[:-1]))
    assert "line 31 is not JSON" in refusal(file, whole[:-20])
    assert "line 2 is not of a mmscheck report in lines" in refusal(file, rows[0] * 2)
    assert "of version 2" in refusal(file, whole.replace('"version":1,', '"version":2,', 1))
    assert "counts.passed" in refusal(file, whole.replace('"passed":{"', '"passed":{},"x":{"', 1))
    assert "names request-of-nobody" in refusal(
        file, whole.replace('"passed":{"', '"passed":{"request-of-nobody":["message"],"', 1)
    )
    assert "names media 7" in refusal(file, whole.replace('"media 1"', '"media 7"', 1))
    assert "line 1 is not of a mmscheck report in lines" in refusal(
        file, '{"run": {"started": "x"}}\n'.replace(": ", ":")
    )
