"""The runner: claims a run, drives its robots step by step, and survives its own death."""
