"""Whole messages: their media found by [assets], their URLs changed, their bytes shared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmscheck.cli.main import main
from mmscheck.fix.aims import Bound
from mmscheck.fix.fit import Part, caps, excess
from mmscheck.slidexml import parse
from tests.fix.made import photo, saved, written

CONFIG = '[assets]\n"http://media.example.com/" = "assets"\n'


def message(*names: str, subject: str = "Sale") -> bytes:
    slides = "".join(
        f"<slide><image><url>http://media.example.com/{name}</url></image>"
        f"<message-text>See {at}</message-text></slide>\n"
        for at, name in enumerate(names)
    )
    return (
        f"<request><action>saveMMS</action><message-subject>{subject}</message-subject>"
        f"<name>sale</name>\n{slides}</request>"
    ).encode()


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "shop" / "assets", a__webp=saved(photo(), "WEBP"), b__jpg=saved(photo(), "JPEG"))
    return written(tmp_path / "shop", mmscheck__toml=CONFIG.encode())


def fixed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["fix", *arguments, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_message_and_its_media_come_out_right(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(lab, sale__xml=message("a.webp", "b.jpg", subject="Sale ☀"))
    code, _ = fixed(capsys, "shop/sale.xml", "--output", "out")
    assert code == 0
    text = Path("out/sale.xml").read_bytes()
    assert text == message("a.jpg", "b.jpg", subject="Sale")
    assert Path("out/assets/b.jpg").read_bytes() == (lab / "assets/b.jpg").read_bytes()
    Path("out/mmscheck.toml").write_text(CONFIG)
    assert main(["lint", "out", "--config", "out/mmscheck.toml"]) == 0


def test_a_message_that_no_parser_reads_follows_its_media(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(lab, sale__xml=message("a.webp", subject="Fish & more"))
    code, _ = fixed(capsys, "shop/sale.xml", "--output", "out")
    assert code == 0
    assert Path("out/sale.xml").read_bytes() == message("a.jpg", subject="Fish &amp; more")
    assert Path("out/assets/a.jpg").exists()


def test_a_folder_with_its_assets_keeps_its_layout(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(lab, sale__xml=message("a.webp", "b.jpg"))
    code, told = fixed(capsys, "shop", "--output", "out")
    assert code == 0
    assert sorted(each["target"] for each in told["files"]) == [
        "out/assets/a.jpg",
        "out/assets/b.jpg",
        "out/sale.xml",
    ]


def test_urls_of_files_that_nobody_has_stay(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = message("a.webp").replace(b"media.example.com", b"elsewhere.example.com")
    written(lab, sale__xml=data)
    fixed(capsys, "shop/sale.xml", "--output", "out")
    assert Path("out/sale.xml").read_bytes() == data


def test_a_message_that_is_too_large_is_made_to_fit(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = []
    for seed in range(4):
        names.append(f"p{seed}.jpg")
        picture = saved(photo((1080, 1920), seed), "JPEG", quality=70)
        (lab / "assets" / names[-1]).write_bytes(picture)
    small = lab / "assets" / "b.jpg"
    written(lab, sale__xml=message(*names, "b.jpg"))
    code, told = fixed(capsys, "shop/sale.xml", "--output", "out", "--sender", "toll-free")
    assert code == 0
    sizes = {Path(each["target"]).name: each["after"]["bytes"] for each in told["files"] if each["after"]}
    made = [Path("out/assets", name).stat().st_size for name in names]
    assert sum(made) + small.stat().st_size <= 525_000
    assert sum(made) + small.stat().st_size > 525_000 * 0.7, "bytes that may be used are given away"
    assert Path("out/assets/b.jpg").read_bytes() == small.read_bytes(), "what is small is left alone"
    assert "message-size-advised" in next(
        each["gone"] for each in told["files"] if each["source"].endswith(".xml")
    )
    assert sizes


def test_what_cannot_fit_says_by_how_much(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pdf = b"%PDF-1.4\n" + b"%" + b"x" * 1_100_000
    (lab / "assets" / "big.pdf").write_bytes(pdf)
    data = message("b.jpg").replace(b"<image>", b"<pdf>").replace(b"</image>", b"</pdf>")
    written(lab, sale__xml=data.replace(b"b.jpg", b"big.pdf"))
    code, told = fixed(capsys, "shop/sale.xml", "--output", "out", "--sender", "toll-free")
    assert code == 1
    entry = next(each for each in told["files"] if each["source"].endswith(".xml"))
    assert entry["action"] == "left"
    assert "bytes too large for the tightest limit" in entry["why_not"]
    assert not Path("out/sale.xml").exists()


def test_a_file_of_two_messages_fits_the_tighter_one(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(3):
        picture = saved(photo((1080, 1920), seed), "JPEG", quality=70)
        (lab / "assets" / f"p{seed}.jpg").write_bytes(picture)
    written(lab, one__xml=message("p0.jpg"), two__xml=message("p0.jpg", "p1.jpg", "p2.jpg"))
    code, _ = fixed(capsys, "shop", "--output", "out", "--sender", "toll-free")
    assert code == 0
    assert sum(Path("out/assets", f"p{seed}.jpg").stat().st_size for seed in range(3)) <= 525_000


def test_shares_take_from_the_largest_alone() -> None:
    parts = [Part(name="a", size=100), Part(name="b", size=400), Part(name="c", size=900)]
    assert caps(parts, [], [Bound(most=1500)]) == {}
    assert caps(parts, [], [Bound(most=1000)]) == {"c": 500}
    assert caps(parts, [], [Bound(most=700)]) == {"b": 300, "c": 300}
    assert caps(parts, [], [Bound(most=1000), Bound(most=700)]) == {"b": 300, "c": 300}


def test_shares_count_what_cannot_be_reduced_texts_and_packing() -> None:
    parts = [Part(name="a", size=300, elastic=False), Part(name="b", size=900, count=2)]
    assert caps(parts, [], [Bound(most=1000)]) == {"b": 350}
    packed = Bound(most=3000, factor=1.37, addition=100, texts=True)
    share = caps([Part(name="b", size=4000)], [50], [packed])["b"]
    assert packed.weight(share) + packed.weight(50) <= 3000 < packed.weight(share + 1) + packed.weight(50)
    assert excess(parts, [], [Bound(most=1000)]) == 1100


def test_with_transcoding_pictures_weigh_nothing() -> None:
    parts = [Part(name="a", size=900, reduced=True)]
    assert caps(parts, [], [Bound(most=100, elastic_free=True)]) == {}


def test_the_broken_message_is_mended_but_for_what_only_people_can(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixtures = Path(__file__).parents[2] / "fixtures" / "mms"
    written(lab, sale__xml=(fixtures / "broken-sale.xml").read_bytes())
    fixed(capsys, "shop/sale.xml", "--output", "out")
    code, told = fixed(capsys, "shop/sale.xml", "--dry-run")
    assert code == 0
    entry = told["files"][-1]
    assert {"subject-ascii", "subject-no-emoji", "slide-no-image-with-video"} <= set(entry["gone"])
    slides = parse(Path("out/sale.xml").read_bytes(), "a").slides
    assert [[ref.kind.value for ref in slide.media] for slide in slides] == [
        ["image"],
        ["image"],
        ["vcard"],
        ["image"],
        ["video"],
    ]
    assert main(["lint", "out/sale.xml"]) == 0
