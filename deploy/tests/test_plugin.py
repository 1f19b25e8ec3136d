"""The plugin `spin test`: what scripts/spin-plugin.sh makes of deploy/spin-plugin/test.json.in, as Spin reads it."""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

from project import ROOT

PARTS = ["Cargo.toml", "LICENSE", "deploy/spin-plugin/test.json.in", "scripts/lib.sh", "scripts/spin-plugin.sh"]
PROGRAM = b"#!/bin/sh\necho \"$@\"\n"


class Plugin(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        for part in PARTS:
            (self.root / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / part, self.root / part)

    def make(self, program):
        if program:
            host = self.root / "target/native/redstart-host"
            host.parent.mkdir(parents=True)
            host.write_bytes(program)
            host.chmod(0o755)
        return subprocess.run([self.root / "scripts/spin-plugin.sh"], capture_output=True, text=True, check=False)

    def test_the_manifest_is_of_the_archive_and_the_archive_of_the_host(self):
        made = self.make(PROGRAM)
        self.assertEqual(made.returncode, 0, made.stderr)
        manifest = json.loads((self.root / "target/spin-plugin/test.json").read_text())
        version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
        self.assertEqual((manifest["name"], manifest["version"]), ("test", version))
        self.assertEqual(
            set(manifest), {"name", "description", "version", "spinCompatibility", "license", "packages"}
        )
        [package] = manifest["packages"]
        self.assertEqual(set(package), {"os", "arch", "url", "sha256"})
        self.assertIn(package["os"], ["linux", "macos"])
        self.assertIn(package["arch"], ["amd64", "aarch64"])
        archive = Path(package["url"].removeprefix("file://"))
        self.assertEqual(package["sha256"], hashlib.sha256(archive.read_bytes()).hexdigest())
        with tarfile.open(archive) as packed:
            self.assertEqual(sorted(packed.getnames()), ["test", "test.license"])
            self.assertEqual(packed.extractfile("test").read(), PROGRAM)
            self.assertTrue(packed.getmember("test").mode & 0o111)

    def test_without_a_host_it_says_how_to_build_it(self):
        made = self.make(None)
        self.assertNotEqual(made.returncode, 0)
        self.assertIn("scripts/build.sh host", made.stderr)


if __name__ == "__main__":
    unittest.main()
