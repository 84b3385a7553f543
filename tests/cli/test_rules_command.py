"""``mmscheck rules``: list, explain, validate and new, and the generated page."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from mmscheck.checks import CHECKS
from mmscheck.cli import rules_new
from mmscheck.cli.main import main
from mmscheck.cli.rules_new import cases_text, rule_text
from mmscheck.cli.rules_show import approval
from mmscheck.judge import rulebook
from mmscheck.judge.rule_examples import cases_file, read_examples
from mmscheck.judge.rulebook import find_faults, read_entries, rule_files
from mmscheck.model.check import Check, NoParams, Result
from mmscheck.model.rule import FLOOR
from mmscheck.model.words import MediaKind, TargetKind
from mmscheck.report.layout import Page
from mmscheck.report.rule_text import ExampleAnswer, answer_lines, message_lines, render_table
from mmscheck.ruleset import Config
from mmscheck.ruleset.folder import packaged_root
from tests.support.command import Ran, mmscheck, shell
from tests.support.rule_cases import read_file
from tools import rules_page

ENTRIES = {entry.rule.id: entry for entry in read_entries(Config())}
FILES = rule_files(Config())
KEYS = {
    *("id", "title", "severity", "target", "owner", "check", "params", "limits", "provider_codes"),
    *("source", "text", "family", "floor", "documents"),
}
RULE = """\
id = "our-size"
title = "Files are small"
severity = "warning"
target = "media"
owner = "content"
check = "size-within"
provider_codes = []
source = "ours"
[params]
image = 1000
[text]
why = "Because."
fix = "Make it smaller."
failed = "{url} is {size}."
cant_tell = "{url}: {reason}."
"""


class Command:
    """The command as its entry point runs it, in this process and in a folder of the test's own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ran:
        code = main(["rules", *arguments])
        out, err = self._capsys.readouterr()
        return Ran(code=code, out=out, err=err)


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return Command(capsys)


def our_rule(folder: Path, text: str = RULE) -> Path:
    """A rules folder of a user's own with this one rule."""
    file = folder / "ours" / "rules" / "media" / "our-size.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file.parents[1]


@pytest.mark.parametrize("columns", [50, 80, 100, 120])
def test_the_table_has_every_rule_and_keeps_to_the_width(columns: int) -> None:
    text = render_table(tuple(ENTRIES.values()), Page(width=columns, color=False))
    assert {line.split()[0] for line in text.splitlines() if line.strip()} >= ENTRIES.keys()
    assert max(map(len, text.splitlines())) <= columns
    assert "\x1b" not in text


async def test_the_installed_command_lists_in_the_width_of_the_terminal(tmp_path: Path) -> None:
    for columns in (60, 110):
        ran = await mmscheck("rules", "list", cwd=tmp_path, COLUMNS=str(columns))
        assert (ran.code, ran.err) == (0, "")
        assert max(map(len, ran.out.splitlines())) in range(columns - 20, columns + 1)


def test_a_row_says_how_much_it_matters_where_and_who_can_mend_it(tmp_path: Path, rules: Command) -> None:
    ran = rules("list")
    row = next(line for line in ran.out.splitlines() if line.startswith("  content-length "))
    assert row.split()[:4] == ["content-length", "error", "media", "hosting"]


def test_json_has_everything_about_every_rule(tmp_path: Path, rules: Command) -> None:
    ran = rules("list", "--format", "json")
    found = {rule["id"]: rule for rule in json.loads(ran.out)}
    assert found.keys() == FILES.keys()
    assert all(rule.keys() == KEYS for rule in found.values())
    assert {name for name, rule in found.items() if rule["floor"]} == FLOOR
    assert all(rule["family"] == FILES[name].parent.name for name, rule in found.items())
    assert [limit["name"] for limit in found["slide-count"]["limits"]] == ["slides-min", "slides-max"]
    for rule in found.values():
        for limit in rule["limits"]:
            assert limit.keys() == {"param", "name", "value", "unit", "source", "checked"}
            assert rule["params"][limit["param"]] == limit["value"]
            assert dt.date.fromisoformat(limit["checked"]) > dt.date(2020, 1, 1)


def test_a_number_stands_only_where_it_counts() -> None:
    whose = {(n.param, n.whose) for n in ENTRIES["message-size"].numbers}
    assert {("carriers", "short-code"), ("carriers", "AT&T, short-code"), ("reduced", "")} <= whose
    assert not [name for param, name in whose if param == "reduced" and "AT&T" in name]
    assert [number.whose for number in ENTRIES["subject-length"].numbers] == [""]
    providers = ENTRIES["message-fits-providers"].numbers
    assert ("body_length", "Twilio") in {(number.param, number.whose) for number in providers}


