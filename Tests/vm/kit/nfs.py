# SPDX-License-Identifier: GPL-2.0-or-later
"""A file system that the peer's kernel serves and this one mounts, without a daemon.

What the server would ask daemons, which folder is whose, is told to its caches beforehand.
"""

import contextlib
import os

from . import net

PORT = 2049
_ROOT = "/run/e7-nfs"
# The same folder, as the server has it and through a mount.
SERVED, MOUNTED = f"{_ROOT}/served", f"{_ROOT}/mounted"
_CONTROL = f"{_ROOT}/control"

# linux/nfsd/export.h: any port may ask, and root stays root; the root of what NFS 4 serves.
_INSECURE_PORT, _ASYNC, _FSID = 0x2, 0x10, 0x2000
_FOR_EVER = 2 ** 31 - 1


def _begins():
    """What is written where, in this order."""
    yield "versions", "-2 -3 +4 +4.2"
    # No shorter one is taken: what clients of an earlier run held could be claimed until then.
    yield "nfsv4gracetime", "10"
    yield "nfsv4leasetime", "10"
    yield "portlist", f"tcp {PORT}"
    for address in net.LOCAL.values():
        yield "/proc/net/rpc/auth.unix.ip/channel", f"nfsd {address} {_FOR_EVER} e7"
    flags = _INSECURE_PORT | _ASYNC | _FSID
    yield "/proc/net/rpc/nfsd.export/channel", f"e7 {SERVED} {_FOR_EVER} {flags} 65534 65534 0"
    # A file handle with number 0 for its file system, which is type 1.
    yield "/proc/net/rpc/nfsd.fh/channel", f"e7 1 \\x00000000 {_FOR_EVER} {SERVED}"
    yield "threads", "2"


def _write(file, text):
    """In the peer's network, of which the server's files tell."""
    path = os.path.join(_CONTROL, file)
    net.run("nsenter", f"--net={net.NETWORK}", "sh", "-c", f"printf '%s\\n' \"$1\" >{path}",
            "sh", text)


@contextlib.contextmanager
def server():
    """For the peer's lifetime."""
    for module in ("nfsd", "nfsv4"):
        net.run("modprobe", module)
    with contextlib.ExitStack() as stack:
        for folder in (SERVED, MOUNTED, _CONTROL):
            os.makedirs(folder)
        net.run("mount", "-t", "tmpfs", "none", SERVED)
        stack.callback(net.run, "umount", "--lazy", SERVED)
        net.run("nsenter", f"--net={net.NETWORK}", "mount", "-t", "nfsd", "none", _CONTROL)
        stack.callback(net.run, "umount", _CONTROL)
        stack.callback(_write, "threads", "0")
        for file, text in _begins():
            _write(file, text)
        yield


@contextlib.contextmanager
def mounted(family):
    """Over one family.  Who waits too long for the server gets an error."""
    server_name, address = {4: (net.PEER[4],) * 2, 6: (f"[{net.PEER[6]}]", net.PEER[6])}[family]
    # Without mount.nfs, which would look names up, mount(2) takes the addresses as they are.
    net.run("mount", "-i", "-t", "nfs4", f"{server_name}:/", MOUNTED, "-o",
            f"vers=4.2,addr={address},clientaddr={net.LOCAL[family]},soft,timeo=10,retrans=1")
    try:
        yield
    finally:
        net.run("umount", "--force", "--lazy", MOUNTED)
