from __future__ import annotations

import json

import msgspec
import pytest
from msgspec.structs import replace

from mmscheck.report import FORMATS, PARTS, View, pieces
from mmscheck.report.clean import scrub
from mmscheck.report.escape import visible_json
from mmscheck.report.json_v1 import document
from tests.support.many_reports import many, stopped
from tests.support.reports import SAMPLES, permitted

VIEWS = {**SAMPLES, "many": many(chunked_ones=3), "stopped": stopped()}


def at_once(view: View) -> str:
    encoded = msgspec.json.format(msgspec.json.encode(document(scrub(view))), indent=2)
    return visible_json(encoded.decode()) + "\n"


@pytest.mark.parametrize("name", VIEWS)
def test_the_pieces_are_the_document(name: str) -> None:
    assert "".join(pieces("json", VIEWS[name])) == at_once(VIEWS[name])


def test_no_messages_make_an_empty_list() -> None:
    view = permitted()
    none = replace(view, report=replace(view.report, messages=()), verdict=replace(view.verdict, messages=()))
    assert "".join(pieces("json", none)) == at_once(none)


def test_there_is_a_piece_for_each_message_and_none_holds_more() -> None:
    parts = list(pieces("json", many(all_in_all=100)))
    assert len(parts) == 102
    assert max(map(len, parts)) < 10_000


def test_messages_that_were_not_checked_are_listed() -> None:
    found = json.loads("".join(pieces("json", stopped())))
    assert found["not_checked"] == [f"g{at}.xml" for at in range(1, 8)]
    assert "not_checked" not in json.loads("".join(pieces("json", permitted())))


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in PARTS])
def test_other_formats_come_in_one_piece(name: str) -> None:
    assert list(pieces(name, permitted())) == [FORMATS[name](permitted())]
