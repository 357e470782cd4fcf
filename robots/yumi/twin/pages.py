"""The part of Robot Web Services 1.0 that an agent uses, answered from a simulated controller."""

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from robots.yumi.twin.irc5 import UNITS, ControllerError, Irc5Twin
from robots.yumi.twin.symbols import SymbolError

Page = tuple[int, dict[str, Any] | None]
"""HTTP status and JSON; None for no content."""

_BASE = {"base": {"href": "http://localhost/"}}
_SYMBOL = re.compile(r"/rw/rapid/symbol/data/RAPID/(\w+)/IIFL_Push/(\w+)")
_UNIT = re.compile(r"/rw/motionsystem/mechunits/(\w+)/(jointtarget|robtarget)")
_SIGNAL = re.compile(r"/rw/iosystem/signals/Local/DRV_1/(\w+)")
_TASK = re.compile(r"/rw/rapid/tasks/(\w+)")
_STATES = ("motoron", "motoroff")


def answer(irc5: Irc5Twin, method: str, path: str, action: str, form: Mapping[str, str]) -> Page:
    """What the controller says to one request; form: what was posted."""
    path = unquote(path).rstrip("/")
    try:
        page = _read(irc5, path) if method == "GET" else _change(irc5, path, action, form)
    except (ControllerError, SymbolError) as error:
        code = error.code if isinstance(error, ControllerError) else -1073442811
        return 400, {"_links": _BASE, "_embedded": {"status": {"code": code, "msg": str(error)}}}
    if page is None:
        return 404, {"_links": _BASE, "_embedded": {"status": {"code": -1073445876, "msg": "not found"}}}
    return page


def _read(irc5: Irc5Twin, path: str) -> Page | None:
    if path == "/rw/panel/ctrlstate":
        return _state({"_type": "pnl-ctrlstate", "_title": "ctrlstate", "ctrlstate": irc5.state})
    if path == "/rw/panel/opmode":
        return _state({"_type": "pnl-opmode", "_title": "opmode", "opmode": irc5.mode})
    if path == "/rw/panel/speedratio":
        ratio = f"{irc5.speed_ratio:g}"
        return _state({"_type": "pnl-speedratio", "_title": "speedratio", "speedratio": ratio})
    if path == "/rw/rapid/execution":
        runs = "running" if irc5.running else "stopped"
        return _state(
            {"_type": "rap-execution", "_title": "execution", "ctrlexecstate": runs, "cycle": "forever"}
        )
    if path == "/rw/rapid/tasks":
        return _state(*(_task(irc5, task) for task in irc5.arms))
    if path.startswith("/rw/elog/"):
        return _state(*(_entry(entry) for entry in reversed(irc5.log())))
    if found := _SYMBOL.fullmatch(path):
        task, name = found.groups()
        value = irc5.read(task, name)
        return _state({"_type": "rap-data", "_title": f"RAPID/{task}/IIFL_Push/{name}", "value": value})
    if (found := _UNIT.fullmatch(path)) and found[1] in UNITS:
        return _state(_target(irc5, UNITS[found[1]], found[2]))
    if (found := _SIGNAL.fullmatch(path)) and found[1] in irc5.signals:
        return _state({"_type": "ios-signal", "name": found[1], "lvalue": str(irc5.signals[found[1]])})
    if path == "/logout":
        return 204, None
    return None


def _change(irc5: Irc5Twin, path: str, action: str, form: Mapping[str, str]) -> Page | None:
    if (path, action) == ("/rw/rapid/execution", "start"):
        irc5.start()
    elif (path, action) == ("/rw/rapid/execution", "stop"):
        irc5.stop()
    elif (path, action) == ("/rw/rapid/execution", "resetpp"):
        irc5.pointer_to_main()
    elif (path, action) == ("/rw/panel/speedratio", "setspeedratio"):
        irc5.speed_ratio = min(max(float(form.get("speed-ratio", "")), 0.0), 100.0)
    elif (path, action) == ("/rw/panel/ctrlstate", "setctrlstate"):
        if form.get("ctrl-state") not in _STATES or irc5.mode != "AUTO":
            raise ControllerError("Operation not allowed")
        irc5.become(form["ctrl-state"])
    elif action == "set" and (found := _SYMBOL.fullmatch(path)):
        irc5.write(found[1], found[2], form.get("value", ""))
    elif action == "set" and (found := _SIGNAL.fullmatch(path)) and found[1] in irc5.signals:
        irc5.signals[found[1]] = int(form.get("lvalue", ""))
    elif (
        action in ("activate", "deactivate") and (found := _TASK.fullmatch(path)) and found[1] in irc5.active
    ):
        irc5.active[found[1]] = action == "activate"
    else:
        return None
    return 204, None


def _state(*items: dict[str, Any]) -> Page:
    return 200, {"_links": _BASE, "_embedded": {"_state": list(items)}}


def _task(irc5: Irc5Twin, task: str) -> dict[str, str]:
    return {
        "_type": "rap-task-li",
        "_title": task,
        "name": task,
        "type": "normal",
        "taskstate": "linked",
        "excstate": "started" if irc5.running else "stopped",
        "active": "On" if irc5.active[task] else "Off",
        "motiontask": "TRUE",
    }


def _entry(entry: Any) -> dict[str, str]:
    told = {"msgtype": str(entry.kind), "code": str(entry.code), "tstamp": entry.at, "title": entry.title}
    empty = dict.fromkeys(("desc", "conseqs", "causes", "actions"), "")
    return {"_type": "elog-message-li", "_title": f"/rw/elog/0/{entry.number}", "argc": "0", **told, **empty}


def _target(irc5: Irc5Twin, task: str, kind: str) -> dict[str, str]:
    """Robot targets are in the workspace's frame. Joints only show that something moves: they follow from no
    kinematics."""
    x, y, z = irc5.place(task)
    if kind == "robtarget":
        numbers = {
            "x": x * 1000.0,
            "y": y * 1000.0,
            "z": z * 1000.0,
            "q1": 0.0,
            "q2": 1.0,
            "q3": 0.0,
            "q4": 0.0,
        }
        rest = dict.fromkeys(("cf1", "cf4", "cf6", "cfx"), 0.0)
        axes = {f"eax{axis}": 9e9 if axis != "a" else 0.0 for axis in "abcdef"}
        return {"_type": "ms-robtargets"} | {k: f"{v:.4f}" for k, v in (numbers | rest | axes).items()}
    bend = math.degrees(math.atan2(y, x + 0.5))
    joints = dict(
        zip((f"rax_{n}" for n in range(1, 7)), (bend, -120 + 100 * x, 30 - 100 * z, 0, 40, 0), strict=True)
    )
    outer = {f"eax_{axis}": 9e9 if axis != "a" else bend / 2 for axis in "abcdef"}
    return {"_type": "ms-jointtarget"} | {k: f"{v:.4f}" for k, v in (joints | outer).items()}
