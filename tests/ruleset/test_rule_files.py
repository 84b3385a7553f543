from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.errors import RuleSetError
from mmscheck.model.rule import Follow
from mmscheck.model.words import Owner, Severity, TargetKind
from mmscheck.ruleset import load_all_rules
from mmscheck.ruleset.rulefile import Reader
from tests.support.rule_roots import CHECKS, SEND, SLIDE_COUNT, edit, faults_of, load, make_root, put, rule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path)


def test_a_valid_folder_loads_in_the_order_of_the_profile(root: Path) -> None:
    ruleset = load(root)
    assert tuple(each.id for each in ruleset.rules) == SEND
    assert (ruleset.profile, ruleset.sender, ruleset.overrides) == ("send", "any", ())


def test_every_field_of_a_rule_file_arrives_in_the_rule(root: Path) -> None:
    loaded = load(root).rules[0]
    assert loaded.title == "The message has between 1 and 8 slides"
    assert (loaded.severity, loaded.target, loaded.owner) == (
        Severity.ERROR,
        TargetKind.MESSAGE,
        Owner.CONTENT,
    )
    assert loaded.check is CHECKS["count-within"]
    assert (loaded.params.minimum, loaded.params.maximum) == (1, 8)
    assert loaded.limits == {"maximum": "slides-max"}
    assert loaded.provider_codes == ("E312", "E225")
    assert loaded.source == "a document"
    assert loaded.text.why == "The provider takes no more."
    assert loaded.text.fix == "Split the message."
    assert loaded.text.failed == "{source} has {count} slides; {minimum} to {maximum} are taken."
    assert loaded.text.cant_tell == "Not counted: {reason}."


NAMED = '[limits]\nmaximum = "slides-max"\n'

