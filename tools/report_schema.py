"""The JSON Schemas of the JSON report and of a line of it, generated from their types."""

from __future__ import annotations

import json

import msgspec

from mmscheck.report.json_types import Document
from mmscheck.report.jsonl_types import LINES


def schema() -> str:
    """The schema (JSON Schema 2020-12) as text, indented by two, ending with a line feed."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mmscheck report, version 1",
    }
    return json.dumps(head | msgspec.json.schema(Document), indent=2) + "\n"


def lines_schema() -> str:
    """The schema of one line of ``--format jsonl``: the run's, or a message's in short or with everything."""
    kinds, types = msgspec.json.schema_components(LINES, ref_template="#/$defs/{name}")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mmscheck report as JSON lines, version 1: one line",
    }
    return json.dumps(head | {"anyOf": list(kinds), "$defs": types}, indent=2) + "\n"
