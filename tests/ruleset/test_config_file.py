from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from mmscheck.errors import RuleSetError
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import SenderType, Severity
from mmscheck.ruleset import Config, RuleTable, find_config, load_config
from tests.support.rule_roots import put

WAIVER = """\
[[waivers]]
rule = "slide-count"
reason = "agreed with the provider"
who = "A. Person"
expires = 2027-01-31
"""


def faults_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(RuleSetError) as caught:
        load_config(path)
    return caught.value.faults


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """\
profile = "send"
sender = "toll-free"
strict = true
require-confinement = true
allow-net = ["10.0.0.0/8", "fd00::/8", "127.0.0.1"]
connect-to = ["a.example:443:127.0.0.1:8443"]
ca-file = "ca.pem"
timeout = 10
deadline = 60.5
max-concurrency = 8
per-host = 2
rate = 5
proxy = "http://proxy.example:3128"
user-agent = "sender/1"
extra-rules = ["more/rules"]
[assets]
"https://media.example.com/" = "media"
"https://media.example.com/mms/" = "../stored"
[rules.slide-count]
severity = "warning"
params = { maximum = 9 }
"""
    path = put(tmp_path / "mmscheck.toml", text + WAIVER + 'url = "http://a.example/"\nslide = 2\n')
    assert load_config(path) == Config(
        path=path,
        profile="send",
        sender=SenderType.TOLL_FREE,
        strict=True,
        require_confinement=True,
        allow_net=("10.0.0.0/8", "fd00::/8", "127.0.0.1"),
        connect_to=("a.example:443:127.0.0.1:8443",),
        ca_file=tmp_path / "ca.pem",
        timeout=10.0,
        deadline=60.5,
        max_concurrency=8,
        per_host=2,
        rate=5.0,
        proxy="http://proxy.example:3128",
        user_agent="sender/1",
        extra_rules=(tmp_path / "more" / "rules",),
        assets=(
            ("https://media.example.com/mms/", tmp_path / ".." / "stored"),
            ("https://media.example.com/", tmp_path / "media"),
        ),
        rules={"slide-count": RuleTable(severity=Severity.WARNING, params={"maximum": 9})},
        waivers=(
            Waiver(
                rule="slide-count",
                reason="agreed with the provider",
                who="A. Person",
                expires=dt.date(2027, 1, 31),
                url="http://a.example/",
                slide=2,
            ),
        ),
    )


def test_an_empty_file_is_a_configuration_that_says_nothing(tmp_path: Path) -> None:
    path = put(tmp_path / "mmscheck.toml", "")
    assert load_config(path) == Config(path=path)


FAULTS = [
    ("unknown", "profil = 1", "profil", "did you mean 'profile'?"),
    ("snake", "ca_file = 'x'", "ca_file", "did you mean 'ca-file'?"),
    ("format", "format = 'json'", "format", "unknown key 'format'"),
    ("no-fail", "no-fail = true", "no-fail", "unknown key"),
    ("sender", "sender = 'longcode'", "sender", "did you mean 'long-code'? expected one of long-code"),
    ("strict-number", "strict = 1", "strict", "expected true or false, got 1"),
    ("strict-text", "strict = 'false'", "strict", "expected true or false, got 'false'"),
    ("net", "allow-net = ['10.0.0.1/8']", "allow-net[0]", "expected a network such as '10.0.0.0/8'"),
    ("net-name", "allow-net = ['10.0.0.0/8', 'x.example']", "allow-net[1]", "got 'x.example'"),
    ("net-text", "allow-net = '10.0.0.0/8'", "allow-net", "expected an array"),
    ("net-number", "allow-net = [1]", "allow-net[0]", "expected a text that is not blank, got 1"),
    ("connect-to", "connect-to = ['']", "connect-to[0]", "expected a text that is not blank"),
    ("ca", "ca-file = ''", "ca-file", "expected a text that is not blank"),
    ("timeout-zero", "timeout = 0", "timeout", "expected a number of seconds above 0, got 0"),
    ("timeout-true", "timeout = true", "timeout", "expected a number of seconds above 0, got True"),
    ("deadline-inf", "deadline = inf", "deadline", "expected a finite one"),
    ("concurrency", "max-concurrency = 0", "max-concurrency", "expected a whole number from 1, got 0"),
    ("rate", "rate = 0", "rate", "expected a number of requests per second above 0, got 0"),
    ("per-host", "per-host = 1.0", "per-host", "expected a whole number from 1, got 1.0"),
    ("extra", "extra-rules = 'x'", "extra-rules", "expected an array"),
    ("rule-key", "[rules.a]\nseverty = 'error'", "rules.a.severty", "did you mean 'severity'?"),
    ("rule-off", "[rules.a]\nseverity = 'off'", "rules.a.severity", "expected one of error, warning"),
    ("rule-enabled", "[rules.a]\nenabled = false", "rules.a.enabled", "unknown key"),
    ("rule-flat", "[rules]\na = 'warning'", "rules.a", "expected a table"),
    ("rule-params", "[rules.a]\nparams = 1", "rules.a.params", "expected a table, got 1"),
    ("waiver-key", WAIVER + "until = 1", "waivers[0].until", "unknown key"),
    ("waiver-reason", WAIVER.replace("agreed with the provider", " "), "waivers[0].reason", "not blank"),
    ("waiver-who", WAIVER.replace('who = "A. Person"\n', ""), "waivers[0].who", "missing"),
    ("waiver-date", WAIVER.replace("2027-01-31", '"2027-01-31"'), "waivers[0].expires", "expected a date"),
    ("waiver-slide", WAIVER + "slide = 0", "waivers[0].slide", "expected a slide number from 1, got 0"),
    ("waiver-table", WAIVER.replace("[[waivers]]", "[waivers]"), "waivers", "expected an array"),
    ("waiver-floor", WAIVER.replace("slide-count", "not-chunked"), "waivers[0].rule", "cannot be waived"),
    ("waiver-xml", WAIVER.replace("slide-count", "xml-well-formed"), "waivers[0].rule", "cannot be waived"),
    ("waiver-id", WAIVER.replace("slide-count", "Slide Count"), "waivers[0].rule", "kebab-case"),
    (
        "asset-prefix",
        "[assets]\n'https://a.example/mms' = 'x'",
        'assets."https://a.example/mms"',
        "ends in /",
    ),
    (
        "asset-query",
        "[assets]\n'http://a.example/?a=/' = 'x'",
        'assets."http://a.example/?a=/"',
        "a URL prefix",
    ),
    ("asset-login", "[assets]\n'http://u@a.example/' = 'x'", 'assets."http://u@a.example/"', "a URL prefix"),
    ("asset-scheme", "[assets]\n'file:///a/' = 'x'", 'assets."file:///a/"', "a URL prefix"),
    ("asset-folder", "[assets]\n'http://a.example/' = ''", 'assets."http://a.example/"', "not blank"),
    ("asset-number", "[assets]\n'http://a.example/' = 1", 'assets."http://a.example/"', "not blank, got 1"),
    ("asset-list", "assets = ['http://a.example/']", "assets", "expected a table"),
    ("waiver-twice", WAIVER + WAIVER, "waivers[1]", "duplicate of waivers[0]"),
    ("syntax", "a = 1\nb = \n", "line 2", "not TOML"),
]


