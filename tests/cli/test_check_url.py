"""``mmscheck check URL``: a medium by itself, under the rules and policies of messages; never a permit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mmscheck.cli.main import main
from mmscheck.errors import PermitError, RuleSetError
from mmscheck.fetch import FetchPolicy, parse_connect_to
from mmscheck.judge import gate
from mmscheck.judge.media_alone import check_urls
from mmscheck.judge.pipeline import CheckOptions, load_rules
from mmscheck.model.request import SendRequest
from mmscheck.model.words import TargetKind
from mmscheck.report import FORMATS
from mmscheck.ruleset import load_config
from mmscheck.sandbox import Sandbox
from tests.support.command import image, message, mmscheck

HOST = "http://media.example.com"
GOOD = f"{HOST}/photo-small.jpg"
BAD = f"{HOST}/chunked/photo-small.jpg"


@pytest.fixture
async def network() -> AsyncIterator[tuple[str, ...]]:
    async with Sandbox() as box:
        where = f"media.example.com:80:127.0.0.1:{box.media_port}"
        yield ("--allow-net", "127.0.0.1/32", "--connect-to", where)


async def report(*arguments: str, cwd: Path) -> tuple[int, dict[str, Any]]:
    ran = await mmscheck("check", *arguments, "--format", "json", cwd=cwd)
    return ran.code, json.loads(ran.out)


async def test_a_good_file_passes_and_permits_nothing(network: tuple[str, ...], tmp_path: Path) -> None:
    code, told = await report(GOOD, *network, cwd=tmp_path)
    assert (code, told["verdict"], told["exit_code"]) == (0, "pass-media", 0)
    assert [each["verdict"] for each in told["messages"]] == ["pass-media"]
    ran = await mmscheck("check", GOOD, *network, cwd=tmp_path)
    assert "PASS: " in ran.out
    assert "there is no message, so nothing is permitted" in " ".join(ran.out.split())
    assert "PERMIT" not in ran.out


@pytest.mark.parametrize("strict", [False, True])
async def test_every_rule_about_media_of_a_send_is_applied_and_the_others_are_named(
    network: tuple[str, ...],
    tmp_path: Path,
    strict: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    _, told = await report(GOOD, *network, *(("--strict",) if strict else ()), cwd=tmp_path)
    rules = load_rules("send").rules
    media = [rule.id for rule in rules if rule.target is TargetKind.MEDIA]
    assert sorted(each["rule"] for each in told["messages"][0]["evaluations"]) == sorted(media)
    (left,) = [text for text in told["allowances"] if text.startswith("Not applied, because they need a")]
    others = [rule.id for rule in rules if rule.target is not TargetKind.MEDIA]
    assert left.partition(": ")[2] == ", ".join(others) + "."


async def test_a_fault_is_the_one_that_a_message_would_have(network: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(message(image("chunked/photo-small.jpg")))
    alone, in_message = [await report(what, *network, cwd=tmp_path) for what in (BAD, "sale.xml")]
    assert (alone[0], alone[1]["verdict"]) == (1, "deny")
    found = [
        {(each["rule"], each["outcome"]) for each in told["messages"][0]["evaluations"] if each["url"]}
        for _, told in (alone, in_message)
    ]
    assert {("not-chunked", "failed"), ("content-length", "failed")} <= found[0]
    assert found[0] - found[1] <= {("media-kind-matches", "inapplicable")}


@pytest.mark.parametrize(
    ("url", "code", "rule"),
    [
        (f"{HOST}/status-404/photo-small.jpg", 1, "media-reachable"),
        (f"{HOST}/html/photo-small.jpg", 1, "not-a-web-page"),
        (f"{HOST}/octet-stream/contact-small.vcf", 1, "content-type-specific"),
        (f"{HOST}/", 1, "url-absolute"),
        ("ftp://media.example.com/photo.jpg", 1, "url-absolute"),
        ("http://127.0.0.9/photo.jpg", 1, "url-public"),
        ("https://[::1/photo.jpg", 1, "url-absolute"),
    ],
)
async def test_siblings_are_denied_for_their_own_reason(
    url: str, code: int, rule: str, network: tuple[str, ...], tmp_path: Path
) -> None:
    got, told = await report(url, *network, cwd=tmp_path)
    failed = [each["rule"] for each in told["messages"][0]["evaluations"] if each["outcome"] == "failed"]
    assert (got, told["verdict"]) == (code, "deny")
    assert rule in failed


async def test_addresses_are_guarded_as_they_are_for_messages(tmp_path: Path) -> None:
    async with Sandbox() as box:
        code, told = await report(f"{box.media_url}photo-small.jpg", cwd=tmp_path)
    assert code == 1
    assert told["messages"][0]["media"][0]["observation"]["status"] == "not-fetched"


async def test_several_are_files_and_a_secret_of_theirs_is_not_shown(
    network: tuple[str, ...], tmp_path: Path
) -> None:
    urls = (GOOD, f"{BAD}?sig=0123456789abcdef0123456789abcdef")
    files = [argument for form in FORMATS for argument in ("--format", f"{form}=out.{form}")]
    ran = await mmscheck("check", *urls, *network, *files, cwd=tmp_path)
    assert ran.code == 1
    for form in FORMATS:
        assert "0123456789abcdef" not in (tmp_path / f"out.{form}").read_text(encoding="utf-8"), form
    text = (tmp_path / "out.text").read_text(encoding="utf-8")
    assert "Checked 2 files" in text
    assert "1 of the files can be used, 1 cannot" in text


async def test_the_configuration_of_the_folder_applies(network: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "mmscheck.toml").write_text('[rules.not-compressed]\nseverity = "warning"\n')
    code, told = await report(f"{HOST}/gzip/photo-small.jpg", *network, cwd=tmp_path)
    severities = {each["rule"]: each["severity"] for each in told["messages"][0]["evaluations"]}
    assert severities["not-compressed"] == "warning"
    assert told["ruleset"]["configuration"] == str(tmp_path / "mmscheck.toml")
    assert code


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("sale.xml", GOOD), "sale.xml: URLs and messages are checked apart"),
        ((GOOD, "-"), "URLs and messages are checked apart"),
        ((GOOD, "--data", "firstname=Ana"), "--data is about messages"),
        ((GOOD, "--custom-subject", "x"), "--custom-subject is about messages"),
        ((GOOD, "--fail-fast"), "--fail-fast is about messages"),
        ((GOOD, "--deep", "--sample-probes"), "--deep asks for every file in every way"),
        ((GOOD, "--profile", "lint"), "--profile lint"),
        ((GOOD, "--profile", "media"), "unknown profile"),
    ],
)
def test_what_needs_a_message_is_said(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_lint_says_who_fetches(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", GOOD]) == 2
    assert "lint is offline; mmscheck check fetches URLs" in capsys.readouterr().err


async def test_no_report_on_a_url_makes_a_permit() -> None:
    async with Sandbox() as box:
        where = parse_connect_to(f"media.example.com:80:127.0.0.1:{box.media_port}")
        policy = FetchPolicy(allow_net=("127.0.0.1/32",), connect_to=(where,))
        seen = await check_urls([GOOD], load_rules("send"), CheckOptions(policy=policy))
    request = SendRequest(mms_id="1", to="15551230001", from_="28444", service_id="x")
    assert (gate.verdict(seen).permitted, gate.verdict(seen).passed_media) == (False, True)
    with pytest.raises(PermitError, match="without their message"):
        gate.permit(seen, request, 0.0)


async def test_the_floor_of_media_counts_for_a_url() -> None:
    rules = load_rules("send")
    weak = [rule for rule in rules.rules if rule.id != "url-public"]
    seen = await check_urls(
        ["http://nowhere.invalid/a.jpg"],
        type(rules)(
            **{name: getattr(rules, name) for name in rules.__struct_fields__} | {"rules": tuple(weak)}
        ),
        CheckOptions(policy=FetchPolicy()),
    )
    assert any("url-public" in reason for reason in gate.verdict(seen).reasons)


def test_nobody_calls_a_profile_as_these_runs_are_called(tmp_path: Path) -> None:
    profile = tmp_path / "own" / "profiles" / "media.toml"
    profile.parent.mkdir(parents=True)
    rules = ", ".join(f'"{rule.id}"' for rule in load_rules("send").rules)
    profile.write_text(f'id = "media"\ntitle = "Ours"\nrules = [{rules}]\n')
    (tmp_path / "mmscheck.toml").write_text('extra-rules = ["own"]\nprofile = "media"\n')
    with pytest.raises(RuleSetError, match="expected another name"):
        load_rules(config=load_config(tmp_path / "mmscheck.toml"))
