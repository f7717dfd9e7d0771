# SPDX-License-Identifier: MIT
"""Sending and receiving files with asyncio."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from helpers import fails_with

from memfd_go import MemFd, MissingSealsError, Seal, aio

if TYPE_CHECKING:
    from collections.abc import Iterator

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["STREAM", "SEQPACKET", "DGRAM"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    a, b = socket.socketpair(type=getattr(socket, f"SOCK_{request.param}"))
    a.setblocking(False)
    b.setblocking(False)
    with a, b:
        yield a, b


def content(file: MemFd) -> bytes:
    with file, file.map() as mapping:
        return bytes(mapping)


def test_receive_waits(pair: Pair) -> None:
    a, b = pair

    async def main() -> None:
        receiving = asyncio.ensure_future(aio.receive(b))
        await asyncio.sleep(0.01)
        assert not receiving.done()
        with MemFd.sealed("test", b"hello") as file:
            assert await aio.send(file, a) == 0
        assert content(await receiving) == b"hello"

    asyncio.run(main())


def test_message(pair: Pair, hello: MemFd) -> None:
    a, b = pair

    async def main() -> None:
        assert await aio.send(hello, a, b"text") == 4
        file, data = await aio.receive_message(b)
        assert file
        assert (content(file), data) == (b"hello", b"text")

    asyncio.run(main())


def test_errors(file: MemFd) -> None:
    a, b = socket.socketpair()

    async def main() -> None:
        with a, b:
            await aio.send(file, a)
            with pytest.raises(MissingSealsError):
                await aio.receive(b, Seal.WRITE)
            await aio.send(file, a)
            with fails_with("EFBIG"):
                file.set_size(5)
                file.freeze()
                await aio.receive(b, max_size=4)
            a.send(b"plain")
            with fails_with("EPROTO", text="the message has no file"):
                await aio.receive(b)
            assert b.recv(10) == b"lain"
            with pytest.raises(ValueError, match="max_data must be at least 1"):
                await aio.receive_message(b, max_data=0)
            a.close()
            with pytest.raises(EOFError):
                await aio.receive(b)

    asyncio.run(main())


@pytest.mark.parametrize("timeout", [None, 0, 30])
def test_blocking_and_non_blocking_sockets(timeout: int | None, hello: MemFd) -> None:
    """The socket may be in blocking mode, and its mode does not change."""
    a, b = socket.socketpair()

    async def main() -> None:
        with a, b:
            for sock in (a, b):
                sock.settimeout(timeout)
            receiving = asyncio.ensure_future(aio.receive(b.fileno()))
            await asyncio.sleep(0)
            assert await aio.send(hello, a.fileno(), b"x") == 1
            assert content(await receiving) == b"hello"
            assert b.gettimeout() == timeout

    asyncio.run(main())


def test_cancelled_receiver_loses_nothing(pair: Pair, hello: MemFd) -> None:
    """If receive() is cancelled while a file arrives, the next receive() gets the file."""
    a, b = pair

    async def main() -> None:
        for turns in range(6):
            first = asyncio.ensure_future(aio.receive(b))
            await asyncio.sleep(0)
            hello.send(a)
            for _ in range(turns):
                await asyncio.sleep(0)
            first.cancel()
            try:
                received = await first
            except asyncio.CancelledError:
                received = await asyncio.wait_for(aio.receive(b), 10)
            assert content(received) == b"hello"

    asyncio.run(main())


def fill(sock: socket.socket, file: MemFd) -> int:
    """Send until the socket is full."""
    count = 0
    try:
        while True:
            file.send(sock)
            count += 1
    except OSError:  # full, or too many descriptors in transit
        return count


def test_cancelled_sender_has_sent_nothing(hello: MemFd) -> None:
    a, b = socket.socketpair(type=socket.SOCK_SEQPACKET)
    a.setblocking(False)
    b.setblocking(False)

    async def main() -> None:
        with a, b:
            count = fill(a, hello)
            sending = asyncio.ensure_future(aio.send(hello, a, b"late"))
            await asyncio.sleep(0.01)
            assert not sending.done()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            for _ in range(count):
                (await aio.receive(b)).close()
            with pytest.raises(BlockingIOError):
                MemFd.receive(b)

    asyncio.run(main())


def test_sender_waits_for_room(hello: MemFd) -> None:
    a, b = socket.socketpair(type=socket.SOCK_SEQPACKET)
    a.setblocking(False)
    b.setblocking(False)

    async def main() -> None:
        with a, b:
            count = fill(a, hello)
            closed_soon = MemFd.sealed("late", b"late")
            sending = asyncio.ensure_future(aio.send(closed_soon, a))
            await asyncio.sleep(0)
            closed_soon.close()
            for _ in range(count):
                assert content(await aio.receive(b)) == b"hello"
            assert content(await aio.receive(b)) == b"late"
            await sending

    asyncio.run(main())


def test_several_tasks_wait_for_one_socket(pair: Pair, hello: MemFd) -> None:
    a, b = pair

    async def main() -> None:
        tasks = [asyncio.ensure_future(aio.receive(b)) for _ in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        for _ in range(3):
            hello.send(a)
            await asyncio.sleep(0)
        results: list[Any] = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results.pop(1), asyncio.CancelledError)
        assert [content(file) for file in results] == [b"hello"] * 3

    asyncio.run(main())


def test_event_loops_are_not_kept_alive(pair: Pair, hello: MemFd) -> None:
    a, b = pair
    loops: list[weakref.ref[Any]] = []

    async def main() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        receiving = asyncio.ensure_future(aio.receive(b))
        await asyncio.sleep(0)
        hello.send(a)
        (await receiving).close()

    asyncio.run(main())
    gc.collect()
    assert loops[0]() is None
