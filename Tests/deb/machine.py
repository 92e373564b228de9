# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of QEMU's with a disk of its own, and what its card sends."""

import base64
import pathlib
import socket
import struct
import subprocess
import time


class Failed(Exception):
    """A script in the machine failed, or the machine did not come up."""


class Machine:
    def __init__(self, folder, disk, shelf):
        self.folder, self.shelf = pathlib.Path(folder), pathlib.Path(shelf)
        self.kernel, self.initrd = pathlib.Path(disk) / "vmlinuz", pathlib.Path(disk) / "initrd.img"
        self.disk = self.folder / "disk.img"
        subprocess.run(["cp", "--sparse=always", str(pathlib.Path(disk) / "disk"), str(self.disk)],
                       check=True)
        self.process = None
        self.boots = 0

    def boot(self, more="", patience=400):
        """Boots with more on the kernel's command line, with the packages as a second disk, and waits until it does what it is told."""
        if self.process:
            self.halt()
        self.boots += 1
        self.capture = self.folder / f"boot-{self.boots}.pcap"
        path = str(self.folder / "agent.sock")
        listener = socket.socket(socket.AF_UNIX)
        pathlib.Path(path).unlink(missing_ok=True)
        listener.bind(path)
        listener.listen()
        listener.settimeout(patience)
        command = [
            "qemu-system-x86_64", "-accel", "tcg,thread=single", "-smp", "1", "-m", "1536",
            "-display", "none", "-monitor", "none", "-no-reboot",
            "-serial", f"file:{self.folder}/console-{self.boots}.log",
            "-kernel", str(self.kernel), "-initrd", str(self.initrd),
            "-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 no_timer_check "
                       "cryptomgr.notests=1 loglevel=4 panic=-1 oops=panic " + more,
            "-drive", f"file={self.disk},if=virtio,format=raw,cache=unsafe",
            "-drive", f"file={self.shelf},if=virtio,format=raw,readonly=on",
            "-device", "virtio-serial", "-chardev", f"socket,id=agent,path={path}",
            "-device", "virtserialport,chardev=agent,name=e7", "-device", "virtio-rng-pci",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net",
            "-object", f"filter-dump,id=dump,netdev=net,file={self.capture}",
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.socket, _ = listener.accept()
        listener.close()
        self.lines = self.socket.makefile("r")
        self.socket.settimeout(patience)
        if self.lines.readline().strip() != "ready":
            raise Failed(f"no sign of life; see {self.folder}/console-{self.boots}.log")
        self.run("mkdir -p /shelf && mount -o ro /dev/vdb /shelf")

    def run(self, script, status=0, patience=3600):
        """What a script says, which ends with this status; None: any."""
        self.socket.settimeout(patience)
        self.socket.sendall(base64.b64encode(script.encode()) + b"\n")
        answer = self.lines.readline().split()
        if not answer:
            raise Failed(f"the machine has gone; see {self.folder}/console-{self.boots}.log")
        said = base64.b64decode(answer[1] if len(answer) > 1 else "").decode(errors="replace")
        if status is not None and int(answer[0]) != status:
            raise Failed(f"{script.strip()}\nended with {answer[0]}, expected {status}:\n{said}")
        return said

    def halt(self):
        """Shuts down in good order."""
        self.socket.sendall(base64.b64encode(b"systemctl poweroff --no-block") + b"\n")
        self.process.wait(timeout=300)
        self.process = None

    def take_kernel(self, release):
        """Boots that of the disk's from now on, as a boot loader would."""
        for name in ("vmlinuz", "initrd.img"):
            subprocess.run(["/sbin/debugfs", "-R", f"dump /boot/{name}-{release} {self.folder}/{name}",
                            str(self.disk)], check=True, stderr=subprocess.DEVNULL)
        self.kernel, self.initrd = self.folder / "vmlinuz", self.folder / "initrd.img"

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def sent(self, port):
        """The numbers that were sent to a UDP port of the host's since the card came up."""
        # What the machine has just sent is written a moment later.
        time.sleep(1)
        data = self.capture.read_bytes()
        numbers, at = [], 24
        while at + 16 <= len(data):
            size = struct.unpack_from("<I", data, at + 8)[0]
            frame = data[at + 16:at + 16 + size]
            at += 16 + size
            # IPv4 without options, UDP
            if frame[12:15] == b"\x08\x00\x45" and frame[23] == 17:
                if struct.unpack_from(">H", frame, 36)[0] == port:
                    numbers.append(int(frame[42:].split(b"\n")[0]))
        return numbers
