"""Rules on messages for other providers: those that hold for whoever fetches, and what a provider states."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.judge.documents import read_message
from mmscheck.judge.engine import judge
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.provider import Provider
from mmscheck.model.request import Changes
from mmscheck.model.words import Because, Document, TargetKind
from mmscheck.ruleset.providers import other_providers
from tests.payloads.test_whose_message import BY_PROVIDER, A, B, told
from tests.support.rule_roots import faults_of, limit, make_root, put

RULES = load_rules("send")
SEEN: dict[str, Observation] = {url: NotFetched(url=url, reason=Reason.TIMED_OUT) for url in (A, B)}
SINCH_ALONE = {
    *("name-present", "slide-count", "message-size", "subject-present", "subject-ascii", "subject-no-emoji"),
    *("merge-data-complete", "not-chunked", "content-type-specific", "media-type-accepted", "media-size"),
    *("video-codec", "audio-codec", "video-container", "media-as-saved"),
}
EVERYBODY = {
    *("xml-well-formed", "elements-read", "url-absolute", "url-clean", "url-public", "url-not-expiring"),
    *("media-reachable", "tls-valid", "redirect-safe", "content-length-true", "response-well-formed"),
    *("file-itself", "media-type-known", "media-kind-matches", "not-a-web-page", "media-not-empty"),
    *("image-decodes", "audio-decodes", "video-decodes", "vcard-valid", "ical-valid", "pdf-valid"),
    *("passbook-valid", "payload-whole", "payload-limits", "payload-types", "not-compressed"),
}


@pytest.mark.parametrize("provider", other_providers(), ids=lambda each: each.id)
def test_a_rule_applies_where_it_holds_for_all_or_is_stated(provider: Provider) -> None:
    report = judge(RULES, told(BY_PROVIDER[provider.id]), SEEN, changes=Changes())
    found = {item.rule: item.because is not Because.OTHER_DOCUMENT for item in report.evaluations}
    for rule in RULES.rules:
        if rule.id in found:
            assert found[rule.id] == (Document.OTHER in rule.documents or rule.id in provider.states), rule.id
    assert not any(found.get(rule, False) for rule in SINCH_ALONE)
    assert all(found.get(rule, True) for rule in EVERYBODY)
    assert found["content-length"] == (provider.id == "plivo")
    assert found["content-type-matches"] == (provider.id in {"plivo", "twilio"})


@pytest.mark.parametrize("provider", other_providers(), ids=lambda each: each.id)
def test_no_code_of_sinch_is_told(provider: Provider) -> None:
    report = judge(RULES, told(BY_PROVIDER[provider.id]), SEEN, changes=Changes())
    own = {code for codes in (*provider.states.values(), *provider.codes.values()) for code in codes}
    assert {code for item in report.evaluations for code in item.provider_codes} <= own


def test_a_list_is_held_to_every_rule_on_media() -> None:
    report = judge(RULES, told(f"{A}\n{B}\n".encode()), SEEN, changes=Changes())
    applied = {item.rule for item in report.evaluations if item.because is not Because.OTHER_DOCUMENT}
    media = [rule for rule in RULES.rules if rule.target is TargetKind.MEDIA]
    assert {rule.id for rule in media if Document.SAVED_XML in rule.documents} <= applied
    assert not {"media-type-accepted-json", "name-present"} & applied


def test_a_message_for_sinch_is_not_touched_by_rules_for_others() -> None:
    message = read_message(b"<request><slide><message-text>Hi</message-text></slide></request>", "a")
    report = judge(RULES, message, {}, changes=Changes())
    others = [item for item in report.evaluations if item.rule.startswith("payload-")]
    assert {item.because for item in others} == {Because.OTHER_DOCUMENT}


PROVIDER = """\
name = "Acme"
source = "a document"
checked = 2026-11-01
forms = ["json"]

[[needs]]
one_of = ["to"]

[fields]
to = { role = "to" }
"""


def root_with(folder: Path, text: str, *, limits: bool = True) -> Path:
    root = make_root(folder)
    put(root / "providers" / "acme.toml", text)
    if limits:
        numbers = limit("limits.media-count-max", 3, "files")
        put(root / "limits" / "acme.toml", f'name = "Acme"\nkind = "provider"\n{numbers}')
    return root


@pytest.mark.parametrize(
    ("old", "new", "told_of"),
    [
        ('forms = ["json"]', 'forms = ["yaml"]', "forms[0]"),
        ('one_of = ["to"]', 'one_of = ["too"]', "unknown field 'too', did you mean 'to'?"),
        ('role = "to"', 'role = "too"', "fields.to.role"),
        ('role = "to"', 'only_with = { kind = "x" }', "unknown field 'kind'"),
        ('name = "Acme"', 'id = "acme"\nname = "Acme"', "unknown key 'id'"),
        ("[fields]", "[states]\nno-rule = []\n[fields]", "unknown rule 'no-rule'"),
        ("[fields]", "[codes]\nno-rule = []\n[fields]", "unknown rule 'no-rule'"),
        ("checked = 2026-11-01", 'checked = "2026-11-01"', "checked"),
    ],
)
def test_a_table_is_read_strictly(tmp_path: Path, old: str, new: str, told_of: str) -> None:
    faults = faults_of(root_with(tmp_path, PROVIDER.replace(old, new)))
    assert any("acme.toml" in fault and told_of in fault for fault in faults), faults


def test_a_provider_without_numbers_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(root_with(tmp_path, PROVIDER, limits=False))
    assert "has no numbers" in fault
