"""Two nights beside each other: every finding is new, left, fixed, gone or not known any more."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from mmscheck.cli.main import main
from mmscheck.errors import InputError, UsageError
from mmscheck.fetch import FetchPolicy
from mmscheck.fleet.judging import findings_file, media_file, messages_file
from mmscheck.fleet.night_formats import pieces
from mmscheck.fleet.nights import NightReader
from mmscheck.fleet.plan import make_plan
from mmscheck.fleet.rows import FINDINGS, MEDIA, MESSAGES
from mmscheck.fleet.run import RuleSelection, RunOrder
from mmscheck.fleet.sources import Item
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import TOTAL, RunTotal
from mmscheck.judge.pipeline import window

RULES = ("media-reachable", "subject-length")
Found = tuple[str, str, str, bool]
"""The message, the rule, the outcome, and whether it blocks."""


def night(
    place: Path,
    names: list[str],
    found: list[Found],
    rules: tuple[str, ...] = RULES,
    reasons: tuple[str, ...] = (),
) -> str:
    """A store whose run ended with these findings."""
    store = RunStore(str(place))
    order = RunOrder(selection=RuleSelection(), policy=FetchPolicy(), window=window())
    documents = [Item(source=name, document=b"<request/>") for name in names]
    run = make_plan(store, order, documents, ruleset_digest="sha256:x")
    shut = {name for name, _, _, blocks in found if blocks}
    messages = [
        {"position": at, "source": name, "permitted": name not in shut, "undecided": False}
        for at, name in enumerate(names)
    ]
    rows = [
        {
            "position": names.index(name),
            "source": name,
            "rule": rule,
            "cause": "",
            "outcome": outcome,
            "blocks": blocks,
            "waived": False,
            "kind": "media",
            "slide": 1,
            "media": 1,
            "host": "a:80",
            "owner": "hosting",
            "message": f"{rule} of {name}",
        }
        for name, rule, outcome, blocks in found
    ]
    store.write_table(messages_file(0), pa.Table.from_pylist(messages, schema=MESSAGES))
    store.write_table(findings_file(0), pa.Table.from_pylist(rows, schema=FINDINGS))
    store.write_table(media_file(0), MEDIA.empty_table())
    total = RunTotal(
        run=run.digest,
        exit_code=0,
        messages=len(names),
        permitted=0,
        denied=0,
        undecided=0,
        outcomes={rule: {} for rule in rules},
        reasons=reasons,
    )
    store.write(TOTAL, msgspec.json.encode(total))
    return str(place)


def changed(old: str, new: str) -> tuple[int, set[tuple[str, str, str]]]:
    """The exit code, and (change, message, rule) for each finding."""
    with NightReader(old, new) as reader:
        rows = list(csv.DictReader(io.StringIO("".join(pieces("csv", reader, only_new=False)))))
        code = reader.changes(most=5).exit_code
    return code, {(row["change"], row["source"], row["rule"]) for row in rows}


REACH, SUBJECT = RULES


@pytest.mark.parametrize(
    ("before", "after", "code", "change"),
    [
        ([], [("m", REACH, "failed", True)], 1, "new"),
        ([], [("m", REACH, "failed", False)], 0, "new"),
        ([("m", REACH, "cant-tell", True)], [("m", REACH, "failed", True)], 1, "new"),
        ([("m", REACH, "failed", True)], [("m", REACH, "failed", True)], 0, "remains"),
        ([("m", REACH, "cant-tell", True)], [("m", REACH, "cant-tell", True)], 0, "remains"),
        ([("m", REACH, "failed", True)], [("m", REACH, "cant-tell", True)], 3, "undecided"),
        ([], [("m", REACH, "cant-tell", True)], 3, "undecided"),
        ([("m", REACH, "failed", True)], [], 0, "fixed"),
    ],
)
def test_a_finding_is_one_of_five(
    tmp_path: Path, before: list[Found], after: list[Found], code: int, change: str
) -> None:
    old, new = night(tmp_path / "old", ["m"], before), night(tmp_path / "new", ["m"], after)
    assert changed(old, new) == (code, {(change, "m", REACH)})


def test_a_message_that_is_gone_took_its_findings_along_and_fixed_nothing(tmp_path: Path) -> None:
    old = night(tmp_path / "old", ["a", "b"], [("b", REACH, "failed", True)])
    new = night(tmp_path / "new", ["a", "c"], [("c", REACH, "failed", True)])
    assert changed(old, new) == (1, {("ended", "b", REACH), ("new", "c", REACH)})
    assert changed(old, night(tmp_path / "less", ["a"], [])) == (3, {("ended", "b", REACH)})


def test_messages_of_one_name_are_each_the_one_in_its_turn(tmp_path: Path) -> None:
    old = night(tmp_path / "old", ["m", "m"], [("m", REACH, "failed", True)])
    new = night(tmp_path / "new", ["m", "m"], [("m", REACH, "failed", True)])
    with NightReader(old, new) as reader:
        changes = reader.changes(most=5)
    assert (changes.counts["remains"], changes.counts["new"], changes.added, changes.gone) == (1, 0, 0, 0)


def test_a_rule_of_one_night_alone_is_not_compared_and_not_fixed(tmp_path: Path) -> None:
    old = night(tmp_path / "old", ["m"], [("m", REACH, "failed", True)])
    new = night(tmp_path / "new", ["m"], [], rules=(SUBJECT,))
    assert changed(old, new) == (3, set())
    with NightReader(old, new) as reader:
        text = "".join(pieces("text", reader, only_new=False))
    assert f"Rules that were evaluated before and are not now: {REACH}." in text
    assert f"Not comparable, as one run alone evaluated them: {REACH}." in text


def test_a_night_that_was_not_whole_is_not_known(tmp_path: Path) -> None:
    old = night(tmp_path / "old", ["m"], [])
    new = night(tmp_path / "new", ["m"], [], reasons=("1 of 2 parts were not judged",))
    assert changed(old, new) == (3, set())


def test_each_format_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = night(tmp_path / "old", ["m"], [])
    new = night(tmp_path / "new", ["m"], [("m", REACH, "failed", True)])
    for form in ("text", "markdown", "html"):
        assert main(["diff", old, new, "--format", form]) == 1
        out = capsys.readouterr().out
        assert "WORSE: findings: 1 new" in out.replace("\\", "")
        assert "media-reachable" in out.replace("\\", "")


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    old = night(tmp_path / "old", ["m"], [])
    with pytest.raises(UsageError, match="are the same run"):
        NightReader(old, old)
    with pytest.raises(InputError, match="no run is kept there"):
        NightReader(old, str(tmp_path / "none"))
