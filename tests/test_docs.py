"""The guides under docs/ against the program: what they name exists, and what they show is what comes out."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import mmscheck
from mmscheck.checks.reach import MEANING
from mmscheck.cli.main import cli
from mmscheck.diff import DIFF_FORMATS
from mmscheck.judge.pipeline import load_rules
from mmscheck.judge.rulebook import read_entries
from mmscheck.model.exits import INTERRUPTED, Exit
from mmscheck.model.observation import Reason
from mmscheck.model.words import Severity
from mmscheck.report import FORMATS
from mmscheck.ruleset import Config, load_config, published_limits
from mmscheck.sinch.codes import explain

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GUIDES = sorted(path.name for path in DOCS.glob("*.md") if path.name != "rules.md")
README = "../README.md"
PAGES = [README, *GUIDES]
EVERY = [*PAGES, "../CONTRIBUTING.md"]
RULES = {entry.rule.id for entry in read_entries(Config())}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(text(name)) if kind == language]


def outside(name: str) -> str:
    """The guide without its blocks."""
    return FENCE.sub("", text(name))


def anchors(file: Path) -> set[str]:
    found = set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text(encoding="utf-8")), re.MULTILINE):
        kept = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", ""))
        found.add(kept.strip().replace(" ", "-"))
    return found


def test_the_guides_are_those_that_were_promised() -> None:
    assert GUIDES == [
        "checking.md",
        "configuration.md",
        "content-team.md",
        "fetching.md",
        "fixing.md",
        "fleet.md",
        "json.md",
        "ledger.md",
        "limits.md",
        "other-providers.md",
        "pipeline.md",
        "recipients.md",
        "repository.md",
        "sandbox.md",
        "sending.md",
        "serving.md",
        "slide-xml.md",
        "stability.md",
        "stops-and-reports.md",
        "writing-rules.md",
    ]


@pytest.mark.parametrize("name", EVERY)
def test_every_link_leads_somewhere(name: str) -> None:
    for shown, target in re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", outside(name)):
        file, _, anchor = target.partition("#")
        if target.startswith("https://"):
            continue
        path = (DOCS / name).parent / file if file else DOCS / name
        assert path.exists(), target
        if file == "rules.md" and anchor in RULES:
            assert shown == f"`{anchor}`"
        else:
            assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("name", EVERY)
def test_no_line_is_longer_than_a_screen_outside_tables(name: str) -> None:
    long = [line for line in text(name).splitlines() if len(line) > 160 and not line.startswith("|")]
    assert long == []


# --- commands


def leaf(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words call, and what is left of them."""
    found: click.Command = cli
    while isinstance(found, click.Group):
        context = click.Context(found)
        assert words, f"{found.name}: no subcommand"
        known = found.get_command(context, words[0])
        assert known is not None, f"no such command: {words[0]}"
        found, words = known, words[1:]
    return found, words


def calls(body: str) -> Iterator[list[str]]:
    """The words of each call of mmscheck in a block, without comments and redirections."""
    for line in body.replace("\\\n", " ").splitlines():
        call = line.removeprefix("$ ")
        if call.startswith("mmscheck "):
            yield shlex.split(call, comments=True)[1:]


def commands() -> list[tuple[str, list[str]]]:
    found = [
        (name, words)
        for name in PAGES
        for kind in ("sh", "console")
        for body in blocks(name, kind)
        for words in calls(body)
    ]
    for name in PAGES:
        for code in re.findall(r"`(mmscheck [^`]+)`", outside(name)):
            found += [(name, words) for words in calls(code)]
    return found


def test_every_command_in_the_guides_can_be_called() -> None:
    assert len(commands()) > 30
    for name, words in commands():
        found, rest = leaf(words)
        switches = {
            switch: param
            for param in found.params
            if isinstance(param, click.Option)
            for switch in (*param.opts, *param.secondary_opts)
        }
        at = 0
        while at < len(rest):
            if rest[at].startswith("--") and rest[at] not in {"--", "--help"}:
                assert rest[at] in switches, f"{name}: mmscheck {' '.join(words)}: no option {rest[at]}"
                option = switches[rest[at]]
                at += 1 if option.is_flag else 2
                value = rest[at - 1]
                if option.name == "formats":
                    known = DIFF_FORMATS if found.name == "diff" else FORMATS
                    assert value.partition("=")[0] in known, f"{name}: no format {value}"
                if isinstance(option.type, click.Choice):
                    assert value in option.type.choices, f"{name}: {value}"
            else:
                at += 1


@pytest.mark.parametrize("name", EVERY)
def test_no_line_to_be_pasted_has_a_comment_which_zsh_takes_for_arguments(name: str) -> None:
    for body in blocks(name, "sh"):
        for line in body.splitlines():
            assert not re.search(r"(^|\s)#", line), line


def switches() -> set[str]:
    """Every option of every command."""
    found: set[str] = set()
    waiting: list[click.Command] = [cli]
    while waiting:
        command = waiting.pop()
        found |= {opt for param in command.params for opt in (*param.opts, *param.secondary_opts)}
        if isinstance(command, click.Group):
            context = click.Context(command)
            names = command.list_commands(context)
            waiting += [each for name in names if (each := command.get_command(context, name))]
    return found


