"""Pictures made small: upright, in sRGB, and without anything but their pixels."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType

from PIL import Image

from mmscheck.media import image
from mmscheck.model.facts import ImageFacts, Preview

BOX = (320, 569)
"""The largest width and height: half of the provider's advised 640 x 1138, and what a drawn phone needs."""

ROOM = 20 * 1024
"""Bytes that a likeness should stay within; a report of a thousand pictures is then some 25 MB."""

QUALITIES = (72, 55, 40)
"""JPEG qualities, tried until one stays within the room."""

COLOURS = (256, 64, 16)
"""Numbers of colours of a PNG, likewise."""

PLAIN = frozenset({"L", "RGB", "CMYK", "RGBA"})
"""Pillow's modes that can be made small as they are; those of a JPEG are among them."""

TURNS: Mapping[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)
"""What makes a picture of each EXIF orientation upright."""

FIRST_ON_ITS_SIDE = 5
"""Orientations from this one on exchange width and height."""

LARGEST_PROFILE = 1024 * 1024
"""Bytes of a colour profile; printers' are about that long, screens' some kilobytes."""


def draw(data: bytes, type_: str, facts: ImageFacts) -> Preview | None:
    """The first frame, small; None or whatever a library raises where that fails."""
    with image.first(data, image.FORMATS[type_]) as picture:
        return likeness(_small(picture, facts.orientation))


def fitted(width: float, height: float, box: tuple[int, int] = BOX) -> tuple[int, int]:
    """The size of a picture that has to fit into the box and is never enlarged."""
    scale = min(1.0, box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def likeness(picture: Image.Image) -> Preview:
    """The small picture as a file: PNG where something of it is transparent, else JPEG."""
    picture.info = {}  # comments and profiles would be written along
    clear = picture.mode == "RGBA" and image.see_through(picture)
    file = _png(picture) if clear else _jpeg(picture.convert("RGB"))
    return Preview(
        image=file,
        image_type="image/png" if clear else "image/jpeg",
        width=picture.width,
        height=picture.height,
    )


def _small(picture: Image.Image, orientation: int) -> Image.Image:
    """The current frame, small and upright, in RGB, RGBA or L."""
    profile = picture.info.get("icc_profile")
    box = BOX[::-1] if orientation >= FIRST_ON_ITS_SIDE else BOX
    picture.draft(None, fitted(picture.width, picture.height, box))  # a JPEG is decoded only that far
    small = _plain(picture)
    small.thumbnail(box, Image.Resampling.BICUBIC, reducing_gap=1.0)
    small = _in_srgb(small, profile)
    return small.transpose(TURNS[orientation]) if orientation in TURNS else small


def _plain(picture: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged, with transparency as a channel of its own."""
    if picture.format != "JPEG":  # one that is loaded can no longer be decoded in part
        picture.load()
    if "transparency" in picture.info or picture.mode in {"LA", "La", "PA", "RGBa"}:
        return picture.convert("RGBA")
    if picture.mode.startswith("I;16"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture if picture.mode in PLAIN else picture.convert("RGB")


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """The colours as screens show them; those of a profile that cannot be read are taken as they are."""
    changed = picture
    if isinstance(profile, bytes) and profile and len(profile) <= LARGEST_PROFILE and b"sRGB" not in profile:
        changed = _converted(picture, profile)
    return changed.convert("RGB") if changed.mode == "CMYK" else changed


def _converted(picture: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms  # noqa: PLC0415 - few pictures have a profile other than sRGB

    if picture.mode == "L":
        return picture
    colours = picture.convert("RGB") if picture.mode == "RGBA" else picture
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        shown = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture
    if shown is None:
        return picture
    if picture.mode == "RGBA":
        shown.putalpha(picture.getchannel("A"))
    return shown


def _jpeg(picture: Image.Image) -> bytes:
    image = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        image = file.getvalue()
        if len(image) <= ROOM:
            break
    return image


def _png(picture: Image.Image) -> bytes:
    image = b""
    for colours in COLOURS:
        file = io.BytesIO()
        picture.quantize(colours, method=Image.Quantize.FASTOCTREE).save(file, "PNG")
        image = file.getvalue()
        if len(image) <= ROOM:
            break
    return image
