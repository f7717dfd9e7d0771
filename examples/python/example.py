# SPDX-License-Identifier: MIT
"""What the example programs share: how they say what happens."""

from memfd_go import errname


def say(role: str, text: str) -> None:
    """Print a step of the session; role is writer, reader or secret."""
    # Other processes write to the same place, so nothing may be held back.
    print(f"{'Python':7} {role:7} {text}", flush=True)


def name(error: OSError) -> str:
    """Return the name of the errno, such as EPERM."""
    return errname(error.errno or 0)
