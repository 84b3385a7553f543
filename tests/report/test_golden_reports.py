"""Whole outputs compared with files under ``fixtures/golden``, so that every change of wording is seen.

Renew them after a change that is meant, then read the difference before keeping it:

    MMSCHECK_UPDATE_GOLDEN=1 python -m pytest tests/report/test_golden_reports.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from mmscheck.report import FORMATS, View
from tests.support import many_reports, reports
from tests.support.folded_reports import folded

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"
CASES = {
    "permitted.txt": ("text", reports.permitted()),
    "sent.txt": ("text", reports.sent()),
    "denied.txt": ("text", reports.denied()),
    "denied-quiet.txt": ("text", replace(reports.denied(), quiet=True)),
    "denied-narrow-color.txt": ("text", replace(reports.denied(), width=60, color=True)),
    "folded.txt": ("text", folded()),
    "folded-quiet.txt": ("text", replace(folded(), quiet=True)),
    "several-strict.txt": ("text", reports.several()),
    "crashed.txt": ("text", reports.crashed()),
    "unreadable.txt": ("text", reports.unreadable()),
    "hostile.txt": ("text", reports.hostile()),
    "many.txt": ("text", many_reports.many(chunked_ones=9, subjects=2, advised=4)),
    "many-narrow-color.txt": (
        "text",
        replace(many_reports.many(chunked_ones=9), width=60, color=True, links="file://host/mms/"),
    ),
    "pointed.txt": ("text", many_reports.pointed()),
    "pointed-narrow-color.txt": ("text", replace(many_reports.pointed(), width=60, color=True)),
    "stopped.txt": ("text", many_reports.stopped()),
    "stopped-quiet.txt": ("text", replace(many_reports.stopped(), quiet=True)),
    "let-through.txt": ("text", reports.let_through()),
    "let-through-quiet.txt": ("text", replace(reports.let_through(), quiet=True)),
    "let-through.json": ("json", reports.let_through()),
    "sent.json": ("json", reports.sent()),
    "denied.json": ("json", reports.denied()),
    "hostile.json": ("json", reports.hostile()),
}


@pytest.mark.parametrize("name", CASES)
def test_output_is_what_the_golden_file_holds(name: str) -> None:
    format_name, view = CASES[name]
    output = FORMATS[format_name](view)
    if os.environ.get("MMSCHECK_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(output, encoding="utf-8", newline="\n")
    assert output == (GOLDEN / name).read_bytes().decode("utf-8")


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("sample", reports.SAMPLES)
def test_every_format_renders_every_sample_twice_alike(format_name: str, sample: str) -> None:
    view: View = reports.SAMPLES[sample]
    output = FORMATS[format_name](view)
    assert output == FORMATS[format_name](view)
    assert output.endswith("\n")
    assert output.encode("utf-8")
