"""Whole machine outputs compared with files under ``fixtures/golden``.

Renew them after a change that is meant, then read the difference before keeping it:

    MMSCHECK_UPDATE_GOLDEN=1 python -m pytest tests/report/test_golden_machine.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mmscheck.report import FORMATS
from tests.support.agreeing import EVERY

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"
SUFFIXES = {
    "junit": "junit.xml",
    "sarif": "sarif",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "csv": "csv",
    "markdown": "md",
    "jsonl": "jsonl",
}
SAMPLES = {"denied": "denied", "let-through": "let-through", "hostile": "hostile", "mixed-strict": "strict"}


@pytest.mark.parametrize("name", SUFFIXES)
@pytest.mark.parametrize("sample", SAMPLES)
def test_machine_output_is_what_the_golden_file_holds(sample: str, name: str) -> None:
    output = FORMATS[name](EVERY[SAMPLES[sample]]).encode()
    file = GOLDEN / f"{sample}.{SUFFIXES[name]}"
    if os.environ.get("MMSCHECK_UPDATE_GOLDEN"):
        file.write_bytes(output)
    assert output == file.read_bytes()
