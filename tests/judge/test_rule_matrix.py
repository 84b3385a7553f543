"""Rule x kind of document: every rule asked about real documents of every kind, and the pages agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmscheck.checks import CHECKS
from mmscheck.judge.engine import judge
from mmscheck.model.mms import Mms
from mmscheck.model.observation import NotFetched, Reason
from mmscheck.model.report import Evaluation
from mmscheck.model.request import Changes, SendRequest
from mmscheck.model.rule import FLOOR, RuleSet
from mmscheck.model.words import Because, Document, DocumentKind, Outcome
from mmscheck.ruleset import load_all_rules
from mmscheck.ruleset.floor import FLOOR_RULES
from mmscheck.slidexml import parse
from tools import documents_table

ROOT = Path(__file__).resolve().parents[2]
URL = "http://media.example.com/a.jpg"
_XML = (
    "<request><action>{action}</action><name>spring</name><message-subject>Spring</message-subject>"
    f"<slide><image><url>{URL}</url></image><message-text>Hello</message-text></slide></request>"
)
_JSON = (
    '{"action": "ACTION", "name": "spring", "message-subject": "Spring",'
    f' "slide": [{{"image": {{"url": "{URL}"}}, "message-text": "Hello"}}]}}'
)
RULES = {rule.id: rule for rule in load_all_rules(checks=CHECKS)}


def sample(document: Document) -> Mms:
    written = {
        Document.SAVED_XML: _XML.format(action="saveMMS"),
        Document.ONE_SHOT_XML: _XML.format(action="sendMMS"),
        Document.SAVED_JSON: _JSON.replace("ACTION", "savemms"),
        Document.ONE_SHOT_JSON: _JSON.replace("ACTION", "sendmms"),
    }
    if document is not Document.OTHER:
        message = parse(written[document].encode(), "a")
        assert message.document is document
        return message
    saved = sample(Document.SAVED_JSON)
    return Mms(source="a", digest=saved.digest, kind=DocumentKind.OTHER, slides=saved.slides)


def asked(document: Document) -> dict[str, list[Evaluation]]:
    """Every rule on every target of a message of this kind, by rule."""
    ruleset = RuleSet(profile="send", rules=tuple(RULES.values()), digest="sha256:11", sender="any")
    seen = {URL: NotFetched(url=URL, reason=Reason.TIMED_OUT)}
    request = SendRequest(to="14045550123", from_="28444")
    report = judge(ruleset, sample(document), seen, changes=Changes(), request=request)
    found: dict[str, list[Evaluation]] = {}
    for item in report.evaluations:
        found.setdefault(item.rule, []).append(item)
    return found


@pytest.mark.parametrize("document", Document)
def test_every_rule_is_asked_about_its_documents_and_does_not_apply_to_others(document: Document) -> None:
    found = asked(document)
    assert found.keys() == RULES.keys()
    for rule_id, items in found.items():
        meant = document in RULES[rule_id].documents
        elsewhere = {item.because is Because.OTHER_DOCUMENT for item in items}
        assert elsewhere == {not meant}, rule_id
        assert meant or {item.outcome for item in items} == {Outcome.INAPPLICABLE}, rule_id


def test_the_floor_is_for_everything_that_can_be_sent() -> None:
    assert FLOOR_RULES.keys() == FLOOR
    for rule_id, guarded in FLOOR_RULES.items():
        assert guarded.documents <= set(RULES[rule_id].documents), rule_id


def test_each_document_that_can_be_sent_has_one_rule_where_rules_differ_by_dialect() -> None:
    pairs = (
        ("media-type-accepted", "media-type-accepted-json"),
        ("request-country", "request-same-country"),
        ("request-fallback-text", "request-fallback-given"),
        ("subject-present", "subject-not-blank"),
    )
    for one, other in pairs:
        of_one, of_other = set(RULES[one].documents), set(RULES[other].documents)
        assert not of_one & of_other, (one, other)
        assert of_one | of_other >= set(Document) - {Document.OTHER}, (one, other)


def test_the_page_shows_the_matrix_that_the_engine_keeps() -> None:
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8").partition("## For which documents")[2]
    head, *rows = re.findall(r"^\| (.+) \|$", page.partition("\n## ")[0], re.MULTILINE)
    columns = [Document(name.strip(" `")) for name in head.split("|")[1:]]
    shown = {
        row.split("]")[0].removeprefix("["): [cell.strip() for cell in row.split("|")[1:]] for row in rows
    }
    outcomes = {document: asked(document) for document in columns}
    for rule_id in RULES:
        kept = [
            "no" if outcomes[document][rule_id][0].because is Because.OTHER_DOCUMENT else "yes"
            for document in columns
        ]
        assert shown.get(rule_id, ["yes"] * len(columns)) == kept, rule_id


def test_the_table_of_readme_counts_the_rules_of_each_document() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert documents_table.readme(text, RULES.values()) == text
    counts = re.findall(r"^\|.*\| (\d+) \|$", text.partition(documents_table.BEGIN)[2], re.MULTILINE)
    assert len(counts) >= len(Document)
    for (document, _), counted in zip(documents_table.TOLD.items(), counts, strict=False):
        applied = [
            rule_id
            for rule_id, items in asked(document).items()
            if items[0].because is not Because.OTHER_DOCUMENT
        ]
        assert int(counted) == len(applied)
