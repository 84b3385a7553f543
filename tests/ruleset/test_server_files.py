"""The files of ``rules/servers``: every fault at once, each with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.checks import CHECKS as REAL_CHECKS
from mmscheck.errors import RuleSetError
from mmscheck.model.server import Mark, ServerKind
from mmscheck.ruleset import Config, load_all_rules, load_ruleset
from tests.support.rule_roots import CHECKS, edit, faults_of, load, make_root, put

GOOD = """\
[[servers]]
id = "nginx"
name = "nginx"
kind = "server"
evidence = "M"
source = "measured"

[[servers.signs]]
headers = { server = 'nginx' }
host = ["example.com", ".example.org"]

[[servers.remedies]]
rules = ["content-length"]
cause = "It compresses."
cause_evidence = "M"
fix = "Do not compress."
fix_evidence = "K"
source = "measured"

[[servers.remedies.when]]
chunked = true
apart = ["nginx"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_root(tmp_path)
    put(root / "servers" / "web.toml", GOOD)
    return root


def test_a_file_is_loaded_as_it_stands(root: Path) -> None:
    (server,) = load(root).servers
    assert (server.id, server.kind, server.evidence) == ("nginx", ServerKind.SERVER, Mark.MEASURED)
    assert server.signs[0].host == ("example.com", ".example.org")
    assert server.remedies[0].fix_evidence is Mark.KNOWLEDGE
    assert server.remedies[0].when[0].chunked is True


def test_a_folder_without_servers_knows_none(tmp_path: Path) -> None:
    assert load(make_root(tmp_path)).servers == ()


FAULTS = {
    "missing mark": (
        'evidence = "M"\nsource',
        "source",
        "servers[0].evidence: missing, expected one of M, D, I, K",
    ),
    "missing mark of the cause": (
        'cause_evidence = "M"\n',
        "",
        "servers[0].remedies[0].cause_evidence: missing",
    ),
    "missing mark of the fix": ('fix_evidence = "K"\n', "", "servers[0].remedies[0].fix_evidence: missing"),
    "unknown mark": ('fix_evidence = "K"', 'fix_evidence = "X"', "fix_evidence: unknown value 'X'"),
    "unknown key": ('name = "nginx"', 'name = "nginx"\nnaem = "x"', "servers[0].naem: unknown key 'naem'"),
    "unknown key of a sign": ("headers =", "header =", "servers[0].signs[0].header: unknown key 'header'"),
    "unknown key of a condition": (
        "chunked =",
        "chunkt =",
        "remedies[0].when[0].chunkt: unknown key 'chunkt'",
    ),
    "wrong type": ("chunked = true", "chunked = 1", "servers[0].remedies[0].when[0].chunked: expected"),
    "unknown kind": ('kind = "server"', 'kind = "serves"', "servers[0].kind: unknown value 'serves'"),
    "odd id": ('id = "nginx"\n', 'id = "Nginx"\n', "servers[0].id: expected a kebab-case name"),
    "blank source": (
        'source = "measured"\n\n[[servers.signs',
        'source = " "\n\n[[servers.signs',
        "source: expected",
    ),
    "unknown rule": (
        '["content-length"]',
        '["content-lenght"]',
        "rules: unknown rule 'content-lenght', did you",
    ),
    "rule twice": (
        '["content-length"]',
        '["content-length", "content-length"]',
        "rules: 'content-length' stands",
    ),
    "no rule": ('["content-length"]', "[]", "remedies[0].rules: none, expected at least one rule"),
    "unknown server": ('apart = ["nginx"]', 'apart = ["ngin"]', "when[0].apart: unknown server 'ngin'"),
    "bad pattern": ("'nginx'", "'ngin(x'", "signs[0].headers.server: not a regular expression"),
    "slow pattern": ("'nginx'", "'(n+)+x'", "signs[0].headers.server: repeats a group"),
    "empty pattern": ("'nginx'", "''", "signs[0].headers.server: expected a text"),
    "odd header": ("{ server =", '{ "ser ver" =', "signs[0].headers: 'ser ver' is no name of a header"),
    "upper-case header": (
        "{ server =",
        "{ Server =",
        "signs[0].headers: 'Server' is no name of a header in lower",
    ),
    "odd host": ('"example.com"', '"Example.com"', "signs[0].host: 'Example.com' is no host"),
    "empty sign": (
        'headers = { server = \'nginx\' }\nhost = ["example.com", ".example.org"]\n',
        "",
        "signs[0]: empty, which every answer meets",
    ),
    "empty condition": ('chunked = true\napart = ["nginx"]\n', "", "remedies[0].when[0]: empty"),
    "others in a sign": ("host = [", 'beside = ["nginx"]\nhost = [', "signs[0].beside: not for a sign"),
    "looks of a server": (
        'kind = "server"',
        'kind = "server"\nlooks_like = "x"',
        "looks_like: not for a server",
    ),
    "no looks of a wall": ('kind = "server"', 'kind = "wall"', "looks_like: missing, expected the end of"),
    "another table": ("[[servers]]\nid", "[[server]]\nid", "unknown key 'server'"),
}


@pytest.mark.parametrize(("old", "new", "what"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_file_and_key(root: Path, old: str, new: str, what: str) -> None:
    path = root / "servers" / "web.toml"
    put(path, GOOD.replace(old, new, 1) if old != "[[servers]]\nid" else "[[server]]\nid = 'x'\n")
    assert path.read_text() != GOOD
    found = faults_of(root)
    assert all(fault.startswith(f"{path}: ") for fault in found)
    assert any(what in fault for fault in found), found


def test_every_fault_is_named_at_once(root: Path) -> None:
    path = root / "servers" / "web.toml"
    spoiled = GOOD.replace('evidence = "M"\nsource', "source", 1).replace("'nginx'", "'('", 1)
    put(path, spoiled.replace('["content-length"]', '["no-such"]').replace("chunked = true", "chunked = 1"))
    put(root / "servers" / "other.toml", GOOD.replace('kind = "server"', 'kind = "wall"'))
    edit(root / "message" / "slide-count.toml", 'severity = "error"', 'severity = "errors"')
    found = "\n".join(faults_of(root))
    for what in (
        *(
            "servers[0].evidence: missing",
            "headers.server: not a regular",
            "unknown rule 'no-such'",
            "chunked: ",
        ),
        *("other.toml: servers[0].looks_like", "duplicate server 'nginx'", "slide-count.toml: severity"),
    ):
        assert what in found


def test_an_id_may_stand_once_over_all_files(root: Path) -> None:
    path = put(root / "servers" / "zzz.toml", GOOD)
    assert faults_of(root) == (f"{path}: servers[0].id: duplicate server 'nginx', expected it once",)


def test_no_signs_is_a_fault(root: Path) -> None:
    path = root / "servers" / "web.toml"
    head, _, rest = GOOD.partition("[[servers.signs]]")
    put(path, head + "signs = []\n\n" + rest[rest.index("[[servers.remedies]]") :])
    assert faults_of(root) == (
        f"{path}: servers[0].signs: none, expected at least one sign to recognise it by",
    )


@pytest.mark.parametrize("text", ["", "servers = 3\n", "servers = []\n", "servers = [3]\n"])
def test_a_file_without_servers_is_a_fault(root: Path, text: str) -> None:
    path = put(root / "servers" / "more.toml", text)
    assert any(fault.startswith(f"{path}: servers") for fault in faults_of(root))


def test_files_that_are_no_toml_are_faults_here_too(root: Path) -> None:
    path = put(root / "servers" / "notes.md", "")
    other = put(root / "servers" / "more.toml", "[[servers")
    found = faults_of(root)
    assert any(fault.startswith(f"{path}: not claimed") for fault in found)
    assert any(fault.startswith(f"{other}: ") and "not TOML" in fault for fault in found)


def test_a_folder_of_ones_own_may_bring_servers(root: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    rule = (root / "message" / "slide-count.toml").read_text().replace('"slide-count"', '"our-count"')
    put(own / "message" / "our-count.toml", rule)
    put(own / "servers" / "ours.toml", GOOD.replace('id = "nginx"', 'id = "our-server"'))
    assert [server.id for server in load(root, config=Config(extra_rules=(own,))).servers] == [
        "nginx",
        "our-server",
    ]


def test_the_digest_covers_them(root: Path) -> None:
    before = load(root).digest
    edit(root / "servers" / "web.toml", "Do not compress.", "Never compress.")
    assert load(root).digest != before


def test_validation_reads_them(root: Path) -> None:
    edit(root / "servers" / "web.toml", 'kind = "server"', 'kind = "wall"')
    with pytest.raises(RuleSetError, match="looks_like"):
        load_all_rules(checks=CHECKS, root=root)


def test_the_servers_of_this_program_are_loaded() -> None:
    found = load_ruleset(checks=REAL_CHECKS).servers
    assert len(found) > 50
    assert {server.kind for server in found} == set(ServerKind)


def test_lint_asks_no_server_and_reads_of_them_what_links_tell() -> None:
    for ruleset in (
        load_ruleset(checks=REAL_CHECKS, profile="lint"),
        load_ruleset(checks=REAL_CHECKS, config=Config(profile="lint")),
    ):
        assert {server.kind for server in ruleset.servers} == {ServerKind.PAGE}
        assert any(server.links for server in ruleset.servers)
    every = load_ruleset(checks=REAL_CHECKS).servers
    offline = {each.id for each in load_ruleset(checks=REAL_CHECKS, profile="lint").servers}
    assert {each.id for each in every if each.links} <= offline
