"""Linux: takes this process into a network of its own, where there is nothing but loopback.

The sockets that listen are opened before and keep working: clients of this machine are served as
ever. Nothing can be reached from within, so engines on loopback are met through a relay: a process
that stayed outside and connects to their fixed addresses alone (see `relay`).
Source: unshare(2), user_namespaces(7); needs no privileges where user namespaces are allowed.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

from routerd.core.errors import RouterdError

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
NAME = "kernel: a network namespace with nothing but loopback"


class AirgapRefused(RouterdError):
    """The system does not allow a namespace; the text says what to change."""


def enter() -> None:
    """Leave the machine's network for good; call it before any thread is started.

    Raises: AirgapRefused.
    """
    if sys.platform != "linux":
        raise AirgapRefused("--airgap needs Linux's network namespaces; use `routerd offline on`.")
    user, group = os.getuid(), os.getgid()
    before = _namespace()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        raise AirgapRefused(_why(ctypes.get_errno()))
    try:
        # The same user inside, or files would seem to belong to somebody else.
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
        _raise_loopback()
    except OSError as error:
        raise AirgapRefused(
            f"The network namespace could not be set up: {error.strerror}. "
            "Start without --airgap and use `routerd offline on`."
        ) from error
    if not in_force() or _namespace() == before:
        raise AirgapRefused("The network namespace is not in force although the system agreed.")


def in_force() -> bool:
    """Whether this process is where no interface but loopback exists; asked of the kernel."""
    if sys.platform != "linux":
        return False
    names = {name for _, name in socket.if_nameindex()}
    # Tunnel stubs that the kernel puts into every namespace, always down and without an address.
    return names <= {"lo", "tunl0", "sit0", "ip6tnl0", "gre0", "gretap0", "erspan0", "ip_vti0",
                     "ip6_vti0", "ip6gre0"} and not _has_route()  # fmt: skip


def _has_route() -> bool:
    """Whether any route leads through something else than loopback."""
    try:
        lines = Path("/proc/self/net/route").read_text("ascii").splitlines()[1:]
        lines += [
            line.split()[-1]
            for line in Path("/proc/self/net/ipv6_route").read_text("ascii").splitlines()
        ]
    except OSError:
        return False
    return any(line.split()[0] != "lo" for line in lines if line.strip())


def _namespace() -> str:
    return str(Path("/proc/self/ns/net").readlink())


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(sock, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _why(code: int) -> str:
    reasons = {
        errno.EPERM: "user namespaces are forbidden here (sysctl kernel.unprivileged_userns_clone, "
        "kernel.apparmor_restrict_unprivileged_userns, or a container's rules)",
        errno.ENOSPC: "user namespaces are switched off here (sysctl user.max_user_namespaces)",
        errno.EINVAL: "this kernel has no user namespaces, or threads were already running",
    }
    why = reasons.get(code, os.strerror(code))
    return (
        f"This system does not allow --airgap: {why}. "
        "Allow it, or start without it and use `routerd offline on`, which is weaker."
    )
