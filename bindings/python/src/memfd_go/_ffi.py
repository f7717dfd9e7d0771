# SPDX-License-Identifier: MIT
"""The C interface. Only this module uses ctypes, and it finds and loads the library.

Constants, structs and functions are declared in the order of memfd_go.h, one line each. A
new function of the header needs one line here and one function in raw.
"""

from __future__ import annotations

import os
import sys
import weakref
from ctypes import (
    CDLL,
    POINTER,
    PYFUNCTYPE,
    Structure,
    addressof,
    c_char,
    c_char_p,
    c_int,
    c_int32,
    c_size_t,
    c_ssize_t,
    c_ubyte,
    c_uint32,
    c_uint64,
    c_void_p,
    create_string_buffer,
    get_errno,
    py_object,
    pythonapi,
    sizeof as sizeof,
)
from operator import index

# Type checkers treat this name as true. Importing typing would double the import time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Callable, SupportsIndex

    from typing_extensions import Buffer

# ------------------------------------------------------------------ The library

_SONAME = "libmemfd_go.so.1"


def _candidates() -> list[str]:
    """Return the libraries to try. If MEMFD_GO_LIBRARY is set, nothing else is tried."""
    path = os.environ.get("MEMFD_GO_LIBRARY")
    if path:
        return [path]
    return [os.path.join(os.path.dirname(__file__), "_lib", _SONAME), _SONAME]


def _load() -> CDLL:
    failures: list[str] = []
    for path in _candidates():
        try:
            # CDLL releases the interpreter lock during a call, PyDLL does not.
            return CDLL(path)
        except OSError as error:
            failures.append(f"\n  {error}")  # names the path
    raise ImportError(
        f"cannot load {_SONAME} (set MEMFD_GO_LIBRARY to its path); tried:{''.join(failures)}"
    )


_library = _load()
library_path = _library._name


def _declare(name: str, result: Any, *arguments: Any) -> Any:
    try:
        function = getattr(_library, name)
    except AttributeError:
        raise ImportError(
            f"{library_path} does not export {name}: it is older than this package, or not "
            "libmemfd_go"
        ) from None
    function.restype = result
    function.argtypes = arguments
    return function


# -------------------------------------------------------------------- Constants

