"""How the robot says it is, asked in a thread of its own: an answer may take seconds, a heartbeat may not."""

import threading
from collections.abc import Mapping

from robots.remote.side import RobotSide, SideError

EVERY_S = 0.2


class Reporter:
    """Keeps what the side last said of itself."""

    def __init__(self, side: RobotSide) -> None:
        self._side = side
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        self.state: Mapping[str, str] = {"ready": "the robot has not said yet how it is; wait a second"}

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    @property
    def ready(self) -> str:
        """`yes`, or a sentence."""
        return self.state.get("ready", "the robot's state says nothing of `ready`")

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.state = {str(key): str(value)[:500] for key, value in self._side.state().items()}
            except SideError as error:
                self.state = {"ready": str(error)}
            except Exception as error:  # An integrator's code: a robot that cannot say is not ready.
                self.state = {"ready": f"the robot's code failed: {type(error).__name__}: {error}"}
            self._closing.wait(EVERY_S)
