"""How checkers came to say "fine" when they did not know: one test for each way, against this program.

The names before the colon are the programs that were seen to do it.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.checks import CHECKS
from mmscheck.cli.main import SUBCOMMANDS
from mmscheck.errors import RuleSetError
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.model.check import Check
from mmscheck.model.observation import Fetched
from mmscheck.model.rule import FLOOR
from mmscheck.model.words import Outcome
from mmscheck.report import FORMATS
from mmscheck.ruleset import load_all_rules, load_ruleset
from mmscheck.sandbox import Sandbox
from mmscheck.slidexml import parse
from tests.support.bound import send_bound
from tests.support.command import fields, image, message, mmscheck
from tests.support.raw_provider import ACCEPTED, RawProvider, answer

ROOT = Path(__file__).parents[1]
GOOD = message(image("photo-small.jpg"))


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


def network(box: Sandbox) -> list[str]:
    return ["--connect-to", f"media.example.com:80:127.0.0.1:{box.media_port}", "--allow-net", "127.0.0.1/32"]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the shipped rules to break."""
    return Path(
        shutil.copytree(ROOT / "rules", tmp_path / "rules", ignore=shutil.ignore_patterns("__pycache__"))
    )


def faults(root: Path, checks: dict[str, Check] | None = None) -> str:
    with pytest.raises(RuleSetError) as caught:
        load_ruleset(checks=checks or CHECKS, root=root)
    return "\n".join(caught.value.faults)


async def checked(text: str, **given: Any) -> Any:
    policy = FetchPolicy(timeout=10.0, retries=0)
    return await check(
        [parse(text.encode(), "sale.xml")], given.pop("ruleset", None) or load_rules(), policy, **given
    )