def test_a_profile_is_listed_as_it_and_the_configuration_change_it(tmp_path: Path, rules: Command) -> None:
    (tmp_path / "mmscheck.toml").write_text('[rules.no-redirect]\nseverity = "error"\n')
    for arguments, severity in (([], "warning"), (["--profile", "send"], "error")):
        ran = rules("list", "--format", "json", *arguments)
        found = {rule["id"]: rule["severity"] for rule in json.loads(ran.out)}
        assert found["no-redirect"] == severity
    ran = rules("list", "--profile", "sent")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'send'" in ran.err


def test_rules_of_the_configuration_are_listed_and_explained_too(tmp_path: Path, rules: Command) -> None:
    our_rule(tmp_path)
    (tmp_path / "my.toml").write_text('extra-rules = ["ours/rules"]\n')
    ran = rules("list", "--config", "my.toml", "--format", "json")
    assert "our-size" in {rule["id"] for rule in json.loads(ran.out)}
    ran = rules("explain", "our-size", "--config", "my.toml")
    assert ran.code == 0
    assert "image: 1,000" in ran.out
    told = "".join(ran.out.split())
    assert "none:thereisnocasethatfailsorpassesin" in told
    assert "ours/fixtures/rules/our-size/cases.toml" in told


def test_listing_brings_in_neither_network_nor_media_libraries() -> None:
    script = (
        "import sys; from mmscheck.cli.main import main; code = main(['rules', 'list']);"
        "heavy = {'aiohttp', 'av', 'PIL', 'magic', 'lxml', 'phonenumbers', 'mutagen'} & sys.modules.keys();"
        "sys.exit(str(heavy) if heavy or code else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_rule_is_explained_with_numbers_codes_and_examples(tmp_path: Path, rules: Command) -> None:
    ran = rules("explain", "content-length")
    assert ran.code == 0
    for part in (
        ENTRIES["content-length"].rule.title,
        "The provider refuses media whose response does not say how long it is.",
        "It is part of the floor: no file can soften or waive it.",
        "E351  an image could not be fetched from its URL",
        "GET http://media.example.com/photo.jpg\n    HTTP/1.1 200\n    Content-Type: image/jpeg\n",
        "without a length; it ends when the connection closes",
        '=> failed: it says "answered without Content-Length."',
        "=> passed",
    ):
        assert part in ran.out
    ran = rules("explain", "slide-count")
    assert "maximum (limit slides-max): 8\n    - 8 slides; Sinch XML API" in ran.out
    assert "checked 20" in ran.out
    assert "=> failed: message.xml has no slides; the provider takes 1 to 8." in ran.out
    assert "A waiver can let a failure through" in ran.out


def test_an_unknown_rule_is_told_with_what_was_meant(tmp_path: Path, rules: Command) -> None:
    ran = rules("explain", "content-lenght")
    assert (ran.code, ran.out) == (2, "")
    assert "unknown rule 'content-lenght'; did you mean content-length" in ran.err


@pytest.mark.parametrize("rule_id", FILES)
def test_every_rule_with_cases_has_examples_that_end_as_they_say(rule_id: str) -> None:
    file = FILES[rule_id]
    cases = cases_file(file)
    names = [case.name for case in read_file(cases)] if cases.is_file() else []
    examples = read_examples(ENTRIES[rule_id].rule, file)
    shown = [
        outcome
        for outcome, start in (("failed", "fail-"), ("passed", "pass-"))
        if any(name.startswith(start) for name in names)
    ]
    assert [example.outcome for example in examples] == shown
    for example in examples:
        assert any(words.startswith(example.outcome) for words in example.words)
        assert message_lines(example.message)


def test_an_example_that_does_not_end_as_it_says_is_not_given_the_rules_words(tmp_path: Path) -> None:
    file = tmp_path / "rules" / "message" / "slide-count.toml"
    cases_file(file).parent.mkdir(parents=True)
    head = '[[case]]\nname = "fail-it"\nmessage = "<request><slide/></request>"\n'
    cases_file(file).write_text(head + '[[case.expect]]\noutcome = "failed"\n')
    (example,) = read_examples(ENTRIES["slide-count"].rule, file)
    assert example.words == ("failed",)


def test_an_example_shows_with_whose_numbers_and_for_which_send_it_was_checked() -> None:
    def given(rule_id: str) -> str:
        (first, *_) = read_examples(ENTRIES[rule_id].rule, FILES[rule_id])
        return "\n".join(first.given)

    assert "checked with --provider telnyx" in given("message-fits-providers")
    assert "custom text of slide 2: 'b'\nsend: mms-id '35674'" in given("request-custom-text")


def test_long_messages_and_odd_characters_of_an_example_are_shown_short_and_visibly() -> None:
    assert message_lines("<a>\n\n<b/>\n<b/>\n<b/>\n") == ["<a>", "<b/>", "… the same line 2 more times"]
    assert len(message_lines("".join(f"<a{n}/>\n" for n in range(99)))) == 16
    assert message_lines("\x1b[2J" + "x" * 500) == ["\\x1b[2J" + "x" * 93 + "…"]
    raw = ExampleAnswer(url="http://a.example/a", raw="HTTP/1.1 200 OK\r\nA: b\x07\r\n\r\nabc")
    assert answer_lines(raw)[1:] == [
        "HTTP/1.1 200 OK",
        "A: b\\x07",
        "then 3 bytes, and the connection closes",
    ]


def test_the_shipped_rules_are_all_fine(tmp_path: Path, rules: Command) -> None:
    ran = rules("validate")
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith(f"{len(FILES)} rules, ")


def test_all_faults_of_folders_and_configuration_are_named_at_once(tmp_path: Path, rules: Command) -> None:
    our_rule(tmp_path, RULE.replace("{size}", "{sise}").replace('"ours"', '" "'))
    (tmp_path / "mmscheck.toml").write_text("strikt = true\n")
    ran = rules("validate", "ours/rules")
    assert ran.code == 2
    for part in (
        "mmscheck.toml: strikt: unknown key",
        "ours/rules/media/our-size.toml: text.failed: unknown placeholder 'sise'",
        "ours/rules/media/our-size.toml: source:",
        "3 faults found",
    ):
        assert part in ran.out
    (tmp_path / "mmscheck.toml").write_text('profile = "sent"\n[rules.our-sise]\nseverity = "error"\n')
    (tmp_path / "ours/rules/media/our-size.toml").write_text(RULE)
    ran = rules("validate", "ours/rules")
    assert ran.code == 2
    assert "mmscheck.toml: profile: unknown profile 'sent'" in ran.out
    assert ran.out.count("unknown rule 'our-sise', did you mean 'our-size'?") == 1


def test_a_folder_of_ones_own_is_counted_in_and_a_missing_one_is_a_fault(
    tmp_path: Path, rules: Command
) -> None:
    our_rule(tmp_path)
    ran = rules("validate", "ours/rules", str(tmp_path / "ours/rules"), str(packaged_root()))
    assert ran.code == 0
    assert f"{len(FILES) + 1} rules (with those in ours/rules)" in ran.out
    ran = rules("validate", "gone")
    assert ran.code == 2
    assert "gone: cannot be read" in ran.out


def test_old_numbers_are_warnings_and_faults_only_when_strict() -> None:
    later = dt.date.today() + dt.timedelta(days=3000)  # noqa: DTZ011 - only has to be late enough
    for strict, code, word in ((False, 0, "warning"), (True, 2, "fault")):
        ended, text = approval(Config(), later, strict=strict)
        assert ended == code
        assert any(line.startswith(f"{word}: ") and "slides-max" in line for line in text.splitlines())
        assert "numbers to look up again" in text.splitlines()[-1]
    assert approval(Config(), dt.date(2020, 1, 1), strict=True)[0] == 0


def test_a_new_rule_loads_and_its_cases_are_what_the_tests_read(tmp_path: Path, rules: Command) -> None:
    ran = rules(
        *("new", "our-length", "--family", "slide", "--check", "slide-text-length"), *("--folder", "our mms")
    )
    assert ran.code == 0, ran.err
    assert "mmscheck rules validate 'our mms/rules'" in ran.out
    names = [case.name for case in read_file(tmp_path / "our mms/fixtures/rules/our-length/cases.toml")]
    assert [name.partition("-")[0] for name in names] == ["pass", "fail", "cant", "inapplicable"]
    ran = rules("validate", "our mms/rules")
    assert (ran.code, f"{len(FILES) + 1} rules" in ran.out) == (0, True)
    (tmp_path / "mmscheck.toml").write_text('extra-rules = ["our mms/rules"]\n')
    ran = rules("explain", "our-length")
    assert "=> failed: The text of slide 1 has 5,001 characters" in ran.out


def test_a_rule_can_be_begun_for_every_check(tmp_path: Path) -> None:
    shown = [entry for entry in ENTRIES.values() if cases_file(FILES[entry.rule.id]).is_file()]
    models = {entry.rule.check.name: entry for entry in reversed(shown)}
    assert len(models) > 40
    for check, entry in models.items():
        model = FILES[entry.rule.id]
        rule = tmp_path / "rules" / entry.family / f"our-{check}.toml"
        rule.parent.mkdir(parents=True, exist_ok=True)
        rule.write_text(rule_text(rule.stem, model, dt.date(2026, 1, 2)))
        cases = cases_file(rule)
        cases.parent.mkdir(parents=True)
        cases.write_text(cases_text(rule.stem, cases_file(model)))
        assert read_file(cases)
    assert find_faults(Config(extra_rules=(tmp_path / "rules",))) == ()


def _never(target: object, params: object) -> Result:
    raise AssertionError((target, params))


class _EveryKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: int
    share: float
    either: int | float
    flag: bool
    words: tuple[str, ...]
    form: Literal["id", "text"]
    kind: MediaKind
    table: dict[str, str]
    optional: int = 1


@pytest.mark.parametrize("target", TargetKind)
@pytest.mark.parametrize("params", [_EveryKind, NoParams])
def test_the_first_rule_of_a_new_check_loads_and_its_cases_are_of_the_right_form(
    tmp_path: Path,
    rules: Command,
    monkeypatch: pytest.MonkeyPatch,
    target: TargetKind,
    params: type[msgspec.Struct],
) -> None:
    new = Check(name="our-own", target=target, run=_never, params=params, reports=frozenset({"what"}))
    for module in (rules_new, rulebook):
        monkeypatch.setattr(module, "CHECKS", {**CHECKS, new.name: new})
    ran = rules("new", "our-first", "--family", "slide", "--check", "our-own")
    assert ran.code == 0, ran.err
    rule = tmp_path / "rules/slide/our-first.toml"
    assert find_faults(Config(extra_rules=(tmp_path / "rules",))) == ()
    assert "{what}" in rule.read_text()
    assert [case.name for case in read_file(cases_file(rule))] == ["pass-when", "fail-when", "cant-tell-when"]


def test_a_rule_that_no_profile_has_is_a_warning_and_with_strict_a_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {**FILES, "our-idle": Path("rules/slide/our-idle.toml")}
    assert rulebook.rules_in_no_profile(Config()) == ()
    monkeypatch.setattr(rulebook, "rule_files", lambda _: files)
    today = dt.date(2026, 11, 30)
    for strict, word, code in ((False, "warning", 0), (True, "fault", 2)):
        ended, text = approval(Config(), today, strict=strict)
        assert ended == code
        first, last = text.splitlines()
        assert first.startswith(f"{word}: rules/slide/our-idle.toml: in no profile")
        assert last.endswith("Fine, but for rules in no profile: 1.")


GOOD = {"ID": "our-rule", "--family": "url", "--check": "url-clean"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ID": "Our_Rule"}, "kebab-case"),
        ({"ID": "../up"}, "kebab-case"),
        ({"ID": "url-clean"}, "there is a rule 'url-clean'"),
        ({"--family": "urls"}, "did you mean url?"),
        ({"--family": None}, "message  the message as a whole"),
        ({"--check": "url-clear"}, "did you mean url-clean?"),
        ({"--check": None}, "slide: slide-apart"),
        ({"--check": "our-own"}, "A check of your own is a function in mmscheck/checks/"),
        ({"ID": "taken"}, "exists; choose another ID"),
    ],
)
def test_what_cannot_begin_a_rule_is_refused_and_nothing_is_written(
    tmp_path: Path, rules: Command, changes: dict[str, str | None], named: str
) -> None:
    taken = tmp_path / "fixtures" / "rules" / "taken" / "cases.toml"
    taken.parent.mkdir(parents=True)
    taken.write_text("mine")
    given = {**GOOD, **changes}
    options = [part for name in ("--family", "--check") if (value := given[name]) for part in (name, value)]
    ran = rules("new", str(given["ID"]), *options)
    assert (ran.code, ran.out) == (2, "")
    assert named in ran.err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [taken]
    assert taken.read_text() == "mine"


