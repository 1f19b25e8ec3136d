"""The unit is one that systemd understands, confines the host as far as it can be, and starts it as it has to be."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

from project import DEPLOY, ROOT, arguments, bytes_of, flags, seconds_of, spin_toml, text_of, variables

UNIT = DEPLOY / "redstart.service"
ANALYZE = shutil.which("systemd-analyze")
WITHOUT = "there is no systemd-analyze"
# Files of the project that are installed.
OWN = ("spin.toml", "config.ini", "README.md", "deploy/redstart.service")
# Those that this unit uses; systemd only warns of one that it does not know.
KNOWN = {
    "Unit": {"Description", "Documentation", "Wants", "After"},
    "Install": {"WantedBy"},
    "Service": {
        "Type", "ExecStart", "LoadCredential", "CacheDirectory", "Restart", "RestartSec", "RestartPreventExitStatus",
        "TimeoutStopSec", "LimitNOFILE", "MemoryMax", "TasksMax", "DynamicUser", "ProtectSystem", "ProtectHome",
        "PrivateTmp", "NoNewPrivileges", "RestrictSUIDSGID", "CapabilityBoundingSet", "AmbientCapabilities", "UMask",
        "PrivateDevices", "PrivateUsers", "ProtectClock", "ProtectControlGroups", "ProtectHostname",
        "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "ProtectProc", "ProcSubset",
        "KeyringMode", "LockPersonality", "RestrictNamespaces", "RestrictRealtime", "RestrictAddressFamilies",
        "IPAddressDeny", "IPAddressAllow", "SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber",
        "MemoryDenyWriteExecute",
    },
}


def parse(text):
    """The sections of a unit, each a list of keys with their values."""
    sections, lines = {}, re.sub(r"^[#;].*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    for line in filter(str.strip, lines):
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        else:
            name, is_setting, value = line.partition("=")
            assert is_setting, line
            current.append((name, value))
    return sections


SECTIONS = parse(text_of(UNIT))


def values(name):
    return [value for key, value in SECTIONS["Service"] if key == name]


def value(name):
    (only,) = values(name)
    return only


class Unit(unittest.TestCase):
    def test_sections_and_keys_are_known(self):
        self.assertEqual(SECTIONS.keys(), KNOWN.keys())
        for section, settings in SECTIONS.items():
            self.assertEqual({name for name, _ in settings}, KNOWN[section], section)

    def test_the_host_is_started_with_flags_and_variables_that_exist(self):
        program, *words = shlex.split(value("ExecStart"))
        self.assertEqual(pathlib.Path(program).name, "redstart-host")
        given, by_name = arguments(words)
        self.assertLessEqual({flag for flag, _ in given}, flags().keys())
        self.assertLessEqual(by_name.keys(), variables().keys())
        self.assertEqual(by_name["redis_allowed"], f"redis://{by_name['redis_host']}:{by_name['redis_port']}")
        self.assertEqual(pathlib.Path(dict(given)["--from"]).name, "spin.toml")
        for flag in re.findall(r"\((--[a-z-]+)\)", text_of(UNIT)):
            self.assertIn(flag, flags())

    def test_it_listens_to_this_machine_alone(self):
        given, _ = arguments(shlex.split(value("ExecStart"))[1:])
        self.assertRegex(dict(given)["--listen"], r"^127\.0\.0\.1:\d+$")
        self.assertEqual(value("IPAddressDeny"), "any")
        self.assertEqual(value("IPAddressAllow"), "localhost")

    def test_secrets_are_credentials_and_nothing_else_holds_them(self):
        _, by_name = arguments(shlex.split(value("ExecStart"))[1:])
        secret = {name for name, is_secret in variables().items() if is_secret} & by_name.keys()
        self.assertEqual(secret, {"redis_password", "api_token"})
        credentials = dict(credential.split(":") for credential in values("LoadCredential"))
        self.assertEqual(credentials.keys(), secret)
        for name in secret:
            self.assertEqual(by_name[name], f"@${{CREDENTIALS_DIRECTORY}}/{name}")
            self.assertEqual(credentials[name], f"/etc/redstart/{name}")
        self.assertFalse(values("Environment") or values("EnvironmentFile") or values("SetCredential"))

    def test_code_that_is_made_at_run_time_may_run(self):
        self.assertEqual(value("MemoryDenyWriteExecute"), "no")
        self.assertFalse(values("LimitAS"))

    def test_it_has_what_the_host_needs_by_its_defaults(self):
        settings = text_of(ROOT / "host/src/settings.rs")
        connections = int(re.search(r"DEFAULT_MAX_CONNECTIONS: usize = ([\d_]+)", settings)[1].replace("_", ""))
        self.assertGreater(int(value("LimitNOFILE")), 2 * connections)
        memory = re.search(r"DEFAULT_MAX_MEMORY: usize = (\d+) << (\d+)", settings)
        self.assertGreaterEqual(bytes_of(value("MemoryMax")), (int(memory[1]) << int(memory[2])) + bytes_of("512M"))
        self.assertGreater(seconds_of(value("TimeoutStopSec")), seconds_of(flags()["--drain-timeout"]))

    # What cannot be tried here, `make test` names as not checked.
    @unittest.skipUnless(sys.platform == "linux", "this is no Linux, whose install(1) the guide uses")
    def test_the_guide_puts_its_files_where_it_looks_for_them(self):
        blocks = re.findall(r"```sh\n(.*?)```", text_of(ROOT / "docs/deploy.md"), re.DOTALL)
        (block,) = (block for block in blocks if ".service" in block)
        lines = [line for line in block.splitlines() if line.startswith(("install ", "cp "))]
        component = spin_toml()["component"]["redstart"]
        with tempfile.TemporaryDirectory() as project, tempfile.TemporaryDirectory() as system:
            built = ("target/lto/redstart-host", component["source"], "target/page/page.js")
            for name in (*built, *(f"secrets/{name}" for name in ("redis-password", "api-token")), *OWN):
                path = pathlib.Path(project, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(name, encoding="utf-8")
            pathlib.Path(system, "etc/systemd/system").mkdir(parents=True)
            script = "\n".join(re.sub(r"(?<= )/(?=usr|etc)", f"{system}/", line) for line in lines)
            subprocess.run(["sh", "-euc", f"umask 022\n{script}"], cwd=project, check=True)
            program, *words = shlex.split(value("ExecStart"))
            given, _ = arguments(words)
            folder = dict(given)["--from"].removesuffix("/spin.toml")
            for name in ("spin.toml", component["source"], component["files"][0], f"{component['files'][1]['source']}/page.js"):
                self.assertEqual(pathlib.Path(f"{system}{folder}/{name}").read_text(encoding="utf-8"), name)
            self.assertTrue(os.access(f"{system}{program}", os.X_OK))
            for credential in values("LoadCredential"):
                path = pathlib.Path(system + credential.partition(":")[2])
                self.assertEqual(path.stat().st_mode & 0o777, 0o600)
                self.assertEqual(path.parent.stat().st_mode & 0o777, 0o700)


# What cannot be tried here, `make test` names as not checked.
@unittest.skipUnless(ANALYZE, WITHOUT)
class Systemd(unittest.TestCase):
    def verify(self, text):
        """What systemd says of a unit, with a program that is there."""
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "redstart.service")
            unit.write_text(text.replace("/usr/local/bin/redstart-host", sys.executable), encoding="utf-8")
            run = subprocess.run([ANALYZE, "verify", unit], capture_output=True, text=True, timeout=60)
        return [line for line in (run.stdout + run.stderr).splitlines() if "redstart.service" in line]

    def test_systemd_finds_nothing_wrong(self):
        self.assertEqual(self.verify(text_of(UNIT)), [])

    def test_systemd_would_find_what_is_wrong(self):
        for right, wrong in (("PrivateTmp=", "PrivateTemp="), ("Type=exec", "Type=run"), ("MemoryMax=2G", "MemoryMax=many")):
            self.assertTrue(self.verify(text_of(UNIT).replace(right, wrong)), wrong)

    def exposure(self, text):
        """Of ten; None where this systemd cannot tell without running the unit."""
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "redstart.service")
            unit.write_text(text, encoding="utf-8")
            run = subprocess.run(
                [ANALYZE, "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True, timeout=60
            )
        found = re.search(r"exposure level for \S+: ([\d.]+)", run.stdout)
        return found and float(found[1])

    def test_it_is_confined_as_far_as_the_host_allows(self):
        exposure = self.exposure(text_of(UNIT))
        if exposure is None:
            # What cannot be tried here, `make test` names as not checked.
            self.skipTest("systemd-analyze is older than 250: it knows no --offline")
        self.assertLess(exposure, 1.5)
        self.assertGreater(self.exposure(text_of(UNIT).replace("SystemCallFilter=", "#")), 1.5)


if __name__ == "__main__":
    unittest.main()
