#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Share a numpy array with a pool of processes, without copies, names or cleanup.

The array is built in a file in memory, which is then sealed: no process can change it, neither
a worker with a bug nor this one. The workers map the file. Nothing is copied, whatever its
size, and all processes share the same memory.

Nothing has to be unlinked. The memory is freed when the last process that uses it exits, even
if it is killed.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from memfd_go import MemFd

ROWS, COLUMNS = 1000, 1000


def make_table() -> MemFd:
    """Build the array in place, and seal it."""
    file = MemFd.create("table", size=ROWS * COLUMNS * np.dtype(np.float64).itemsize)
    with file.map(writable=True) as mapping:
        fill(mapping.view())
    file.freeze()  # fails while a writable mapping exists
    return file


def fill(memory: memoryview) -> None:
    """Fill the array. When the function returns, numpy's view of the memory is released."""
    table = np.frombuffer(memory, np.float64).reshape(ROWS, COLUMNS)
    table[:] = np.arange(ROWS)[:, np.newaxis]


def open_table(file: MemFd) -> NDArray[np.float64]:
    """Map the array, if it is sealed. The memory stays mapped as long as the array lives."""
    numbers: NDArray[np.float64] = np.frombuffer(file.map_verified().view(), np.float64)
    return numbers.reshape(ROWS, COLUMNS)


table: NDArray[np.float64]  # in a worker


def start_worker(file: MemFd) -> None:
    """Map the array once, when a worker starts."""
    global table
    with file:  # The mapping does not need the descriptor.
        table = open_table(file)


def sum_of_rows(start: int, end: int) -> float:
    """Sum some rows, in a worker."""
    return float(table[start:end].sum())


def try_to_write() -> str:
    """Try to change the shared array, in a worker."""
    try:
        table[0, 0] = 1
    except ValueError as error:
        return str(error)
    return "done"


def main(method: str) -> None:
    """Sum up the array in four parts."""
    with make_table() as file:
        print(f"the array has {file.size >> 20} MiB, with the seals {file.seals}")
        # The file is an argument like any other: multiprocessing passes the descriptor.
        with ProcessPoolExecutor(2, get_context(method), start_worker, (file,)) as pool:
            step = ROWS // 4
            parts = pool.map(sum_of_rows, range(0, ROWS, step), range(step, ROWS + 1, step))
            print(f"the workers' sum: {sum(parts):.0f}")
            print(f"a worker tries to write: {pool.submit(try_to_write).result()}")
        print(f"the sum here: {open_table(file).sum():.0f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "spawn")
