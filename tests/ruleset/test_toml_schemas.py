"""The JSON Schemas of rule files and of the configuration: current, complete, and as strict as the loader."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from mmscheck.errors import RuleSetError
from mmscheck.ruleset import load_config
from mmscheck.ruleset.config import (
    ConfigFile,
    NotifyTable,
    PricesTable,
    PriceTable,
    RecipientsTable,
    RuleTable,
    SendTable,
    WaiverTable,
)
from mmscheck.ruleset.rulefile import RuleFile, RuleText
from mmscheck.ruleset.schema import CONFIG_KEYS, RULE_KEYS, main, schemas
from tests.support.rule_roots import SLIDE_COUNT, edit, faults_of, make_root, put

CONFIG_TABLES = (
    *(ConfigFile, SendTable, NotifyTable, PricesTable, PriceTable, RecipientsTable),
    *(RuleTable, WaiverTable),
)

ROOT = Path(__file__).parents[2]
RULES = sorted(
    file
    for file in (ROOT / "rules").glob("*/*.toml")
    if file.parent.name not in {"limits", "profiles", "servers", "providers", "words"}
)

FULL = """\
profile = "send"
sender = "toll-free"
carriers = ["att"]
providers = ["twilio"]
transcoding = true
strict = true
require-confinement = true
allow-net = ["10.0.0.0/8"]
connect-to = ["a.example:443:127.0.0.1:8443"]
ca-file = "ca.pem"
timeout = 10
deadline = 60.5
max-concurrency = 8
per-host = 2
prices = { currency = "USD", countries = { US = { mms = "0.02", sms = "0.0079" } } }
own-domains = ["example.com", "example.de"]
sender-names = ["Example"]
words = ["us-en"]
own-hosts = { "media.example.com" = 64, "cdn.test:8080" = 8 }
rate = 5
proxy = "http://proxy.example:3128"
user-agent = "sender/1"
extra-rules = ["more/rules"]
[send]
api = "json"
api-url = "https://provider.example/v1/"
from = "28444"
service-id = "summer"
fallback-sms-text = "Summer sale"
operator-id = "31002"
[notify.ops]
url = "https://hooks.example.com/mms"
events = ["report", "denied-send"]
format = "webhook"
secret-file = "notify.secret"
tries = 3
[assets]
"https://media.example.com/mms/" = "media"
[recipients]
quiet-hours = "21:00-08:00"
quiet-rows = "leave"
marketing = true
min-gap = "16h"
per-day = 2
countries = ["US"]
require-consent = true
require-proof = true
list = "sales"
[rules.slide-count]
severity = "warning"
params = { maximum = 9 }
[[waivers]]
rule = "slide-count"
reason = "agreed with the provider"
who = "A. Person"
expires = 2027-01-31
source = "sale.xml"
url = "http://a.example/a.jpg"
slide = 2
"""


def validator(name: str) -> Draft202012Validator:
    schema = json.loads(schemas()[name])
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def table(text: str) -> Any:
    """The TOML as editors hand it to a validator: dates are texts."""
    return json.loads(json.dumps(tomllib.loads(text), default=dt.date.isoformat))


def test_the_module_prints_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 0
    assert capsys.readouterr().out == schemas()["config.schema.json"]
    assert [main(wrong) for wrong in ([], ["--wirte"], ["rule", "config"])] == [2, 2, 2]


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
def test_every_shipped_rule_file_validates(file: Path) -> None:
    validator("rule.schema.json").validate(table(file.read_text(encoding="utf-8")))


def test_a_configuration_with_every_key_validates_and_loads(tmp_path: Path) -> None:
    validator("config.schema.json").validate(table(FULL))
    validator("config.schema.json").validate({})
    load_config(put(tmp_path / "mmscheck.toml", FULL))
    assert {key.encode_name for key in msgspec.structs.fields(ConfigFile)} == table(FULL).keys()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("strict", "strikt"),
        ("allow-net", "allow_net"),
        ("severity", "severty"),
        ("reason", "raeson"),
        ("slide = 2", "slides = 2"),
        ("slide = 2", "slide = 0"),
        ("toll-free", "tollfree"),
        ("timeout = 10", "timeout = 0"),
        ("strict = true", "strict = 1"),
        ("2027-01-31", '"tomorrow"'),
        ('"slide-count"', '"Slide count"'),
        ("com/mms/", "com/mms"),
        ('who = "A. Person"\n', ""),
    ],
)
def test_what_the_loader_refuses_in_a_configuration_the_schema_refuses_too(
    tmp_path: Path, old: str, new: str
) -> None:
    assert FULL.count(old) == 1
    wrong = FULL.replace(old, new)
    with pytest.raises(RuleSetError):
        load_config(put(tmp_path / "mmscheck.toml", wrong))
    assert not validator("config.schema.json").is_valid(table(wrong))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("owner", "onwer"),
        ("cant_tell", "cant-tell"),
        ("[limits]", "[limit]"),
        ("[text]", "[texts]"),
        ('"E312"', '"312"'),
        ('"error"', '"fatal"'),
        ('owner = "content"\n', ""),
    ],
)
def test_what_the_loader_refuses_in_a_rule_file_the_schema_refuses_too(
    tmp_path: Path, old: str, new: str
) -> None:
    schema = validator("rule.schema.json")
    schema.validate(table(SLIDE_COUNT))
    root = make_root(tmp_path)
    edit(root / "message" / "slide-count.toml", old, new)
    assert faults_of(root)
    assert not schema.is_valid(table(SLIDE_COUNT.replace(old, new)))


def test_every_key_says_what_it_means_and_none_is_left_over() -> None:
    for keys, structs in (
        (RULE_KEYS, (RuleFile, RuleText)),
        (CONFIG_KEYS, CONFIG_TABLES),
    ):
        names = {
            f"{each.__name__}.{key.encode_name}" for each in structs for key in msgspec.structs.fields(each)
        }
        assert names == keys.keys()


def test_a_schema_holds_only_what_editors_agree_on() -> None:
    for text in schemas().values():
        assert [mark for mark in (r"\\A", r"\\Z", '"$ref"', '"null"') if mark in text] == []
