"""Who is measured: Redstart, its peers, and the Redis that they share, each started on a port of its own of loopback."""

import http.client
import json
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from processes import Process, free_port

BENCH = Path(__file__).resolve().parent
THREADS = 2


@dataclass(frozen=True)
class Series:
    """A server, and which of its interfaces; what the figures call it."""

    name: str
    title: str
    server: str


REDSTART_REST = Series("redstart-rest", "Redstart, REST", "redstart")
REDSTART_COMMANDS = Series("redstart-commands", "Redstart, commands", "redstart")
WEBDIS = Series("webdis", "webdis", "webdis")
AXUM = Series("axum", "axum", "axum")
FASTAPI = Series("fastapi", "FastAPI", "fastapi")


@dataclass(frozen=True)
class Options:
    """How Redstart is started where that is not as by default: flags, and text laid over config.ini."""

    flags: tuple[str, ...] = ()
    config: str = ""


class Servers:
    """All that run, and how to reach them. Use it with `with`: what was started, ends."""

    def __init__(self, programs, folder, redis_config=""):
        self.programs = programs
        self.folder = Path(folder)
        self.redis_config = redis_config
        self.processes = {}
        self.token = secrets.token_hex(16)
        self.password = secrets.token_hex(16)

    def __enter__(self):
        try:
            self.start_redis()
            for server in self.programs:
                if server != "redis":
                    getattr(self, f"start_{server}")()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # Redis, the first to start, ends last.
        for process in reversed(self.processes.values()):
            process.stop()

    @property
    def redis_port(self):
        return self.processes["redis"].port

    @property
    def redis_url(self):
        return f"redis://:{self.password}@127.0.0.1:{self.redis_port}/0"

    def file(self, name, text):
        """A file for one of them, which nobody else reads: it holds a password."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return str(path)

    def start(self, name, port, *arguments, **environment):
        process = Process(name, [self.programs[name], *map(str, arguments)], self.folder, port, environment)
        self.processes[name] = process
        return process

    def start_redis(self):
        port = free_port()
        (self.folder / "redis").mkdir()
        config = self.file(
            "redis.conf",
            f"bind 127.0.0.1\nport {port}\nrequirepass {self.password}\ndir {self.folder / 'redis'}\n"
            'save ""\nappendonly no\ndaemonize no\n' + self.redis_config,
        )
        self.start("redis", port, config).wait_until(lambda: self.redis("PING") == "+PONG")

    def redis(self, command, seconds=5):
        """A command for Redis itself, as one line; the first line of its answer."""
        with socket.create_connection(("127.0.0.1", self.redis_port), timeout=seconds) as connection:
            connection.sendall(f"AUTH {self.password}\r\n{command}\r\n".encode())
            with connection.makefile("rb") as answers:
                answers.readline()
                return answers.readline().decode().rstrip()

    def start_redstart(self, options=Options(), pause=0.05):
        """The seconds from its start to its first answer."""
        port = free_port()
        config = self.file(
            "runtime-config.toml",
            '[[variables_provider]]\ntype = "static"\n[variables_provider.values]\n'
            f'redis_password = "{self.password}"\nredis_port = "{self.redis_port}"\napi_token = "{self.token}"\n'
            f'log_level = "info"\nconfig = """\n{options.config}"""\n',
        )
        listen = "--runtime-config-file", config, "--listen", f"127.0.0.1:{port}"
        process = self.start("redstart", port, *listen, *options.flags)
        return process.wait_until(lambda: self.answer("redstart", "GET", "/readyz")[0] == 200, pause)

    def restart_redstart(self, options=Options(), pause=0.05):
        self.processes["redstart"].stop()
        return self.start_redstart(options, pause)

    def cpu_seconds(self):
        """The CPU time of all that run now."""
        return sum(process.cpu_seconds() for process in self.processes.values())

    def start_webdis(self):
        port = free_port()
        config = {
            "redis_host": "127.0.0.1",
            "redis_port": self.redis_port,
            "redis_auth": self.password,
            "http_host": "127.0.0.1",
            "http_port": port,
            "threads": THREADS,
            "daemonize": False,
            "database": 0,
            "verbosity": 1,
            "logfile": str(self.folder / "webdis-own.log"),
        }
        process = self.start("webdis", port, self.file("webdis.json", json.dumps(config)))
        process.wait_until(lambda: self.answer("webdis", "GET", "/PING")[0] == 200)

    def prepare(self, series):
        """What a server needs before each measurement. webdis is started anew: when clients leave with answers under way, it logs
        that descriptors are bad, and connections of the next measurement have broken.
        """
        if series == WEBDIS:
            self.processes["webdis"].stop()
            self.start_webdis()

    def start_axum(self):
        port = free_port()
        process = self.start("axum", port, f"127.0.0.1:{port}", REDIS_URL=self.redis_url, TOKIO_WORKER_THREADS=str(THREADS))
        process.wait_until(lambda: self.answer("axum", "GET", "/strings/none")[0] == 404)

    def start_fastapi(self):
        port = free_port()
        options = f"-m uvicorn app:app --host 127.0.0.1 --port {port} --workers {THREADS} --loop uvloop --http httptools"
        quiet = "--no-access-log --log-level warning"
        process = self.start(
            "fastapi", port, *options.split(), *quiet.split(), "--app-dir", BENCH / "fastapi", REDIS_URL=self.redis_url
        )
        process.wait_until(lambda: self.answer("fastapi", "GET", "/strings/none")[0] == 404)

    def answer(self, server, method, path, headers=(), body=None):
        """One request: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.processes[server].port, timeout=10)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{server} does not speak HTTP: {error}") from error
        finally:
            connection.close()

    def headers(self, series):
        """What each request of the series carries: Redstart alone asks for a token."""
        return {"Authorization": f"Bearer {self.token}"} if series.server == "redstart" else {}
