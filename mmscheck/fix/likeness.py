"""How near one picture is to another: the structural similarity (SSIM) of Wang, Bovik, Sheikh and Simoncelli,
IEEE Transactions on Image Processing 13 (4), 2004, of brightness, over windows of 8 x 8 pixels side by side.
"""  # noqa: D205 - the source belongs to the name

from __future__ import annotations

from PIL import Image, ImageMath

from mmscheck.fix.values import Measure

WINDOW = 8
"""Pixels of a window's side: the paper's first measure took 8 x 8 (its section III-B)."""

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""The paper's constants for 8 bits, which keep quotients of dark and of flat windows from meaning nothing."""


def ssim(reference: Image.Image, product: Image.Image) -> float:
    """From -1 to 1, which is the same; a product of another size is scaled to that of the reference first."""
    if product.size != reference.size:
        product = product.convert("RGB").resize(reference.size, Image.Resampling.BICUBIC)
    one, two = _brightness(reference), _brightness(product)

    def mean(picture: Image.Image) -> Image.Image:
        return picture.reduce(WINDOW)

    def product_of(first: Image.Image, second: Image.Image) -> Image.Image:
        product: Image.Image = ImageMath.lambda_eval(lambda m: m["a"] * m["b"], a=first, b=second)
        return product

    values = ImageMath.lambda_eval(
        lambda m: (
            ((2 * m["x"] * m["y"] + C1) * (2 * (m["xy"] - m["x"] * m["y"]) + C2))
            / (
                (m["x"] * m["x"] + m["y"] * m["y"] + C1)
                * (m["xx"] - m["x"] * m["x"] + m["yy"] - m["y"] * m["y"] + C2)
            )
        ),
        x=mean(one),
        y=mean(two),
        xx=mean(product_of(one, one)),
        yy=mean(product_of(two, two)),
        xy=mean(product_of(one, two)),
    )
    whole = values.resize((1, 1), Image.Resampling.BOX)
    return float(whole.getpixel((0, 0)))


def measured(reference: Image.Image, product: Image.Image, of: str) -> Measure:
    """The same as a value for reports; ``of`` says what the reference is."""
    return Measure(name="SSIM", value=round(ssim(reference, product), 4), of=of)


def _brightness(picture: Image.Image) -> Image.Image:
    return picture.convert("L").convert("F")
