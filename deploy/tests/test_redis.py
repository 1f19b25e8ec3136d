"""deploy/spinkube/start.sh and ready.sh with a real Redis, and the steps by which docs/deploy.md changes its password."""

import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from project import ROOT, SPINKUBE, text_of

SERVER = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
CLI = shutil.which("redis-cli")
# Stands in for a cluster: exec runs here, and what is made of a Secret is in $SECRETS.
KUBECTL = r"""case " $* " in
    *" exec "*) while [ "$1" != -- ]; do shift; done; shift; exec "$@" ;;
    *" create secret "*)
        rm -f "$SECRETS"/*
        for word; do case $word in --from-file=*) cp "${word#--from-file=}" "$SECRETS" ;; esac; done
        ;;
    *" apply -f - "*) cat >/dev/null ;;
    *) exit 1 ;;
esac"""


class Connection:
    """Speaks the commands of Redis; what it answers comes as text."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.reader = self.socket.makefile("rb")

    def ask(self, *words):
        parts = (f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        self.socket.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
        line = self.reader.readline().decode().rstrip()
        return self.reader.read(int(line[1:]) + 2)[:-2].decode() if re.match(r"\$\d", line) else line

    def close(self):
        self.reader.close()
        self.socket.close()


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except FileNotFoundError:  # Not Linux.
        return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout


# What cannot be tried here, `make test` names as not checked.
@unittest.skipUnless(SERVER, "there is no redis-server")
class Redis(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.secrets = self.folder / "secrets"
        for folder in (self.secrets, self.folder / "data", self.folder / "bin"):
            folder.mkdir()
        # Not a link: one that `make test` unpacked looks for its libraries beside itself.
        self.program("redis-server", f'exec {shlex.quote(SERVER)} "$@"')
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        settings = text_of(SPINKUBE / "redis.conf")
        for name, here in (("bind", "127.0.0.1"), ("port", self.port), ("dir", self.folder / "data"), ("maxclients", 100)):
            settings, changed = re.subn(rf"(?m)^{name} .*$", f"{name} {here}", settings)
            self.assertEqual(changed, 1, name)
        (self.folder / "redis.conf").write_text(settings, encoding="utf-8")

    def program(self, name, line):
        """A program that the scripts find first."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        path.chmod(0o755)

    def secret(self, name, text):
        (self.secrets / name).write_text(text, encoding="utf-8")

    def script(self, name, argument):
        """A script as the containers run it."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {"args": ["sh", SPINKUBE / name, str(argument)], "env": {**os.environ, "PATH": path, "SECRETS": str(self.secrets)}}

    def start(self):
        log = self.enterContext(open(self.folder / "log", "w", encoding="utf-8"))
        server = subprocess.Popen(**self.script("start.sh", self.folder / "redis.conf"), stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        end = time.monotonic() + 20
        while "Ready to accept connections" not in text_of(self.folder / "log"):
            self.assertIsNone(server.poll(), text_of(self.folder / "log"))
            self.assertLess(time.monotonic(), end, text_of(self.folder / "log"))
            # Between two looks at the condition: a log tells nobody that it grew.
            time.sleep(0.02)
        return server

    def refuses(self):
        run = subprocess.run(**self.script("start.sh", self.folder / "redis.conf"), capture_output=True, text=True, timeout=20)
        self.assertNotEqual(run.returncode, 0)
        return run.stderr

    def connect(self):
        connection = Connection(self.port)
        self.addCleanup(connection.close)
        return connection

    def signs_in(self, password):
        return self.connect().ask("AUTH", password) == "+OK"

    def test_it_does_not_start_without_a_password(self):
        self.assertIn("missing or empty", self.refuses())
        self.secret("redis-password", "")
        self.assertIn("missing or empty", self.refuses())

    def test_a_line_break_is_told_and_the_password_is_not(self):
        self.secret("redis-password", "hush-hush\n")
        message = self.refuses()
        self.assertIn("line break", message)
        self.assertNotIn("hush", message)

    def test_nobody_gets_in_without_the_password(self):
        self.secret("redis-password", "p\"a's $w#o%r\\d")
        server = self.start()
        self.assertTrue(self.connect().ask("GET", "a").startswith("-NOAUTH"))
        self.assertFalse(self.signs_in("another"))
        self.assertTrue(self.signs_in("p\"a's $w#o%r\\d"))
        # It is Redis that gets the signals, and no command line tells the password.
        command = command_line(server.pid)
        self.assertIn("redis-server", command)
        self.assertNotIn("w#o", command)

    def test_two_passwords_hold_while_the_previous_one_is_there(self):
        self.secret("redis-password", "new")
        self.secret("redis-password-previous", "old")
        self.start()
        self.assertTrue(self.signs_in("new") and self.signs_in("old"))
        self.assertFalse(self.signs_in("neither"))

    def test_an_empty_previous_password_is_none(self):
        self.secret("redis-password", "new")
        self.secret("redis-password-previous", "")
        self.start()
        self.assertTrue(self.signs_in("new"))
        self.assertFalse(self.signs_in(""))

    def test_the_password_is_changed_without_a_gap(self):
        self.secret("redis-password", "old")
        self.start()
        kept, admin = self.connect(), self.connect()
        self.assertEqual(kept.ask("AUTH", "old"), "+OK")
        self.assertEqual(admin.ask("AUTH", "old"), "+OK")
        self.assertEqual(admin.ask("ACL", "SETUSER", "default", ">new"), "+OK")
        self.assertTrue(self.signs_in("old") and self.signs_in("new"))
        self.assertEqual(admin.ask("ACL", "SETUSER", "default", "<old"), "+OK")
        self.assertTrue(self.signs_in("new"))
        self.assertFalse(self.signs_in("old"))
        # Who signed in before stays so.
        self.assertEqual(kept.ask("SET", "a", "1"), "+OK")

    # What cannot be tried here, `make test` names as not checked.
    @unittest.skipUnless(CLI and shutil.which("openssl"), "there is no redis-cli, or no openssl")
    def test_the_guides_own_commands_change_the_password(self):
        guide = text_of(ROOT / "docs/deploy.md").partition("## Changing Redis's password")[2]
        both, kept, last = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
        here = self.folder / "operator"
        (here / "secrets").mkdir(parents=True)
        (here / "secrets/redis-password").write_text("old", encoding="utf-8")
        self.secret("redis-password", "old")
        self.start()
        self.program("redis-cli", f'exec {shlex.quote(CLI)} -p {self.port} "$@"')
        # Runs in place of the pod, whose files the Secret is, at once.
        self.program("kubectl", KUBECTL)

        def run(block):
            environment = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "SECRETS": str(self.secrets)}
            subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=here, env=environment, check=True, capture_output=True)
            return text_of(here / "secrets/redis-password")

        new = run(both)
        self.assertNotEqual(new, "old")
        self.assertTrue(self.signs_in("old") and self.signs_in(new))
        run(kept)
        self.assertEqual({path.name for path in self.secrets.iterdir()}, {"redis-password", "redis-password-previous"})
        self.assertEqual(text_of(self.secrets / "redis-password"), new)
        self.assertTrue(self.signs_in("old") and self.signs_in(new))
        function = re.search(r" +redis\(\) \{\n.*?\n +\}\n", both, re.DOTALL)[0]
        run(function + last)
        self.assertFalse(self.signs_in("old"))
        self.assertTrue(self.signs_in(new))
        self.assertEqual({path.name for path in self.secrets.iterdir()}, {"redis-password"})

    def test_what_was_written_is_there_after_a_restart(self):
        self.secret("redis-password", "old")
        server = self.start()
        connection = self.connect()
        connection.ask("AUTH", "old")
        self.assertEqual(connection.ask("SET", "a", "kept"), "+OK")
        server.terminate()
        server.wait()
        self.secret("redis-password", "new")
        self.start()
        connection = self.connect()
        self.assertEqual(connection.ask("AUTH", "new"), "+OK")
        self.assertEqual(connection.ask("GET", "a"), "kept")

    # What cannot be tried here, `make test` names as not checked.
    @unittest.skipUnless(CLI, "there is no redis-cli")
    def test_it_is_ready_when_it_answers_whichever_password_the_file_has(self):
        def ready():
            return subprocess.run(**self.script("ready.sh", self.port), capture_output=True, timeout=20).returncode == 0

        self.secret("redis-password", "right")
        self.assertFalse(ready())
        server = self.start()
        self.assertTrue(ready())
        self.secret("redis-password", "wrong")
        self.assertTrue(ready())
        server.terminate()
        server.wait()
        self.assertFalse(ready())

    def test_it_is_not_ready_while_it_loads(self):
        self.secret("redis-password", "right")
        for said, ready in (
            ("LOADING Redis is loading the dataset in memory", False),
            ("Could not connect to Redis at 127.0.0.1:6379: Connection refused", False),
            ("", False),
            ("AUTH failed: WRONGPASS invalid username-password pair or user is disabled.", True),
            ("NOAUTH Authentication required.", True),
            ("PONG", True),
        ):
            self.program("redis-cli", f"echo '{said}'")
            run = subprocess.run(**self.script("ready.sh", self.port), capture_output=True, timeout=20)
            self.assertEqual(run.returncode == 0, ready, said)


if __name__ == "__main__":
    unittest.main()
