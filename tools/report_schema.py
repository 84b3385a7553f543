"""The JSON Schema of the JSON report, ``mmscheck/report/report.schema.json``, generated from its types."""

from __future__ import annotations

import json

import msgspec

from mmscheck.report.json_types import Document


def schema() -> str:
    """The schema (JSON Schema 2020-12) as text, indented by two, ending with a line feed."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mmscheck report, version 1",
    }
    return json.dumps(head | msgspec.json.schema(Document), indent=2) + "\n"
