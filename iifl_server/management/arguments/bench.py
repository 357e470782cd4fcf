"""Options of `./iifl bench`."""

from argparse import ArgumentParser

from iifl_server.management.arguments.numbers import SEED, whole
from iifl_server.management.arguments.paths import output_file
from iifl_server.names import BENCHES

HELP = (
    "Measure one claim of speed beside the plain method, with quality beside speed, in one process. "
    + "; ".join(f"{name}: {text}" for name, text in BENCHES.items())
    + "."
)


def add(parser: ArgumentParser) -> None:
    """Add them to a parser."""
    parser.add_argument("name", choices=list(BENCHES), help="what to measure")
    parser.add_argument(
        "--scale", choices=["smoke", "full"], default="full", help="smoke: small sizes, seconds, no claim"
    )
    parser.add_argument("--seed", type=SEED, default=0, help="decides every draw")
    parser.add_argument("--repeats", type=whole(1, 10_000), default=5, help="measurements behind each median")
    parser.add_argument("--threads", type=whole(0, 1024), default=0, help="of torch; 0 is one for each core")
    parser.add_argument("--json", type=output_file, help="also write the figures to this file")
