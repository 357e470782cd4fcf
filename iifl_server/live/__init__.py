"""What pages hear and say while a fleet runs: wire, frames, commands, leases, presence."""
