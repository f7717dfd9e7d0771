#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""api_key.py FILE: sign each line of standard input with the API key that FILE holds.

The key goes from the file into secret memory, and from there into the HMAC, without ever being
a bytes object. So no copy of it is on Python's heap, where nobody could wipe it.

What is not promised:

* hmac.digest() hands the key's address to OpenSSL, which has the key, combined with its
  padding, in memory of its own for the length of the call, and wipes that. While it computes,
  parts of the key are in registers and on the stack.
* That is so of a Python that has OpenSSL. Without it, hmac.digest() wants bytes.
* hmac.new() takes bytes or bytearray only, that is: a copy on Python's heap. Likewise
  whatever wants the key as a str: the "Authorization" header of a request, say.
* The file is in the kernel's page cache, like any file that was read. A key that comes through
  a pipe, from a password manager, is not.
"""

import hmac
import os
import sys

from memfd_go import SecretBuffer


def read_key(path: str) -> SecretBuffer:
    """Read a file straight into secret memory."""
    # Without a buffer of Python's own, into which the key would be read first.
    with open(path, "rb", buffering=0) as file:
        key = SecretBuffer(os.fstat(file.fileno()).st_size)
        with key.writable() as view:
            if file.readinto(view) != len(view):
                sys.exit(f"{path} has changed")
    return key


def length_of_line(view: memoryview) -> int:
    """Return the length without what an editor puts at the end."""
    length = len(view)
    while length and view[length - 1] in b"\r\n":
        length -= 1
    return length


def sign(key: SecretBuffer, message: bytes) -> str:
    """Return the HMAC-SHA256 of a message."""
    # The view of a view, too, is released before the block ends and locks the key up again.
    with key.readable() as view, view[: length_of_line(view)] as secret:
        return hmac.digest(secret, message, "sha256").hex()


def main(path: str) -> None:
    """Sign until there is no more input."""
    with read_key(path) as key:
        print(key, flush=True)
        for line in sys.stdin.buffer:
            message = line.rstrip(b"\n")
            print(sign(key, message), message.decode(), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    main(sys.argv[1])
