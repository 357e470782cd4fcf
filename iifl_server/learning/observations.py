"""Observations as kept in the database: lossless, and never a pickle."""

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

PNG = b"\x89PNG"


def encode_observation(observation: NDArray[Any]) -> bytes:
    """PNG for a uint8 RGB image (H, W, 3), npy for anything else."""
    if observation.dtype == np.uint8 and observation.ndim == 3 and observation.shape[2] == 3:
        _, png = cv2.imencode(".png", np.ascontiguousarray(observation[..., ::-1]))
        return bytes(png)
    buffer = io.BytesIO()
    np.save(buffer, observation, allow_pickle=False)
    return buffer.getvalue()


def decode_observation(data: bytes) -> NDArray[Any]:
    """Inverse of `encode_observation`; raises ValueError for anything else."""
    if data.startswith(PNG):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError(f"{len(data)} bytes are not a whole PNG")
        return np.ascontiguousarray(image[..., ::-1])
    array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array
