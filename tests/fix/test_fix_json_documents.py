"""Messages in JSON: what is wrong is changed, and all around it stays byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmscheck.cli.main import main
from mmscheck.fix.documents import mended
from mmscheck.slidexml import parse
from tests.fix.made import photo, saved, written

WRONG = """{\r
\t"action" : "savemms",   "name":"sale",\r
  "message_subject"\t: "Caf\\u00e9 \\ud83d\\ude00 sale",\r
  "slide": [ {"image": {"URL": "http://media.example.com/a.webp?v=1"},
     "message-text": "Tom &amp;amp; Co: {\\"x\\"} \\u20ac5 \\/"},
    {"vcard": {"url": " http://media.example.com/c.vcf "}} ]\r
}\r
"""

RIGHT = (
    WRONG.replace('"message_subject"', '"message-subject"')
    .replace('"Caf\\u00e9 \\ud83d\\ude00 sale"', '"Cafe sale"')
    .replace('"URL"', '"url"')
    .replace("a.webp", "a.jpg")
    .replace('"vcard"', '"contact"')
    .replace('" http://media.example.com/c.vcf "', '"http://media.example.com/c.vcf"')
)

URLS = {"http://media.example.com/a.webp?v=1": "http://media.example.com/a.jpg?v=1"}


def test_what_is_wrong_is_changed_and_the_layout_stays() -> None:
    wrong = WRONG.replace("&amp;amp;", "&")
    made, done = mended(wrong.encode(), "a.json", URLS)
    assert made.decode() == RIGHT.replace("&amp;amp;", "&")
    assert len(done) == 6, done
    assert mended(made, "a.json", {}) == (made, []), "mending twice changes nothing more"
    assert not parse(made, "a.json").misfits


def test_texts_escaped_for_html_are_unescaped_and_only_they() -> None:
    made, _ = mended(WRONG.encode(), "a.json", {})
    text = json.loads(made)["slide"][0]["message-text"]
    assert text == 'Tom & Co: {"x"} \u20ac5 /'
    assert b"\\u20ac5" in made, "a file of ASCII alone stays one"


@pytest.mark.parametrize(
    "data",
    [
        b'{"action": "savemms", "slide": [{"message-text": "a & b < c"}]}',
        b'{"action": "savemms", "slide": [{"message-text": "x",}]}',
        b'{"message-subject": "x", "message_subject": "y", "slide": []}',
        b'[{"a": "& <b>"}]',
        b"{",
    ],
)
def test_what_is_right_or_cannot_be_read_stays(data: bytes) -> None:
    assert mended(data, "a.json", {}) == (data, [])


def test_a_byte_order_mark_goes() -> None:
    data = b'{"action": "savemms", "slide": [{"message-text": "\xc3\xa9"}]}'
    made, done = mended(b"\xef\xbb\xbf" + data, "a.json", {})
    assert made == data
    assert len(done) == 1


def test_a_message_in_json_and_its_media_come_out_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    config = b'[assets]\n"http://media.example.com/" = "assets"\n'
    written(tmp_path / "shop" / "assets", a__webp=saved(photo(), "WEBP"))
    document = (
        b'{\n  "action": "savemms",\n  "name": "sale",\n  "message-subject": "Sal\xc3\xa9",\n'
        b'  "slide": [{"image": {"url": "http://media.example.com/a.webp"}, "message-text": "Hi"}]\n}\n'
    )
    written(tmp_path / "shop", sale__json=document, mmscheck__toml=config)
    code = main(["fix", "shop/sale.json", "--output", "out"])
    assert code == 0, capsys.readouterr().out
    made = Path("out/sale.json").read_bytes()
    assert made == document.replace(b"Sal\xc3\xa9", b"Sale").replace(b"a.webp", b"a.jpg")
    assert Path("out/assets/a.jpg").exists()