MEMFD_GO_VERSION_MAJOR = 1
MEMFD_GO_VERSION_MINOR = 0
MEMFD_GO_VERSION_PATCH = 0
MEMFD_GO_VERSION_STRING = "1.0.0"
MEMFD_GO_VERSION = (
    MEMFD_GO_VERSION_MAJOR * 0x10000 + MEMFD_GO_VERSION_MINOR * 0x100 + MEMFD_GO_VERSION_PATCH
)
MEMFD_GO_FEATURE_CREATE = 0x00000001
MEMFD_GO_FEATURE_SEALING = 0x00000002
MEMFD_GO_FEATURE_FUTURE_WRITE = 0x00000004
MEMFD_GO_FEATURE_NOEXEC_SEAL = 0x00000008
MEMFD_GO_FEATURE_SEAL_EXEC = 0x00000010
MEMFD_GO_FEATURE_EXEC_ALLOWED = 0x00000020
MEMFD_GO_FEATURE_HUGETLB = 0x00000040
MEMFD_GO_FEATURE_SECRET = 0x00000080
MEMFD_GO_FEATURE_SHARED_RO = 0x00000100
MEMFD_GO_FEATURE_PROCFS = 0x00000200
MEMFD_GO_FEATURE_PIDFD_GETFD = 0x00000400
MEMFD_GO_FEATURE_EXECVEAT = 0x00000800
MFD_CLOEXEC = 0x0001
MFD_ALLOW_SEALING = 0x0002
MFD_HUGETLB = 0x0004
MFD_NOEXEC_SEAL = 0x0008
MFD_EXEC = 0x0010
MFD_HUGE_64KB = 0x40000000
MFD_HUGE_512KB = 0x4C000000
MFD_HUGE_1MB = 0x50000000
MFD_HUGE_2MB = 0x54000000
MFD_HUGE_8MB = 0x5C000000
MFD_HUGE_16MB = 0x60000000
MFD_HUGE_32MB = 0x64000000
MFD_HUGE_256MB = 0x70000000
MFD_HUGE_512MB = 0x74000000
MFD_HUGE_1GB = 0x78000000
MFD_HUGE_2GB = 0x7C000000
MFD_HUGE_16GB = 0x88000000
MEMFD_GO_CREATE_DEFAULT = 0x0009
MEMFD_GO_NAME_MAX = 249
MEMFD_GO_OPT_RESERVE = 0x00000001
MEMFD_GO_OPT_WRITE = 0x00000002
MEMFD_GO_OPT_PRIVATE = 0x00000004
MEMFD_GO_OPT_EXEC = 0x00000008
MEMFD_GO_OPT_POPULATE = 0x00000010
MEMFD_GO_OPT_STRICT_NOEXEC = 0x00000020
MEMFD_GO_OPT_UNSEALABLE = 0x00000040
MEMFD_GO_OPT_INHERIT_FD = 0x00000080
MEMFD_GO_OPT_FORK_SHARE = 0x00000100
MEMFD_GO_OPT_ALIGN_END = 0x00000200
MEMFD_GO_OPT_REQUIRE = 0x00000400
MEMFD_GO_OPT_NO_SECRETMEM = 0x00000800
MEMFD_GO_OPT_ALLOW_UNLOCKED = 0x00001000
MEMFD_GO_OPT_DONTWAIT = 0x00002000
MEMFD_GO_OPT_NO_HOLES = 0x00004000
MEMFD_GO_OPT_KEEP_FD = 0x00008000
F_SEAL_SEAL = 0x0001
F_SEAL_SHRINK = 0x0002
F_SEAL_GROW = 0x0004
F_SEAL_WRITE = 0x0008
F_SEAL_FUTURE_WRITE = 0x0010
F_SEAL_EXEC = 0x0020
MEMFD_GO_SEALS_IMMUTABLE = 0x0000000F
MEMFD_GO_STYLE_NAMES = 0
MEMFD_GO_STYLE_LETTERS = 1
MEMFD_GO_STYLE_HEX = 2
MEMFD_GO_KIND_OTHER = 0
MEMFD_GO_KIND_MEMFD = 1
MEMFD_GO_KIND_HUGETLB = 2
MEMFD_GO_KIND_TMPFS_FILE = 3
MEMFD_GO_KIND_SECRET = 4
MEMFD_GO_ACCESS_NONE = 0
MEMFD_GO_ACCESS_READ = 1
MEMFD_GO_ACCESS_WRITE = 2
MEMFD_GO_ACCESS_READ_WRITE = 3
MEMFD_GO_FDS_MAX = 64
MEMFD_GO_AREA_SECRETMEM = 1
MEMFD_GO_AREA_MLOCK = 2
MEMFD_GO_AREA_UNLOCKED = 3

# ---------------------------------------------------------------------- Structs


class Struct(Structure):
    """A struct that refuses unknown members, and numbers that do not fit a member."""

    def __init__(self, **members: int) -> None:
        super().__init__(**members)

    def __setattr__(self, name: str, value: Any) -> None:
        before = getattr(self, name)  # raises AttributeError for an unknown member
        super().__setattr__(name, value)
        if getattr(self, name) != value:  # ctypes truncates silently
            super().__setattr__(name, before)
            raise OverflowError(f"{value!r} does not fit {name}")

    def __repr__(self) -> str:
        members = [f"{name}={getattr(self, name)!r}" for name, *_ in self._fields_]
        return f"{type(self).__name__}({', '.join(members)})"


class Features(Struct):
    """The result of probe()."""

    _fields_ = (
        ("bits", c_uint64),
        ("huge_sizes", c_uint64),
        ("memlock_soft", c_uint64),
        ("page_size", c_uint32),
        ("noexec_policy", c_uint32),
    )


class CreateArgs(Struct):
    """The parameters of create_with()."""

    _fields_ = (
        ("flags", c_uint32),
        ("opts", c_uint32),
        ("seals", c_uint32),
        ("mode", c_uint32),
        ("size", c_uint64),
    )


class Info(Struct):
    """The result of inspect()."""

    _fields_ = (
        ("kind", c_uint32),
        ("seals", c_uint32),
        ("mode", c_uint32),
        ("access", c_uint32),
        ("size", c_uint64),
        ("allocated", c_uint64),
        ("huge_page", c_uint64),
        ("device", c_uint64),
        ("inode", c_uint64),
        ("name", c_char * 256),
    )


class SecretArea(Struct):
    """A secret area. Do not change its members."""

    _fields_ = (
        ("kind", c_uint32),
        ("opts", c_uint32),
        ("data", c_void_p),
        ("len", c_size_t),
        ("base", c_void_p),
        ("base_len", c_size_t),
        ("fd", c_int32),
        ("protection", c_uint32),
        ("reserved", c_uint64 * 4),
    )


