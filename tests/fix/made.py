"""Pictures as phones and designers make them, made on the spot."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

UPRIGHT_TALL = (360, 640)
"""9:16, so that nothing is advised about the shape."""


def photo(size: tuple[int, int] = UPRIGHT_TALL, seed: int = 1) -> Image.Image:
    """Something with edges, gradients and grain, as a photograph has them."""
    dice = random.Random(seed)
    picture = Image.linear_gradient("L").resize(size)
    colours = Image.merge("RGB", (picture, picture.rotate(180), Image.radial_gradient("L").resize(size)))
    draw = ImageDraw.Draw(colours)
    for _ in range(60):
        x, y = dice.randrange(size[0]), dice.randrange(size[1])
        reach = dice.randrange(4, max(5, min(size) // 4))
        colour = tuple(dice.randrange(256) for _ in range(3))
        draw.ellipse((x, y, x + reach, y + reach), fill=colour)
    grain = Image.frombytes("L", size, dice.randbytes(size[0] * size[1])).filter(ImageFilter.BoxBlur(1))
    return Image.blend(colours, Image.merge("RGB", (grain,) * 3), 0.15)


def saved(picture: Image.Image, format_: str, **how: Any) -> bytes:
    """The bytes of a file."""
    file = io.BytesIO()
    picture.save(file, format_, **how)
    return file.getvalue()


def turned(picture: Image.Image, orientation: int) -> bytes:
    """A JPEG that is to be turned before it is shown, with a place in its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera Works"
    exif.get_ifd(0x8825)[1] = "N"
    return saved(picture, "JPEG", quality=90, exif=exif)


def see_through(size: tuple[int, int] = UPRIGHT_TALL) -> bytes:
    """A PNG with a transparent surrounding."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((40, 40, size[0] - 40, size[1] - 40), fill=(200, 30, 60, 255))
    return saved(picture, "PNG")


def moving(size: tuple[int, int] = (360, 640), frames: int = 20, milliseconds: int = 50) -> bytes:
    """A GIF that is faster than advised."""
    first, *rest = (photo(size, seed).quantize(64) for seed in range(frames))
    return saved(first, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)


def written(folder: Path, **files: bytes) -> Path:
    """The folder with these files; two underscores stand for the dot of an ending."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def opened(data: bytes) -> Image.Image:
    """The picture in the bytes, loaded."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture.copy()
