"""``mmscheck fix`` as it is run: what it writes, what it leaves alone, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmscheck.cli.main import main
from mmscheck.fix.confined import Forge
from mmscheck.fix.files import PART
from mmscheck.fix.log import NAME
from mmscheck.media import launch
from tests.fix.made import photo, saved, see_through, turned, written

RIGHT = saved(photo(), "JPEG", quality=70)


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with right and wrong pictures, below a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "media" / "deep", photo__webp=saved(photo(), "WEBP"))
    return written(
        tmp_path / "media",
        right__jpg=RIGHT,
        turned__jpg=turned(photo((640, 360)), 6),
        logo__png=see_through(),
        wrongly_named__png=RIGHT,
        rubbish__jpg=b"\xff\xd8\xff" + b"nothing" * 100,
    )


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["fix", *arguments, "--format", "json"])
    out = capsys.readouterr().out
    return code, json.loads(out) if out else {}


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


def test_what_is_wrong_is_mended_and_what_is_right_is_copied(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(media)
    code, told = report(capsys, "media", "--output", "out")
    made = files(Path("out"))
    assert set(made) == {"right.jpg", "turned.jpg", "logo.png", "wrongly_named.jpg", "deep/photo.jpg"}
    assert made["right.jpg"] == RIGHT
    assert made["wrongly_named.jpg"] == RIGHT
    assert files(media) == before
    actions = {Path(each["source"]).name: each["action"] for each in told["files"]}
    assert actions == {
        "right.jpg": "copied",
        "turned.jpg": "mended",
        "logo.png": "mended",
        "wrongly_named.png": "renamed",
        "photo.webp": "mended",
        "rubbish.jpg": "left",
    }
    assert code == 1, "the rubbish still fails"
    assert told["exit_code"] == 1
    assert main(["lint", "out"]) == 0


def test_the_report_says_what_went_and_how_near_the_product_is(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = report(capsys, "media/deep/photo.webp", "--output", "out")
    (entry,) = told["files"]
    assert entry["gone"] == ["media-type-accepted"]
    assert entry["measure"]["name"] == "SSIM"
    assert 0.9 < entry["measure"]["value"] <= 1
    assert entry["before"]["type"] == "image/webp"
    assert entry["after"]["type"] == "image/jpeg"
    assert entry["target"] == "out/photo.jpg"


def test_what_cannot_be_mended_is_not_written_and_says_who_can(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fix", "media/rubbish.jpg", "--output", "out"]) == 1
    out = capsys.readouterr().out
    assert "not mended, and not written" in out
    assert "who can: content" in out
    assert files(Path("out")) == {}


def test_a_dry_run_says_the_same_and_writes_nothing(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(media.parent)
    _, dry = report(capsys, "media", "--dry-run")
    assert files(media.parent) == before
    _, real = report(capsys, "media", "--output", "out")
    strip = {"target", "reused"}
    assert [{k: v for k, v in each.items() if k not in strip} for each in dry["files"]] == [
        {k: v for k, v in each.items() if k not in strip} for each in real["files"]
    ]


def test_mending_what_was_mended_changes_nothing(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(capsys, "media", "--output", "out")
    code, told = report(capsys, "out", "--output", "again")
    assert {each["action"] for each in told["files"]} == {"copied"}
    assert files(Path("out")) == files(Path("again"))
    assert code == 0


def test_a_second_run_does_no_work_twice_and_leaves_the_same(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(capsys, "media", "--output", "out")
    first = files(Path("out"))
    _, told = report(capsys, "media", "--output", "out")
    mended = [each for each in told["files"] if each["action"] == "mended"]
    assert mended
    assert all(each["reused"] for each in mended)
    assert files(Path("out")) == first


def test_a_log_that_was_cut_off_is_no_harm(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(capsys, "media", "--output", "out")
    log = Path("out/.mmscheck-fix.jsonl")
    log.write_bytes(log.read_bytes()[:-30])
    first = files(Path("out"))
    code, _ = report(capsys, "media", "--output", "out")
    assert code in {1, 4}
    assert files(Path("out")) == first


def test_a_product_that_somebody_changed_stays_as_it_is(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(capsys, "media", "--output", "out")
    Path("out/logo.png").write_bytes(b"mine")
    assert main(["fix", "media", "--output", "out"]) == 4
    assert Path("out/logo.png").read_bytes() == b"mine"


def test_pictures_of_cameras_are_found_in_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sony, Canon and Fujifilm write HEIC under ``.hif``."""
    heic = (Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.heic").read_bytes()
    folder = written(tmp_path / "card", dsc00001__HIF=heic)
    code, _ = report(capsys, str(folder), "--output", str(tmp_path / "out"))
    assert code == 0
    assert set(files(tmp_path / "out")) == {"dsc00001.jpg"}


def test_a_folder_of_somebodys_own_is_no_output(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(media.parent / "own", note__txt=b"mine")
    for target in ("own", "media", "media/right.jpg"):
        before = files(media.parent)
        assert main(["fix", "media", "--output", target]) == 2
        assert files(media.parent) == before
        assert target in capsys.readouterr().err


def test_an_output_inside_what_is_read_is_not_read_again(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(capsys, "media", "--output", "media/out")
    first = files(media / "out")
    _, told = report(capsys, "media", "--output", "media/out")
    assert files(media / "out") == first
    assert not [each for each in told["files"] if "out" in each["source"]]


def test_two_files_of_one_stem_get_two_names(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(media / "pair", sale__jpg=RIGHT, sale__webp=saved(photo(seed=2), "WEBP"))
    report(capsys, "media/pair", "--output", "out")
    made = files(Path("out"))
    assert set(made) == {"sale.jpg", "sale-webp.jpg"}
    assert made["sale.jpg"] == RIGHT


@pytest.mark.parametrize(
    "arguments",
    [
        ["media"],
        ["media", "--output", "out", "--dry-run"],
        ["media", "--dry-run", "--background", "white"],
        ["media", "--dry-run", "--format", "csv"],
        ["nowhere.jpg", "--dry-run"],
        [],
    ],
)
def test_what_makes_no_sense_ends_with_two(
    media: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fix", *arguments]) == 2
    assert capsys.readouterr().err
    assert not Path("out").exists()


def test_strict_makes_the_advised_shape_too(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(media / "wide", wide__jpg=saved(photo((800, 600)), "JPEG"))
    code, told = report(capsys, "media/wide", "--output", "out", "--strict", "--sender", "toll-free")
    assert code == 0
    assert "image-aspect-advised" in told["files"][0]["gone"]
    assert main(["lint", "out", "--strict", "--sender", "toll-free"]) == 0


def test_a_picture_that_takes_too_much_memory_is_a_finding(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image  # noqa: PLC0415 - for this alone

    bomb = saved(Image.new("RGBA", (12_000, 12_000)), "PNG")
    written(media / "bomb", bomb__png=bomb)
    code, told = report(capsys, "media/bomb", "--output", "out")
    assert code in {1, 3}
    assert told["files"][0]["action"] == "left"
    assert files(Path("out")) == {}


def test_the_parent_loads_no_decoder(media: Path) -> None:
    """Hostile bytes are opened in confined processes only, so the parent needs none of these."""
    program = (
        "import sys; from mmscheck.cli.main import main; code = main(['fix', 'media', '--output', 'out']);"
        " print(code, sorted({'PIL', 'av', 'aiohttp', 'pikepdf'} & sys.modules.keys()), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.strip().endswith("1 []"), ended.stderr


def test_no_two_products_have_one_name(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = written(
        Path("many"),
        a__webp=saved(photo(seed=1), "WEBP"),
        a__WEBP=saved(photo(seed=2), "WEBP"),
        A__bmp=saved(photo(seed=3), "BMP"),
        a__tif=saved(photo(seed=4), "TIFF"),
    )
    (many / "a-bmp.jpg").write_bytes(RIGHT)
    code, told = report(capsys, "many", "--output", "out")
    made = files(Path("out"))
    assert code == 0
    assert len({name.casefold() for name in made}) == len(files(many)) == 5
    assert made["a-bmp.jpg"] == RIGHT
    assert {str(Path("out") / name) for name in made} == {each["target"] for each in told["files"]}
    _, again = report(capsys, "many", "--output", "out")
    assert [each["target"] for each in again["files"]] == [each["target"] for each in told["files"]]
    assert files(Path("out")) == made


def test_a_line_that_a_kill_cut_short_takes_no_other_with_it(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report(capsys, "media/logo.png", "--output", "out")
    log = Path("out") / NAME
    log.write_bytes(log.read_bytes() + b'{"target":"tur')
    report(capsys, "media/turned.jpg", "--output", "out")
    _, told = report(capsys, "media/turned.jpg", "--output", "out")
    assert [each["reused"] for each in told["files"]] == [True]


def test_two_files_that_would_go_to_one_place_are_refused(media: Path) -> None:
    written(Path("other"), right__jpg=saved(photo(seed=7), "JPEG"))
    for given in (("media", "other"), ("media/right.jpg", "other/right.jpg")):
        assert main(["fix", *given, "--output", "out"]) == 2
    assert not Path("out").exists()
    assert main(["fix", "media/right.jpg", "media/../media/right.jpg", "--output", "out"]) == 0


def test_links_are_files_of_their_own(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = written(Path("many"), a__webp=saved(photo(), "WEBP"))
    (many / "link.webp").symlink_to(many.absolute() / "a.webp")
    (many / "hard.webp").hardlink_to(many / "a.webp")
    before = files(many)
    code, _ = report(capsys, "many", "--output", "out")
    assert code == 0
    assert set(files(Path("out"))) == {"a.jpg", "link.jpg", "hard.jpg"}
    assert files(many) == before


def test_a_full_disk_leaves_no_half_file_and_the_next_run_goes_on(media: Path) -> None:
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000));"
        "from mmscheck.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["fix", "media/right.jpg", "--output", "out"]
    ended = subprocess.run(
        [sys.executable, "-c", limited, *command], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 4, ended
    assert "could not be written" in ended.stderr
    assert files(Path("out")) == {}
    (Path("out") / f"{PART}0123").write_bytes(b"half")  # as a kill leaves it
    assert main(command) == 0
    assert sorted(each.name for each in Path("out").iterdir()) == [NAME, "right.jpg"]


def test_where_no_worker_can_run_that_is_said_and_nothing_written(
    media: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "PROGRAM", "raise SystemExit(1)")
    (media / "sale.xml").write_bytes(
        b"<request><action>saveMMS</action><message-subject>Sale</message-subject><name>a</name><slide>"
        b"<image><url>https://media.example/right.jpg</url></image></slide></request>"
    )
    Path("mmscheck.toml").write_text('[assets]\n"https://media.example/" = "media/"\n')
    code, told = report(capsys, "media", "--output", "out")
    assert code == 3
    assert not list(Path().glob("out/*"))
    assert {each["action"] for each in told["files"]} == {"left"}
    assert {each["who_can"] for each in told["files"]} == {"sender"}
    for each in told["files"]:
        assert "could be started here" in each["why_not"]
        assert "nothing in its bytes" not in each["why_not"]


def test_where_no_process_can_be_confined_the_file_is_not_blamed(
    media: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"jobs": 2, "timeout": 120.0, "memory_bytes": 2**70}  # no system takes that limit
    monkeypatch.setattr(Forge.__init__, "__kwdefaults__", limits)
    code, told = report(capsys, "media/turned.jpg", "--output", "out", "--strict")
    assert code == 1
    assert not list(Path().glob("out/*"))
    assert told["files"][0]["why_not"] == "it could not be worked on: no confined process can run here"
    assert told["files"][0]["who_can"] == "sender"


def test_advice_makes_no_file_larger(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny = Image.new("RGBA", (9, 16), (0, 0, 0, 0))
    tiny.putpixel((3, 3), (200, 10, 10, 255))
    written(media, tiny__png=saved(tiny, "PNG", optimize=True))
    slow = [Image.new("RGB", (9, 16), colour) for colour in ("red", "blue")]  # for two minutes
    written(media, slow__gif=saved(slow[0], "GIF", save_all=True, append_images=slow[1:], duration=60_000))
    code, told = report(capsys, "media", "--output", "out")
    assert code == 1
    grown = [
        each for each in told["files"] if each["after"] and each["after"]["bytes"] > each["before"]["bytes"]
    ]
    assert all(each["before"]["type"] == "image/webp" for each in grown), "no phone takes that type"
    kept = next(each for each in told["files"] if each["source"].endswith("slow.gif"))
    assert kept["action"] == "copied"
    assert "as small as it is itself" in kept["why_not"]
