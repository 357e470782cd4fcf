"""Options of `./iifl demo`."""

from argparse import SUPPRESS, ArgumentParser

from iifl_server.management.arguments.numbers import PACE, PORT, ROBOTS, SEED, whole
from iifl_server.management.arguments.places import TWIN, fleet
from iifl_server.management.arguments.tasks import WORDS, task
from iifl_server.names import PACE_S, PUSH_PACE_S

TASK = "block_push"
SIZE = 4
HELP = "Run a supervised fleet with its web page on this machine; Ctrl-C ends it, the next start goes on."


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument(
        "--task", type=task, default=SUPPRESS, metavar="TASK", help=f"{WORDS}; unless given {TASK}"
    )
    parser.add_argument(
        "--fleet",
        type=fleet,
        metavar="FILE",
        help=f"arms that are there, in place of a task: a fleet file (docs/yumi.md), {TWIN} for two "
        "simulated YuMis behind SSH, or the folder of a recording to show again",
    )
    parser.add_argument(
        "--robots",
        type=ROBOTS,
        default=SUPPRESS,
        help=f"size of the fleet, N; unless given {SIZE}, of a fleet file all its arms",
    )
    parser.add_argument("--supervisors", type=whole(1, 1000), default=2, help="supervisor seats, M")
    parser.add_argument(
        "--people",
        type=whole(0, 1000),
        default=SUPPRESS,
        help="seats that people may take, algorithms have the rest; unless given 1, of a fleet file all",
    )
    parser.add_argument(
        "--pace",
        type=PACE,
        default=SUPPRESS,
        help=f"seconds between fleet steps; unless given {PUSH_PACE_S} where people push, else {PACE_S}",
    )
    parser.add_argument("--seed", type=SEED, default=0, help="seed of the simulated fleet")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address or name that the page is served on, IPv4 or IPv6"
    )
    parser.add_argument("--port", type=PORT, default=8000, help="port of the page")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
