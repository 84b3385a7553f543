"""What the ledger knows, judged: the stored message is this one, and its media still are what was saved."""

from __future__ import annotations

import pytest

from mmscheck.base.redact import stored_url
from mmscheck.checks.request import as_saved
from mmscheck.model.check import Binding, MediaTarget, NoParams, Result
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Observation, Reason
from mmscheck.model.request import SendRequest
from mmscheck.model.words import MediaKind, Outcome
from tests.support.media_targets import URL, fetched, not_fetched
from tests.support.message_targets import DIGEST, on_request

THEN, NOW = "sha256:" + "1" * 64, "sha256:" + "0" * 64
SIGNED = URL + "?X-Amz-Signature=abcdefghijklmnopqrstuvwxyz"


def judged(
    *media: tuple[str, str], url: str = URL, seen: Observation | None = None, content: str | None = DIGEST
) -> Result:
    binding = Binding(mms_id="1", content=content, state="ready", media=media)
    ref = MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=1, line=1)
    return as_saved(MediaTarget(ref=ref, observation=seen or fetched(), binding=binding), NoParams())


def test_the_same_bytes_pass() -> None:
    assert judged((URL, NOW)).outcome is Outcome.PASSED
    assert judged((stored_url(SIGNED), NOW), url=SIGNED).outcome is Outcome.PASSED


def test_other_bytes_fail_naming_both_digests() -> None:
    result = judged((URL, THEN))
    assert (result.outcome, dict(result.wording)) == (Outcome.FAILED, {"saved": THEN, "now": NOW})


@pytest.mark.parametrize(
    "media", [(), (("http://media.example.com/other.jpg", NOW),), ((URL, NOW), (URL, THEN))]
)
def test_a_file_that_was_not_saved_or_not_surely_fails(media: tuple[tuple[str, str], ...]) -> None:
    assert judged(*media).outcome is Outcome.FAILED


def test_a_file_that_did_not_come_cannot_be_compared() -> None:
    assert judged((URL, NOW), seen=not_fetched(Reason.TIMED_OUT)).outcome is Outcome.CANT_TELL


def test_without_a_ledger_or_for_an_unknown_id_it_says_nothing() -> None:
    ref = MediaRef(url=URL, kind=MediaKind.IMAGE, slide=1, index=1, line=1)
    bare = as_saved(MediaTarget(ref=ref, observation=fetched()), NoParams())
    assert bare.outcome is Outcome.INAPPLICABLE
    assert judged(content=None).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize(
    ("content", "state", "command"),
    [
        (None, "encoding", "`mmscheck bind '35 674' sale.xml`"),
        ("sha256:other", "ready", "`mmscheck save sale.xml`"),
        (DIGEST, "encoding", "`mmscheck bind '35 674' sale.xml --encoded --reason ...`"),
        (DIGEST, "saved", "`mmscheck bind '35 674' sale.xml --encoded --reason ...`"),
        (DIGEST, "corrupt", "`mmscheck save sale.xml`"),
    ],
)
def test_the_fix_names_the_command_to_run(content: str | None, state: str, command: str) -> None:
    binding = Binding(mms_id="35 674", content=content, state=state)
    result = on_request("mms-id-bound", SendRequest(mms_id="35 674"), binding)
    assert result.outcome is Outcome.FAILED
    assert command in result.fix


@pytest.mark.parametrize("missing", [None, ""])
def test_a_send_without_an_id_is_told_so_and_not_that_the_ledger_does_not_know_it(
    missing: str | None,
) -> None:
    binding = Binding(mms_id="", content=None, state="encoding")
    result = on_request("mms-id-bound", SendRequest(mms_id=missing), binding)
    assert result.outcome is Outcome.FAILED
    assert "is not given" in str(result.wording["what"])
