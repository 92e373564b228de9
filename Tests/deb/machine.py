# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of QEMU's with a disk of its own, and what its card sends."""

import base64
import json
import pathlib
import socket
import struct
import subprocess
import time


class Failed(Exception):
    """A script in the machine failed, or the machine did not come up."""


class Machine:
    """Its disk is FOLDER/disk.qcow2, over DISK; FOLDER/shelf.img is a second one, with the packages."""

    def __init__(self, folder, disk):
        self.folder, disk = pathlib.Path(folder), pathlib.Path(disk)
        self.kernel, self.initrd = disk / "vmlinuz", disk / "initrd.img"
        self.base, self.disk = disk / "disk", self.folder / "disk.qcow2"
        self.process = None
        self.boots = 0

    def create(self):
        """A machine that was never switched on."""
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(self.base), str(self.disk)],
                       check=True)

    def boot(self, more="", patience=900):
        """Boots with more on the kernel's command line, and waits until it does what it is told."""
        if self.process:
            self.halt()
        self.start("-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 no_timer_check mitigations=off "
                   "cryptomgr.notests=1 loglevel=4 panic=-1 oops=panic " + more, patience=patience)
        if self.lines.readline().strip() != "ready":
            raise Failed(f"no sign of life; see {self.console}")
        self.run("mkdir -p /shelf && mount -o ro /dev/vdb /shelf")

    def start(self, *options, patience):
        self.boots += 1
        self.capture = self.folder / f"boot-{self.boots}.pcap"
        self.console = self.folder / f"console-{self.boots}.log"
        agent, monitor = self.folder / "agent.sock", self.folder / "monitor.sock"
        listeners = []
        for path in agent, monitor:
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen()
            listener.settimeout(patience)
            listeners.append(listener)
        command = [
            "qemu-system-x86_64", "-accel", "tcg,thread=single", "-smp", "1", "-m", "1024",
            "-display", "none", "-no-reboot", "-serial", f"file:{self.console}",
            "-chardev", f"socket,id=monitor,path={monitor}", "-mon", "chardev=monitor,mode=readline",
            "-kernel", str(self.kernel), "-initrd", str(self.initrd),
            "-drive", f"file={self.disk},if=virtio,format=qcow2,cache=unsafe",
            "-drive", f"file={self.folder}/shelf.img,if=virtio,format=raw,readonly=on",
            "-device", "virtio-serial", "-chardev", f"socket,id=agent,path={agent}",
            "-device", "virtserialport,chardev=agent,name=e7", "-device", "virtio-rng-pci",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net",
            "-object", f"filter-dump,id=dump,netdev=net,file={self.capture}", *options,
        ]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.socket, self.monitor = (listener.accept()[0] for listener in listeners)
        for listener in listeners:
            listener.close()
        self.lines = self.socket.makefile("r")
        self.socket.settimeout(patience)
        self.monitor.settimeout(patience)
        self.answered()

    def answered(self):
        """What the monitor says until it asks for more."""
        said = b""
        while not said.endswith(b"(qemu) "):
            more = self.monitor.recv(4096)
            if not more:
                raise Failed(f"the emulator has gone; see {self.console}")
            said += more
        return said.decode(errors="replace")

    def tell(self, command):
        """A command for the emulator's monitor."""
        self.monitor.sendall(command.encode() + b"\n")
        return self.answered()

    def keep(self, name):
        """The machine as it is, memory and all, to come back to."""
        said = self.tell(f"savevm {name}")
        if "Error" in said:
            raise Failed(f"savevm: {said}")
        state = {"kernel": str(self.kernel), "initrd": str(self.initrd)}
        (self.folder / f"{name}.json").write_text(json.dumps(state))

    def come_back(self, name):
        """The machine as it was kept."""
        state = json.loads((self.folder / f"{name}.json").read_text())
        self.kernel, self.initrd = state["kernel"], state["initrd"]
        self.start("-loadvm", name, patience=300)

    def run(self, script, status=0, patience=3600):
        """What a script says, which ends with this status; None: any."""
        self.socket.settimeout(patience)
        self.socket.sendall(base64.b64encode(script.encode()) + b"\n")
        answer = self.lines.readline().split()
        if not answer:
            raise Failed(f"the machine has gone; see {self.console}")
        said = base64.b64decode(answer[1] if len(answer) > 1 else "").decode(errors="replace")
        if status is not None and int(answer[0]) != status:
            raise Failed(f"{script.strip()}\nended with {answer[0]}, expected {status}:\n{said}")
        return said

    def sleep(self, seconds):
        """Suspends to memory, and is woken after seconds of sleep."""
        self.socket.settimeout(300)
        self.socket.sendall(base64.b64encode(b"echo mem >/sys/power/state") + b"\n")
        give_up = time.monotonic() + 300
        while "suspended" not in self.tell("info status"):
            if time.monotonic() > give_up:
                raise Failed(f"does not fall asleep; see {self.console}")
            time.sleep(1)
        time.sleep(seconds)
        self.tell("system_wakeup")
        status = self.lines.readline().split()
        if status[:1] != ["0"]:
            raise Failed(f"suspend failed, or nobody is awake: {status}; see {self.console}")

    def halt(self):
        """Shuts down in good order."""
        self.socket.sendall(base64.b64encode(b"systemctl poweroff --no-block") + b"\n")
        self.process.wait(timeout=600)
        self.process = None

    def take_kernel(self, release):
        """Boots that of the disk's from now on, as a boot loader would; of a machine that is off."""
        look = self.folder / "look.img"
        subprocess.run(["qemu-img", "convert", "-O", "raw", str(self.disk), str(look)], check=True)
        for name in ("vmlinuz", "initrd.img"):
            subprocess.run(["/sbin/debugfs", "-R", f"dump /boot/{name}-{release} {self.folder}/{name}", str(look)],
                           check=True, stderr=subprocess.DEVNULL)
        look.unlink()
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
