"""--carrier, --provider and --transcoding of the installed command."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mmscheck.sandbox import Sandbox
from tests.support.command import image, message, mmscheck

SIZE = 1_100_000
"""Bytes of the picture: 1,507,814 on the wire, between AT&T's and Verizon's number for short codes."""

BOTH = ["--carrier", "att", "--carrier", "verizon", "--sender", "short-code"]


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[list[str]]:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF".ljust(SIZE, b"\0"))
    (folder / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF".ljust(1000, b"\0"))
    async with Sandbox(media_dir=folder) as box:
        to = f"media.example.com:80:127.0.0.1:{box.media_port}"
        yield ["--connect-to", to, "--allow-net", "127.0.0.1/32"]


def stored(folder: Path, name: str = "a.jpg") -> Path:
    path = folder / "sale.xml"
    path.write_text(message(image(name)))
    return path


def found(report: str, rule: str) -> dict[str, Any]:
    (evaluation,) = (
        each for each in json.loads(report)["messages"][0]["evaluations"] if each["rule"] == rule
    )
    result: dict[str, Any] = evaluation
    return result


async def test_both_carriers_verdicts_are_shown(network: list[str], tmp_path: Path) -> None:
    ran = await mmscheck("check", stored(tmp_path), *BOTH, *network, cwd=tmp_path)
    assert ran.code == 1
    shown = " ".join(ran.out.split())
    assert (
        "AT&T: 1,400,000 bytes packed, 107,814 bytes too many; Verizon: 1,680,000 bytes packed, fits" in shown
    )


@pytest.mark.parametrize(
    ("name", "outcome", "att"), [("a.jpg", "failed", "failed"), ("b.jpg", "passed", "passed")]
)
async def test_both_carriers_verdicts_are_in_the_json_whatever_they_are(
    network: list[str], tmp_path: Path, name: str, outcome: str, att: str
) -> None:
    ran = await mmscheck("check", stored(tmp_path, name), *BOTH, *network, "--format", "json", cwd=tmp_path)
    size = found(ran.out, "message-size")
    assert size["outcome"] == outcome
    verdicts = [(each["maximum"], each["carriers"], each["outcome"]) for each in size["evidence"]["limits"]]
    assert verdicts == [(1_400_000, ["AT&T"], att), (1_680_000, ["Verizon"], "passed")]
    assert all("ta-p/7847" in each["sources"][0] for each in size["evidence"]["limits"])


async def test_one_evaluation_serves_all_carriers(network: list[str], tmp_path: Path) -> None:
    carriers = [part for name in ("att", "verizon", "t-mobile", "bell") for part in ("--carrier", name)]
    ran = await mmscheck("check", stored(tmp_path), *carriers, *network, "--format", "json", cwd=tmp_path)
    rules = [each["rule"] for each in json.loads(ran.out)["messages"][0]["evaluations"]]
    assert rules.count("message-size") == rules.count("message-size-advised") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--carrier", "vrizon"],
            ["unknown carrier 'vrizon'", "did you mean 'verizon'?", "att, bell, chatr"],
        ),
        (
            ["--provider", "twillio"],
            ["unknown provider 'twillio'", "did you mean 'twilio'?", "aws, bandwidth"],
        ),
    ],
)
async def test_an_unknown_name_is_2_and_lists_the_known_ones(
    tmp_path: Path, arguments: list[str], said: list[str]
) -> None:
    ran = await mmscheck("check", stored(tmp_path), *arguments, cwd=tmp_path)
    assert ran.code == 2
    assert ran.out == ""
    assert all(words in ran.err for words in said), ran.err


async def test_a_provider_is_warned_of_and_never_blocks(network: list[str], tmp_path: Path) -> None:
    path = stored(tmp_path)
    ran = await mmscheck(
        *("check", path, "--carrier", "verizon", "--sender", "short-code"),
        *("--provider", "telnyx", "--format", "json", *network),
        cwd=tmp_path,
    )
    fits = found(ran.out, "message-fits-providers")
    assert (fits["outcome"], fits["severity"]) == ("failed", "warning")
    assert "Telnyx takes 999,999 bytes, and the message has 1,100,000" in fits["message"]
    assert "40317" in fits["message"]


async def test_without_providers_the_rule_does_not_apply(network: list[str], tmp_path: Path) -> None:
    ran = await mmscheck("check", stored(tmp_path, "b.jpg"), *network, "--format", "json", cwd=tmp_path)
    assert found(ran.out, "message-fits-providers")["outcome"] == "inapplicable"


async def test_transcoding_allows_more_and_the_flag_goes_before_the_configuration(
    network: list[str], tmp_path: Path
) -> None:
    path = stored(tmp_path)
    (tmp_path / "mmscheck.toml").write_text('transcoding = true\ncarriers = ["verizon"]\n')
    on = await mmscheck("check", path, *network, "--format", "json", cwd=tmp_path)
    assert found(on.out, "media-size")["outcome"] == "passed"
    size = found(on.out, "message-size")
    assert size["outcome"] == "passed", "the provider makes the picture fit"
    assert size["evidence"]["made_to_fit"] == [size["evidence"]["made_to_fit"][0]]
    assert size["evidence"]["limits"][0]["carriers"] == ["Verizon"]
    off = await mmscheck("check", path, "--no-transcoding", *network, "--format", "json", cwd=tmp_path)
    assert found(off.out, "media-size")["outcome"] == "failed"
    assert json.loads(on.out)["ruleset"]["digest"] != json.loads(off.out)["ruleset"]["digest"]