FAULTS = [
    ("unknown-key", 'owner = "content"', 'owner = "content"\nownr = "x"', "ownr", "did you mean 'owner'?"),
    ("unknown-key-far", 'owner = "content"', 'owner = "content"\nzzz = 1', "zzz", "one of carriers, "),
    ("missing-key", 'source = "a document"\n', "", "source", "missing, expected a text"),
    ("missing-text-key", 'why = "The provider takes no more."\n', "", "text.why", "missing"),
    ("misspelt-text-key", "failed = ", "faild = ", "text.faild", "did you mean 'failed'?"),
    (
        "title-not-text",
        '"The message has between 1 and 8 slides"',
        "8",
        "title",
        "expected a text that is not blank, got 8",
    ),
    ("blank-title", '"The message has between 1 and 8 slides"', '"  "', "title", "expected a text that is"),
    ("blank-why", '"The provider takes no more."', '" "', "text.why", "expected a text that is not blank"),
    ("blank-fix", '"Split the message."', '""', "text.fix", "expected a text that is not blank"),
    ("blank-cant-tell", '"Not counted: {reason}."', '""', "text.cant_tell", "that is not blank"),
    ("blank-source", '"a document"', '""', "source", "expected a text that is not blank"),
    ("severity", 'severity = "error"', 'severity = "eror"', "severity", "did you mean 'error'? expected one"),
    ("severity-list", 'severity = "error"', 'severity = "x"', "severity", "expected one of error, warning"),
    ("owner", 'owner = "content"', 'owner = "me"', "owner", "expected one of content, hosting, sender"),
    ("target", 'target = "message"', 'target = "mail"', "target", "expected one of media, message, request"),
    ("target-differs", 'target = "message"', 'target = "slide"', "target", "expected 'message'"),
    ("target-array", 'target = "message"', "target = []", "target", "expected"),
    ("check", '"count-within"', '"count-withn"', "check", "did you mean 'count-within'?"),
    ("check-not-text", '"count-within"', "3", "check", "expected a text that is not blank, got 3"),
    (
        "id-differs",
        'id = "slide-count"',
        'id = "slides"',
        "id",
        "not the file's name, expected 'slide-count'",
    ),
    ("id-not-kebab", 'id = "slide-count"', 'id = "Slide_Count"', "id", "expected a kebab-case name"),
    ("id-newline", 'id = "slide-count"', 'id = "slide-count\\n"', "id", "expected a kebab-case name"),
    ("code", '"E312"', '"312"', "provider_codes[0]", "expected a provider code"),
    ("code-newline", '"E312"', '"E312\\n"', "provider_codes[0]", "expected a provider code"),
    ("code-lower", '"E225"', '"e225"', "provider_codes[1]", "expected a provider code"),
    ("codes-not-array", '["E312", "E225"]', '"E312"', "provider_codes", "expected an array, got 'E312'"),
    ("text-not-table", "[text]\n", "[text.x]\n", "text.x", "unknown key"),
    ("param-unknown", "minimum = 1", "minimum = 1\nminimun = 2", "params.minimun", "did you mean 'minimum'?"),
    ("param-missing", "minimum = 1\n", "", "params.minimum", "missing, expected int"),
    ("param-true", "minimum = 1", "minimum = true", "params.minimum", "expected int, got bool"),
    ("param-float", "minimum = 1", "minimum = 1.0", "params.minimum", "expected int, got float"),
    ("param-text", "minimum = 1", 'minimum = "1"', "params.minimum", "expected int, got str"),
    ("param-nan", "minimum = 1", "minimum = 1\nratio = nan", "params.ratio", "expected a finite one"),
    ("param-inf", "minimum = 1", "minimum = 1\nratio = 1e999", "params.ratio", "expected a finite one"),
    ("param-huge", "minimum = 1", f"minimum = {2**63}", "params.minimum", "expected one of 64 bits"),
    ("param-item", "minimum = 1", "minimum = 1\nignored = [1]", "params.ignored", "expected str, got int"),
    ("params-not-table", "[params]\nminimum = 1\n", "params = 1\n", "params", "expected a table, got 1"),
    ("limit-unknown", '"slides-max"', '"slide-max"', "limits.maximum", "did you mean 'slides-max'?"),
    ("limit-param-unknown", "maximum = ", "maximun = ", "limits.maximun", "did you mean 'maximum'?"),
    ("limit-param-twice", "minimum = 1", "minimum = 1\nmaximum = 8", "limits.maximum", "also in params"),
    ("limit-not-name", '"slides-max"', "8", "limits.maximum", "expected a text that is"),
    ("limit-for-text", "[limits]", '[limits]\nignored = "slides-max"', "limits.ignored", "expected array"),
    ("limits-not-table", f"[params]\nminimum = 1\n{NAMED}", "limits = 8\n", "limits", "expected a table"),
    ("placeholder", "{count}", "{cuont}", "text.failed", "did you mean 'count'?"),
    ("placeholder-reason", "{count}", "{reason}", "text.failed", "unknown placeholder 'reason'"),
    ("placeholder-cant-tell", "{reason}", "{count}", "text.cant_tell", "unknown placeholder 'count'"),
    ("placeholder-open", "{count}", "{", "text.failed", "not a template"),
    ("placeholder-close", "{count}", "}", "text.failed", "not a template"),
    ("placeholder-empty", "{count}", "{}", "text.failed", "unknown placeholder ''"),
    ("placeholder-number", "{count}", "{0}", "text.failed", "unknown placeholder '0'"),
    ("placeholder-attribute", "{count}", "{count.real}", "text.failed", "unknown placeholder 'count.real'"),
    ("placeholder-item", "{count}", "{count[0]}", "text.failed", "unknown placeholder 'count[0]'"),
    ("placeholder-convert", "{count}", "{count!r}", "text.failed", "expected plain {count}"),
    ("placeholder-layout", "{count}", "{count:>5}", "text.failed", "expected plain {count}"),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "what"), [row[1:] for row in FAULTS], ids=[r[0] for r in FAULTS]
)
def test_a_faulty_rule_file_names_file_and_key(root: Path, old: str, new: str, key: str, what: str) -> None:
    path = root / "message" / "slide-count.toml"
    edit(path, old, new)
    faults = faults_of(root)
    assert any(fault.startswith(f"{path}: {key}: ") and what in fault for fault in faults), faults
    # The profile and the floor go by file names, so nothing else is at fault, and nothing twice.
    assert all(fault.startswith(str(path)) for fault in faults), faults
    assert len(set(faults)) == len(faults)


def test_a_doubled_brace_is_text_and_no_placeholder(root: Path) -> None:
    edit(root / "message" / "slide-count.toml", "{count}", "{{$name|default}} {count}")
    assert load(root).rules[0].text.failed.startswith("{source} has {{$name|default}}")


def test_a_whole_number_serves_where_a_fraction_may_stand(root: Path) -> None:
    edit(root / "message" / "slide-count.toml", "minimum = 1", "minimum = 1\nratio = 2")
    assert load(root).rules[0].params.ratio == 2.0


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"id = 1\ntitle = \n", "line 2", "not TOML"),
        (b"id = 1\nid = 2\nx = 1\n", "line 2", "not TOML"),
        (b"id = 1\ntitle = ", "line 2", "not TOML"),
        (b"\xef\xbb\xbfid = 1\n", "line 1", "not TOML"),
        (b"x = 1\ntitle = '\xff'\n", "line 2", "byte 0xff is not UTF-8"),
        (b"x = " + b"[" * 5000, "not read", "nested too deeply"),
        (b"x = " + b"9" * 5000, "a number", "not TOML"),
    ],
    ids=["syntax", "twice", "end", "bom", "latin-1", "deep", "digits"],
)
def test_a_file_that_is_not_toml_names_the_line(root: Path, content: bytes, where: str, what: str) -> None:
    path = put(root / "message" / "slide-count.toml", content)
    (fault,) = faults_of(root)
    assert fault.startswith(f"{path}: {where}: ")
    assert what in fault


