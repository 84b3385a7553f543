"""Outputs held to the schemas that were published for them, for every sample there is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema.exceptions import ValidationError
from jsonschema.validators import validator_for
from lxml import etree

from mmscheck.report import FORMATS
from tests.support.agreeing import EVERY
from tools.report_schema import schema as own_schema

SCHEMAS = Path(__file__).parents[2] / "fixtures" / "schemas"
FILES = {"sarif": "sarif-2.1.0-rtm.5.json", "gitlab": "gitlab-code-quality.schema.json"}


@cache
def validator(name: str) -> Any:
    text = own_schema() if name == "json" else (SCHEMAS / FILES[name]).read_text(encoding="utf-8")
    schema = json.loads(text)
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


@cache
def junit_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab"])
@pytest.mark.parametrize("sample", EVERY)
def test_json_outputs_validate_against_their_schemas(sample: str, name: str) -> None:
    validator(name).validate(json.loads(FORMATS[name](EVERY[sample])))


@pytest.mark.parametrize("sample", EVERY)
def test_junit_validates_against_the_schema_that_jenkins_uses(sample: str) -> None:
    junit_schema().assertValid(etree.fromstring(FORMATS["junit"](EVERY[sample]).encode()))


def test_the_schemas_refuse_what_is_wrong() -> None:
    log = json.loads(FORMATS["sarif"](EVERY["lax"]))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(ValidationError):
        validator("sarif").validate(log)
    issues = json.loads(FORMATS["gitlab"](EVERY["lax"]))
    issues[0]["location"]["path"] = "/absolute.xml"
    with pytest.raises(ValidationError):
        validator("gitlab").validate(issues)
    suites = etree.fromstring(FORMATS["junit"](EVERY["lax"]).encode())
    del suites[0].attrib["tests"]
    assert not junit_schema().validate(suites)