async def test_pip_audit_what_could_not_be_looked_at_denies_and_no_flag_changes_that(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(GOOD)
    closed = ["--connect-to", "media.example.com:80:127.0.0.1:1", "--allow-net", "127.0.0.1/32"]
    assert (await mmscheck("check", "sale.xml", *closed, cwd=tmp_path)).code == 3
    for name in SUBCOMMANDS:
        page = (await mmscheck(name, "--help", cwd=tmp_path)).out
        assert not re.search(
            r"--(no-fail|soft|exit-zero|no-exit|ignore|insecure|skip(?!-other-xml|-bad\b)|force\b)", page
        ), name


async def test_pip_audit_a_dry_run_does_not_end_like_a_send(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(GOOD)
    async with RawProvider(answer(ACCEPTED)) as provider:
        arguments = ("--dry-run", "--api-url", provider.url, *fields(), *network(box))
        ran = await send_bound("sale.xml", *arguments, cwd=tmp_path)
    assert (ran.code, provider.connections) == (5, 0)


@pytest.mark.parametrize(
    "url", ["ftp://media.example.com/a.jpg", "a.jpg", "", "http://", "file:///etc/passwd"]
)
async def test_lychee_an_unsupported_scheme_is_not_fine(url: str) -> None:
    report = await checked(message(f"<image><url>{url}</url></image>"))
    assert gate.verdict(report).exit_code == 1


async def test_lychee_the_verdict_is_an_allow_list_over_expected_pairs(box: Sandbox) -> None:
    report = await checked(message("<message-text>Hello</message-text>"))
    assert gate.verdict(report).permitted
    evaluations = report.messages[0].evaluations
    for gone in range(len(evaluations)):
        kept = evaluations[:gone] + evaluations[gone + 1 :]
        shorter = msgspec.structs.replace(report.messages[0], evaluations=kept)
        assert not gate.verdict(msgspec.structs.replace(report, messages=(shorter,))).permitted


async def test_lychee_and_zizmor_no_format_changes_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text(message("<message-text>Hi</message-text>", subject="Caf\u00e9"))
    (tmp_path / "good.xml").write_text(message("<message-text>Hi</message-text>"))
    for form in FORMATS:
        assert (await mmscheck("check", "bad.xml", "--format", form, cwd=tmp_path)).code == 1
        assert (await mmscheck("check", "bad.xml", "--format", form, "--quiet", cwd=tmp_path)).code == 1
        assert (await mmscheck("check", "good.xml", "--format", form, cwd=tmp_path)).code == 0


async def test_zizmor_a_rule_that_needs_fetching_and_got_none_is_listed_as_undecided(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(GOOD)
    closed = ["--connect-to", "media.example.com:80:127.0.0.1:1", "--allow-net", "127.0.0.1/32"]
    ran = await mmscheck("check", "sale.xml", "--format", "json", *closed, cwd=tmp_path)
    outcomes = {item["rule"]: item["outcome"] for item in json.loads(ran.out)["messages"][0]["evaluations"]}
    media = {rule.id for rule in load_rules().rules if rule.target == "media"}
    fetched = media - {
        "url-absolute",
        "url-clean",
        "url-query-free",
        "tls-valid",
        "redirect-safe",
        "no-redirect",
    }
    assert not {rule for rule in fetched if outcomes[rule] == "passed"} - {"url-public"}
    assert outcomes["content-length"] == outcomes["not-chunked"] == outcomes["media-reachable"] == "cant-tell"


@pytest.mark.parametrize("said", [None, True, "passed", 0])
async def test_spectral_a_check_that_answers_nothing_is_not_a_pass(said: object) -> None:
    ruleset = load_rules()
    broken = tuple(
        msgspec.structs.replace(rule, check=msgspec.structs.replace(rule.check, run=lambda _t, _p: said))
        if rule.id == "subject-ascii"
        else rule
        for rule in ruleset.rules
    )
    text = message("<message-text>Hello</message-text>")
    report = await checked(text, ruleset=msgspec.structs.replace(ruleset, rules=broken))
    (item,) = (item for item in report.messages[0].evaluations if item.rule == "subject-ascii")
    assert (item.outcome, item.crashed) == (Outcome.CANT_TELL, True)
    assert gate.verdict(report).exit_code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "gone.xml"),
        ("check", "--nope", "sale.xml"),
        ("check", "sale.xml", "--profile", "nope"),
        ("check", "sale.xml", "--config", "gone.toml"),
        ("check", "sale.xml", "--format", "nope"),
        ("check", "sale.xml", "--allow-net", "everything"),
        ("check", "sale.xml", "--connect-to", "x"),
        ("check", "sale.xml", "--ca-file", "gone.pem"),
        ("check", "sale.xml", "--sender", "pigeon"),
        ("check", "sale.xml", "--data", "novalue"),
        ("check", "sale.xml", "--custom-text", "one=text"),
        ("check", "sale.xml", "--timeout", "0"),
        ("nope",),
        ("send", "sale.xml", "--api-key", "secret"),
    ],
    ids=" ".join,
)
async def test_spectral_what_is_not_known_is_exit_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "sale.xml").write_text(message("<message-text>Hi</message-text>"))
    ran = await mmscheck(*arguments, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "othing was checked" in ran.err


def test_cfn_lint_a_misspelt_parameter_is_a_load_error_that_names_file_and_key(rules: Path) -> None:
    file = rules / "http" / "content-length.toml"
    file.write_text(
        file.read_text().replace("[text]", "[params]\nhaeder = 1\n[text]").replace("[params]\n[params]", "")
    )
    assert "content-length.toml" in faults(rules)


@pytest.mark.parametrize("floor", sorted(FLOOR))
async def test_cfn_lint_the_floor_cannot_be_waived_or_softened(tmp_path: Path, floor: str) -> None:
    (tmp_path / "sale.xml").write_text(message("<message-text>Hi</message-text>"))
    waiver = f'[[waivers]]\nrule = "{floor}"\nreason = "r"\nwho = "w"\nexpires = 2030-01-01\n'
    for text in (waiver, f'[rules.{floor}]\nseverity = "warning"\n'):
        (tmp_path / "mmscheck.toml").write_text(text)
        ran = await mmscheck("check", "sale.xml", cwd=tmp_path)
        assert (ran.code, ran.out) == (2, ""), text
        assert floor in ran.err


@pytest.mark.parametrize("floor", sorted(FLOOR))
def test_cfn_lint_the_floor_cannot_be_left_out(rules: Path, floor: str) -> None:
    (file,) = rules.glob(f"*/{floor}.toml")
    file.unlink()
    assert floor in faults(rules)


def test_yamllint_true_is_no_number(rules: Path) -> None:
    file = rules / "limits" / "default.toml"
    file.write_text(re.sub(r"(\[limits\.slides-max\]\nvalue = )\d+", r"\1true", file.read_text()))
    assert "slides-max" in faults(rules)


async def test_yamllint_an_empty_folder_and_a_waiver_for_no_rule_are_exit_2(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (await mmscheck("check", "empty", cwd=tmp_path)).code == 2
    (tmp_path / "sale.xml").write_text(message("<message-text>Hi</message-text>"))
    (tmp_path / "mmscheck.toml").write_text('[rules.no-such-rule]\nseverity = "warning"\n')
    ran = await mmscheck("check", "sale.xml", cwd=tmp_path)
    assert ran.code == 2
    assert "no-such-rule" in ran.err


@pytest.mark.parametrize(
    "name", ["content-length.yaml", "content-length.tml", "NOTES", "content-length.toml.bak"]
)
def test_vale_a_file_the_loader_does_not_claim_is_an_error(rules: Path, name: str) -> None:
    (rules / "http" / name).write_text("x")
    assert name in faults(rules)


def test_grafel_a_rule_file_that_does_not_parse_stops_everything(rules: Path) -> None:
    (rules / "http" / "not-chunked.toml").write_text("id = ")
    assert "not-chunked.toml" in faults(rules)


async def test_grafel_as_many_rules_run_as_there_are_files_and_the_report_says_so(tmp_path: Path) -> None:
    files = [
        file
        for file in (ROOT / "rules").glob("*/*.toml")
        if file.parent.name not in {"limits", "profiles", "servers", "providers", "words"}
    ]
    (tmp_path / "sale.xml").write_text(message("<message-text>Hi</message-text>"))
    ran = await mmscheck("check", "sale.xml", "--format", "json", cwd=tmp_path)
    assert json.loads(ran.out)["ruleset"]["rules"] == len(load_rules().rules)
    profiles = {rule.id for name in ("send", "lint") for rule in load_rules(name).rules}
    assert profiles == {file.stem for file in files}
    assert len(load_all_rules(checks=CHECKS)) == len(files)


async def test_mediaconch_nothing_applicable_is_not_valid() -> None:
    report = await checked(message("<message-text>Hello</message-text>"))
    nothing = tuple(
        msgspec.structs.replace(item, outcome=Outcome.INAPPLICABLE) for item in report.messages[0].evaluations
    )
    empty = msgspec.structs.replace(report.messages[0], evaluations=nothing)
    assert gate.verdict(msgspec.structs.replace(report, messages=(empty,))).exit_code == 3


async def test_axe_consumers_need_not_know_that_undecided_denies(tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(GOOD)
    closed = ["--connect-to", "media.example.com:80:127.0.0.1:1", "--allow-net", "127.0.0.1/32"]
    ran = await mmscheck("check", "sale.xml", "--format", "json", *closed, cwd=tmp_path)
    report = json.loads(ran.out)
    assert (report["verdict"], report["exit_code"], report["messages"][0]["verdict"]) == ("deny", 3, "deny")
    assert report["counts"]["failed"] == 0
    assert report["counts"]["cant-tell"] > 0


def test_packaging_zero_rules_is_a_load_error(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    assert faults(tmp_path / "rules")


@pytest.mark.parametrize("fault", ["no-length", "http10", "chunked", "chunked-and-length", "octet-stream"])
async def test_the_named_faults_of_the_server_each_block(box: Sandbox, tmp_path: Path, fault: str) -> None:
    expected = {
        "no-length": "content-length",
        "http10": "content-length",
        "chunked": "not-chunked",
        "chunked-and-length": "not-chunked",
        "octet-stream": "content-type-specific",
    }[fault]
    (tmp_path / "sale.xml").write_text(message(image(f"{fault}/photo-large.jpg")))
    await _blocked(expected, *network(box), cwd=tmp_path)


async def test_a_type_that_nothing_can_determine_blocks(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(message(image("no-type/mystery.bin")))
    await _blocked("media-type-known", *network(box), cwd=tmp_path)


@pytest.mark.parametrize(
    ("stored", "arguments", "rule"),
    [
        ("Sale \U0001f600", (), "subject-no-emoji"),
        ("Caf\u00e9", (), "subject-ascii"),
        ("Sale", ("--custom-subject", "Sale \U0001f600"), "subject-no-emoji"),
        ("Sale", ("--custom-subject", "50\u2009% off"), "subject-ascii"),
        ("Hi {$name|you}", ("--data", "name=Jos\u00e9"), "subject-ascii"),
        ("Hi {$name|you}", ("--data", "NAME=\U0001f600"), "subject-no-emoji"),
        ("Hi {$name|\U0001f600}", (), "subject-no-emoji"),
    ],
)
async def test_emoji_and_non_ascii_subjects_block_however_they_come_in(
    tmp_path: Path, stored: str, arguments: tuple[str, ...], rule: str
) -> None:
    (tmp_path / "sale.xml").write_text(message("<message-text>Hi</message-text>", subject=stored))
    await _blocked(rule, *arguments, cwd=tmp_path)


async def _blocked(rule: str, *arguments: str, cwd: Path) -> None:
    """The rule failed in the report, and a send with the same arguments makes no connection."""
    ran = await mmscheck("check", "sale.xml", "--format", "json", *arguments, cwd=cwd)
    outcomes = {item["rule"]: item["outcome"] for item in json.loads(ran.out)["messages"][0]["evaluations"]}
    assert (ran.code, outcomes[rule]) == (1, "failed")
    async with RawProvider(answer(ACCEPTED)) as provider:
        ran = await mmscheck("send", "sale.xml", "--api-url", provider.url, *fields(), *arguments, cwd=cwd)
    assert (ran.code, provider.connections) == (1, 0)


async def test_the_same_file_without_a_fault_is_permitted(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "sale.xml").write_text(message(image("photo-large.jpg")))
    ran = await mmscheck("check", "sale.xml", "--format", "json", *network(box), cwd=tmp_path)
    assert ran.code == 0, ran.out
    report = msgspec.json.decode(ran.out)
    assert report["messages"][0]["media"][0]["observation"]["status"] == "fetched"
    assert Fetched.__struct_config__.tag == "fetched"