def test_a_rule_is_written_whole_or_not_at_all(tmp_path: Path, rules: Command) -> None:
    (tmp_path / "fixtures").write_text("not a folder")
    ran = rules("new", "our-rule", "--family", "url", "--check", "url-clean")
    assert ran.code == 2
    assert "cases.toml: cannot be written" in ran.err
    assert not list(tmp_path.rglob("*.toml"))


@pytest.mark.parametrize("arguments", ["list", "validate"])
async def test_a_full_standard_output_is_no_success(tmp_path: Path, arguments: str) -> None:
    ran = await shell(f"mmscheck rules {arguments} >/dev/full", cwd=tmp_path)
    assert ran.code == 4
    assert "could not be written" in ran.err


@pytest.mark.parametrize("name", ["", "list", "explain", "validate", "new"])
def test_help_says_what_it_does(rules: Command, name: str) -> None:
    ran = rules(*name.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) > 8


def test_the_page_has_an_anchor_and_a_source_for_every_rule_and_is_stable() -> None:
    text = rules_page.page_text()
    lines = text.splitlines()
    assert sorted(line[4:] for line in lines if line.startswith("### ")) == sorted(FILES)
    assert sum(line.startswith("- Source: ") for line in lines) == len(FILES)
    assert text == rules_page.page_text()
    assert "`E351` an image could not be fetched" in text
    assert str(Path.cwd()) not in text
