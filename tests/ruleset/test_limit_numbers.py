"""The numbers that belong to the program: whose there are, and that each says where it stands."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mmscheck.checks import CHECKS
from mmscheck.checks.sizes import Published
from mmscheck.model.rule import Rule
from mmscheck.model.words import SenderType
from mmscheck.ruleset import load_ruleset
from mmscheck.ruleset.folder import packaged_root

FOLDER = packaged_root() / "limits"
FILES = {path.stem: tomllib.loads(path.read_text()) for path in sorted(FOLDER.glob("*.toml"))}
CARRIERS = sorted(name for name, raw in FILES.items() if raw.get("kind") == "carrier")
PROVIDERS = sorted(name for name, raw in FILES.items() if raw.get("kind") == "provider")

USA = {"att", "t-mobile", "us-cellular", "verizon"}
CANADA = {"bell", "chatr", "eastlink", "fido", "freedom", "rogers", "sasktel", "telus", "videotron"}
EIGHT = {"aws", "bandwidth", "infobip", "plivo", "signalwire", "telnyx", "twilio", "vonage"}
AUSTRALIA = {"optus", "telstra", "vodafone-au"}


def numbers(raw: dict[str, Any], *above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table that holds a value, with its dotted key, however deep."""
    for key, value in raw.items():
        if isinstance(value, dict):
            if "value" in value:
                yield ".".join((*above, key)), value
            else:
                yield from numbers(value, *above, key)


ENTRIES = [(file, key, entry) for file, raw in FILES.items() for key, entry in numbers(raw)]


@cache
def params(rule: str, sender: SenderType | None) -> Any:
    """A rule's parameters with every carrier and provider at hand."""
    return next(each.params for each in rules(sender) if each.id == rule)


@cache
def rules(sender: SenderType | None) -> tuple[Rule, ...]:
    return load_ruleset(checks=CHECKS, sender=sender, carriers=CARRIERS, providers=PROVIDERS).rules


def held(carrier: str, sender: SenderType, limit: str) -> int:
    return number(carrier, sender, limit).maximum


def number(carrier: str, sender: SenderType, limit: str) -> Published:
    rule = {"message-size-max": "message-size", "message-size-advised": "message-size-advised"}[limit]
    title = FILES[carrier]["name"]
    (found,) = (each for each in params(rule, sender).carriers if each.name == title)
    assert isinstance(found, Published)
    return found


def test_the_carriers_of_three_countries_and_eight_providers_are_there() -> None:
    assert set(CARRIERS) == USA | CANADA | AUSTRALIA
    assert {FILES[name]["country"] for name in USA} == {"US"}
    assert {FILES[name]["country"] for name in CANADA} == {"CA"}
    assert {FILES[name]["country"] for name in AUSTRALIA} == {"AU"}
    assert set(PROVIDERS) == EIGHT
    assert set(FILES) == {"default", *CARRIERS, *PROVIDERS}


@pytest.mark.parametrize(("file", "key", "entry"), ENTRIES, ids=[f"{file}:{key}" for file, key, _ in ENTRIES])
def test_every_number_says_its_unit_where_it_stands_and_when_it_was_looked_up(
    file: str, key: str, entry: dict[str, Any]
) -> None:
    assert set(entry) - {"whose"} == {"value", "unit", "source", "checked"}, (file, key)
    assert ("whose" in entry) == (file == "default" and ".message-size-" in key)
    assert entry["unit"].strip()
    assert len(entry["source"].split()) > 3
    assert any(char.isdigit() for char in entry["source"]) or "undated" in entry["source"]
    assert dt.date(2026, 1, 1) <= entry["checked"] <= dt.datetime.now(dt.UTC).date()


def test_the_tests_look_at_every_number() -> None:
    text = "".join(path.read_text() for path in FOLDER.glob("*.toml"))
    assert len(ENTRIES) == text.count("\nvalue = ") > 80


@pytest.mark.parametrize(
    ("carrier", "short_code", "long_code"),
    [
        ("att", 1_400_000, 2_000_000),
        ("t-mobile", 2_800_000, 3_100_000),
        ("verizon", 1_680_000, 1_650_000),
        ("us-cellular", 7_000_000, 2_000_000),
    ],
)
def test_the_providers_own_table_of_carriers_blocks(carrier: str, short_code: int, long_code: int) -> None:
    assert held(carrier, SenderType.SHORT_CODE, "message-size-max") == short_code
    assert held(carrier, SenderType.LONG_CODE, "message-size-max") == long_code
    assert held(carrier, SenderType.TOLL_FREE, "message-size-max") == 1_000_000


@pytest.mark.parametrize("sender", SenderType)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_advice_is_never_above_what_blocks(carrier: str, sender: SenderType) -> None:
    advised, most = (number(carrier, sender, f"message-size-{end}") for end in ("advised", "max"))
    assert advised.unit == "bytes of files"
    as_files = most.maximum if most.unit == advised.unit else (most.maximum - 814) / 1.37
    assert advised.maximum <= as_files


@pytest.mark.parametrize(
    ("file", "key", "entry"), [each for each in ENTRIES if "message-size" in each[1]], ids=str
)
def test_every_size_of_a_message_is_in_the_unit_of_its_source(
    file: str, key: str, entry: dict[str, Any]
) -> None:
    """Only Sinch's table of operators speaks of base64; everybody else counts attachments."""
    packed = "ta-p/7847" in entry["source"] and "in base64" in entry["source"]
    assert entry["unit"] == ("bytes on the wire" if packed else "bytes of files"), (file, key)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_is_held_to_something_whatever_the_sender(provider: str) -> None:
    for sender in (None, *SenderType):
        limits = params("message-fits-providers", sender)
        listed = [each.name for name in limits.__struct_fields__ for each in getattr(limits, name)]
        assert FILES[provider]["name"] in listed


def test_transcoding_changes_only_file_sizes_and_only_upward() -> None:
    off = load_ruleset(checks=CHECKS).limits
    on = load_ruleset(checks=CHECKS, transcoding=True).limits
    changed = {name: (off[name].value, on[name].value) for name in off if off[name] != on[name]}
    assert changed == {
        "media-reduced": (0, 1),
        "image-size-max": (1_000_000, 3_000_000),
        "gif-size-max": (1_000_000, 1_048_576),
        "audio-size-max": (1_000_000, 10_000_000),
        "video-size-max": (1_000_000, 50_000_000),
        "image-size-advised": (740_000, 1_000_000),
        "gif-size-advised": (600_000, 740_000),
        "video-size-advised": (740_000, 10_000_000),
    }
    assert all("short code" in on[name].source for name in changed)


def test_files_of_the_folder_are_all_limits_files() -> None:
    assert {path.suffix for path in Path(FOLDER).iterdir()} == {".toml"}
