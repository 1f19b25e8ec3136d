"""docs/deploy.md names files, flags, variables and objects that are there, and its shell can be read."""

import re
import subprocess
import unittest

from project import DEPLOY, ROOT, SPINKUBE, config_ini, flags, load, secrets_example, spinkube_objects, text_of, variables

GUIDE = text_of(ROOT / "docs/deploy.md")
BLOCKS = [re.sub(r"(?m)^   ", "", block) for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)]
SHELL = "\n".join(BLOCKS).replace("\\\n", " ")
INLINE = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", GUIDE, flags=re.DOTALL))


class Guide(unittest.TestCase):
    def test_the_shell_can_be_read(self):
        self.assertGreater(len(BLOCKS), 8)
        for block in BLOCKS:
            run = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True)
            self.assertEqual(run.stderr, "", block)

    def test_files_are_there(self):
        named = re.findall(r"\b(?:deploy|scripts)/[\w./-]*\w", GUIDE)
        named += [word for word in INLINE if re.fullmatch(r"[\w.-]+\.(toml|ini)", word)]
        self.assertGreater(len(named), 15)
        for name in named:
            self.assertTrue((ROOT / name).exists(), name)
        for name in (word for word in INLINE if re.fullmatch(r"[\w.-]+\.(yaml|conf)", word)):
            self.assertTrue(any((folder / name).exists() for folder in (SPINKUBE, DEPLOY)), name)

    def test_the_folder_of_secrets_is_in_no_commit_and_in_no_image(self):
        self.assertIn("mkdir -m 700 secrets\n", GUIDE)
        self.assertIn("/secrets/", text_of(ROOT / ".gitignore").splitlines())
        self.assertIn("secrets", text_of(DEPLOY / "Containerfile.dockerignore").splitlines())

    def test_links_lead_somewhere(self):
        for page, _, place in re.findall(r"\]\((\w*\.md)?(#)?([\w-]*)\)", GUIDE):
            titles = re.findall(r"(?m)^#+ (.*)$", text_of(ROOT / "docs" / page) if page else GUIDE)
            anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            self.assertIn(place, {*anchors, ""}, page)

    def test_variables_and_settings_exist(self):
        given = re.findall(r"--variable (\w+)=", SHELL) + [name.lower() for name in re.findall(r"SPIN_VARIABLE_(\w+)=", SHELL)]
        self.assertGreater(len(set(given)), 4)
        # A field of the log has such a name, too.
        given += [word for word in INLINE if re.fullmatch(r"(redis|api)_\w+", word) and word != "redis_calls"]
        for name in given:
            self.assertIn(name, variables())
        for section in re.findall(r"`\[(\w+)\]", GUIDE):
            self.assertIn(section, config_ini())

    def test_the_container_is_started_with_flags_of_the_host(self):
        (command,) = re.findall(r"docker run .*? redstart-host:[\d.]+ (.*)", SHELL)
        for flag in re.findall(r"(?<=\s)--[a-z-]+", f" {command}"):
            self.assertIn(flag, flags())

    def test_the_image_is_the_one_of_compose(self):
        names = set(re.findall(r"redstart-host:[\d.]+", GUIDE))
        self.assertEqual(names, {load(DEPLOY / "compose.yaml")["services"]["redstart"]["image"]})
        (tag,) = set(re.findall(r"registry\.example/redstart:([\d.]+)", GUIDE))
        self.assertEqual(tag, load(SPINKUBE / "kustomization.yaml")["images"][0]["newTag"])

    def test_objects_and_keys_of_secrets_exist(self):
        made = {("statefulset", "redis"), ("deployment", "redstart")}
        self.assertIn(("StatefulSet", "redis"), spinkube_objects())
        self.assertIn(("SpinApp", "redstart"), spinkube_objects())
        self.assertEqual(set(re.findall(r"(statefulset|deployment)/(\w+)", SHELL)), made)
        example = secrets_example()
        found = 0
        for name, rest in re.findall(r"create secret generic (\S+) ([^|\n]*)", SHELL):
            for key in re.findall(r"--from-file=secrets/(\S+)", rest):
                self.assertIn(key, example[name])
                found += 1
        self.assertGreater(found, 5)
        self.assertIn("redstart-client=yes", SHELL)

    def test_each_way_and_what_was_not_tried_are_told(self):
        titles = re.findall(r"(?m)^## (.*)$", GUIDE)
        for title in ("SpinKube", "Compose", "systemd", "Spin on a machine", "Changing a token", "Changing Redis's password"):
            self.assertIn(title, titles)
        self.assertRegex(" ".join(GUIDE.split("\n## ")[0].split()), "Nothing here was run in a cluster, .* by systemd itself")


if __name__ == "__main__":
    unittest.main()
