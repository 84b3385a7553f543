"""Rules for some kinds of document only: where they do not apply is told by a typed cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.judge.engine import judge
from mmscheck.judge.shared import SharedMedia
from mmscheck.model.check import Check, NoParams, passed
from mmscheck.model.mms import MediaRef, Mms, Slide, XmlProblem
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.report import Evaluation
from mmscheck.model.request import Changes
from mmscheck.model.rule import Rule, RuleSet, Wording
from mmscheck.model.words import (
    Because,
    Dialect,
    Document,
    DocumentKind,
    MediaKind,
    Outcome,
    Owner,
    Severity,
    TargetKind,
)
from mmscheck.slidexml import parse
from tests.support.rule_roots import edit, faults_of, load, make_root

URL = "https://media.example/a.jpg"


def rule(*documents: Document, target: TargetKind = TargetKind.MESSAGE) -> Rule:
    return Rule(
        id="some-rule",
        title="Something holds",
        severity=Severity.ERROR,
        target=target,
        owner=Owner.CONTENT,
        check=Check(name="some-check", target=target, run=lambda _, __: passed()),
        params=NoParams(),
        text=Wording(why="why", fix="fix", failed="failed", cant_tell="unknown: {reason}"),
        source="test",
        documents=documents,
    )


def message(kind: DocumentKind, dialect: Dialect, problem: XmlProblem | None = None) -> Mms:
    ref = MediaRef(url=URL, kind=MediaKind.IMAGE, slide=1, index=1, line=7)
    slides = (Slide(number=1, line=5, media=(ref,)),)
    return Mms(source="a", digest="sha256:00", kind=kind, dialect=dialect, slides=slides, problem=problem)


def judged(only: Rule, on: Mms, shared: SharedMedia | None = None) -> Evaluation:
    ruleset = RULESETS.setdefault(
        id(only), RuleSet(profile="send", rules=(only,), digest="sha256:11", sender="any")
    )
    (found,) = judge(ruleset, on, SEEN, changes=Changes(), shared=shared).evaluations
    return found


RULESETS: dict[int, RuleSet] = {}
SEEN: dict[str, Observation] = {URL: NotFetched(url=URL, reason=Reason.TIMED_OUT)}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("kind", DocumentKind)
@pytest.mark.parametrize("only", Document)
@pytest.mark.parametrize("target", [TargetKind.MESSAGE, TargetKind.SLIDE, TargetKind.MEDIA])
def test_a_rule_applies_to_its_documents_and_to_no_others(
    dialect: Dialect, kind: DocumentKind, only: Document, target: TargetKind
) -> None:
    on = message(kind, dialect)
    found = judged(rule(only, target=target), on)
    if on.document is only:
        assert (found.outcome, found.because) == (Outcome.PASSED, None)
    else:
        assert (found.outcome, found.because) == (Outcome.INAPPLICABLE, Because.OTHER_DOCUMENT)


@pytest.mark.parametrize("only", Document)
def test_of_what_could_not_be_read_only_the_dialect_is_known(only: Document) -> None:
    broken = message(DocumentKind.SAVED, Dialect.JSON, XmlProblem(reason="broken"))
    found = judged(rule(only), broken)
    may_apply = only in {Document.SAVED_JSON, Document.ONE_SHOT_JSON}
    assert found.outcome is (Outcome.CANT_TELL if may_apply else Outcome.INAPPLICABLE)


def test_what_was_judged_of_a_medium_is_not_taken_over_by_another_kind_of_document() -> None:
    only = rule(Document.SAVED_JSON, target=TargetKind.MEDIA)
    as_json = message(DocumentKind.SAVED, Dialect.JSON)
    as_xml = message(DocumentKind.SAVED, Dialect.XML)
    shared = SharedMedia((as_json, as_xml, as_json))
    outcomes = [judged(only, each, shared).outcome for each in (as_json, as_xml, as_json)]
    assert outcomes == [Outcome.PASSED, Outcome.INAPPLICABLE, Outcome.PASSED]


@pytest.mark.parametrize(
    ("actions", "document"),
    [
        ("", Document.SAVED_XML),
        ("<action>saveMMS</action>", Document.SAVED_XML),
        ("<action> SendMMS </action>", Document.ONE_SHOT_XML),
        # Of two different ones nobody knows which counts: the stricter rules are held to.
        ("<action>saveMMS</action><action>sendMMS</action>", Document.SAVED_XML),
    ],
)
def test_the_action_says_which_kind_a_document_is(actions: str, document: Document) -> None:
    assert parse(f"<request>{actions}</request>".encode(), "a.xml").document is document


def test_a_rule_file_says_for_which_documents_it_is(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    path = root / "message" / "slide-count.toml"
    edit(path, 'target = "message"', 'target = "message"\ndocuments = ["saved-json", "other"]')
    loaded = {each.id: each.documents for each in load(root).rules}
    assert loaded["slide-count"] == (Document.SAVED_JSON, Document.OTHER)
    assert loaded["not-chunked"] == tuple(Document)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("[]", "documents: empty, expected at least one kind of document"),
        ('["other", "other"]', "documents[1]: duplicate 'other', expected each kind once"),
        ('["json"]', "documents[0]: unknown value 'json'"),
    ],
)
def test_what_no_document_is_called_does_not_load(tmp_path: Path, written: str, told: str) -> None:
    root = make_root(tmp_path)
    edit(
        root / "message" / "slide-count.toml",
        'target = "message"',
        f'target = "message"\ndocuments = {written}',
    )
    (fault,) = faults_of(root)
    assert told in fault


def test_the_floor_holds_for_everything_that_can_be_sent(tmp_path: Path) -> None:
    root = make_root(tmp_path)
    path = root / "http" / "content-length.toml"
    edit(path, 'target = "media"', 'target = "media"\ndocuments = ["saved-xml", "one-shot-xml", "other"]')
    told = "lacks one-shot-json, saved-json, which the floor needs, expected all of them"
    assert faults_of(root) == (f"{path}: documents: {told}",)
