"""The requests: how each server is asked for a piece of work, and what its answer has to hold."""

import json
from dataclasses import dataclass, field

from plan import COMMANDS_AT_ONCE, FIELDS_IN_A_PAGE, GET, PAGE, PIPELINE, READ_LARGE, SET, WRITE_LARGE
from processes import Broken
from servers import AXUM, FASTAPI, REDSTART_COMMANDS, REDSTART_REST, WEBDIS

SMALL = b"abcdefghij" * 10
LARGE = b"0123456789abcdef" * (1 << 16)
FIELDS = 1000

JSON = {"Content-Type": "application/json"}
BYTES = {"Content-Type": "application/octet-stream"}
TAKE_BYTES = {"Accept": "application/octet-stream"}


@dataclass(frozen=True)
class Request:
    """A request that wrk repeats."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict = field(default_factory=dict)
    # How many of them go out at once on a connection.
    at_once: int = 1
    # How many units of the work's figures an answer is.
    units: int = 1
    # What the answer has to hold, and how often at least.
    holds: bytes = b""
    times: int = 1
    # The key that it writes, and what.
    writes: tuple[str, bytes] | None = None


def read(path):
    return Request("GET", path, holds=SMALL)


def read_large(path):
    return Request("GET", path, headers=TAKE_BYTES, holds=LARGE)


def write(path, key, body, headers=None, value=SMALL, method="PUT"):
    return Request(method, path + key, body, headers or {}, writes=(key, value))


def write_json(path, key):
    return write(path, key, json.dumps({"value": SMALL.decode()}).encode(), JSON)


def page(path):
    return Request("GET", path, holds=b"field-", times=FIELDS_IN_A_PAGE)


def pipeline():
    body = json.dumps([["GET", "bench-small"]] * COMMANDS_AT_ONCE).encode()
    return Request("POST", "/pipeline", body, JSON, units=COMMANDS_AT_ONCE, holds=SMALL, times=COMMANDS_AT_ONCE)


def command(*words, **rest):
    return Request("POST", "/", json.dumps(words).encode(), JSON, **rest)


FIELDS_QUERY = f"/hashes/bench-hash/fields?limit={FIELDS_IN_A_PAGE}"

# A work item's servers, in the order of the table.
REQUESTS = {
    GET: {
        REDSTART_REST: read("/v1/strings/bench-small"),
        REDSTART_COMMANDS: command("GET", "bench-small", holds=SMALL),
        WEBDIS: read("/GET/bench-small"),
        AXUM: read("/strings/bench-small"),
        FASTAPI: read("/strings/bench-small"),
    },
    SET: {
        REDSTART_REST: write_json("/v1/strings/", "bench-of-rest"),
        REDSTART_COMMANDS: command(
            "SET", "bench-of-commands", SMALL.decode(), writes=("bench-of-commands", SMALL)
        ),
        WEBDIS: write("/SET/", "bench-of-webdis", SMALL),
        AXUM: write_json("/strings/", "bench-of-axum"),
        FASTAPI: write_json("/strings/", "bench-of-fastapi"),
    },
    PIPELINE: {
        REDSTART_COMMANDS: pipeline(),
        WEBDIS: Request("GET", "/GET/bench-small", at_once=COMMANDS_AT_ONCE, holds=SMALL),
        AXUM: pipeline(),
        FASTAPI: pipeline(),
    },
    PAGE: {
        REDSTART_REST: page("/v1" + FIELDS_QUERY),
        WEBDIS: page("/HGETALL/bench-page"),
        AXUM: page(FIELDS_QUERY),
        FASTAPI: page(FIELDS_QUERY),
    },
    READ_LARGE: {
        REDSTART_REST: read_large("/v1/strings/bench-large"),
        WEBDIS: read_large("/GET/bench-large.txt"),
        AXUM: read_large("/bytes/bench-large"),
        FASTAPI: read_large("/bytes/bench-large"),
    },
    WRITE_LARGE: {
        REDSTART_REST: write("/v1/strings/", "bench-large-of-rest", LARGE, BYTES, LARGE),
        WEBDIS: write("/SET/", "bench-large-of-webdis", LARGE, BYTES, LARGE),
        AXUM: write("/bytes/", "bench-large-of-axum", LARGE, BYTES, LARGE),
        FASTAPI: write("/bytes/", "bench-large-of-fastapi", LARGE, BYTES, LARGE),
    },
}

# What a server does instead, and why.
OTHERWISE = {
    (PAGE, WEBDIS): "HGETALL of a hash of 100 fields instead: its answer to HSCAN has null in place of the fields",
    (PIPELINE, WEBDIS): "HTTP requests sent 50 at once instead: it has no call for many commands",
}


def a_hash(fields):
    """One of that many fields, as Redstart takes it."""
    return json.dumps({"fields": {f"field-{number}": f"value-{number:014}" for number in range(fields)}}).encode()


def fill(servers):
    """Writes what the reads read, through Redstart."""
    for path, body, headers in (
        ("strings/bench-small", SMALL, BYTES),
        ("strings/bench-large", LARGE, BYTES),
        ("hashes/bench-hash", a_hash(FIELDS), JSON),
        ("hashes/bench-page", a_hash(FIELDS_IN_A_PAGE), JSON),
    ):
        all_headers = {**headers, **servers.headers(REDSTART_REST)}
        status, answer = servers.answer("redstart", "PUT", f"/v1/{path}", all_headers, body)
        if status not in (200, 201, 204):
            raise Broken(f"Redstart answers {status} to PUT /v1/{path}: {answer[:500]!r}")


def try_once(servers, series, request):
    """One request of those that are to be measured: whether the work is done at all."""
    headers = {**request.headers, **servers.headers(series)}
    status, answer = servers.answer(series.server, request.method, request.path, headers, request.body)
    what = f"{series.title}: {request.method} {request.path}"
    if not 200 <= status < 300:
        raise Broken(f"{what} is answered {status}: {answer[:500]!r}")
    if request.holds and answer.count(request.holds) < request.times:
        raise Broken(f"{what} is answered without what it should hold: {answer[:500]!r}")
    if request.writes:
        key, value = request.writes
        headers = {**TAKE_BYTES, **servers.headers(REDSTART_REST)}
        if servers.answer("redstart", "GET", f"/v1/strings/{key}", headers) != (200, value):
            raise Broken(f"{what} is answered {status}, but has not written the value")
