"""The eight symmetries of a square table seen from above: turned and mirrored samples are true samples."""

import numpy as np
from numpy.typing import NDArray

from policy.errors import InputError

COUNT = 8
"""Four quarter turns, with and without a mirror."""


def transform(
    images: NDArray[np.uint8], actions: NDArray[np.float32], which: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Every sample turned by its own symmetry: images (n, S, S, 3), actions (n, 2), which (n,).

    which: 0 to 7, quarter turns counter-clockwise, plus 4 to mirror left and right first; 0 changes nothing.
    Actions are displacements in the image's plane, x to the right and y up. Valid where the task itself has
    these symmetries: table, obstacle and what supervisors want look the same from all four sides, and either
    way round is as good as the other. Raises InputError for images that are not square or actions of
    another size.
    """
    if images.ndim != 4 or images.shape[1] != images.shape[2] or actions.shape != (len(images), 2):
        raise InputError(
            f"images {images.shape} must be square and actions {actions.shape} have two components: "
            "leave symmetries out for this task"
        )
    turned, moved = np.empty_like(images), actions.copy()
    for symmetry in range(COUNT):
        chosen = which == symmetry
        image, (x, y) = images[chosen], actions[chosen].T
        if symmetry >= 4:
            image, x = image[:, :, ::-1], -x
        for _ in range(symmetry % 4):
            x, y = -y, x
        turned[chosen] = np.rot90(image, symmetry % 4, axes=(1, 2))
        moved[chosen] = np.stack([x, y], axis=1)
    return turned, moved