def test_the_same_id_in_two_families_is_a_duplicate(root: Path) -> None:
    copy = put(root / "slide" / "slide-count.toml", SLIDE_COUNT)
    first = root / "message" / "slide-count.toml"
    assert faults_of(root) == (f"{copy}: id: duplicate rule 'slide-count', expected it only in {first}",)


def test_all_faults_of_all_files_are_named_at_once(root: Path) -> None:
    path = root / "message" / "slide-count.toml"
    edit(path, 'severity = "error"', 'severity = "eror"')
    edit(path, 'owner = "content"', 'owner = "me"')
    edit(path, "minimum = 1", "minimum = true")
    edit(path, "{count}", "{cuont}")
    other = put(root / "url" / "url-x.toml", rule("url-x", "nothing", "media"))
    stray = put(root / "url" / "url-y.yaml", "")
    limits = root / "limits" / "default.toml"
    edit(limits, "value = 8", "value = true")
    send = root / "profiles" / "send.toml"
    edit(send, '"slide-count"', '"slide-cuont"')
    places = [f"{path}: {key}: " for key in ("severity", "owner", "params.minimum", "text.failed")]
    places += [
        f"{other}: check: ",
        f"{stray}: ",
        f"{limits}: limits.slides-max.value: ",
        f"{send}: rules[0]: ",
    ]
    faults = faults_of(root)
    assert all(any(fault.startswith(place) for fault in faults) for place in places), faults
    assert len(faults) == len(places), faults


def test_a_faulty_rule_is_not_also_unknown_to_the_profile(root: Path) -> None:
    edit(root / "message" / "slide-count.toml", 'owner = "content"', 'owner = "me"')
    assert len(faults_of(root)) == 1


def test_a_rule_lost_without_a_fault_is_a_fault(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "read", lambda _reader, _faults, _path: None)
    (fault,) = faults_of(root)
    assert f"0 of {len(SEND)} rules loaded" in fault


def test_all_rules_are_listed_by_id_without_changes_of_profiles(root: Path) -> None:
    put(root / "url" / "unlisted.toml", rule("unlisted", "anything", "media"))
    send = root / "profiles" / "send.toml"
    send.write_text(send.read_text() + '[severity]\nslide-count = "warning"\n')
    rules = load_all_rules(checks=CHECKS, root=root)
    assert [each.id for each in rules] == sorted([*SEND, "unlisted"])
    assert all(each.severity is Severity.ERROR for each in rules)


def test_listing_all_rules_validates_as_strictly_as_a_check(root: Path) -> None:
    put(root / "profiles" / "notes.md", "")
    with pytest.raises(RuleSetError, match=r"notes\.md"):
        load_all_rules(checks=CHECKS, root=root)


FOLLOWS = [
    ("unknown", 'follows = ["media-reachble"]', "follows[0]", "did you mean 'media-reachable'?"),
    ("with-its-line", 'follows = ["nobody"]', "follows[0]", "(line 9)"),
    ("no-array", 'follows = "media-reachable"', "follows", "expected an array"),
    (
        "other-target",
        'follows = ["subject-ascii"]',
        "follows[0]",
        "is about a message, and this rule about a media",
    ),
    ("itself", 'follows = ["content-length"]', "follows", "no circle"),
    (
        "when-of-nothing",
        "[follows_when]\nnot-chunked = ['failed']",
        "follows_when.not-chunked",
        "as in follows",
    ),
    (
        "when-unknown",
        "follows = ['not-chunked']\n[follows_when]\nnot-chunked = ['timed-ot']",
        "follows_when.not-chunked[0]",
        "did you mean 'timed-out'?",
    ),
]


@pytest.mark.parametrize(("text", "key", "what"), [each[1:] for each in FOLLOWS], ids=[e[0] for e in FOLLOWS])
def test_what_a_rule_follows_is_checked(root: Path, text: str, key: str, what: str) -> None:
    edit(root / "http" / "content-length.toml", 'source = "s"\n', f'source = "s"\n{text}\n')
    (fault,) = faults_of(root)
    assert fault.startswith(f"{root / 'http' / 'content-length.toml'}: {key}: ")
    assert what in fault


def test_rules_that_follow_each_other_are_a_fault_of_both_unless_one_is_undecided(root: Path) -> None:
    ways = {"content-length": "not-chunked", "not-chunked": "content-length"}
    for rule_id, cause in ways.items():
        edit(root / "http" / f"{rule_id}.toml", 'source = "s"\n', f'source = "s"\nfollows = ["{cause}"]\n')
    assert [fault.rpartition(": ")[2][:10] for fault in faults_of(root)] == ["leads back"] * 2
    text = "[follows_when]\nnot-chunked = ['cant-tell']\n[text]"
    edit(root / "http" / "content-length.toml", "[text]", text)
    followed = {each.id: each.follows for each in load(root).rules}
    assert followed["content-length"] == (Follow(rule="not-chunked", when=("cant-tell",)),)
    assert followed["not-chunked"] == (Follow(rule="content-length"),)
