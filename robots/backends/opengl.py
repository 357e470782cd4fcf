"""Which OpenGL draws pictures of simulations, if any: found out by trials in processes of their own."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

KINDS = ("egl", "osmesa")
"""What MuJoCo can draw with where no window is, in the order in which they are tried."""
TRIAL_S = 15.0
"""A trial takes about a second; one that takes so long hangs."""

_TRIAL = Path(__file__).with_name("opengl_trial.py")
_ANY = ("", "enable", "enabled", "on", "true", "1")
_OFF = ("disable", "disabled", "off", "false", "0")


@dataclass(frozen=True)
class Attempt:
    """How a trial of one kind ended."""

    works: bool
    text: str
    """What draws, or why nothing does."""


@dataclass(frozen=True)
class Choice:
    """What draws pictures of simulations on this machine."""

    kind: str | None
    """One of KINDS; None: they are schematics."""
    text: str
    """What draws, or why nothing does."""
    samples: int = 0
    """Samples a pixel: smooth edges cost a graphics card nothing, and a CPU as much as the whole picture."""
    wanted: bool = True
    """False where somebody asked for schematics."""
    tried: bool = False
    """Trials were made and all failed: something is not installed."""


def choose(environment: Mapping[str, str], trial: Callable[[str], Attempt]) -> Choice:
    """The first kind whose trial succeeds, of those that the environment allows.

    IIFL_SCHEMATIC=1 allows none. MUJOCO_GL is respected as MuJoCo documents it: egl or osmesa means this one
    alone, a word for off none. Never raises for what the environment says.
    """
    schematic = environment.get("IIFL_SCHEMATIC", "") or "0"
    if schematic != "0":
        return Choice(None, f"IIFL_SCHEMATIC is {schematic}", wanted=False)
    wish = environment.get("MUJOCO_GL", "").lower().strip()
    if wish in _OFF:
        return Choice(None, f"MUJOCO_GL is {wish}", wanted=False)
    if wish not in _ANY and wish not in KINDS:
        return Choice(
            None, f"MUJOCO_GL is {wish!r}; pictures without a window are drawn by {' or '.join(KINDS)}"
        )
    if sys.platform != "linux":
        return Choice(None, f"rendering without a window is for Linux; this is {sys.platform}")
    failures = []
    for kind in KINDS if wish in _ANY else (wish,):
        attempt = trial(kind)
        if attempt.works:
            software = any(name in attempt.text.lower() for name in ("llvmpipe", "softpipe", "swrast"))
            return Choice(kind, f"{kind}: {attempt.text}", samples=0 if software else 4)
        failures.append(f"{kind}: {attempt.text}")
    return Choice(None, "; ".join(failures), tried=True)


def attempt(kind: str, limit_s: float = TRIAL_S) -> Attempt:
    """Draw something in a process of its own: drivers that crash or hang do so there."""
    command = [sys.executable, "-P", str(_TRIAL), kind]  # -P: not `mujoco.py` of this folder.
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "MUJOCO_GL": kind},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Attempt(False, f"did not answer within {limit_s:.0f} s")
    except OSError as error:
        return Attempt(False, f"could not be tried ({error})")
    last = (done.stdout.strip() or "nothing was said").splitlines()[-1]
    if done.returncode < 0:
        return Attempt(False, f"crashed (signal {-done.returncode})")
    return Attempt(done.returncode == 0, last)


@cache
def chosen() -> Choice:
    """The choice for this machine; the first call takes about a second, the others nothing."""
    return choose(os.environ, attempt)


def let_mujoco_be_imported() -> None:
    """Import MuJoCo now, where MUJOCO_GL could keep it from being imported later.

    MuJoCo loads the OpenGL that MUJOCO_GL names while it is imported itself, and raises where that is not
    installed, or no name that it knows. Simulations need none of it.
    """
    wish = os.environ.get("MUJOCO_GL", "")
    if wish.lower().strip() in (*_ANY, *_OFF) or "mujoco" in sys.modules:
        return
    try:
        importlib.import_module("mujoco")
    except Exception:  # Whatever a broken OpenGL raises, often AttributeError.
        os.environ["MUJOCO_GL"] = "disable"
        try:
            importlib.import_module("mujoco")
        finally:
            os.environ["MUJOCO_GL"] = wish