@pytest.mark.parametrize("name", EVERY)
def test_every_option_that_is_named_exists(name: str) -> None:
    known = switches() | {"--version", "--help", "--write", "--check", "--hook-type"}
    known |= {"--require-hashes", "--no-deps", "--no-build-isolation"} if name == README else set()
    known |= {"--data-binary"} if name == "serving.md" else set()  # curl's
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text(name)))
    assert named <= known


def prepared(folder: Path) -> None:
    """The files that the shown commands are called with."""
    shutil.copytree(ROOT / "fixtures" / "mms", folder / "fixtures" / "mms")
    run(["new", "message"], folder)
    for name, source in (("fixed", "summer-sale"), ("broken", "broken-sale")):
        shutil.copy(ROOT / "fixtures" / "mms" / f"{source}.xml", folder / "sale.xml")
        run(["lint", "sale.xml", "--format", f"json={name}.json"], folder)


def run(words: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mmscheck", *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
        cwd=folder,
        env=os.environ | {"COLUMNS": "100"},
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name in PAGES if blocks(name, "console")])
def test_what_the_guides_show_is_what_comes_out(name: str, tmp_path: Path) -> None:
    prepared(tmp_path)
    for body in blocks(name, "console"):
        command, _, shown = body.partition("\n")
        came = iter(run(shlex.split(command.removeprefix("$ mmscheck ")), tmp_path).splitlines())
        last = ""
        for line in shown.splitlines():
            if line != "...":
                last = next((each for each in came if each == line), f"not found: {line}")
                assert last == line, command
        if not shown.rstrip().endswith("..."):
            assert list(came) == [], command


# --- words


def test_the_exit_codes_are_all_there_and_no_others() -> None:
    known = {int(code) for code in Exit} | {INTERRUPTED}
    for name in GUIDES:
        for table in re.findall(r"^\| exit \|.*\n\| ---.*\n((?:\|.*\n)+)", text(name), re.MULTILINE):
            assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} <= known
    rows = re.findall(r"^\| (\d+) \| ", text("pipeline.md"), re.MULTILINE)
    assert [int(row) for row in rows] == sorted(known)


def test_every_provider_code_that_is_named_exists() -> None:
    for name in GUIDES:
        for code in re.findall(r"\bE\d{3}\b", outside(name)):
            assert explain(code) is not None, f"{name}: {code}"


def section(heading: str) -> str:
    page = text("stops-and-reports.md")
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("heading", "severity"), [("It denies", Severity.ERROR), ("It warns", Severity.WARNING)]
)
def test_the_page_of_stops_names_every_rule_where_it_belongs(heading: str, severity: Severity) -> None:
    rules = [rule.id for rule in load_rules("send").rules if rule.severity is severity]
    assert re.findall(r"\]\(rules\.md#([\w-]+)\)", section(heading)) == rules


def test_the_page_of_stops_names_every_reason_with_its_outcome() -> None:
    rows = re.findall(r"^\| (.+) \| `([\w-]+)` \|$", section("It cannot tell"), re.MULTILINE)
    assert rows == [(reason.value, MEANING[reason].value) for reason in Reason]


def test_the_formats_are_all_named() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \|", text("pipeline.md").partition("## Reports for machines")[2], re.MULTILINE
    )
    assert rows == list(FORMATS)
    assert all(f"`{name}`" in text("repository.md") for name in DIFF_FORMATS)


def test_the_library_shown_is_the_library_there_is() -> None:
    for body in blocks("pipeline.md", "python"):
        compile(body, "pipeline.md", "exec")
        for names in re.findall(r"^from mmscheck import (.+)$", body, re.MULTILINE):
            assert {name.strip() for name in names.split(",")} <= set(mmscheck.__all__)
    for name in GUIDES:
        assert set(re.findall(r"`mmscheck\.(\w+)`", outside(name))) <= {*mmscheck.__all__, "toml", "__all__"}


def test_the_configuration_shown_is_read(tmp_path: Path) -> None:
    shown = [
        body
        for name in ("repository.md", "configuration.md", "recipients.md")
        for body in blocks(name, "toml")
    ]
    assert len(shown) == 8
    for at, body in enumerate(shown):
        (tmp_path / "assets" / "mms").mkdir(parents=True, exist_ok=True)
        file = tmp_path / f"{at}.toml"
        file.write_text(body, encoding="utf-8")
        load_config(file)


def test_the_rule_shown_is_a_rule(tmp_path: Path) -> None:
    folder = tmp_path / "rules" / "slide"
    folder.mkdir(parents=True)
    (folder / "our-text.toml").write_text(blocks("writing-rules.md", "toml")[0], encoding="utf-8")
    assert "All fine" in run(["rules", "validate", "rules"], tmp_path)


def test_the_readme_and_the_hooks_name_what_the_guides_name() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    for hook in re.findall(r"- id: ([\w-]+)", "".join(blocks("repository.md", "yaml"))):
        assert f"- id: {hook}\n" in hooks


# --- the generated page


def test_the_page_of_limits_has_every_number_once() -> None:
    rows = [line for line in text("limits.md").splitlines() if line.startswith("| `")]
    assert len(rows) == len(published_limits()) > 100
    assert all(re.search(r"\| \d{4}-\d\d-\d\d \|$", row) for row in rows)
