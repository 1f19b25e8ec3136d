"""The image has what the host needs and nothing secret; compose runs it beside Redis, for this machine alone."""

import json
import re
import socket
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from project import (
    DEPLOY, ROOT, SPINKUBE, arguments, bytes_of, flags, load, redis_settings, seconds_of, spin_toml, spinkube_objects, text_of,
    variables,
)

COMPOSE = load(DEPLOY / "compose.yaml")
REDIS, HOST = COMPOSE["services"]["redis"], COMPOSE["services"]["redstart"]


def instructions():
    """The Containerfile, as pairs of an instruction and the rest of its line."""
    text = re.sub(r"^#.*\n", "", text_of(DEPLOY / "Containerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def stages():
    """What each FROM begins."""
    found = []
    for name, rest in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


class Image(unittest.TestCase):
    build, final = stages()

    def values(self, instruction, stage=None):
        return [rest for name, rest in stage or self.final if name == instruction]

    def copied(self):
        """Where each file comes from (a stage, or the project) and where it goes, from the root on."""
        folder = ""
        for name, rest in self.final:
            if name == "WORKDIR":
                folder = rest
            if name == "COPY":
                stage = re.match(r"--from=(\w+) ", rest)
                *sources, target = rest.removeprefix(stage[0] if stage else "").split()
                for source in sources:
                    place = target.removeprefix("./") + (source if target.endswith("/") else "")
                    yield stage and stage[1], source, place if place.startswith("/") else f"{folder}/{place}"

    def test_what_is_copied_is_in_the_project_or_is_what_the_build_makes(self):
        built = text_of(ROOT / "scripts/build.sh") + text_of(ROOT / "scripts/released-host.sh")
        component = spin_toml()["component"]["redstart"]
        made = {"target/lto/redstart-host", component["source"], component["files"][1]["source"]}
        from_build = {source.removeprefix("/build/") for stage, source, _ in self.copied() if stage == "build"}
        self.assertEqual(from_build, made)
        self.assertEqual(self.values("WORKDIR", self.build), ["/build"])
        for part in ("--profile lto", "--release", "target/lto/redstart-page target/page"):
            self.assertIn(part, built)
        for stage, source, _ in self.copied():
            if not stage:
                self.assertTrue((ROOT / source).is_file(), source)

    def test_it_is_built_with_the_projects_scripts(self):
        (run,) = self.values("RUN", self.build)
        for command in run.split(" && "):
            script, *parts = command.split()
            self.assertTrue((ROOT / script).is_file(), script)
            for part in parts:
                self.assertRegex(text_of(ROOT / script), rf"(?m)^ +{part}\)$")
        self.assertIn("scripts/build.sh component released-host", run)

    def test_rust_is_as_new_as_the_project_asks(self):
        asked = re.search(r'rust-version = "([\d.]+)"', text_of(ROOT / "Cargo.toml"))[1]
        self.assertIn(f"/rust:{asked}-", self.build[0][1])
        # OpenSSL is linked to, so both stages are of one Debian.
        self.assertEqual(re.search(r"-(\w+) AS", self.build[0][1])[1], re.search(r":(\w+)-slim", self.final[0][1])[1])

    def test_the_manifest_finds_its_files(self):
        places = {place for _, _, place in self.copied()}
        (command,) = map(json.loads, self.values("ENTRYPOINT"))
        manifest = command[command.index("--from") + 1]
        folder = manifest.removesuffix("/spin.toml")
        component = spin_toml()["component"]["redstart"]
        for file in ("spin.toml", component["source"], component["files"][0], component["files"][1]["source"]):
            self.assertIn(f"{folder}/{file}", places)
        self.assertIn(f"/usr/local/bin/{command[0]}", places)
        given, _ = arguments(command[1:])
        self.assertLessEqual({flag for flag, _ in given}, flags().keys())

    def test_it_runs_as_nobody_in_particular(self):
        self.assertRegex(self.values("USER")[-1], r"^[1-9]\d+:[1-9]\d+$")
        after = [name for name, _ in self.final][[name for name, _ in self.final].index("USER") + 1 :]
        self.assertFalse({"RUN", "COPY", "USER"} & set(after))

    def test_no_secret_is_in_it(self):
        self.assertFalse({source for _, source, _ in self.copied()} & {".", "./", "runtime-config.toml", ".env"})
        ignored = text_of(DEPLOY / "Containerfile.dockerignore").split("\n")
        self.assertLessEqual({"runtime-config.toml", ".env", ".data", "target", ".git"}, set(ignored))
        environment = " ".join(rest for name, rest in instructions() if name in ("ENV", "ARG"))
        self.assertNotIn("SPIN_VARIABLE", environment)

    def test_the_check_of_health_is_in_it(self):
        (check,) = self.values("HEALTHCHECK")
        shell, script = json.loads(check.partition("CMD ")[2])
        self.assertEqual(shell, "bash")
        self.assertIn(script, {place for _, _, place in self.copied()})
        self.assertEqual(HOST["healthcheck"]["test"], ["CMD", shell, script])


class Compose(unittest.TestCase):
    def test_the_api_is_for_this_machine_alone_and_redis_for_the_host(self):
        for port in HOST["ports"]:
            self.assertRegex(port, r"^127\.0\.0\.1:\d+:3000$")
        self.assertNotIn("ports", REDIS)
        self.assertEqual(REDIS["networks"], ["redis"])
        self.assertTrue(COMPOSE["networks"]["redis"]["internal"])
        self.assertNotIn("network_mode", str(COMPOSE))

    def test_it_does_not_start_without_secrets(self):
        for name, secret in COMPOSE["secrets"].items():
            self.assertRegex(secret["file"], rf"^\$\{{REDSTART_SECRETS:\?[^}}]+docs/deploy\.md\}}/{name}$")
        # Nothing else is taken from the environment, and nothing has a default there.
        self.assertEqual(set(re.findall(r"\$\{(\w+)", text_of(DEPLOY / "compose.yaml"))), {"REDSTART_SECRETS"})

    def test_secrets_are_files_and_no_variable_of_the_environment(self):
        _, given = arguments(HOST["command"])
        for value in given.values():
            self.assertIn(value.removeprefix("@/run/secrets/"), HOST["secrets"])
        secret = {name for name, is_secret in variables().items() if is_secret}
        self.assertEqual(given.keys() & secret, {"redis_password", "api_token"})
        for service in COMPOSE["services"].values():
            self.assertLessEqual(set(service["secrets"]), COMPOSE["secrets"].keys())
            for name in service["environment"]:
                self.assertNotIn(name.removeprefix("SPIN_VARIABLE_").lower(), secret)
        self.assertEqual(REDIS["secrets"], ["redis-password"])

    def test_flags_and_variables_exist(self):
        given, by_flag = arguments(HOST["command"])
        self.assertLessEqual({flag for flag, _ in given}, flags().keys())
        by_environment = {
            name.removeprefix("SPIN_VARIABLE_").lower() for name in HOST["environment"] if name.startswith("SPIN_VARIABLE_")
        }
        self.assertLessEqual(by_flag.keys() | by_environment, variables().keys())
        self.assertFalse(by_flag.keys() & by_environment)
        for flag in re.findall(r"`(--[a-z-]+)`", text_of(DEPLOY / "compose.yaml")):
            self.assertIn(flag, flags())

    def test_redis_is_where_the_host_looks_for_it(self):
        environment = HOST["environment"]
        host, port = environment["SPIN_VARIABLE_REDIS_HOST"], environment["SPIN_VARIABLE_REDIS_PORT"]
        self.assertIs(COMPOSE["services"][host], REDIS)
        self.assertEqual(port, redis_settings(SPINKUBE / "redis.conf")["port"])
        self.assertEqual(environment["SPIN_VARIABLE_REDIS_ALLOWED"], f"redis://{host}:{port}")
        self.assertTrue(set(HOST["networks"]) & set(REDIS["networks"]))
        self.assertEqual(HOST["depends_on"], {"redis": {"condition": "service_healthy"}})

    def test_redis_is_the_same_as_in_a_cluster(self):
        (container,) = spinkube_objects()["StatefulSet", "redis"]["spec"]["template"]["spec"]["containers"]
        self.assertEqual(REDIS["image"], container["image"])
        self.assertEqual(REDIS["entrypoint"], container["command"])
        self.assertEqual(REDIS["healthcheck"]["test"][1:], container["readinessProbe"]["exec"]["command"])
        binds = dict(volume.removesuffix(":ro").split(":") for volume in REDIS["volumes"] if volume.endswith(":ro"))
        for source, target in binds.items():
            self.assertTrue((DEPLOY / source).is_file(), source)
        named = {word for word in (*REDIS["entrypoint"], *REDIS["healthcheck"]["test"]) if "/" in word}
        self.assertEqual(named, set(binds.values()))
        (data,) = (volume.split(":") for volume in REDIS["volumes"] if not volume.endswith(":ro"))
        self.assertIn(data[0], COMPOSE["volumes"])
        self.assertEqual(data[1], redis_settings(SPINKUBE / "redis.conf")["dir"])
        self.assertGreaterEqual(bytes_of(REDIS["mem_limit"]), 2 * bytes_of(redis_settings(SPINKUBE / "redis.conf")["maxmemory"]))

    def test_both_are_confined(self):
        for name, service in COMPOSE["services"].items():
            with self.subTest(name):
                self.assertIs(service["read_only"], True)
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
                self.assertIn("mem_limit", service)
                self.assertNotIn("privileged", service)
        self.assertRegex(REDIS["user"], r"^[1-9]\d*:[1-9]\d*$")

    def test_requests_that_have_begun_may_end(self):
        self.assertGreater(seconds_of(HOST["stop_grace_period"]), seconds_of(flags()["--drain-timeout"]))


class HealthCheck(unittest.TestCase):
    """deploy/healthz.sh, against a server that answers as it is told."""

    def check(self, port):
        # As in the image, the address is one of all; only the port is taken from it.
        environment = {"SPIN_HTTP_LISTEN_ADDR": f"0.0.0.0:{port}", "PATH": "/usr/bin:/bin"}
        return subprocess.run(["bash", DEPLOY / "healthz.sh"], env=environment, capture_output=True, timeout=30).returncode

    def test_it_is_well_when_healthz_is_200_and_not_otherwise(self):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for status, well in ((200, True), (503, False), (500, False), (204, False)):
                self.assertEqual(self.check(server.server_port) == 0, well, status)
            server.shutdown()
        self.assertEqual(set(asked), {"/healthz"})

    def test_it_is_not_well_when_nobody_listens_or_nobody_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            self.assertNotEqual(self.check(port), 0)
        self.assertNotEqual(self.check(port), 0)


if __name__ == "__main__":
    unittest.main()
