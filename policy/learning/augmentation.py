"""The six image transformations of Section 7.3.3, and the ten-fold augmentation made of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
_CHUNK = 256  # Images at once; bounds memory at some 40 MB.
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)


@dataclass(frozen=True)
class AugmentationConfig:
    """Ranges of the six transformations; each image draws its own values uniformly from them."""

    contrast: tuple[float, float] = (0.85, 1.15)
    """Factor on the distance from mid-grey."""
    brightness: float = 10.0
    """Largest value added to, or taken from, each channel [of 255]."""
    gamma: tuple[float, float] = (0.9, 1.1)
    """Exponent on values from 0 to 1."""
    blur: float = 0.3
    """Largest standard deviation of the Gaussian blur [px]."""
    saturation: tuple[float, float] = (0.95, 1.05)
    """Factor on the distance from the pixel's grey."""
    noise: float = 255 / 80
    """Largest standard deviation of the noise added to every value [of 255]."""


def augment(
    images: Images, generator: np.random.Generator, config: AugmentationConfig | None = None
) -> Images:
    """Every image transformed once, with draws of its own: (n, H, W, 3) to the same."""
    config = config or AugmentationConfig()
    chunks = [
        _augment_chunk(images[start : start + _CHUNK], generator, config)
        for start in range(0, len(images), _CHUNK)
    ]
    return np.concatenate(chunks) if chunks else images.copy()


def augment_fold(
    images: Images, fold: int, generator: np.random.Generator, config: AugmentationConfig | None = None
) -> Images:
    """`fold` different transformations of every image: (n, ...) to (n * fold, ...), image by image."""
    return augment(np.repeat(images, fold, axis=0), generator, config)


def _augment_chunk(images: Images, generator: np.random.Generator, config: AugmentationConfig) -> Images:
    curved = _through_tables(images, _tone_tables(len(images), generator, config))  # (n, H, W, 3) float32
    curved = _blur(curved, generator.uniform(0.0, config.blur, len(images)))
    factor = generator.uniform(*config.saturation, (len(images), 1, 1, 1)).astype(np.float32)
    grey = (curved @ _LUMINANCE)[..., None]
    curved -= grey
    curved *= factor
    curved += grey
    deviation = generator.uniform(0.0, config.noise, (len(images), 1, 1, 1)).astype(np.float32)
    curved += generator.standard_normal(curved.shape, dtype=np.float32) * deviation
    np.clip(curved, 0.0, 255.0, out=curved)
    result: Images = np.rint(curved, out=curved).astype(np.uint8)
    return result


def _tone_tables(
    count: int, generator: np.random.Generator, config: AugmentationConfig
) -> NDArray[np.float32]:
    """Contrast, addition and gamma act on single values: tables (count, 3, 256) of what each becomes."""
    values = np.arange(256, dtype=np.float32)
    contrast = generator.uniform(*config.contrast, (count, 1, 1))
    added = generator.uniform(-config.brightness, config.brightness, (count, 3, 1))
    gamma = generator.uniform(*config.gamma, (count, 1, 1))
    linear = np.clip((values - 127.5) * contrast + 127.5, 0.0, 255.0)
    unit = np.clip(linear + added, 0.0, 255.0) / 255.0
    tables: NDArray[np.float32] = (255.0 * unit**gamma).astype(np.float32)
    return tables


def _through_tables(images: Images, tables: NDArray[np.float32]) -> NDArray[np.float32]:
    index = images.astype(np.int32)
    index += (np.arange(len(images) * 3, dtype=np.int32) * 256).reshape(-1, 1, 1, 3)
    result: NDArray[np.float32] = tables.ravel()[index]
    return result


def _blur(images: NDArray[np.float32], deviations: NDArray[np.float64]) -> NDArray[np.float32]:
    """Separable three-tap Gaussian blur, exact to 1e-9 for deviations up to 0.3 px; edges repeat."""
    with np.errstate(divide="ignore"):
        side = np.exp(-0.5 / np.square(deviations))
    neighbour = (side / (1.0 + 2.0 * side)).astype(np.float32).reshape(-1, 1, 1, 1)
    for axis in (1, 2):
        pad = [(0, 0)] * 4
        pad[axis] = (1, 1)
        wide = np.pad(images, pad, mode="edge")
        before = np.take(wide, range(images.shape[axis]), axis=axis)
        after = np.take(wide, range(2, images.shape[axis] + 2), axis=axis)
        images = images + neighbour * (before + after - 2.0 * images)
    return images
