"""The runner's end of the command stream: read what came, claim each command once before acting on it."""

import json
from uuid import UUID

from iifl_server.live import keys
from iifl_server.live.broker import live_client, run_script
from iifl_server.live.protocol import Command


def newest_entry(run: int) -> str:
    """Where a runner that begins now reads on: what came before was another runner's."""
    entries = live_client().xrevrange(keys.commands(run), count=1)
    return entries[0][0].decode() if entries else "0"


def read_commands(run: int, after: str, wait_ms: int) -> tuple[list[Command], str]:
    """Commands after this entry and the entry to go on from; waits for the first one, 0 does not wait."""
    answer = live_client().xread({keys.commands(run): after}, count=100, block=wait_ms or None)
    commands = []
    for _stream, entries in answer or []:
        for entry, fields in entries:
            after = entry.decode()
            values = json.loads(fields[b"payload"])
            commands.append(Command(**{**values, "command": UUID(values["command"])}))
    return commands, after


def claim(run: int, command: Command) -> str:
    """`claimed` at most once per command; else `taken`, `foreign` (lease gone) or `late`."""
    names = [keys.command(command.command), keys.lease(run, command.robot)]
    return run_script("claim", names, [])[0].decode()