class SecretPool(Struct):
    """A pool of secret slots of the same size. Do not change its members."""

    _fields_ = (
        ("slots", c_uint32),
        ("used", c_uint32),
        ("free_slot", c_uint32),
        ("unused", c_uint32),
        ("slot_len", c_size_t),
        ("stride", c_size_t),
        ("reserved", c_uint64 * 2),
        ("area", SecretArea),
    )


# -------------------------------------------------------------------- Functions

# ruff: noqa: E501
# fmt: off
memfd_go_version = _declare("memfd_go_version", c_uint32)
memfd_go_version_string = _declare("memfd_go_version_string", c_char_p)
memfd_go_result_name = _declare("memfd_go_result_name", c_char_p, c_int)
memfd_go_probe = _declare("memfd_go_probe", c_int, POINTER(Features), c_size_t, c_uint64)
memfd_go_create = _declare("memfd_go_create", c_int, c_char_p, c_uint32)
memfd_go_create_with = _declare("memfd_go_create_with", c_int, c_char_p, POINTER(CreateArgs), c_size_t)
memfd_go_create_sealed = _declare("memfd_go_create_sealed", c_int, c_char_p, c_uint32, c_uint32, c_void_p, c_size_t)
memfd_go_clone = _declare("memfd_go_clone", c_int, c_char_p, c_uint32, c_uint32, c_int, c_uint64)
memfd_go_clone_stream = _declare("memfd_go_clone_stream", c_int, c_char_p, c_uint32, c_uint32, c_int, c_uint64)
memfd_go_reopen = _declare("memfd_go_reopen", c_int, c_int, c_uint32)
memfd_go_huge_flags = _declare("memfd_go_huge_flags", c_int, c_uint64, POINTER(c_uint32))
memfd_go_get_size = _declare("memfd_go_get_size", c_int, c_int, POINTER(c_uint64))
memfd_go_set_size = _declare("memfd_go_set_size", c_int, c_int, c_uint32, c_uint64)
memfd_go_discard = _declare("memfd_go_discard", c_int, c_int, c_uint32, c_uint64, c_uint64)
memfd_go_add_seals = _declare("memfd_go_add_seals", c_int, c_int, c_uint32)
memfd_go_get_seals = _declare("memfd_go_get_seals", c_int, c_int)
memfd_go_ensure_seals = _declare("memfd_go_ensure_seals", c_int, c_int, c_uint32)
memfd_go_check_seals = _declare("memfd_go_check_seals", c_int, c_int, c_uint32, POINTER(c_uint32))
memfd_go_format_seals = _declare("memfd_go_format_seals", c_int, c_uint32, c_uint32, c_char_p, c_size_t)
memfd_go_parse_seals = _declare("memfd_go_parse_seals", c_int, c_char_p, POINTER(c_uint32))
memfd_go_inspect = _declare("memfd_go_inspect", c_int, c_int, c_uint32, POINTER(Info), c_size_t)
memfd_go_map = _declare("memfd_go_map", c_int, c_int, c_uint32, c_uint64, c_size_t, POINTER(c_void_p))
memfd_go_map_ring = _declare("memfd_go_map_ring", c_int, c_int, c_uint32, c_uint64, c_size_t, POINTER(c_void_p))
memfd_go_verify = _declare("memfd_go_verify", c_int, c_int, c_uint32, c_uint64, c_uint32, POINTER(c_uint64))
memfd_go_map_verified = _declare("memfd_go_map_verified", c_int, c_int, c_uint32, c_uint64, c_uint32, POINTER(c_void_p), POINTER(c_size_t))
memfd_go_unmap = _declare("memfd_go_unmap", c_int, c_void_p, c_size_t)
memfd_go_send_fds = _declare("memfd_go_send_fds", c_int, c_int, c_uint32, POINTER(c_int), c_uint32, c_void_p, c_size_t)
memfd_go_recv_fds = _declare("memfd_go_recv_fds", c_int, c_int, c_uint32, POINTER(c_int), POINTER(c_uint32), c_void_p, POINTER(c_size_t))
memfd_go_recv_verified = _declare("memfd_go_recv_verified", c_int, c_int, c_uint32, c_uint64, c_uint32, c_void_p, POINTER(c_size_t))
memfd_go_import_pid = _declare("memfd_go_import_pid", c_int, c_int, c_int, c_uint32)
memfd_go_import_pidfd = _declare("memfd_go_import_pidfd", c_int, c_int, c_int, c_uint32)
memfd_go_exec = _declare("memfd_go_exec", c_int, c_int, POINTER(c_char_p), POINTER(c_char_p), c_uint32)
memfd_go_secret = _declare("memfd_go_secret", c_int, c_uint32)
memfd_go_secret_alloc = _declare("memfd_go_secret_alloc", c_int, POINTER(SecretArea), c_size_t, c_uint32)
memfd_go_secret_alloc_from = _declare("memfd_go_secret_alloc_from", c_int, POINTER(SecretArea), c_void_p, c_size_t, c_uint32)
memfd_go_secret_attach = _declare("memfd_go_secret_attach", c_int, POINTER(SecretArea), c_int, c_uint64, c_uint32)
memfd_go_secret_protect = _declare("memfd_go_secret_protect", c_int, POINTER(SecretArea), c_uint32)
memfd_go_secret_relock = _declare("memfd_go_secret_relock", c_int, POINTER(SecretArea))
memfd_go_secret_free = _declare("memfd_go_secret_free", c_int, POINTER(SecretArea))
memfd_go_wipe = _declare("memfd_go_wipe", None, c_void_p, c_size_t)
memfd_go_equal = _declare("memfd_go_equal", c_int, c_void_p, c_void_p, c_size_t)
memfd_go_secret_pool_init = _declare("memfd_go_secret_pool_init", c_int, POINTER(SecretPool), c_size_t, c_uint32, c_uint32)
memfd_go_secret_pool_take = _declare("memfd_go_secret_pool_take", c_int, POINTER(SecretPool), POINTER(c_void_p))
memfd_go_secret_pool_give = _declare("memfd_go_secret_pool_give", c_int, POINTER(SecretPool), c_void_p)
memfd_go_secret_pool_protect = _declare("memfd_go_secret_pool_protect", c_int, POINTER(SecretPool), c_uint32)
memfd_go_secret_pool_relock = _declare("memfd_go_secret_pool_relock", c_int, POINTER(SecretPool))
memfd_go_secret_pool_free = _declare("memfd_go_secret_pool_free", c_int, POINTER(SecretPool))
# fmt: on

