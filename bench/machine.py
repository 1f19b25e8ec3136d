"""Where and with what the figures were made."""

import os
import platform
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def output(*arguments):
    """What a program says, in whichever stream; its status is its own affair (wrk's for its version is 1)."""
    run = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    return run.stdout.strip()


def described():
    """The machine, as it is before anything is started."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / (1 << 20), 1),
        "kernel": platform.release(),
        "load_average_at_start": [round(load, 2) for load in os.getloadavg()],
    }


def locked(lock_file, *names):
    """The versions of crates in a lock file."""
    text = (ROOT / lock_file).read_text()
    return {name: re.search(rf'^name = "{name}"\nversion = "(.*)"$', text, re.MULTILINE)[1] for name in names}


def versions(programs, wrk):
    """Of everything that is measured, or measures."""
    found = {
        "rustc": output("rustc", "--version"),
        "redis-server": re.search(r"v=(\S+)", output(programs["redis"], "--version"))[1],
        "wrk": output(wrk, "-v").splitlines()[0].removeprefix("wrk ").split(" Copyright")[0],
        "python": platform.python_version(),
        "redstart": locked("Cargo.lock", "redstart", "wasmtime", "hyper", "tokio", "redis"),
    }
    if "webdis" in programs:
        found["webdis"] = output("dpkg-query", "--show", "--showformat=${Version}", "webdis")
    if "axum" in programs:
        found["axum"] = locked("bench/axum/Cargo.lock", "axum", "hyper", "tokio", "redis")
    if "fastapi" in programs:
        libraries = Path(programs["fastapi"]).parent.parent.glob("lib/python*/site-packages")
        packages = distributions(path=[str(folder) for folder in libraries])
        found["fastapi"] = {package.metadata["Name"]: package.version for package in packages}
    return found


def commit():
    """What was measured, and whether files of it had been changed since."""
    return {
        "commit": output("git", "rev-parse", "HEAD"),
        "changed_since": bool(output("git", "status", "--porcelain", "--untracked-files=no")),
    }


def busy_seconds():
    """The CPU time that the whole machine has spent since it started."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