@pytest.mark.parametrize(("text", "key", "what"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_faulty_configuration_names_file_and_key(tmp_path: Path, text: str, key: str, what: str) -> None:
    path = put(tmp_path / "mmscheck.toml", text)
    (fault,) = faults_of(path)
    assert fault.startswith(f"{path}: {key}: "), fault
    assert what in fault


def test_waivers_that_differ_in_scope_are_no_duplicates(tmp_path: Path) -> None:
    path = put(tmp_path / "mmscheck.toml", WAIVER + WAIVER + "slide = 1\n")
    assert len(load_config(path).waivers) == 2


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = put(tmp_path / "mmscheck.toml", "timeout = 0\nper-host = 0\nprofil = 1\n")
    assert len(faults_of(path)) == 3


def test_a_configuration_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "mmscheck.toml"
    (fault,) = faults_of(path)
    assert fault.startswith(f"{path}: cannot be read")


def test_a_pyproject_is_read_for_its_own_table_only(tmp_path: Path) -> None:
    path = put(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n[tool.mmscheck]\nsender = 'short-code'\n")
    assert load_config(path).sender is SenderType.SHORT_CODE
    put(path, "[tool.mmscheck]\nsendr = 'short-code'\n")
    (fault,) = faults_of(path)
    assert fault.startswith(f"{path}: tool.mmscheck.sendr: unknown key 'sendr', did you mean 'sender'?")


def test_a_pyproject_without_the_table_is_a_fault_when_it_is_named(tmp_path: Path) -> None:
    path = put(tmp_path / "pyproject.toml", "[project]\nname = 'x'\n")
    assert faults_of(path) == (f"{path}: tool.mmscheck: missing, expected a table with the configuration",)


def test_a_pyproject_table_that_is_none_is_a_fault(tmp_path: Path) -> None:
    path = put(tmp_path / "pyproject.toml", "[tool]\nmmscheck = 1\n")
    (fault,) = faults_of(path)
    assert fault.startswith(f"{path}: tool.mmscheck: expected a table, got 1")


def test_the_nearest_configuration_above_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    far = put(tmp_path / "mmscheck.toml", "")
    assert find_config(deep) == far
    put(tmp_path / "a" / "pyproject.toml", "[project]\nname = 'x'\n")
    assert find_config(deep) == far
    near = put(tmp_path / "a" / "pyproject.toml", "[tool.mmscheck]\n")
    assert find_config(deep) == near
    own = put(tmp_path / "a" / "mmscheck.toml", "")
    assert find_config(deep) == own
    assert find_config(put(deep / "message.xml", "")) == own


def test_without_a_configuration_there_is_none(tmp_path: Path) -> None:
    assert find_config(tmp_path) is None


@pytest.mark.parametrize("content", [b"[[[", b"\xff"])
def test_a_pyproject_that_cannot_be_read_is_not_passed_over(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path / "pyproject.toml", content)
    assert find_config(tmp_path) == path
    assert faults_of(path)


def test_a_link_to_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "mmscheck.toml"
    path.symlink_to(tmp_path / "gone")
    assert find_config(tmp_path) == path
    assert faults_of(path)


def test_a_folder_that_cannot_be_looked_into_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(RuleSetError, match="cannot be looked into"):
        find_config(tmp_path)