# The same functions without argtypes: a call takes two thirds of the time. ctypes then passes
# an int as a C int, and bytes and None as pointers, so callers must pass no number that does
# not fit a C int.
quick_create_with = _library["memfd_go_create_with"]
quick_create_sealed = _library["memfd_go_create_sealed"]
quick_get_seals = _library["memfd_go_get_seals"]
INT_MAX = (1 << 31) - 1

# ------------------------------------------------------------- Results and errors

# Out-parameters: pass one where C expects a pointer, then read .value.
Uint32 = c_uint32
Uint64 = c_uint64
Size = c_size_t
Address = c_void_p
ByteBuffer = create_string_buffer


def check(result: int) -> int:
    """Return a result >= 0, or raise the OSError for -errno.

    OSError(errno, text) creates the subclass that fits, such as PermissionError.
    """
    if result >= 0:
        return result
    raise OSError(-result, os.strerror(-result))


# -------------------------------------------------------------------- Arguments


def _integer(c_type: str, low: int, high: int) -> Callable[[SupportsIndex], int]:
    """Return a checked conversion to a C type. ctypes itself truncates silently."""

    def convert(value: SupportsIndex) -> int:
        number = index(value)
        if low <= number <= high:
            return number
        raise OverflowError(f"{number:d} does not fit {c_type}")

    return convert


to_int = _integer("int", -(1 << 31), (1 << 31) - 1)
to_uint32 = _integer("uint32_t", 0, (1 << 32) - 1)
to_uint64 = _integer("uint64_t", 0, (1 << 64) - 1)
to_size = _integer("size_t", 0, (1 << 8 * sizeof(c_size_t)) - 1)
to_address = _integer("a pointer", 0, (1 << 8 * sizeof(c_void_p)) - 1)


_ENCODING, _ENCODING_ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


def to_text(text: str | bytes) -> bytes:
    """Encode like a file name, and refuse NUL, which would end the string in C."""
    if type(text) is str:  # os.fsencode() takes three times as long
        encoded = text.encode(_ENCODING, _ENCODING_ERRORS)
    else:
        encoded = os.fsencode(text)
    if 0 in encoded:
        raise ValueError("embedded null byte")
    return encoded


