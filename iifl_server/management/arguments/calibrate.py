"""Options of `./iifl calibrate`."""

from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import number, whole
from iifl_server.management.arguments.paths import output_file, writable_folder
from iifl_server.management.arguments.points import camera, checked_point, point, size

HELP = (
    "Measure where the pixels of an overhead camera lie in the workspace. Print the board that --board "
    "writes, at its true size, and glue it to something flat. Take pictures of it in every part of the "
    "camera's sight, tilted by 20 to 40 degrees in half of them; for the last one it lies flat on the table, "
    "its middle on the workspace's, its text towards -y. Without a board, --corners names the workspace's "
    "four corners on one picture: no lens is measured then."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument(
        "camera",
        nargs="?",
        type=camera,
        metavar="CAMERA",
        help="device number, URL, image, or folder of images: the last by name has the flat board",
    )
    parser.add_argument("--board", type=output_file, help="write the board to this PDF, and measure nothing")
    parser.add_argument(
        "--paper", choices=["a3", "a4"], default="a4", help="sheet that the board is printed on"
    )
    parser.add_argument(
        "--square-mm",
        type=number(1, 1000),
        help="side of a square on the print; what the board says unless given",
    )
    parser.add_argument(
        "--corners",
        nargs=4,
        type=point,
        metavar="X,Y",
        help="pixels of the workspace's corners: top left, top right, bottom right, bottom left",
    )
    parser.add_argument(
        "--check",
        type=checked_point,
        metavar="X,Y,MM,MM",
        help="with --corners: one more pixel, and how far right and up of the workspace's middle it shows",
    )
    parser.add_argument("--pictures", type=whole(1, 500), default=15, help="to take from a running camera")
    parser.add_argument("--every", type=number(0, 60), default=2.0, help="seconds between them")
    parser.add_argument(
        "--size", type=size, metavar="WxH", help="to ask a running camera for; its own unless given"
    )
    parser.add_argument(
        "--keep", type=writable_folder, help="folder for the pictures taken from a running camera"
    )
    parser.add_argument(
        "--most-mm",
        type=number(0, 100, above=True),
        default=2.0,
        help="refuse a calibration that is farther off",
    )
    parser.add_argument("--out", type=output_file, help="the calibration; calibration.json unless given")
