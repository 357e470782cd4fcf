"""A signal never cuts off Python that foreign code has called in the middle of its own work."""

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(program: str) -> str:
    """What a program of its own prints; a crash of the interpreter fails."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout


def test_a_body_that_is_given_back_is_given_back_whole() -> None:
    assert "whole, then interrupted" in run(
        """
        import os, signal, sys, time
        import pymunk
        from pymunk._chipmunk_cffi import ffi
        from iifl_server import interruption

        interruption.raise_from_now()
        left = []

        def notice(frame, event, argument):
            if frame.f_code.co_name == "ext_cpBodyShapeIteratorFunc":
                if event == "call":
                    os.kill(os.getpid(), signal.SIGTERM)
                elif event == "return":
                    left.append(sys.exc_info()[0])

        space, body = pymunk.Space(), pymunk.Body(1.0, 1.0)
        space.add(body, *(pymunk.Circle(body, 1.0) for _ in range(3)))
        sys.unraisablehook = lambda what: left.append(what.exc_type)
        sys.setprofile(notice)
        try:
            ffi.release(body._body)  # As the garbage collector does it, whenever it likes.
            sys.setprofile(None)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                time.sleep(0.01)
        except interruption.Interrupted:
            sys.setprofile(None)
            assert len(left) == 3 and not any(left), left
            print("whole, then interrupted")
        """
    )


def test_an_interruption_that_was_raised_elsewhere_is_not_raised_again() -> None:
    assert "once" in run(
        """
        import os, signal, time
        from iifl_server import interruption

        interruption.raise_from_now()
        called = {"__name__": "pymunk.example", "os": os, "signal": signal}
        exec("def back():\\n    os.kill(os.getpid(), signal.SIGTERM)", called)
        called["back"]()
        try:
            interruption.check()
        except interruption.Interrupted:
            time.sleep(0.1)
            print("once")
        """
    )
