"""Pictures from folders, files and cameras, and sentences where there are none."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from robots.eyes.lens import CalibrationError
from robots.eyes.sources import Shot, Taking, shots_of

RED = np.full((48, 64, 3), (200, 30, 10), dtype=np.uint8)
TAKING = Taking(pictures=3, every_s=1.0)


def written(file: Path, image: np.ndarray = RED) -> Path:
    assert cv2.imwrite(str(file), image[..., ::-1])
    return file


def shots(source: Path | str, taking: Taking = TAKING) -> list[Shot]:
    return list(shots_of(str(source), taking))


def test_a_folder_gives_its_images_by_name_in_true_colours(tmp_path: Path) -> None:
    written(tmp_path / "b.png")
    written(tmp_path / "a.PNG")
    (tmp_path / "notes.txt").write_text("no image")
    found = shots(tmp_path)
    assert [shot.name for shot in found] == ["a.PNG", "b.png"]
    assert np.array_equal(found[0].image, RED)
    assert [shot.name for shot in shots(tmp_path / "b.png")] == ["b.png"]


def test_folders_and_files_without_pictures_are_named(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"holds no images; valid are: \.png"):
        shots(tmp_path)
    for content in (b"", b"no picture"):
        (tmp_path / "c.png").write_bytes(content)
        with pytest.raises(CalibrationError, match=r"c\.png is no picture"):
            shots(tmp_path)
    with pytest.raises(CalibrationError, match=r"gone\.png: No such file"):
        shots(tmp_path / "gone.png")
    with pytest.raises(CalibrationError, match="valid are a device number, a URL, a file, a folder"):
        shots(tmp_path / "gone")


def test_a_device_that_is_not_there_is_said_in_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CalibrationError, match="camera '63' cannot be opened: look at its cable"):
        shots("63")
    assert capfd.readouterr().err == ""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Twelve pictures, one brighter than the other."""
    file = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for number in range(12):
        writer.write(np.full((48, 64, 3), 20 * number, dtype=np.uint8))
    writer.release()
    return file


def test_a_running_camera_gives_pictures_at_intervals(film: Path) -> None:
    waited: list[float] = []
    found = shots(film, Taking(3, 2.5, (64, 48), waited.append))
    assert [shot.name for shot in found] == ["picture-01", "picture-02", "picture-03"]
    assert [round(float(shot.image.mean()) / 20) for shot in found] == [5, 7, 9]
    assert waited == [2.5, 2.5]


def test_a_camera_that_ends_or_shows_another_size_is_named(film: Path) -> None:
    with pytest.raises(CalibrationError, match=r"gave 4 of 9 pictures and then none"):
        shots(film, Taking(9, 0.0, None, lambda _: None))
    with pytest.raises(CalibrationError, match=r"gives 64×48 px, not 640×480"):
        shots(film, Taking(9, 0.0, (640, 480), lambda _: None))
