"""Which rows stand for all: one for each kind of merge data, and as few as will do."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mmscheck.campaign.recipients import Recipients
from mmscheck.campaign.variants import MOST_HOSTS, Variants
from mmscheck.model.request import Changes
from tests.support.campaigns import write_recipients


def chosen(file: Path) -> list[tuple[int, tuple[str, ...]]]:
    recipients = Recipients(str(file), Changes())
    found = Variants(recipients.columns)
    for row in recipients.rows():
        found.count(row)
    return [(one.row.line, one.kinds) for one in found.chosen()]


def test_each_kind_has_its_row(tmp_path: Path) -> None:
    rows = [
        ("15551000001", "Ana", "https://a.example/1"),
        ("15551000002", "Bo", "https://a.example/2"),
        ("15551000003", "", "https://b.example/somewhere/else"),
        ("15551000004", "Zoë", ""),
    ]
    found = chosen(write_recipients(tmp_path / "r.csv", rows, header="to,name,link"))
    assert [line for line, _ in found] == [2, 4, 5]
    kinds = {kind for _, some in found for kind in some}
    assert kinds == {
        *(f"name {kind}" for kind in ("empty", "filled", "longest", "not ASCII")),
        *(
            f"link {kind}"
            for kind in ("empty", "filled", "longest", "links to a.example", "links to b.example")
        ),
    }


def test_rows_without_merge_data_have_one_that_stands_for_all(tmp_path: Path) -> None:
    rows = [("15551000001", "form", "2026-01-01"), ("15551000002", "", "")]
    file = write_recipients(tmp_path / "r.csv", rows, header="to,consent-source,consent-at")
    assert chosen(file) == [(2, ("as it is",))]


def test_hosts_are_told_apart_up_to_a_number(tmp_path: Path) -> None:
    rows = [(f"1555100{at:04}", f"https://h{at}.example/") for at in range(3 * MOST_HOSTS)]
    found = chosen(write_recipients(tmp_path / "r.csv", rows, header="to,link"))
    assert len(found) <= MOST_HOSTS + 2
    assert any("link links to further hosts" in kinds for _, kinds in found)


VALUES = st.sampled_from(["", "Ana", "Zoë", "a longer one", "see https://a.example/x", "b.example/y"])


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=30))
def test_whatever_the_rows_every_kind_is_stood_for_and_no_row_is_for_nothing(
    tmp_path_factory: object, cells: list[tuple[str, str]]
) -> None:
    assert hasattr(tmp_path_factory, "mktemp")
    file = tmp_path_factory.mktemp("v") / "r.csv"
    write_recipients(file, [(f"1555100{at:04}", *pair) for at, pair in enumerate(cells)], header="to,one,two")
    found = chosen(file)
    assert all(kinds for _, kinds in found)
    kinds = [kind for _, some in found for kind in some]
    assert len(kinds) == len(set(kinds))
    for at, name in enumerate(("one", "two")):
        values = [pair[at] for pair in cells]
        wanted = {
            f"{name} empty": "" in values,
            f"{name} filled": any(values),
            f"{name} longest": any(values),
            f"{name} not ASCII": "Zoë" in values,
            f"{name} links to a.example": any("a.example" in value for value in values),
            f"{name} links to b.example": "b.example/y" in values,
        }
        for kind, there in wanted.items():
            assert (kind in kinds) == there
