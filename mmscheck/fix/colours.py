"""A picture as a file has it to one that every phone shows alike: upright, sRGB, 8 bits, opaque."""

from __future__ import annotations

import io

from PIL import Image, ImageCms, ImageOps

ORIENTATION = 0x0112
"""The EXIF tag of the orientation (CIPA DC-008)."""

DEEP = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
"""Pillow's modes of 16 bits of grey."""

SEE_THROUGH = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})

PLAIN = frozenset({"L", "RGB"})
"""The modes that come out of this."""


def plain(picture: Image.Image, background: tuple[int, int, int]) -> tuple[Image.Image, list[str]]:
    """The picture in RGB or grey, and what was done to it, a clause each; the picture is loaded by it."""
    done: list[str] = []
    picture.load()  # before anything else is asked: a second load of a picture that failed does nothing
    turned = picture.getexif().get(ORIENTATION, 1)
    profile = picture.info.get("icc_profile")
    picture = _shallow(picture, done)
    if picture.mode in SEE_THROUGH or "transparency" in picture.info:
        picture = _opaque(picture, background, done)
    if profile:
        picture = screen(picture, profile, done)
    if picture.mode not in PLAIN:
        if picture.mode == "CMYK":
            done.append("colours for print turned into those for screens")
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    if turned in range(2, 9):
        picture = _upright(picture, turned)
        done.append("stored upright")
    return picture, done


def _upright(picture: Image.Image, turned: int) -> Image.Image:
    # By hand, since the pictures made on the way have lost their EXIF.
    bare = picture.copy()
    bare.info = {}
    bare.getexif()[ORIENTATION] = turned
    return ImageOps.exif_transpose(bare)


def _shallow(picture: Image.Image, done: list[str]) -> Image.Image:
    if picture.mode in DEEP:
        done.append("16 bits made 8")
        return picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if picture.mode == "I":
        top = picture.getextrema()[1]
        if isinstance(top, int | float) and top > 255:  # noqa: PLR2004 - the most that 8 bits hold
            done.append("16 bits made 8")
            return picture.point(lambda value: value * (1 / 257)).convert("L")
    if picture.mode == "F":
        top = picture.getextrema()[1]
        done.append("floating point made 8 bits")
        # TIFF says no range (Adobe's Technical Note 3); programs write 0 to 1, and some 0 to 255.
        if isinstance(top, int | float) and top <= 1:
            picture = picture.point(lambda value: value * 255 + 0.5)
    return picture.convert("L") if picture.mode in {"I", "F"} else picture


def _opaque(picture: Image.Image, background: tuple[int, int, int], done: list[str]) -> Image.Image:
    seen = picture.convert("RGBA")
    if seen.getchannel("A").getextrema() == (255, 255):
        return seen.convert("RGB")
    under = Image.new("RGBA", seen.size, (*background, 255))
    under.alpha_composite(seen)
    done.append(f"transparent parts put on #{bytes(background).hex()}")
    return under.convert("RGB")


def screen(picture: Image.Image, profile: bytes, done: list[str]) -> Image.Image:
    """The colours of the file's own profile as sRGB; one that fits nothing is left out."""
    try:
        made = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = (ImageCms.getProfileDescription(made) or "").strip()
        if "sRGB" in name:
            return picture
        turned = ImageCms.profileToProfile(
            picture, made, ImageCms.createProfile("sRGB"), outputMode="RGB" if picture.mode != "L" else "L"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    done.append("colours turned into sRGB")
    return turned or picture
