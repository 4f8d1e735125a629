"""A slow network link between this process and a host: packets wait in user space, so no kernel needs netem for it.

A link is two TUN devices, one here and one in the host's network namespace. The relay between them lets a packet go on
when those before it are through at the link's rate, and the delay later; what more than LIMIT packets wait for is dropped,
as netem does. TCP is from end to end, so slow start and lost packets cost what they cost on a real link."""
import collections
import ctypes
import fcntl
import json
import os
import select
import struct
import time

from pairs import run

LIMIT = 1000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000


def leave_network():
    """Gives this process, and those it starts, a network of its own, where no link is but these."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "a network namespace")


def open_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Link:
    """Number NUMBER of up to 250: 10.77.NUMBER.1 is here, 10.77.NUMBER.2 in the namespace (a path)."""

    def __init__(self, number, namespace):
        self.device, far = f"near{number}", f"far{number}"
        self.here, self.there = f"10.77.{number}.1", f"10.77.{number}.2"
        self.ends = open_tun(self.device), open_tun(far)
        run("ip", "link", "set", far, "netns", namespace)
        inside = "nsenter", f"--net={namespace}", "--"
        for address, device, where in ((self.here, self.device, ()), (self.there, far, inside)):
            run(*where, "ip", "address", "add", f"{address}/30", "dev", device)
            run(*where, "ip", "link", "set", device, "up")

    def bytes(self):
        """All that went over it so far, both ways, headers of IP and TCP included."""
        return self.count("bytes")

    def packets(self):
        return self.count("packets")

    def count(self, what):
        stats = json.loads(run("ip", "-json", "-stats", "link", "show", self.device))[0]["stats64"]
        return stats["rx"][what] + stats["tx"][what]


class Direction:
    def __init__(self, source, sink, bits_per_second, delay_seconds):
        self.source, self.sink = source, sink
        self.bits_per_second, self.delay_seconds = bits_per_second, delay_seconds
        self.free_at = 0.0
        self.waiting = collections.deque()

    def take(self):
        try:
            while True:
                packet = os.read(self.source, 65536)
                if len(self.waiting) < LIMIT:
                    self.free_at = max(self.free_at, time.monotonic()) + len(packet) * 8 / self.bits_per_second
                    self.waiting.append((self.free_at + self.delay_seconds, packet))
        except BlockingIOError:
            pass

    def deliver(self):
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            try:
                os.write(self.sink, self.waiting.popleft()[1])
            except OSError:  # the host is down: so is its end
                pass


def relay(directions):
    by_source = {direction.source: direction for direction in directions}
    while True:
        due = min((direction.waiting[0][0] for direction in directions if direction.waiting), default=None)
        wait = None if due is None else max(0.0, due - time.monotonic())
        for source in select.select(by_source, [], [], wait)[0]:
            by_source[source].take()
        for direction in directions:
            direction.deliver()


def start_relay(links, bits_per_second, delay_seconds):
    """Returns the pid of a process that carries packets over these links until it is killed."""
    pid = os.fork()
    if pid == 0:
        try:
            os.nice(-15)  # a link does not slow down because the machine is busy
            relay([Direction(link.ends[i], link.ends[1 - i], bits_per_second, delay_seconds)
                   for link in links for i in (0, 1)])
        finally:
            os._exit(1)
    return pid
