from __future__ import annotations

import csv
import io
import re

import pytest
from msgspec.structs import replace

from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS, View, csv_rows
from tests.support.agreeing import EVERY
from tests.support.reports import SECRETS, deny, evaluation, judged, message, permitted, report, slide


def table(view: View) -> list[list[str]]:
    return list(csv.reader(io.StringIO(FORMATS["csv"](view), newline=""), strict=True))


def test_a_run_with_nothing_to_look_at_has_the_header_alone() -> None:
    assert table(permitted()) == [list(csv_rows.COLUMNS)]


@pytest.mark.parametrize("name", EVERY)
def test_a_header_alone_means_that_the_run_went_well(name: str) -> None:
    assert len(table(EVERY[name])) > 1 or EVERY[name].verdict.exit_code == 0


@pytest.mark.parametrize("name", EVERY)
def test_every_row_has_a_cell_for_every_column_and_ends_as_the_rfc_has_it(name: str) -> None:
    assert {len(row) for row in table(EVERY[name])} == {len(csv_rows.COLUMNS)}
    output = FORMATS["csv"](EVERY[name])
    assert output.endswith("\r\n")
    assert output.count("\r") == output.count("\n") == output.count("\r\n") == len(table(EVERY[name]))


@pytest.mark.parametrize("name", EVERY)
def test_no_cell_is_a_formula(name: str) -> None:
    for row in table(EVERY[name])[1:]:
        assert not [cell for cell in row if re.match(r"\s*[=+\-@\t\r\n＝＋－＠]", cell)]  # noqa: RUF001 - these too


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\u3000=1"])  # noqa: RUF001 - what spreadsheets take as well
def test_what_a_spreadsheet_would_reckon_is_text(start: str) -> None:
    run = report(message("a.xml", (evaluation("x", Outcome.FAILED, slide(1), message=start, reason=start),)))
    row = dict(zip(csv_rows.COLUMNS, table(View(report=run, verdict=judged(run, 1)))[1], strict=True))
    assert row["message"][0] in "'\\"
    assert row["reason"][0] in "'\\"


@pytest.mark.parametrize("separator", [";", "|", "\t", ","])
@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", '"=1', "＝1"])  # noqa: RUF001 - these too
def test_no_part_of_a_cell_is_a_formula_where_lists_have_another_separator(
    separator: str, start: str
) -> None:
    said = f"x{separator}{start}{separator}{start}"
    run = report(message("a.xml", (evaluation("x", Outcome.FAILED, slide(1), message=said, reason=said),)))
    for line in FORMATS["csv"](View(report=run, verdict=judged(run, 1))).splitlines()[1:]:
        assert not re.search(r"""[;|\t][\s"]*[=+\-@＝＋－＠]""", line)  # noqa: RUF001 - these too


@pytest.mark.parametrize("name", EVERY)
def test_every_cell_is_quoted(name: str) -> None:
    for line in FORMATS["csv"](EVERY[name]).split("\r\n")[:-1]:
        assert re.fullmatch(r'"(?:[^"]|"")*"(?:,"(?:[^"]|"")*")*', line)


def test_quotes_commas_and_semicolons_stay_in_their_cell() -> None:
    said = 'a "quoted", word; and more'
    run = report(message("a,b.xml", (evaluation("x", Outcome.FAILED, slide(2), message=said),)))
    row = dict(zip(csv_rows.COLUMNS, table(View(report=run, verdict=judged(run, 1)))[1], strict=True))
    assert (row["source"], row["message"], row["target"], row["slide"]) == ("a,b.xml", said, "slide", "2")


def test_each_row_tells_the_verdict_of_its_own_message() -> None:
    bad = (evaluation("x", Outcome.FAILED, slide(1)),)
    run = report(message("same.xml", bad), message("same.xml", bad))
    verdict = replace(
        judged(run, 1),
        messages=(deny("same.xml", "x"), replace(deny("same.xml"), permitted=True, reasons=())),
    )
    rows = [
        dict(zip(csv_rows.COLUMNS, row, strict=True)) for row in table(View(report=run, verdict=verdict))[1:]
    ]
    # What the gate has against the first is told by no finding; the run's own verdict is told by both.
    assert [row["message_verdict"] for row in rows] == ["deny", "deny", "permit"]
    assert [row["rule"] for row in rows] == ["mmscheck-gate", "x", "x"]
    assert {row["run_verdict"] for row in rows} == {"deny"}


def test_a_waived_finding_names_who_let_it_through() -> None:
    rows = [dict(zip(csv_rows.COLUMNS, row, strict=True)) for row in table(EVERY["let-through"])[1:]]
    waived = {row["rule"]: row["waived_by"] for row in rows if row["effect"] == "waived"}
    assert waived["image-dimensions"] == "A. Person, until 2027-01-31: seen on phones"


def test_every_column_is_documented() -> None:
    told = re.findall(r"``(\w+)``", csv_rows.__doc__ or "")
    assert set(told) == set(csv_rows.COLUMNS)


@pytest.mark.parametrize("name", EVERY)
def test_no_secret_and_no_hidden_character_gets_in(name: str) -> None:
    output = FORMATS["csv"](EVERY[name])
    assert not [secret for secret in SECRETS if secret in output]
    assert not [char for char in output if not char.isprintable() and char not in "\r\n"]
