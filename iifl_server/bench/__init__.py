"""`./iifl bench`: what this project claims to be fast at, side by side with the plain method in one process.

Each module measures one claim: `run(options, show)` prints lines through `show` and returns figures for JSON.
"""
