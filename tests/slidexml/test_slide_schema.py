"""The schema for editors and the page of elements, against what the parser reads and the rules pass."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

import pytest
from lxml import etree

from mmscheck.model.words import Document
from mmscheck.slidexml import names, parse
from tests.support.rule_cases import RuleCase, read_cases

ROOT = Path(__file__).parents[2]
FILES = importlib.resources.files("mmscheck.slidexml")
TREE = etree.fromstring(FILES.joinpath("slide.xsd").read_bytes())
SCHEMA = etree.XMLSchema(TREE)
XS = "{http://www.w3.org/2001/XMLSchema}"
GOOD = ("summer-sale", "film-and-sound")
BAD = ("broken-sale", "strays", "wrong-root", "latin1")

WRITTEN = ("elements-known", "elements-read", "name-present", "slide-count", "slide-duration")
"""Rules that a schema can hold a document to whatever is sent, so that it refuses what they fail."""

TAKEN = frozenset(
    {
        *("asset-present", "extension-matches"),  # no name, no subject
        *("media-kind-matches", "media-type-accepted"),  # more slides than a message may have
        *("subject-no-emoji", "subject-plain"),  # subjects that are not ASCII
        *("subject-present", "subject-ascii"),  # others are sent in their place
    }
)
"""Rules with cases that pass for them and are no good messages as they are written."""


def takes(document: bytes) -> bool:
    try:
        return bool(SCHEMA.validate(etree.fromstring(document)))
    except etree.XMLSyntaxError:
        return False


def elements() -> dict[str, str]:
    """Every element of the schema with what it says of it."""
    return {
        str(each.get("name")): " ".join(each.findtext(f"{XS}annotation/{XS}documentation", "").split())
        for each in TREE.iter(f"{XS}element")
        if each.get("name")
    }


def is_modern(message: str) -> bool:
    """Whether it is to be stored, in the spelling that the schema has and the order of the examples."""
    read = parse(message.encode(), "x.xml")
    return read.document is Document.SAVED_XML and read.spelling == names.MODERN and not read.strays


def test_the_schema_has_every_element_that_the_parser_reads_and_no_other() -> None:
    assert set(elements()) == set(names._MODERN_SPELLINGS.values())
    assert [name for name, told in elements().items() if not told] == []


def test_the_page_lists_every_element_in_the_words_of_the_schema() -> None:
    page = (ROOT / "docs" / "slide-xml.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| .+? \| (.+) \|$", page, re.MULTILINE))
    assert rows == {name: told.replace("|", "\\|") for name, told in elements().items()}


def test_the_page_shows_the_message_that_new_writes() -> None:
    page = (ROOT / "docs" / "slide-xml.md").read_text(encoding="utf-8")
    assert FILES.joinpath("message.xml").read_text(encoding="utf-8") in page


@pytest.mark.parametrize("name", GOOD)
def test_good_messages_are_taken(name: str) -> None:
    assert takes((ROOT / "fixtures" / "mms" / f"{name}.xml").read_bytes())


@pytest.mark.parametrize("name", BAD)
def test_bad_messages_are_refused(name: str) -> None:
    assert not takes((ROOT / "fixtures" / "mms" / f"{name}.xml").read_bytes())


def test_the_message_that_new_writes_is_taken() -> None:
    assert takes(FILES.joinpath("message.xml").read_bytes())


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.id)
def test_what_the_rules_pass_is_taken_and_what_they_fail_in_writing_is_refused(
    case: RuleCase,
) -> None:
    text = case.case.message
    if text is None or not text.lstrip().startswith("<"):
        return
    if case.case.name.startswith("pass-") and case.rule not in TAKEN and is_modern(text):
        assert takes(text.encode()), SCHEMA.error_log
    if case.case.name.startswith("fail-") and case.rule in WRITTEN:
        assert not takes(text.encode())
