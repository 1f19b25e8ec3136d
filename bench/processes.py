"""The servers as processes: starting and ending them, their CPU time and their memory, as Linux tells them."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 20


class Broken(Exception):
    """The run cannot go on; the text says why."""


def free_port():
    """A port of loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server, in a session of its own, so that Ctrl-C reaches only this program, which then ends it."""

    def __init__(self, name, arguments, folder, port, environment=None):
        self.name = name
        self.port = port
        self.log = Path(folder) / f"{name}.log"
        self.started = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
                start_new_session=True,
            )

    def wait_until(self, ready, pause=0.05):
        """Until `ready()` holds, with so many seconds between tries; OSError counts as not yet. The seconds since its start."""
        end = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            if self.process.poll() is not None:
                raise Broken(f"{self.name} ended by itself (status {self.process.returncode}):\n{self.last_words()}")
            try:
                if ready():
                    return time.monotonic() - self.started
            except OSError:
                pass
            if time.monotonic() > end:
                raise Broken(f"{self.name} has not answered within {START_TIMEOUT_SECONDS} s:\n{self.last_words()}")
            time.sleep(pause)

    def last_words(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def tree(self):
        """Its process id and those of all below it."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        return found

    def cpu_seconds(self):
        """The CPU time of the tree so far."""
        ticks = 0
        for pid in self.tree():
            # The name, in parentheses, may hold anything; utime and stime are the 12th and 13th after it.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def forget_peak(self):
        """Lets the peak of memory begin anew."""
        for pid in self.tree():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_bytes(self):
        """The most memory that was resident since; what processes of the tree share counts for each."""
        total = 0
        for pid in self.tree():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        """SIGTERM, then patience."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
