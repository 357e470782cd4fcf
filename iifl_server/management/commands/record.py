"""`./iifl record`: what was recorded on arms that are there, listed or read again."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from iifl_server.experiments.results import write_json
from iifl_server.management.arguments import CALLED
from iifl_server.management.arguments import record as options
from iifl_server.management.base import IIFLCommand
from iifl_server.progress import Shown
from robots.remote.chunks import RecordError, about_record, read_record


class Command(IIFLCommand):
    options = options

    def run(self, **options: Any) -> None:
        if options["folder"] is None:
            self._list(Path(settings.DATA) / "recordings")
            return
        figures = self._read_again(options["folder"])
        if options["json"]:
            write_json(options["json"], figures)
        for name, value in figures.items():
            self.stdout.write(f"{name:<32} {value:g}")
        self.stdout.write(f"on the pages: {CALLED} demo --fleet {options['folder']}")

    def _list(self, folder: Path) -> None:
        found = sorted(folder.glob("*/manifest.jsonl"), key=lambda path: path.stat().st_mtime)
        if not found:
            self.stdout.write(
                f"Nothing was recorded in {folder} yet: {CALLED} demo --fleet records what happens."
            )
        for manifest in found:
            one = manifest.parent
            size = sum(path.stat().st_size for path in one.iterdir()) / 1e6
            at = datetime.fromtimestamp(manifest.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
            try:
                about = about_record(one)
                self.stdout.write(f"{one}  {at}  {size:.0f} MB  {about['task']}, {', '.join(about['arms'])}")
            except (RecordError, KeyError) as error:
                self.stdout.write(f"{one}  {at}  {size:.0f} MB  cannot be read: {error}")

    def _read_again(self, folder: Path) -> dict[str, float]:
        """How what the perception says now compares with what it said then."""
        from robots.remote.replay import Judged, judged_again
        from robots.yumi.driver import recorded_tasks

        tasks = recorded_tasks(folder)
        last = max((event.at for event in read_record(folder)), default=0.0)
        count: Counter[str] = Counter()
        first: float | None = None
        with Shown("reading", 1.0) as shown:
            for one in judged_again(folder, tasks):
                if isinstance(one, Judged):
                    count["motions judged again"] += 1
                    for name in ("success", "violation"):
                        count[f"{name} then"] += getattr(one.then, name)
                        count[f"{name} now"] += getattr(one.now, name)
                        count[f"{name} differs"] += getattr(one.then, name) != getattr(one.now, name)
                    continue
                count["pictures"] += 1
                count["pictures with trouble"] += bool(one.trouble)
                at = one.frame.captured_at or 0.0
                first = at if first is None else first
                share = (at - first) / max(last - first, 1e-9)
                shown.update(min(1.0, max(0.0, share)), f"{count['pictures']} pictures")
        names = ["pictures", "pictures with trouble", "motions judged again"]
        names += [
            f"{what} {word}" for what in ("success", "violation") for word in ("then", "now", "differs")
        ]
        return {name: float(count[name]) for name in names}
