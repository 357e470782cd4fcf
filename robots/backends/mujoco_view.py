"""A picture of one robot for people, drawn from its geometry without OpenGL."""

from dataclasses import dataclass

import cv2
import mujoco  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from robots.camera import FRAME_HEIGHT, FRAME_WIDTH
from robots.fleet import Frame

Floats = NDArray[np.float64]

_BACKGROUND = (24, 27, 33)
_LIGHT = np.array([0.3, -0.5, 0.81])  # Points at the light.
_GRID = (52, 58, 68)
_ROUND = np.linspace(0.0, 2 * np.pi, 33)
_FLAT = 0.2  # A disc's thickness over its width.
_NEAREST = 0.05  # Nothing nearer than this to the camera is drawn [m].


@dataclass(frozen=True)
class View:
    """A camera that looks at a body of the model.

    follow: the body's name; distance [m], azimuth and elevation [rad] of the camera as seen from it;
    height: where the camera looks, above the ground [m].
    """

    follow: str
    distance: float
    height: float
    azimuth: float = -0.9
    elevation: float = 0.45
    hidden: tuple[int, ...] = ()
    """Groups of the model's shapes that a rendered picture leaves out."""
    inset: "View | None" = None
    """What a rendered picture shows in its corner besides."""
    name: str = ""
    """What is written on an inset."""


def draw_robot(model: mujoco.MjModel, positions: Floats, view: View) -> Frame:
    """A shaded picture of one simulation; positions, shape (nq,), are its qpos."""
    data = mujoco.MjData(model)
    data.qpos[:] = positions
    mujoco.mj_kinematics(model, data)
    middle = np.array([*data.body(view.follow).xpos[:2], view.height])
    camera = _Camera(middle, view)
    image = np.full((FRAME_HEIGHT, FRAME_WIDTH, 3), _BACKGROUND, dtype=np.uint8)
    _draw_ground(image, camera, middle)
    centres, turns = np.array(data.geom_xpos), np.array(data.geom_xmat).reshape(-1, 3, 3)
    for geom in _far_to_near(model, camera, centres, turns):
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_PLANE or model.geom_rgba[geom, 3] == 0.0:
            continue
        _draw_shape(
            image,
            camera,
            int(model.geom_type[geom]),
            model.geom_size[geom],
            centres[geom],
            turns[geom],
            255.0 * model.geom_rgba[geom, :3],
        )
    return Frame(image=image, anchor=None, reach=0.0)


def _far_to_near(model: mujoco.MjModel, camera: "_Camera", centres: Floats, turns: Floats) -> list[int]:
    """Shapes in the order in which they are painted.

    By the depth of their centres; but what lies on the camera's side of a flat disc comes after the disc,
    and what lies beyond it before, however wide the disc is.
    """
    order: list[int] = np.argsort(-camera.depth(centres)).tolist()
    flat = (model.geom_type == mujoco.mjtGeom.mjGEOM_CYLINDER) & (
        model.geom_size[:, 1] < _FLAT * model.geom_size[:, 0]
    )
    for disc in np.flatnonzero(flat).tolist():
        normal = turns[disc][:, 2]
        facing = float((camera.place - centres[disc]) @ normal)
        near = ((centres - centres[disc]) @ normal) * facing > 0
        others = [geom for geom in order if geom != disc]
        beyond = [geom for geom in others if not near[geom]]
        order = [*beyond, disc, *(geom for geom in others if near[geom])]
    return order


class _Camera:
    """A pinhole camera, z up in the world."""

    def __init__(self, middle: Floats, view: View) -> None:
        flat = np.cos(view.elevation)
        out = np.array([flat * np.cos(view.azimuth), flat * np.sin(view.azimuth), np.sin(view.elevation)])
        right = np.array([-np.sin(view.azimuth), np.cos(view.azimuth), 0.0])
        self._axes = np.stack([right, np.cross(right, out), -out])  # Right, down, forward.
        self.place = middle + view.distance * out
        self._focal = 1.1 * FRAME_HEIGHT

    def depth(self, points: Floats) -> Floats:
        """Distances along the line of sight, (n,) [m]."""
        along: Floats = (points - self.place) @ self._axes[2]
        return along

    def pixels(self, points: Floats) -> Floats:
        """Where points, (n, 3) [m], appear: (n, 2)."""
        seen = (points - self.place) @ self._axes.T
        scale = self._focal / np.maximum(seen[:, 2:], _NEAREST)
        shown: Floats = seen[:, :2] * scale + [FRAME_WIDTH / 2, FRAME_HEIGHT / 2]
        return shown

    def radius(self, centre: Floats, radius: float) -> float:
        """How large a ball appears [pixels]."""
        return float(self._focal * radius / max(self.depth(centre[None])[0], _NEAREST))


