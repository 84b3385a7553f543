from __future__ import annotations

import pytest

from mmscheck.model.words import Outcome
from mmscheck.report import View
from tests.support.compared import HOST, difference, one, picture, told, view
from tests.support.reports import evaluation, fetched, medium, slide

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
BAD = evaluation("subject-ascii", FAILED)
GOOD = evaluation("subject-ascii", PASSED)


def test_messages_are_found_again_in_any_order() -> None:
    both = [one(BAD, source="a.xml"), one(GOOD, source="b.xml")]
    found = difference(view(*both), view(*reversed(both)))
    assert (told(found), found.exit_code) == ([("remains", "subject-ascii", True)], 0)
    assert [item.matched for item in found.messages] == ["source", "source"]


@pytest.mark.parametrize(
    ("name", "digest", "by"), [("Sale", "ab", "digest"), ("Spring", "cd", "name"), ("Sale", "cd", None)]
)
def test_a_moved_message_is_found_by_its_digest_or_its_name(name: str, digest: str, by: str | None) -> None:
    old = one(BAD, source="old/a.xml", name="Spring", digest="sha256:" + "ab" * 32)
    new = one(GOOD, source="new/a.xml", name=name, digest="sha256:" + digest * 32)
    found = difference(view(old), view(new))
    assert found.messages[0].matched == by
    assert found.messages[0].old_source == ("old/a.xml" if by else None)
    assert [item.kind for item in found.changes] == (["fixed"] if by else ["ended"])


def test_a_name_that_two_messages_share_says_nothing() -> None:
    old = [one(BAD, source=f"old/{at}.xml", digest=f"sha256:{at}{at}" + "0" * 62) for at in (1, 2)]
    new = [one(GOOD, source=f"new/{at}.xml", digest=f"sha256:{at}{at}" + "f" * 62) for at in (1, 2)]
    assert [item.matched for item in difference(view(*old), view(*new)).messages] == [None] * 4


def test_an_added_message_that_is_denied_is_worse_and_a_removed_one_is_told() -> None:
    found = difference(
        view(one(source="a.xml")), view(one(source="a.xml"), one(BAD, source="b.xml", name="x"))
    )
    assert (told(found), found.exit_code) == ([("new", "subject-ascii", True)], 1)
    back = difference(view(one(source="a.xml"), one(BAD, source="b.xml")), view(one(source="a.xml")))
    assert (told(back), back.exit_code) == ([("ended", "subject-ascii", False)], 0)


def test_a_medium_keeps_its_findings_when_the_order_changes() -> None:
    first, second = f"{HOST}/a.jpg", f"{HOST}/b.jpg"
    old = one(
        evaluation("content-length", FAILED, medium(1, 1)),
        evaluation("content-length", PASSED, medium(2, 2)),
        evaluation("slide-text-length", FAILED, slide(1)),
        evaluation("slide-text-length", PASSED, slide(2)),
        media=(picture(first, 1, 1), picture(second, 2, 2)),
    )
    new = one(
        evaluation("slide-text-length", PASSED, slide(1)),
        evaluation("slide-text-length", FAILED, slide(2)),
        evaluation("content-length", PASSED, medium(1, 1)),
        evaluation("content-length", FAILED, medium(2, 2)),
        media=(picture(second, 1, 1), picture(first, 2, 2)),
    )
    found = difference(view(old), view(new))
    assert told(found) == [("remains", "slide-text-length", True), ("remains", "content-length", True)]
    assert [item.slide for item in found.changes] == [2, 2]
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"{HOST}/a.jpg?X-Amz-Signature=0123456789abcdef0",
            f"{HOST}/a.jpg?X-Amz-Signature=fedcba98765432100",
        ),
        (f"{HOST}/a.jpg", f"{HOST}/moved/other-name.jpg"),
    ],
)
def test_a_medium_is_found_under_another_signature_or_by_its_bytes(before: str, after: str) -> None:
    old = one(evaluation("content-length", FAILED, medium(1, 1)), media=(picture(before, 1, 1),))
    new = one(
        evaluation("slide-not-empty", PASSED, slide(1)),
        evaluation("content-length", FAILED, medium(3, 1)),
        media=(picture(after, 3, 1),),
    )
    found = difference(view(old), view(new))
    assert ("remains", "content-length", True) in told(found)
    assert not [item for item in found.changes if item.kind == "new"]


def test_a_replaced_file_takes_the_place_of_the_old_one() -> None:
    old = one(
        evaluation("content-length", FAILED, medium(1, 1)),
        media=(picture(f"{HOST}/a.jpg", 1, 1),),
    )
    new = one(
        evaluation("content-length", PASSED, medium(1, 1)),
        media=(picture(f"{HOST}/b.jpg", 1, 1),),
        observations={f"{HOST}/b.jpg": fetched(f"{HOST}/b.jpg", sha256="cd" * 32)},
    )
    found = difference(view(old), view(new))
    assert told(found) == [("fixed", "content-length", False)]
    assert found.messages[0].files_changed == 1


def test_a_second_picture_beside_a_failing_one_is_new() -> None:
    bad = [evaluation("content-length", FAILED, medium(1, at)) for at in (1, 2)]
    both = (picture(f"{HOST}/a.jpg", 1, 1), picture(f"{HOST}/b.jpg", 1, 2))
    found = difference(view(one(bad[0], media=both[:1])), view(one(*bad, media=both)))
    assert [(item.kind, item.url) for item in found.changes] == [
        ("new", f"{HOST}/b.jpg"),
        ("remains", f"{HOST}/a.jpg"),
    ]


def test_nothing_is_lost_whatever_moves() -> None:
    """Every finding of either run is in exactly one change."""
    old = one(
        *(evaluation("content-length", FAILED, medium(at, at)) for at in (1, 2, 3)),
        media=tuple(picture(f"{HOST}/{at}.jpg", at, at) for at in (1, 2, 3)),
    )
    new = one(
        *(evaluation("content-length", FAILED, medium(at, at)) for at in (1, 2)),
        media=(picture(f"{HOST}/3.jpg", 1, 1), picture(f"{HOST}/9.jpg", 2, 2)),
        observations={f"{HOST}/{at}.jpg": fetched(f"{HOST}/{at}.jpg", sha256=f"{at}0" * 32) for at in (3, 9)},
    )
    found = difference(view(old), view(new))
    assert sum(1 for item in found.changes if item.before is not None) == 3
    assert sum(1 for item in found.changes if item.after is not None) == 2


def test_a_signed_url_is_found_again_although_each_run_has_digests_of_its_own() -> None:
    def run(first: str, second: str, *, swapped: bool = False) -> View:
        media = (picture(f"{HOST}/a.jpg?…{first * 12}", 1, 1), picture(f"{HOST}/a.jpg?…{second * 12}", 1, 2))
        bytes_ = {media[0].url: "1" * 64, media[1].url: "2" * 64}
        if swapped:
            media = (picture(media[1].url, 1, 1), picture(media[0].url, 1, 2))
        return view(
            one(
                evaluation("content-length", FAILED, medium(1, 2 if swapped else 1)),
                evaluation("content-length", PASSED, medium(1, 1 if swapped else 2)),
                media=media,
                observations={url: fetched(url, sha256=digest) for url, digest in bytes_.items()},
            )
        )

    for again in (run("c", "d"), run("c", "d", swapped=True)):
        assert told(difference(run("a", "b"), again)) == [("remains", "content-length", True)]
