"""`./iifl calibrate CAMERA`: where an overhead camera's pixels lie in the workspace."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

from iifl_server.management.arguments import CALLED
from iifl_server.management.arguments import calibrate as options
from iifl_server.management.base import IIFLCommand
from robots.eyes.board import Board, board_for
from robots.eyes.calibration import CameraCalibration
from robots.eyes.corners import from_corners
from robots.eyes.lens import CalibrationError
from robots.eyes.sources import Shot
from robots.tasks.block_push.geometry import WORKSPACE_HALF

WATCHED = [(x * WORKSPACE_HALF, y * WORKSPACE_HALF) for x, y in product((-1, 1), repeat=2)]
"""The workspace's corners [m]: what is to be seen there tells later whether the camera moved."""


class Command(IIFLCommand):
    interrupted = "Nothing is written; the same command starts again."
    options = options

    def run(self, **options: Any) -> None:
        board = board_for(options["paper"], options["square_mm"])
        if options["board"]:
            self._print(board, options["board"])
        elif options["camera"] is None:
            raise CalibrationError(
                f"no CAMERA is named: give a device number, URL, image or folder, or --board FILE for the "
                f"board ({CALLED} calibrate --help)"
            )
        elif options["check"] and not options["corners"]:
            raise CalibrationError(
                "--check goes with --corners: a board tells its error by itself; leave it out"
            )
        else:
            self._measure(board, options)

    def _print(self, board: Board, path: Path) -> None:
        from robots.eyes.printed import pdf_of

        path.write_bytes(pdf_of(board))
        self.stdout.write(
            f"written to {path}: print it on {board.paper.upper()} at 100 %, and measure a square: "
            f"{board.square * 1000:g} mm, or say otherwise with --square-mm"
        )

    def _measure(self, board: Board, options: dict[str, Any]) -> None:
        from robots.eyes.drift import with_marks
        from robots.eyes.stored import check_error, save

        out = options["out"] or Path("calibration.json").absolute()
        shots = list(self._shots(options))
        if options["corners"]:
            calibration, hint = self._by_corners(shots[-1], options), ""
        else:
            calibration, hint = self._by_board(shots, board)
        self.stdout.write(_told(calibration))
        check_error(calibration, options["most_mm"], f"the calibration{hint}")
        calibration = with_marks(calibration, shots[-1].image, WATCHED)
        watched = len(calibration.marks)
        self.stdout.write(
            f"{watched} of the workspace's {len(WATCHED)} corners show a mark to watch the camera by"
        )
        save(calibration, out)
        self.stdout.write(f"written to {out}")

    def _by_corners(self, shot: Shot, options: dict[str, Any]) -> CameraCalibration:
        check = None
        if options["check"]:
            x, y, right, up = options["check"]
            check = ((x, y), (right / 1000, up / 1000))
        return from_corners(options["corners"], _size(shot), WORKSPACE_HALF, _now(), check)

    def _by_board(self, shots: list[Shot], board: Board) -> tuple[CameraCalibration, str]:
        from robots.eyes.fitting import View, fit

        views = []
        for shot in shots:
            views.append(View(shot.name, *board.corners_in(shot.image)))
            self.stdout.write(f"{shot.name}: {len(views[-1].places)} of the board's corners")
        fitted = fit(views, _size(shots[0]), WORKSPACE_HALF, _now())
        self.stdout.write(f"the board was seen near {fitted.covered:.0%} of the workspace")
        return fitted.calibration, f" (worst in {fitted.worst_view})"

    def _shots(self, options: dict[str, Any]) -> Iterator[Shot]:
        """The pictures that show something, all of one size."""
        from robots.eyes.sources import Taking, shots_of

        pictures = 1 if options["corners"] else options["pictures"]
        taken = shots_of(options["camera"], Taking(pictures, options["every"], options["size"]))
        yield from self._of_use(self._kept(taken, options["keep"]))

    def _of_use(self, shots: Iterable[Shot]) -> Iterator[Shot]:
        from robots.eyes.blank import shows_nothing

        first: Shot | None = None
        nothing = ""
        for shot in shots:
            nothing = shows_nothing(shot.image)
            if nothing:
                self.stdout.write(f"{shot.name} is left out: {nothing}")
                continue
            first = first or shot
            if _size(shot) != _size(first):
                raise CalibrationError(
                    f"{shot.name} is of {'×'.join(map(str, _size(shot)))} px, but {first.name} of "
                    f"{'×'.join(map(str, _size(first)))}: use pictures of one resolution"
                )
            yield shot
        if first is None:
            raise CalibrationError(nothing)

    def _kept(self, shots: Iterable[Shot], folder: Path | None) -> Iterator[Shot]:
        import cv2

        for shot in shots:
            if folder is not None:
                name = (folder / shot.name).with_suffix(".png")
                cv2.imwrite(str(name), cv2.cvtColor(shot.image, cv2.COLOR_RGB2BGR))
                shot = replace(shot, name=name.name)
            yield shot


def _told(calibration: CameraCalibration) -> str:
    if calibration.error_mm is None or calibration.worst_mm is None:
        return (
            "the error is not known: four corners always fit; --check tells it at one more point, and a "
            "board measures the lens too"
        )
    if calibration.kind == "corners":
        return f"off by {calibration.worst_mm:.2f} mm at the point to check; elsewhere it is not known"
    return f"off by {calibration.error_mm:.2f} mm (root mean square), {calibration.worst_mm:.2f} mm at worst"


def _size(shot: Shot) -> tuple[int, int]:
    return shot.image.shape[1], shot.image.shape[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
