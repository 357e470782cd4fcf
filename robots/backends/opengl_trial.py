"""Draw one red picture with the OpenGL that is named: `opengl_trial.py egl`. Run by opengl.py alone.

Prints the name of what draws and exits with 0, or prints why it does not and exits with 1. It knows nothing
of this package, so that it starts fast.
"""

import importlib
import os
import signal
import sys

LIFE_S = 30
"""The system ends this process then, whatever a driver does, should nobody wait for it any more."""


def draw(kind: str) -> str:
    """The name of the device that drew; raises whatever OpenGL raises."""
    import mujoco  # type: ignore[import-untyped]
    import numpy as np

    context = importlib.import_module(f"mujoco.{kind}").GLContext(64, 64)
    context.make_current()
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><geom type='sphere' size='1' rgba='1 0 0 1'/></worldbody></mujoco>"
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    scene = mujoco.MjvScene(model, 10)
    drawing = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, drawing)
    camera = mujoco.MjvCamera()
    camera.distance = 2.0
    everything = mujoco.mjtCatBit.mjCAT_ALL
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, camera, everything, scene)
    whole, image = mujoco.MjrRect(0, 0, 64, 64), np.zeros((64, 64, 3), dtype=np.uint8)
    mujoco.mjr_render(whole, scene, drawing)
    mujoco.mjr_readPixels(image, None, whole, drawing)
    red, green, _ = image[32, 32].tolist()
    if not red > 2 * green:
        raise RuntimeError("the picture that it drew is wrong")
    name: bytes = importlib.import_module("OpenGL.GL").glGetString(0x1F01)  # GL_RENDERER
    drawing.free()
    context.free()
    return name.decode(errors="replace")


def main() -> int:
    """The exit status."""
    signal.alarm(LIFE_S)
    try:
        said = draw(sys.argv[1])
    except Exception as error:
        sys.stdout.write(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}\n")
        return 1
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # Drivers are known to crash while they are unloaded, with all work done.
