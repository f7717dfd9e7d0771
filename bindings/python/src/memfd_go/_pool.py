# SPDX-License-Identifier: MIT
"""Secret memory for many secrets of one size."""

from __future__ import annotations

import errno
from _thread import RLock  # threading takes longer to import

from memfd_go import raw
from memfd_go._area import Area, SecretMemory, this_process
from memfd_go._closing import Closing, warn_unclosed
from memfd_go._errors import explain_slot, explaining
from memfd_go._flags import Access, SecretKind
from memfd_go._secret import explained, options, warn_of_fallback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class _Slots:
    """The memory of a pool. Slots in use keep it alive."""

    __slots__ = (
        "_abandoned",
        "_origin",
        "access",
        "freed",
        "kind",
        "length",
        "lock",
        "struct",
        "taken",
    )

    def __init__(self, struct: raw.SecretPool) -> None:
        self.struct = struct
        self.kind, self.length = SecretKind(struct.area.kind), int(struct.slot_len)
        self.taken: set[_Slot] = set()
        self.lock = RLock()
        self._origin = this_process()
        self.freed = False
        self._abandoned = False
        self.access = Access.READ_WRITE

    def in_this_process(self) -> bool:
        return self._origin == this_process()

    def take(self) -> _Slot:
        if not self.in_this_process():
            raise RuntimeError(self._not_here())
        with self.lock:
            if self.closed:
                raise ValueError("the pool is closed")
            try:
                slot = _Slot(self, raw.secret_pool_take(self.struct))
            except OSError as error:
                raise explaining(error, explain_slot) from None
            self.taken.add(slot)
            return slot

    def protect(self, access: Access) -> None:
        if not self.in_this_process():
            raise RuntimeError(self._not_here())
        with self.lock:
            if self.closed:
                raise ValueError("the pool is closed")
            if any(slot.in_use() for slot in self.taken):
                raise BufferError("slots of the pool have views")
            raw.secret_pool_protect(self.struct, access)
            self.access = Access(access)

    def _not_here(self) -> str:
        return f"the pool belongs to process {self._origin[0]}, not to its children"

    def give(self, slot: _Slot) -> None:
        """Wipe a slot. The caller holds the lock."""
        try:
            raw.secret_pool_give(self.struct, slot.address)
            self.taken.remove(slot)
        finally:
            self.free_if_unused()

    def close(self) -> None:
        if not self.in_this_process():
            return
        with self.lock:
            if self.closed:
                return
            if any(slot.in_use() for slot in self.taken):
                raise BufferError("slots of the pool have views")
            self._free()

    @property
    def closed(self) -> bool:
        """Whether no slot can be taken any more."""
        return self.freed or self._abandoned

    def abandon(self, slots_too: bool) -> None:
        """Free the memory now, or with the last slot in use.

        With slots_too, slots without views do not count as in use.
        """
        if not self.in_this_process():
            return
        with self.lock:
            self._abandoned = True
            if slots_too:
                for slot in list(self.taken):
                    try:  # noqa: SIM105 - contextlib takes long to import
                        slot.abandon()
                    except OSError:  # freeing the pool will wipe the slot
                        pass
            self.free_if_unused()

    def free_if_unused(self) -> None:
        """Free an abandoned pool after its last slot. The caller holds the lock."""
        unused = all(slot.closed and not slot.in_use() for slot in self.taken)
        if unused and self._abandoned and not self.freed:
            self._free()

    def _free(self) -> None:
        raw.secret_pool_free(self.struct)
        self.freed = True
        for slot in self.taken:
            slot.freed = True
        self.taken.clear()


class _Slot(Area):
    """A slot. Its page is always accessible, because other slots share it."""

    __slots__ = ("_slots",)

    explain_free = staticmethod(explain_slot)

    def __init__(self, slots: _Slots, address: int) -> None:
        super().__init__(address, slots.length, slots.kind, slots.lock)
        self._slots = slots
        self._access = int(Access.NONE)  # so that each use calls set_access()

    def set_access(self, access: int) -> None:
        if access & ~self._slots.access:
            text = f"the pool is set to Access.{self._slots.access.name}; protect() changes it"
            raise PermissionError(errno.EACCES, text)

    def free(self) -> None:
        self._slots.give(self)

    def abandon(self) -> None:
        if not self.in_this_process():
            self.close()
            return
        with self.lock:
            try:
                super().abandon()
            finally:
                self._abandoned = True  # even if it was overrun, or the pool is protected
                self._slots.free_if_unused()


class SecretSlot(SecretMemory):
    """Memory for one secret of a SecretPool, returned by SecretPool.take().

    It is used like a SecretBuffer. close() or the end of a "with" block gives it back to the
    pool. readable() and writable() need no system call, but do not protect the memory: its page
    is always accessible, because other slots share it.
    """

    __slots__ = ()

    def __init__(self, area: Area) -> None:
        """Take ownership of a slot. Use SecretPool.take() instead."""
        self._area = area


class SecretPool(Closing):
    """Memory for many secrets of one size. Taking a slot needs no system call.

    All slots are in one area, which is protected like a SecretBuffer. An overrun of a slot is
    detected when that slot, or the next one, is given back.
    """

    __slots__ = ("__weakref__", "_slots")

    _slots: _Slots

    def __init__(
        self,
        slot_size: int,
        slots: int,
        *,
        least: SecretKind = SecretKind.MLOCK,
        secretmem: bool = True,
    ) -> None:
        """Allocate slots.

        slot_size  the length of each slot in bytes
        slots      1 to 1048576
        least      like SecretBuffer
        secretmem  like SecretBuffer
        """
        opts = options(least, secretmem)
        size = slot_size * slots
        area = _Slots(explained(raw.secret_pool_init, size, slot_size, slots, opts))
        try:
            warn_of_fallback(area.kind, secretmem, 3)
        except BaseException:
            area.close()
            raise
        self._slots = area

    def take(self) -> SecretSlot:
        """Take a free slot, which contains zeros. Closing it gives it back.

        Errors: OSError ENOSPC if all slots are in use, EINVAL if an overrun of another slot
        changed the free one.
        """
        return SecretSlot(self._slots.take())

    def protect(self, access: Access) -> None:
        """Make all slots inaccessible, read-only or writable again, for the whole process.

        Slots can be taken and closed only while they are writable.

        Errors: BufferError if a slot has views.
        """
        self._slots.protect(access)

    @property
    def kind(self) -> SecretKind:
        """How the memory is protected."""
        return self._slots.kind

    @property
    def slots(self) -> int:
        """The number of slots; 0 after close()."""
        return int(self._slots.struct.slots)

    @property
    def used(self) -> int:
        """The number of slots in use."""
        return int(self._slots.struct.used)

    @property
    def slot_size(self) -> int:
        """The length of each slot in bytes."""
        return self._slots.length

    @property
    def closed(self) -> bool:
        """Whether the pool is closed, or belongs to a parent process."""
        return self._slots.closed or not self._slots.in_this_process()

    def close(self) -> None:
        """Wipe and free all slots, including those in use.

        Errors: BufferError if a slot has views.
        """
        self._slots.close()

    def _abandon(self) -> None:
        self._slots.abandon(slots_too=True)

    # -------------------------------------------------------- Special methods

    def __del__(self) -> None:
        if not hasattr(self, "_slots") or self.closed:  # __init__() may not have run
            return
        try:
            warn_unclosed(self)
        finally:
            self._slots.abandon(slots_too=False)

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object: it contains secrets")

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.used} of {self.slots} slots used"
        return f"<{type(self).__name__} of {self.slot_size} bytes each, {state}>"
