"""Each YAML document is what its schema says, and the schemas refuse what is not."""

import copy
import hashlib
import re
import unittest

import yaml

from project import (
    DEPLOY, KUBERNETES, KUSTOMIZE, SCHEMAS, SPINKUBE, SPINKUBE_KINDS, documents, errors, load, schema_file, schema_of,
    spinkube_objects, text_of,
)

# What holds names of somebody's own choosing.
FREE = {"labels", "matchLabels", "podLabels", "limits", "requests", "invocationLimits", "selector"}


class Kubernetes(unittest.TestCase):
    def test_every_document_is_what_its_schema_says(self):
        files = sorted(SPINKUBE.glob("*.yaml"))
        self.assertGreater(len(files), 5)
        for file in files:
            found = documents(text_of(file))
            self.assertTrue(found, file.name)
            for document in found:
                with self.subTest(file=file.name, kind=document.get("kind")):
                    self.assertEqual(errors(document, schema_of(document)), [])

    def test_every_file_is_applied_but_for_the_example_of_secrets(self):
        kustomization = load(SPINKUBE / "kustomization.yaml")
        named = {*kustomization["resources"], *kustomization["configurations"], "kustomization.yaml", "secrets.example.yaml"}
        named.update(*(generator["files"] for generator in kustomization["configMapGenerator"]))
        self.assertEqual({file.name for file in SPINKUBE.iterdir()}, named)

    def test_an_unknown_field_is_an_error_at_every_depth(self):
        tried = 0
        for (kind, name), document in spinkube_objects().items():
            for path, value in mappings(document):
                if path and path[-1] in FREE:
                    continue
                wrong = copy.deepcopy(document)
                at(wrong, path)["reduction"] = 1
                with self.subTest(kind=kind, name=name, path=path):
                    self.assertTrue(errors(wrong, schema_of(wrong)))
                tried += 1
        self.assertGreater(tried, 80)

    def test_wrong_values_are_errors(self):
        app = load_app()
        for path, value in (
            (("spec", "image"), None),
            (("spec", "image"), 1),
            (("spec", "replicas"), 2),
            (("spec", "enableAutoscaling"), "true"),
            (("spec", "enableAutoscaling"), False),
            (("spec", "components"), []),
            (("spec", "checks", "readiness", "httpGet", "path"), None),
            (("spec", "variables", 0, "value"), 6379),
            (("apiVersion",), "core.spinoperator.dev/v1alpha1"),
        ):
            wrong = copy.deepcopy(app)
            if value is None:
                del at(wrong, path[:-1])[path[-1]]
            else:
                at(wrong, path[:-1])[path[-1]] = value
            with self.subTest(path=path, value=value):
                self.assertTrue(errors(wrong, schema_of(wrong)))
        for kind, name, path, value in (
            ("StatefulSet", "redis", ("spec", "replicas"), "1"),
            ("StatefulSet", "redis", ("spec", "template", "spec", "containers"), {}),
            ("NetworkPolicy", "redis", ("spec", "policyTypes"), "Ingress"),
            ("HorizontalPodAutoscaler", "redstart", ("spec", "maxReplicas"), "8"),
        ):
            wrong = copy.deepcopy(spinkube_objects()[kind, name])
            at(wrong, path[:-1])[path[-1]] = value
            with self.subTest(path=path, value=value):
                self.assertTrue(errors(wrong, schema_of(wrong)))

    def test_a_name_twice_is_an_error(self):
        with self.assertRaises(yaml.YAMLError):
            documents("a: 1\na: 2\n")

    def test_every_kind_that_has_a_schema_is_used(self):
        used = {kind for kind, _ in spinkube_objects()} | {"ConfigMap", "Secret", "Kustomization", "Configuration"}
        self.assertEqual({*KUBERNETES["kinds"], *SPINKUBE_KINDS["kinds"], *KUSTOMIZE["kinds"]}, used)


class Origin(unittest.TestCase):
    def test_files_of_others_are_what_the_readme_says(self):
        told = dict(re.findall(r"(?m)^\| `([\w.-]+)` .* `([0-9a-f]{64})` \|$", text_of(SCHEMAS / "README.md")))
        self.assertEqual(told.keys(), {"compose-spec.json", "kubernetes.json"})
        for name, digest in told.items():
            self.assertEqual(hashlib.sha256((SCHEMAS / name).read_bytes()).hexdigest(), digest, name)

    def test_the_readme_tells_of_each_schema(self):
        for path in SCHEMAS.glob("*.json"):
            self.assertIn(f"| `{path.name}` |", text_of(SCHEMAS / "README.md"))


class Compose(unittest.TestCase):
    def test_the_file_is_what_the_schema_says(self):
        self.assertEqual(errors(load(DEPLOY / "compose.yaml"), schema_file("compose-spec")), [])

    def test_an_unknown_field_and_a_wrong_value_are_errors(self):
        for path, value in (
            (("reduction",), 1),
            (("services", "redis", "reduction"), 1),
            (("services", "redis", "healthcheck", "reduction"), 1),
            (("services", "redis", "read_only"), []),
            (("services", "redstart", "ports"), "127.0.0.1:3000:3000"),
        ):
            wrong = load(DEPLOY / "compose.yaml")
            at(wrong, path[:-1])[path[-1]] = value
            with self.subTest(path=path):
                self.assertTrue(errors(wrong, schema_file("compose-spec")))


def load_app():
    return spinkube_objects()["SpinApp", "redstart"]


def at(document, path):
    for name in path:
        document = document[name]
    return document


def mappings(document, path=()):
    """Every mapping in it, with the path that leads there."""
    if isinstance(document, dict):
        yield path, document
        for name, value in document.items():
            yield from mappings(value, (*path, name))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from mappings(value, (*path, index))


if __name__ == "__main__":
    unittest.main()
