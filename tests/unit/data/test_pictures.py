"""Every usual format and mode of a picture becomes the pixels one sees."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_pictures import png

from gansmith.config import DataConfig
from gansmith.data.pictures import Look, PictureError, Target, choose_target, decode, look

RAMP = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def grey(data: bytes) -> np.ndarray:
    return decode(data, Target(4, 6, 1, "crop")).row[..., 0]


def colour(data: bytes, channels: int = 3) -> np.ndarray:
    return decode(data, Target(4, 6, channels, "crop")).row


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_lossless_formats_are_exact(kind: str) -> None:
    np.testing.assert_array_equal(grey(encoded(Image.fromarray(RAMP), kind)), RAMP)


def test_webp_is_exact_where_it_is_lossless() -> None:
    rgb = np.dstack([RAMP, RAMP.T.reshape(4, 6), 255 - RAMP])
    data = encoded(Image.fromarray(rgb), "WEBP", lossless=True)
    np.testing.assert_array_equal(colour(data), rgb)


def test_jpeg_is_close() -> None:
    smooth = np.full((4, 6), 100, np.uint8)
    assert np.abs(grey(encoded(Image.fromarray(smooth), "JPEG")).astype(int) - 100).max() <= 2


def test_sixteen_bits_are_divided_by_257() -> None:
    np.testing.assert_array_equal(
        grey(encoded(Image.fromarray(RAMP.astype(np.uint16) * 257))), RAMP
    )


def test_floats_in_a_tiff_are_scaled() -> None:
    image = Image.fromarray((RAMP / 255).astype(np.float32))
    np.testing.assert_array_equal(grey(encoded(image, "TIFF")), RAMP)


def test_one_bit_and_palette_are_read() -> None:
    bits = Image.fromarray(RAMP > 100)
    np.testing.assert_array_equal(grey(encoded(bits)), np.where(RAMP > 100, 255, 0))
    red = Image.new("P", (6, 4), 1)
    red.putpalette([0, 0, 0, 255, 0, 0])
    assert colour(encoded(red))[0, 0].tolist() == [255, 0, 0]


def test_cmyk_becomes_rgb() -> None:
    image = Image.new("CMYK", (6, 4), (0, 255, 255, 0))
    red, green, blue = colour(encoded(image, "TIFF"))[0, 0]
    assert (red, green, blue) == (255, 0, 0)


def test_transparency_is_kept_or_laid_on_white() -> None:
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[:, 3:] = [10, 20, 30, 255]
    kept, laid = colour(png(rgba), 4), decode(png(rgba), Target(4, 6, 3, "crop"))
    np.testing.assert_array_equal(kept, rgba)
    assert laid.alpha_dropped
    assert laid.row[0, 0].tolist() == [255, 255, 255]
    assert laid.row[0, 5].tolist() == [10, 20, 30]


def test_invisible_colours_do_not_bleed_when_resized() -> None:
    rgba = np.zeros((8, 12, 4), np.uint8)
    rgba[..., 0] = 255  # red, and nowhere to be seen
    rgba[:, ::2] = [0, 0, 255, 255]
    small = colour(png(rgba), 4)
    assert small[..., 0].max() == 0
    assert small[..., 2].min() == 255


def test_grey_with_alpha_is_read() -> None:
    pixels = np.dstack([RAMP, np.full_like(RAMP, 255)])
    np.testing.assert_array_equal(grey(encoded(Image.fromarray(pixels, "LA"))), RAMP)


def test_pictures_are_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter to see it upright
    lying = Image.fromarray(np.ascontiguousarray(np.rot90(RAMP)))
    data = encoded(lying, exif=exif)
    np.testing.assert_array_equal(grey(data), RAMP)
    assert (look(data).height, look(data).width) == (4, 6)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.fromarray(RAMP), Image.fromarray(255 - RAMP)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(grey(data), RAMP)


def test_crop_cuts_and_pad_fills_and_stretch_scales() -> None:
    wide = np.zeros((10, 30), np.uint8)
    wide[:, :10] = 200
    crop, pad, stretch = (
        decode(png(wide), Target(10, 10, 1, fit)).row[..., 0] for fit in ("crop", "pad", "stretch")
    )
    assert crop.max() == 0
    assert pad[0].max() == 0
    assert pad[5, 0] > 150
    assert stretch[:, 0].min() > 150


@pytest.mark.parametrize("data", [b"", b"no picture", png(RAMP)[:60]])
def test_broken_pictures_say_so(data: bytes) -> None:
    with pytest.raises(PictureError, match=r"empty|broken|no picture"):
        decode(data, Target(4, 6, 1, "crop"))


def test_what_is_chosen_where_nothing_is_asked() -> None:
    def chosen(*looks: Look) -> tuple[tuple[int, int, int], int]:
        target, notes = choose_target(DataConfig(), looks)
        return target.shape, len(notes)

    assert chosen(Look(28, 30, grey=True, transparent=False)) == ((28, 30, 1), 0)
    assert chosen(Look(40, 50, True, False), Look(60, 50, False, True)) == ((40, 40, 3), 1)
    assert chosen(Look(3000, 4000, False, False)) == ((64, 64, 3), 1)
    assert chosen(Look(64, 64, False, True)) == ((64, 64, 4), 0)
