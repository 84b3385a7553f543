"""The files of ``rules/words``: every fault with file and key, and only what is switched on is in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.checks import CHECKS
from mmscheck.errors import RuleSetError
from mmscheck.model.vocabulary import ListKind
from mmscheck.ruleset import Config, load_ruleset
from mmscheck.ruleset.config import load_config
from tests.support.rule_roots import CHECKS as FEW
from tests.support.rule_roots import make_root, put

GOOD = """\
id = "ours"
kind = "restricted"
title = "Ours"
country = "DE"
language = "de"
source = "our lawyers, 2026"
checked = 2026-12-01
licence = "ours"

[topics]
glue = ["klebstoff", "glue stick"]
"""


def test_shipped_lists_name_source_day_and_licence() -> None:
    switched_on = Config(words=("us-en", "us-en-hate", "us-es", "ca-en", "ca-fr", "gb-en", "au-en"))
    lists = load_ruleset(checks=CHECKS, config=switched_on).vocabulary.lists
    assert {each.id for each in lists} == {"shorteners", "opt-out", *switched_on.words}
    assert all(each.source and each.licence in {"MIT", "CC0-1.0", "CC-BY-4.0"} for each in lists)


def test_restricted_words_are_in_force_only_where_they_are_switched_on() -> None:
    assert not load_ruleset(checks=CHECKS).vocabulary.of(ListKind.RESTRICTED)
    chosen = load_ruleset(checks=CHECKS, config=Config(words=("ca-fr",)))
    assert [each.id for each in chosen.vocabulary.of(ListKind.RESTRICTED)] == ["ca-fr"]
    assert chosen.digest != load_ruleset(checks=CHECKS).digest


def test_a_list_that_nobody_has_is_a_fault(tmp_path: Path) -> None:
    config = load_config(put(tmp_path / "mmscheck.toml", 'words = ["us-en", "us-em", "shorteners"]\n'))
    with pytest.raises(RuleSetError) as caught:
        load_ruleset(checks=CHECKS, config=config)
    told = "\n".join(caught.value.faults)
    assert "words[1]: unknown list of words 'us-em', did you mean" in told
    assert "words[2]: unknown list of words 'shorteners'" in told


def test_a_folder_may_bring_lists_of_its_own(tmp_path: Path) -> None:
    root = make_root(tmp_path / "rules")
    put(root / "words" / "ours.toml", GOOD)
    assert load_ruleset(checks=FEW, root=root).vocabulary.lists == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('licence = "ours"\n', "", "licence: missing"),
        ('source = "our lawyers, 2026"\n', "", "source: missing"),
        ('id = "ours"', 'id = "theirs"', "id: 'theirs' is not the file's name, expected 'ours'"),
        ('"klebstoff"', '"Klebstoff"', "topics.glue: 'Klebstoff' is not as it is compared"),
        ('"klebstoff"', '"glue  stick"', "topics.glue: 'glue  stick' is not as it is compared"),
        ('"klebstoff"', '"glue stick"', "topics.glue: 'glue stick' stands there more than once"),
        ('language = "de"\n', "", "restricted words without a country and a language, expected both"),
        ('kind = "restricted"', 'kind = "banned"', "kind: unknown value 'banned'"),
        ('title = "Ours"', 'title = "Ours"\ncolour = 1', "colour: unknown key 'colour'"),
        ('glue = ["klebstoff", "glue stick"]', "glue = []", "topics.glue: expected"),
    ],
)
def test_every_fault_names_file_and_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    root = make_root(tmp_path / "rules")
    assert old in GOOD
    put(root / "words" / "ours.toml", GOOD.replace(old, new))
    with pytest.raises(RuleSetError) as caught:
        load_ruleset(checks=FEW, root=root)
    found = "\n".join(caught.value.faults)
    assert told in found
    assert "ours.toml" in found
