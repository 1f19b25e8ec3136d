"""What grows: the sizes of the work, the requests that stand for it, and how fast their cost may grow."""

import json
import re
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from processes import Broken
from servers import REDSTART_COMMANDS, REDSTART_REST, Options, Series
from work import BYTES, JSON, TAKE_BYTES, Request, write

# All other settings are the defaults. What is refused with the defaults alone, `refused_by_default` in run.py finds out.
RAISED = Options(
    flags=("--max-connections", "8192"),
    # A value of 16 MiB in JSON, and the quotes around it.
    config="[limits]\nbody_bytes = 17825792\njson_value_bytes = 16777216\n",
)
KEYS_IN_A_PAGE = 100
# Files that a server or wrk opens besides those of its connections.
OTHER_FILES = 200
# What Redis takes for a key of `DEBUG POPULATE`, and a rest for its tables while they grow; in bytes.
KEY_BYTES = 200
POPULATE_TIMEOUT_SECONDS = 120

# The exponents of what a request costs as the work grows: 1 where it may be linear, 0 where it is to stay as it is.
LINEAR = {"time_ms": 1, "host_cpu_us": 1, "peak_mib": 1}
FLAT = {"time_ms": 0, "host_cpu_us": 0, "peak_mib": 0}


@dataclass(frozen=True)
class Curve:
    """A request that stands for a dimension, by the size of the work."""

    name: str
    title: str
    request: Callable[[int], Request]
    series: Series = REDSTART_REST


@dataclass(frozen=True, eq=False)
class Dimension:
    """What grows, and what is measured of it."""

    name: str
    title: str
    # What the size counts.
    unit: str
    points: tuple[int, ...]
    curves: tuple[Curve, ...]
    # One of what a request's cost is shared among; None where a request is not about all of them.
    each: str | None = None
    expected: dict[str, float] = field(default_factory=lambda: LINEAR)
    seconds: int = 1
    # With how many connections, by the size.
    connections: Callable[[int], int] = lambda size: 1
    # Makes ready for a size, with Redstart running.
    prepare: Callable = lambda servers, size: None
    # Why a size cannot be measured here, if so.
    hindered: Callable[[int], str | None] = lambda size: None

    def amount(self, size):
        """The size in few letters: 100 B, 16 MiB, 5,000."""
        if self.unit != "bytes":
            return f"{size:,}"
        for prefix, factor in (("MiB", 1 << 20), ("kB", 1000)):
            if size % factor == 0:
                return f"{size // factor} {prefix}"
        return f"{size} B"


# --- values ---

VALUE_KEY = "growth-value"


def value(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def in_json(size):
    return json.dumps({"value": value(size).decode()}).encode()


def get_value(size, headers=None):
    return Request("GET", f"/v1/strings/{VALUE_KEY}", headers=headers or {}, holds=value(size))


def put_value(servers, size):
    headers = {**BYTES, **servers.headers(REDSTART_REST)}
    status, answer = servers.answer("redstart", "PUT", f"/v1/strings/{VALUE_KEY}", headers, value(size))
    if status not in (200, 201, 204):
        raise Broken(f"Redstart answers {status} to a value of {size} bytes: {answer[:500]!r}")


VALUES = Dimension(
    "value",
    "Size of a value, one connection",
    "bytes",
    (10, 100, 1000, 10_000, 100_000, 1 << 20, 4 << 20, 16 << 20),
    (
        Curve("get-bytes", "GET as bytes", lambda size: get_value(size, TAKE_BYTES)),
        Curve("put-bytes", "PUT as bytes", lambda size: write("/v1/strings/", "growth-put", value(size), BYTES, value(size))),
        Curve("get-json", "GET as JSON", get_value),
        Curve("put-json", "PUT as JSON", lambda size: write("/v1/strings/", "growth-put", in_json(size), JSON, value(size))),
    ),
    each="byte",
    prepare=put_value,
)


# --- pipelines ---

SMALL_VALUE = value(10)


def commands(path):
    def request(size):
        body = json.dumps([["GET", VALUE_KEY]] * size).encode()
        return Request("POST", path, body, JSON, holds=SMALL_VALUE, times=size)

    return request


PIPELINES = Dimension(
    "pipeline",
    "Commands at once, one connection",
    "commands",
    (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000),
    (
        Curve("pipeline", "POST /pipeline, GETs of 10 bytes", commands("/pipeline"), REDSTART_COMMANDS),
        Curve("transaction", "POST /multi-exec, GETs of 10 bytes", commands("/multi-exec"), REDSTART_COMMANDS),
    ),
    each="command",
    prepare=lambda servers, size: put_value(servers, len(SMALL_VALUE)),
)


# --- connections ---


def too_few_files(connections):
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    needed = connections + OTHER_FILES
    return f"a process may open {allowed} files, {needed} are needed (ulimit -n)" if allowed < needed else None


CONNECTIONS = Dimension(
    "connections",
    "Connections of clients",
    "connections",
    (1, 4, 16, 64, 256, 1000, 5000),
    (
        Curve("get", "GET of 10 bytes", lambda _: get_value(len(SMALL_VALUE))),
    ),
    each="request",
    # A client waits for the others, but a request costs what it costs.
    expected={**LINEAR, "host_cpu_us": 0},
    # Of thousands that connect at once, those that the system's queue has no room for try again after a second.
    seconds=4,
    connections=lambda size: size,
    prepare=lambda servers, size: put_value(servers, len(SMALL_VALUE)),
    hindered=too_few_files,
)


# --- keys ---


def populate(servers, size):
    """So many keys, and the few of the other dimensions. `DEBUG POPULATE` makes those that are not there."""
    tell_redis(servers, f"DEBUG POPULATE {size}")


def tell_redis(servers, command):
    answer = servers.redis(command, POPULATE_TIMEOUT_SECONDS)
    if answer != "+OK":
        raise Broken(f"Redis answers {answer} to {command}")


def too_little_memory(keys):
    available = re.search(r"^MemAvailable:\s*(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    needed = keys * KEY_BYTES
    if available and int(available[1]) * 1024 < needed:
        return f"they need some {needed >> 20} MiB of memory, {int(available[1]) >> 10} are available"
    return None


def a_page(_):
    # A few of them may be those of the other dimensions.
    return Request("GET", f"/v1/keys?limit={KEYS_IN_A_PAGE}", holds=b"key:", times=KEYS_IN_A_PAGE * 9 // 10)


KEYS = Dimension(
    "keys",
    "Keys in Redis, one connection",
    "keys",
    (1000, 10_000, 100_000, 1_000_000, 10_000_000),
    (
        Curve("get-one", "GET of one of them", lambda _: Request("GET", "/v1/strings/key:0", holds=b"value:0")),
        Curve("page", f"a page of {KEYS_IN_A_PAGE} keys", a_page),
    ),
    # Neither looks at the others; reading all of them, page after page, is then linear.
    expected=FLAT,
    prepare=populate,
    hindered=too_little_memory,
)

DIMENSIONS = (VALUES, PIPELINES, CONNECTIONS, KEYS)
