from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import av
import pikepdf
import pytest
from PIL import Image

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
LARGE = sorted(path.name for path in MEDIA.glob("*-large.*"))


def test_every_kind_has_a_small_and_a_large_file() -> None:
    ends = {"jpg", "png", "gif", "mp3", "wav", "mp4", "3gp", "vcf", "ics", "pdf", "pkpass"}
    assert {name.rpartition(".")[2] for name in LARGE} == ends
    assert {path.suffix[1:] for path in MEDIA.glob("*-small.*")} >= ends


@pytest.mark.parametrize("name", LARGE)
def test_large_files_cross_the_size_where_servers_change_their_manners(name: str) -> None:
    assert 64 * 1024 < (MEDIA / name).stat().st_size <= 300_000


def test_all_files_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in MEDIA.iterdir()) < 3_500_000


@pytest.mark.parametrize("path", [*MEDIA.glob("clip-*"), *MEDIA.glob("jingle-*"), *MEDIA.glob("chime-*")])
def test_sounds_and_clips_decode_to_the_end(path: Path) -> None:
    with av.open(str(path)) as file:
        kinds = {type(frame).__name__ for frame in file.decode()}
    assert kinds == ({"VideoFrame", "AudioFrame"} if path.name.startswith("clip") else {"AudioFrame"})


@pytest.mark.parametrize("name", ["clip-small.mp4", "clip-large.mp4"])
def test_mp4_is_h264_with_aac(name: str) -> None:
    with av.open(str(MEDIA / name)) as file:
        assert [stream.codec_context.name for stream in file.streams] == ["h264", "aac"]


@pytest.mark.parametrize("name", ["dance-small.gif", "dance-large.gif"])
def test_the_dance_moves(name: str) -> None:
    with Image.open(MEDIA / name) as picture:
        assert getattr(picture, "n_frames", 1) > 5


@pytest.mark.parametrize("name", ["photo-small.jpg", "photo-large.jpg", "logo-small.png", "banner-large.png"])
def test_pictures_decode(name: str) -> None:
    with Image.open(MEDIA / name) as picture:
        picture.load()


def test_the_heic_photo_holds_a_picture() -> None:
    with av.open(str(MEDIA / "photo-small.heic")) as file:
        (frame,) = file.decode(video=0)
    assert (frame.width, frame.height) == (160, 284)


@pytest.mark.parametrize("name", ["pass-small.pkpass", "pass-large.pkpass"])
def test_the_manifest_of_a_pass_has_the_digests_of_its_files(name: str) -> None:
    with zipfile.ZipFile(MEDIA / name) as archive:
        files = {member: archive.read(member) for member in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    assert files.pop("signature")
    assert manifest == {member: hashlib.sha1(data).hexdigest() for member, data in files.items()}
    assert {"pass.json", "icon.png"} <= set(manifest)


@pytest.mark.parametrize("name", ["flyer-small.pdf", "flyer-large.pdf"])
def test_the_flyer_has_one_page(name: str) -> None:
    with pikepdf.open(MEDIA / name) as pdf:
        assert len(pdf.pages) == 1
