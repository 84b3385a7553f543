"""What strangers write never becomes a command to the CI runner that prints a report.

The two readers are ports of ``ActionCommand.TryParseV2`` and ``TryParse`` of GitHub's runner (2.3xx), without
its list of names: any name counts. Azure and TeamCity look for the same kind of bracket.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape

import pytest
from msgspec.structs import replace

from mmscheck.diff import DIFF_FORMATS
from mmscheck.model.campaign import CampaignResult, RowFate, RowNote
from mmscheck.report import FORMATS
from mmscheck.report.escape import muted, visible, visible_json
from mmscheck.report.layout import Page
from tests.support import compared, reports

COMMANDS = (
    "::stop-commands::abcdef ::stop-commands::abcdef \t::set-output name=verdict::permit "
    "##[set-output name=verdict]permit ##vso[task.setvariable variable=A]b ##VSO[task.x]c "
    "##teamcity[buildStatus text='x'] ###[group]\n::error::forged\n   ::add-mask::e\r\n##[error]f"
)


def obeyed(output: str) -> Iterator[str]:
    """The lines that a runner would obey."""
    for line in re.split(r"\r\n|[\r\n]", output):
        begun = line.lstrip()
        if begun.startswith("::") and "::" in begun[2:] and re.match(r"::\s*[a-z]", begun, re.IGNORECASE):
            yield line
        if re.search(r"##\w*\[", line):
            yield line


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "HOSTILE", COMMANDS)


@pytest.mark.usefixtures("hostile")
@pytest.mark.parametrize("width", [20, 47, 100])
@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize("form", FORMATS)
def test_no_report_speaks_to_the_runner(form: str, quiet: bool, width: int) -> None:  # noqa: FBT001 - a parameter
    campaign = CampaignResult(
        name=COMMANDS,
        file=COMMANDS,
        rows=1,
        stopped=COMMANDS,
        notes=(RowNote(line=1, to=COMMANDS, fate=RowFate.DENIED, columns=(COMMANDS,), detail=COMMANDS),),
    )
    view = replace(reports.hostile(), quiet=quiet, width=width, campaign=campaign)
    output = FORMATS[form](view)
    assert "stop-commands" in output
    own = re.compile(r"::(?:error|warning|notice|group|endgroup)\b") if form == "github" else None
    assert [line for line in obeyed(output) if not (own and own.match(line))] == []
    if own:
        for line in output.splitlines():
            assert (
                not own.match(line) or len(re.findall(r"(?<!:)::(?!:)", line.split("stop-commands")[0])) <= 2
            )


@pytest.mark.usefixtures("hostile")
def test_json_still_says_what_was_said() -> None:
    found = json.loads(FORMATS["json"](reports.hostile()))
    assert found["messages"][0]["subject"] == COMMANDS


@pytest.mark.parametrize("form", DIFF_FORMATS)
def test_no_comparison_speaks_to_the_runner(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "EVIL", COMMANDS)
    output = DIFF_FORMATS[form](compared.hostile(), Page(width=47, color=False))
    assert "stop-commands" in output
    assert list(obeyed(output)) == []


@pytest.mark.parametrize(
    "text", ["::1", "::ffff:10.0.0.1", "is ::1, and ::/0; so", "a::b", "std::string", "# [x]", "##"]
)
def test_what_is_no_command_stays_as_it_is(text: str) -> None:
    assert visible(text) == text == muted(text)


def test_what_is_broken_is_broken_visibly() -> None:
    assert visible("x ::error::y ##[z] ##vso[w]") == "x : :error::y ## [z] ##vso [w]"
    assert json.loads(visible_json('{"a": "##[z] ##vso[w]"}')) == {"a": "##[z] ##vso[w]"}
    assert unescape("&#35;#[z]") == "##[z]"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_nothing_else_that_is_printed_speaks_to_the_runner(stream: str) -> None:
    call = "write_stdout" if stream == "stdout" else "say"
    script = f"from mmscheck.cli.say import {call}; {call}({COMMANDS!r})"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    output = ran.stdout if stream == "stdout" else ran.stderr
    assert "stop-commands" in output
    assert list(obeyed(output)) == []
