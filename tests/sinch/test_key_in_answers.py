"""The API key is in nothing that is kept or shown of an answer, however the provider repeats it."""

from __future__ import annotations

import json
import os
import textwrap
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape as in_xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmscheck.base.known_secret import KnownSecret
from mmscheck.ledger.rows import Cleaner
from mmscheck.model.request import SaveRequest, SendRequest, SendResult
from mmscheck.sinch.answers import parse_answer
from mmscheck.sinch.outcome import LONGEST_INFO, judge
from tests.support.bound import send_bound
from tests.support.command import fields, message
from tests.support.raw_provider import RawProvider, answer

KEY = 'Ab"9</k+e&y=%d-Z_q7'
"""With every character that one of the spellings changes."""

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "another case": str.swapcase,
    "URL": lambda key: quote(key, safe=""),
    "URL, small": lambda key: quote(key, safe="").lower(),
    "URL, all of it": lambda key: "".join(f"%{ord(char):02X}" for char in key),
    "URL twice": lambda key: quote(quote(key, safe=""), safe=""),
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON twice": lambda key: json.dumps(json.dumps(key))[1:-1],
    "JSON, all of it": lambda key: "".join(f"\\u{ord(char):04x}" for char in key),
    "HTML": escape,
    "HTML twice": lambda key: escape(escape(key)),
    "HTML numbers": lambda key: "".join(f"&#{ord(char)};" for char in key),
    "HTML numbers, hexadecimal": lambda key: "".join(f"&#x{ord(char):x};" for char in key),
    "repr": lambda key: repr(key)[1:-1],
    "base64": lambda key: b64encode(key.encode()).decode(),
    "base64 behind a name": lambda key: b64encode(f"u:{key}".encode()).decode(),
    "base64 between others": lambda key: b64encode(f"{{{key}}}".encode()).decode(),
    "base64 for URLs": lambda key: urlsafe_b64encode(key.encode()).decode(),
    "hexadecimal": lambda key: key.encode().hex(),
    "on two lines": lambda key: "\n".join(textwrap.wrap(key, 7)),
    "with blanks": " ".join,
    "with zero-width spaces": "\u200b".join,
    "URL on two lines": lambda key: quote(key, safe="").replace("%", "%\r\n"),
    "cut": lambda key: key[:-1],
}


def halves(text: str, key: str = KEY) -> list[str]:
    """What of the key can still be read, without white space and in whatever case."""
    bare = "".join(char for char in text if char.isprintable() and not char.isspace()).lower()
    plain = key.lower()
    return [plain[at : at + 6] for at in range(len(plain) - 5) if plain[at : at + 6] in bare]


@pytest.mark.parametrize("name", SPELLINGS)
def test_no_spelling_of_the_key_is_left(name: str) -> None:
    spelled = SPELLINGS[name](KEY)
    for text in (spelled, f"the key {spelled}", f"é{spelled}"):
        told = KnownSecret(KEY).hidden(text, "…")
        assert "…" in told
        assert spelled not in told
        assert not halves(told)
        assert told.startswith(text.removesuffix(spelled)[:3].strip())


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(sorted(set(SPELLINGS) - {"cut"})))
def test_no_spelling_is_left_wherever_it_stands(before: str, after: str, name: str) -> None:
    # A letter behind a base64 text could be a part of it.
    told = KnownSecret(KEY).hidden(f"{before} {SPELLINGS[name](KEY)} {after}", "…")
    assert not halves(told)


@pytest.mark.parametrize(
    "text",
    ["bad key", "E104: key not valid (100%)", "a\\nb &amp; c %41", "sandbox", "", "é%ff\\u00e9&eacute;"],
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert KnownSecret("sandbox-key").hidden(text, "…") == text
    assert KnownSecret("").hidden(text, "…") == text
    assert Cleaner(("sandbox-key",)).text(text) == text


def test_a_short_secret_is_looked_for_as_it_is_alone() -> None:
    assert KnownSecret("rest").hidden("the rest, there stays, REST", "…") == "the …, there stays, REST"


def told(result: SendResult) -> str:
    return " ".join(filter(None, (result.detail, result.error_info, result.error_code, result.mms_id)))


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("before", [0, LONGEST_INFO - len(KEY) + 1, LONGEST_INFO - 1])
def test_the_key_is_removed_before_the_words_are_cut(name: str, before: int) -> None:
    words = "x" * before + in_xml(SPELLINGS[name](KEY))
    body = parse_answer(
        f"<response><status>Failure</status><error-code>E104</error-code>"
        f"<error-info>{words}</error-info></response>".encode()
    )
    request = SendRequest(mms_id="1", to="15551230001", from_="28444", service_id="demo")
    for result in (judge(body, 200, request, KEY), judge(body, 200, SaveRequest(document=b""), KEY)):
        assert not halves(told(result))
        assert len(result.detail) < 2 * LONGEST_INFO


def written(folder: Path) -> Iterator[str]:
    return (file.read_bytes().decode("latin-1") for file in folder.rglob("*") if file.is_file())


async def test_no_report_and_no_stream_holds_a_key_that_crosses_the_cut(tmp_path: Path) -> None:
    key = "Kq7-long-API-key_9071538264"
    words = "x" * (LONGEST_INFO - len(key) + 1) + key
    body = (
        f"<response><status>Failure</status><error-code>E104</error-code>"
        f"<error-info>{words}</error-info></response>"
    )
    (tmp_path / "a.xml").write_text(message("<message-text>See you</message-text>"))
    formats = [f"--format={name}=r.{name}" for name in ("json", "csv", "junit", "sarif", "html", "markdown")]
    async with RawProvider(answer(body)) as provider:
        ran = await send_bound(
            *("a.xml", "--api-url", provider.url, *fields(), "--format", "text", *formats),
            cwd=tmp_path,
            key=key,
        )
    kept = [*written(tmp_path), *written(Path(os.environ["XDG_STATE_HOME"]))]
    assert len(kept) > len(formats)
    assert "E104" in ran.out
    for text in (ran.out, ran.err, *kept):
        assert not halves(text, key)