def to_ints(values: Iterable[SupportsIndex]) -> Any:
    """Return an array of int."""
    numbers = [to_int(value) for value in values]
    return (c_int * len(numbers))(*numbers)


def to_texts(texts: Iterable[str | bytes]) -> Any:
    """Return an array of strings that ends with a null pointer."""
    encoded = [to_text(text) for text in texts]
    return (c_char_p * (len(encoded) + 1))(*encoded)


# ----------------------------------------------------------------------- Memory


class _PyBuffer(Structure):
    """CPython's Py_buffer: the same in every version, and in the stable ABI since 3.11."""

    _fields_ = (
        ("buf", c_void_p),
        ("obj", c_void_p),
        ("len", c_ssize_t),
        ("itemsize", c_ssize_t),
        ("readonly", c_int),
        ("ndim", c_int),
        ("format", c_char_p),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("suboffsets", c_void_p),
        ("internal", c_void_p),
    )


_PyBUF_SIMPLE = 0  # contiguous bytes, not necessarily writable
PyBUF_WRITABLE = 1

# New function objects, because all users of ctypes in the process share the attributes of
# pythonapi, and the argument types set on them.
_get_buffer: Any = PYFUNCTYPE(c_int, py_object, POINTER(_PyBuffer), c_int)(
    ("PyObject_GetBuffer", pythonapi)
)
_release_buffer: Any = PYFUNCTYPE(None, POINTER(_PyBuffer))(("PyBuffer_Release", pythonapi))


class Readable:
    """A context manager for the address and the length in bytes of a contiguous buffer.

    Nothing is copied. from_buffer() of ctypes accepts only writable buffers.
    """

    __slots__ = ("_buffer",)

    _flags = _PyBUF_SIMPLE

    def __init__(self, data: Buffer) -> None:
        self._buffer = _PyBuffer()
        _get_buffer(data, self._buffer, self._flags)

    def __enter__(self) -> tuple[int | None, int]:
        return self._buffer.buf, self._buffer.len

    def __exit__(self, *_: object) -> None:
        _release_buffer(self._buffer)


class Writable(Readable):
    """Like Readable, but for a writable buffer."""

    __slots__ = ()

    _flags = PyBUF_WRITABLE


_ADDRESS_BITS = 8 * sizeof(c_void_p)


def memory_at(address: int, length: int) -> Any:
    """Return an object that exports at least 'length' bytes at 'address' as a buffer.

    Each view of the memory refers to the object, so it is deallocated after the last view.
    ctypes has a type for each length of an array, and creating and collecting a type takes
    longer than mapping a file. So there is only one type for each power of two.
    """
    if length >> _ADDRESS_BITS - 2 == 0:
        length = 1 << (length - 1).bit_length() if length else 0
    return _array_type(length).from_address(address)


# The object must not be tracked by the garbage collector, which runs the callbacks of weak
# references to garbage before the __del__() methods of other garbage, and those may use views.
_untrack: Any = PYFUNCTYPE(None, py_object)(("PyObject_GC_UnTrack", pythonapi))


def when_deallocated(memory: Any, function: Callable[..., object], *arguments: Any) -> None:
    """Call a function when no view of an object from memory_at() exists any more.

    When the process ends, the function is not called. The kernel frees the memory.
    """

    def call(_: object, finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not finalizing():
            function(*arguments)

    _untrack(memory)
    memory.ending = weakref.ref(memory, call)


def _array_type(length: int) -> Any:
    array_type = _array_types.get(length)
    if array_type is None:
        array_type = c_ubyte * length
        if length & length - 1 == 0:
            _array_types[length] = array_type
    return array_type


_array_types: dict[int, Any] = {}


def view_of(memory: Any, length: int, readonly: bool) -> memoryview:
    """Return a view of the first 'length' bytes of an object from memory_at()."""
    view = memoryview(memory).cast("B")[:length]
    return view.toreadonly() if readonly else view


def advise(memory: Any, start: int, length: int, option: int) -> None:
    """Call the libc's madvise(2) for a range of an object from memory_at()."""
    libc = CDLL(None, use_errno=True)
    libc.madvise.argtypes = (c_void_p, c_size_t, c_int)
    if libc.madvise(addressof(memory) + start, length, to_int(option)) != 0:
        raise OSError(get_errno(), os.strerror(get_errno()))
