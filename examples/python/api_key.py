#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""api_key.py FILE: sign each line of standard input with the API key in FILE.

The key goes from the file into secret memory, and from there into the HMAC, and is never a
bytes object. So there is no copy of it on Python's heap, where it could not be wiped.

Limits:

* hmac.digest() passes the key's address to OpenSSL. During the call, OpenSSL has the padded key
  in its own memory, which it wipes, and parts of the key in registers and on the stack.
* Without OpenSSL, hmac.digest() requires bytes.
* hmac.new() accepts only bytes or bytearray, a copy on Python's heap. The same applies to
  anything that needs the key as a str, such as an "Authorization" header.
* The file is in the kernel's page cache, like any file that was read. A key from a pipe, such
  as a password manager's, is not.
"""

import hmac
import os
import sys

from memfd_go import SecretBuffer


def read_key(path: str) -> SecretBuffer:
    """Read a file directly into secret memory."""
    # With buffering, the key would be read into a buffer of Python first.
    with open(path, "rb", buffering=0) as file:
        key = SecretBuffer(os.fstat(file.fileno()).st_size)
        with key.writable() as view:
            if file.readinto(view) != len(view):
                sys.exit(f"{path} has changed")
    return key


def length_of_line(view: memoryview) -> int:
    """Return the length without line ends."""
    length = len(view)
    while length and view[length - 1] in b"\r\n":
        length -= 1
    return length


def sign(key: SecretBuffer, message: bytes) -> str:
    """Return the HMAC-SHA256 of a message."""
    # The slice has to be released, too, before the block ends and protects the key again.
    with key.readable() as view, view[: length_of_line(view)] as secret:
        return hmac.digest(secret, message, "sha256").hex()


def main(path: str) -> None:
    """Sign all lines of the input."""
    with read_key(path) as key:
        print(key, flush=True)
        for line in sys.stdin.buffer:
            message = line.rstrip(b"\n")
            print(sign(key, message), message.decode(), flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FILE")
    main(sys.argv[1])
