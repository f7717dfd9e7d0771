# SPDX-License-Identifier: MIT
"""The functions, structs and constants of memfd_go.h, one to one.

Descriptors, flags and addresses are plain integers. A function raises OSError where the C
function returns -errno, and returns what the C function stores in an out-parameter. The
classes of memfd_go are built on these functions.

CreateArgs is an argument; Features, Info, SecretArea and SecretPool are results. They have
the members of the C structs.

A number that does not fit the C type raises OverflowError. Every function may be called from
several threads at once, and in a child after fork(); "Safe:" says where it differs. Other
Python threads run during a call.
"""

from types import FunctionType as _FunctionType

from memfd_go._ffi import (
    F_SEAL_EXEC as F_SEAL_EXEC,
    F_SEAL_FUTURE_WRITE as F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW as F_SEAL_GROW,
    F_SEAL_SEAL as F_SEAL_SEAL,
    F_SEAL_SHRINK as F_SEAL_SHRINK,
    F_SEAL_WRITE as F_SEAL_WRITE,
    MEMFD_GO_ACCESS_NONE as MEMFD_GO_ACCESS_NONE,
    MEMFD_GO_ACCESS_READ as MEMFD_GO_ACCESS_READ,
    MEMFD_GO_ACCESS_READ_WRITE as MEMFD_GO_ACCESS_READ_WRITE,
    MEMFD_GO_ACCESS_WRITE as MEMFD_GO_ACCESS_WRITE,
    MEMFD_GO_AREA_MLOCK as MEMFD_GO_AREA_MLOCK,
    MEMFD_GO_AREA_SECRETMEM as MEMFD_GO_AREA_SECRETMEM,
    MEMFD_GO_AREA_UNLOCKED as MEMFD_GO_AREA_UNLOCKED,
    MEMFD_GO_CREATE_DEFAULT as MEMFD_GO_CREATE_DEFAULT,
    MEMFD_GO_FDS_MAX as MEMFD_GO_FDS_MAX,
    MEMFD_GO_FEATURE_CREATE as MEMFD_GO_FEATURE_CREATE,
    MEMFD_GO_FEATURE_EXEC_ALLOWED as MEMFD_GO_FEATURE_EXEC_ALLOWED,
    MEMFD_GO_FEATURE_EXECVEAT as MEMFD_GO_FEATURE_EXECVEAT,
    MEMFD_GO_FEATURE_FUTURE_WRITE as MEMFD_GO_FEATURE_FUTURE_WRITE,
    MEMFD_GO_FEATURE_HUGETLB as MEMFD_GO_FEATURE_HUGETLB,
    MEMFD_GO_FEATURE_NOEXEC_SEAL as MEMFD_GO_FEATURE_NOEXEC_SEAL,
    MEMFD_GO_FEATURE_PIDFD_GETFD as MEMFD_GO_FEATURE_PIDFD_GETFD,
    MEMFD_GO_FEATURE_PROCFS as MEMFD_GO_FEATURE_PROCFS,
    MEMFD_GO_FEATURE_SEAL_EXEC as MEMFD_GO_FEATURE_SEAL_EXEC,
    MEMFD_GO_FEATURE_SEALING as MEMFD_GO_FEATURE_SEALING,
    MEMFD_GO_FEATURE_SECRET as MEMFD_GO_FEATURE_SECRET,
    MEMFD_GO_FEATURE_SHARED_RO as MEMFD_GO_FEATURE_SHARED_RO,
    MEMFD_GO_KIND_HUGETLB as MEMFD_GO_KIND_HUGETLB,
    MEMFD_GO_KIND_MEMFD as MEMFD_GO_KIND_MEMFD,
    MEMFD_GO_KIND_OTHER as MEMFD_GO_KIND_OTHER,
    MEMFD_GO_KIND_SECRET as MEMFD_GO_KIND_SECRET,
    MEMFD_GO_KIND_TMPFS_FILE as MEMFD_GO_KIND_TMPFS_FILE,
    MEMFD_GO_NAME_MAX as MEMFD_GO_NAME_MAX,
    MEMFD_GO_OPT_ALIGN_END as MEMFD_GO_OPT_ALIGN_END,
    MEMFD_GO_OPT_ALLOW_UNLOCKED as MEMFD_GO_OPT_ALLOW_UNLOCKED,
    MEMFD_GO_OPT_DONTWAIT as MEMFD_GO_OPT_DONTWAIT,
    MEMFD_GO_OPT_EXEC as MEMFD_GO_OPT_EXEC,
    MEMFD_GO_OPT_FORK_SHARE as MEMFD_GO_OPT_FORK_SHARE,
    MEMFD_GO_OPT_INHERIT_FD as MEMFD_GO_OPT_INHERIT_FD,
    MEMFD_GO_OPT_KEEP_FD as MEMFD_GO_OPT_KEEP_FD,
    MEMFD_GO_OPT_NO_HOLES as MEMFD_GO_OPT_NO_HOLES,
    MEMFD_GO_OPT_NO_SECRETMEM as MEMFD_GO_OPT_NO_SECRETMEM,
    MEMFD_GO_OPT_POPULATE as MEMFD_GO_OPT_POPULATE,
    MEMFD_GO_OPT_PRIVATE as MEMFD_GO_OPT_PRIVATE,
    MEMFD_GO_OPT_REQUIRE as MEMFD_GO_OPT_REQUIRE,
    MEMFD_GO_OPT_RESERVE as MEMFD_GO_OPT_RESERVE,
    MEMFD_GO_OPT_STRICT_NOEXEC as MEMFD_GO_OPT_STRICT_NOEXEC,
    MEMFD_GO_OPT_UNSEALABLE as MEMFD_GO_OPT_UNSEALABLE,
    MEMFD_GO_OPT_WRITE as MEMFD_GO_OPT_WRITE,
    MEMFD_GO_SEALS_IMMUTABLE as MEMFD_GO_SEALS_IMMUTABLE,
    MEMFD_GO_STYLE_HEX as MEMFD_GO_STYLE_HEX,
    MEMFD_GO_STYLE_LETTERS as MEMFD_GO_STYLE_LETTERS,
    MEMFD_GO_STYLE_NAMES as MEMFD_GO_STYLE_NAMES,
    MEMFD_GO_VERSION as MEMFD_GO_VERSION,
    MEMFD_GO_VERSION_MAJOR as MEMFD_GO_VERSION_MAJOR,
    MEMFD_GO_VERSION_MINOR as MEMFD_GO_VERSION_MINOR,
    MEMFD_GO_VERSION_PATCH as MEMFD_GO_VERSION_PATCH,
    MEMFD_GO_VERSION_STRING as MEMFD_GO_VERSION_STRING,
    MFD_ALLOW_SEALING as MFD_ALLOW_SEALING,
    MFD_CLOEXEC as MFD_CLOEXEC,
    MFD_EXEC as MFD_EXEC,
    MFD_HUGE_1GB as MFD_HUGE_1GB,
    MFD_HUGE_1MB as MFD_HUGE_1MB,
    MFD_HUGE_2GB as MFD_HUGE_2GB,
    MFD_HUGE_2MB as MFD_HUGE_2MB,
    MFD_HUGE_8MB as MFD_HUGE_8MB,
    MFD_HUGE_16GB as MFD_HUGE_16GB,
    MFD_HUGE_16MB as MFD_HUGE_16MB,
    MFD_HUGE_32MB as MFD_HUGE_32MB,
    MFD_HUGE_64KB as MFD_HUGE_64KB,
    MFD_HUGE_256MB as MFD_HUGE_256MB,
    MFD_HUGE_512KB as MFD_HUGE_512KB,
    MFD_HUGE_512MB as MFD_HUGE_512MB,
    MFD_HUGETLB as MFD_HUGETLB,
    MFD_NOEXEC_SEAL as MFD_NOEXEC_SEAL,
    CreateArgs as CreateArgs,
    Features as Features,
    Info as Info,
    SecretArea as SecretArea,
    SecretPool as SecretPool,
)
from memfd_go.raw._create import (
    clone as clone,
    clone_stream as clone_stream,
    create as create,
    create_sealed as create_sealed,
    create_with as create_with,
    huge_flags as huge_flags,
    reopen as reopen,
)
from memfd_go.raw._files import (
    add_seals as add_seals,
    check_seals as check_seals,
    discard as discard,
    ensure_seals as ensure_seals,
    format_seals as format_seals,
    get_seals as get_seals,
    get_size as get_size,
    inspect as inspect,
    parse_seals as parse_seals,
    set_size as set_size,
)
from memfd_go.raw._library import (
    probe as probe,
    result_name as result_name,
    version as version,
    version_string as version_string,
)
from memfd_go.raw._map import (
    map as map,
    map_ring as map_ring,
    map_verified as map_verified,
    unmap as unmap,
    verify as verify,
)
from memfd_go.raw._secret import (
    equal as equal,
    secret as secret,
    secret_alloc as secret_alloc,
    secret_alloc_from as secret_alloc_from,
    secret_attach as secret_attach,
    secret_free as secret_free,
    secret_pool_free as secret_pool_free,
    secret_pool_give as secret_pool_give,
    secret_pool_init as secret_pool_init,
    secret_pool_protect as secret_pool_protect,
    secret_pool_relock as secret_pool_relock,
    secret_pool_take as secret_pool_take,
    secret_protect as secret_protect,
    secret_relock as secret_relock,
    wipe as wipe,
)
from memfd_go.raw._transfer import (
    exec as exec,
    import_pid as import_pid,
    import_pidfd as import_pidfd,
    recv_fds as recv_fds,
    recv_verified as recv_verified,
    send_fds as send_fds,
)

# Tracebacks and help() show the names that users import.
for _value in list(globals().values()):
    if isinstance(_value, _FunctionType):
        _value.__module__ = __name__
