# SPDX-License-Identifier: MIT
"""Functions of all example programs."""

from memfd_go import errname


def say(role: str, text: str) -> None:
    """Print a step of a program; role is writer, reader or secret."""
    # Other processes write to the same output, so it must not be buffered.
    print(f"{'Python':7} {role:7} {text}", flush=True)


def name(error: OSError) -> str:
    """Return the name of the errno, such as EPERM."""
    return errname(error.errno or 0)
