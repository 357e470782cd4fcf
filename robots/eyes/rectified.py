"""The straight-down view: what an overhead camera without tilt or distortion would show."""

import cv2
import numpy as np
from numpy.typing import NDArray

from robots import camera
from robots.eyes.calibration import CameraCalibration
from robots.eyes.lens import CalibrationError


class Rectifier:
    """Turns a calibrated camera's images into those of an ideal one; made once, since its table takes time.

    view: the ideal camera, as pages and policies know it. above: how high over the table that which is to
    appear in its true place lies [m]. Not to be changed; calls may come from any thread.
    """

    def __init__(self, calibration: CameraCalibration, view: camera.Calibration, above: float = 0.0) -> None:
        self.calibration, self.view = calibration, view
        columns, rows = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
        points = view.to_workspace(np.stack([columns, rows], axis=-1))  # (H, W, 2)
        pixels = calibration.to_pixels(points, above).astype(np.float32)
        self._whole, self._rest = cv2.convertMaps(pixels[..., 0], pixels[..., 1], cv2.CV_16SC2)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The view of an image, (H, W, 3) of the calibrated size; black where the camera does not see.

        Raises CalibrationError for an image of another size.
        """
        check_size(image, self.calibration)
        return np.asarray(cv2.remap(image, self._whole, self._rest, cv2.INTER_LINEAR), dtype=np.uint8)


def check_size(image: NDArray[np.uint8], calibration: CameraCalibration) -> None:
    """Raises CalibrationError unless the image is (H, W, 3) uint8 of the calibrated size."""
    wanted = (calibration.height, calibration.width, 3)
    if image.shape != wanted or image.dtype != np.uint8:
        seen = f"{image.shape[1]}×{image.shape[0]} px" if image.ndim == 3 else f"of shape {image.shape}"
        raise CalibrationError(
            f"the picture is {seen} {image.dtype}, but the camera was calibrated at {calibration.width}×"
            f"{calibration.height} px in colour: set that resolution, or calibrate the camera again"
        )