def _draw_ground(image: NDArray[np.uint8], camera: _Camera, middle: Floats) -> None:
    """Lines every metre, at whole metres of the world, so that one sees a robot get on."""
    x0, y0 = np.round(middle[:2])
    for offset in range(-4, 5):
        for ends in (
            [[x0 + offset, y0 - 4, 0.0], [x0 + offset, y0 + 4, 0.0]],
            [[x0 - 4, y0 + offset, 0.0], [x0 + 4, y0 + offset, 0.0]],
        ):
            points = np.array(ends)
            points = np.linspace(points[0], points[1], 30)
            points = points[camera.depth(points) > _NEAREST]
            if len(points) > 1:
                cv2.polylines(image, [_whole(camera.pixels(points))], False, _GRID, 1, cv2.LINE_AA)


def _draw_shape(
    image: NDArray[np.uint8],
    camera: _Camera,
    kind: int,
    size: Floats,
    centre: Floats,
    turn: Floats,
    colour: Floats,
) -> None:
    if camera.depth(centre[None])[0] < _NEAREST:
        return
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        _ball(image, camera, centre, float(size[0]), colour)
    elif kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        for share in np.linspace(-1.0, 1.0, 25):  # Balls along the axis: shading for nothing.
            _ball(image, camera, centre + share * size[1] * turn[:, 2], float(size[0]), colour, small=True)
    elif kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        rim = size[0] * (np.cos(_ROUND)[:, None] * turn[:, 0] + np.sin(_ROUND)[:, None] * turn[:, 1])
        lift = size[1] * turn[:, 2]
        both = np.concatenate([centre + lift + rim, centre - lift + rim])
        hull = np.asarray(cv2.convexHull(_whole(camera.pixels(both))), dtype=np.int32)
        _fill(image, camera, hull, 0.6 * colour)
        _fill(image, camera, _whole(camera.pixels(centre + lift + rim)), _shade(turn[:, 2], colour))
    elif kind == mujoco.mjtGeom.mjGEOM_BOX:
        for axis in range(3):
            for side in (-1.0, 1.0):
                normal = side * turn[:, axis]
                face = centre + size[axis] * normal
                if camera.depth((face + 1e-3 * normal)[None])[0] > camera.depth(face[None])[0]:
                    continue
                u, v = (size[other] * turn[:, other] for other in range(3) if other != axis)
                corners = np.array([face + u + v, face + u - v, face - u - v, face - u + v])
                _fill(image, camera, _whole(camera.pixels(corners)), _shade(normal, colour))


def _ball(
    image: NDArray[np.uint8],
    camera: _Camera,
    centre: Floats,
    radius: float,
    colour: Floats,
    small: bool = False,
) -> None:
    x, y = _whole(camera.pixels(centre[None]))[0]
    seen = camera.radius(centre, radius)
    cv2.circle(image, (int(x), int(y)), max(1, round(seen)), _plain(0.62 * colour), -1, cv2.LINE_AA)
    light = (int(x + 0.2 * seen), int(y - 0.25 * seen))
    cv2.circle(image, light, max(1, round((0.55 if small else 0.6) * seen)), _plain(colour), -1, cv2.LINE_AA)


def _fill(image: NDArray[np.uint8], camera: _Camera, outline: NDArray[np.int32], colour: Floats) -> None:
    cv2.fillPoly(image, [outline], _plain(colour), cv2.LINE_AA)


def _shade(normal: Floats, colour: Floats) -> Floats:
    shaded: Floats = colour * (0.55 + 0.45 * max(0.0, float(normal @ _LIGHT)))
    return shaded


def _whole(pixels: Floats) -> NDArray[np.int32]:
    """Whole pixels, kept within what OpenCV can count."""
    return np.clip(np.round(pixels), -9999, 9999).astype(np.int32)


def _plain(colour: Floats) -> tuple[float, float, float]:
    """A colour as OpenCV takes it."""
    return float(colour[0]), float(colour[1]), float(colour[2])
