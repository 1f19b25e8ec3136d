"""The objects for Kubernetes fit each other, the application and Redis."""

import re
import shutil
import subprocess
import unittest

from project import (
    ROOT, SPINKUBE, bytes_of, config_ini, documents, errors, load, redis_settings, schema_of, secrets_example, spinkube_objects,
    text_of, variables,
)

OBJECTS = spinkube_objects()
APP = OBJECTS["SpinApp", "redstart"]["spec"]
STATEFUL = OBJECTS["StatefulSet", "redis"]["spec"]
POD = STATEFUL["template"]["spec"]
(REDIS,) = POD["containers"]
SERVICE = OBJECTS["Service", "redis"]["spec"]
AUTOSCALER = OBJECTS["HorizontalPodAutoscaler", "redstart"]["spec"]
REDIS_LABELS = STATEFUL["template"]["metadata"]["labels"]
# What the operator adds to the pods of an app of this name.
APP_LABELS = {
    **APP["podLabels"],
    "core.spinkube.dev/app-name": "redstart",
    "core.spinkube.dev/app.redstart.status": "ready",
}
EXAMPLE = secrets_example()


def selects(selector, labels):
    assert set(selector) <= {"matchLabels"}, selector
    return selector.get("matchLabels", {}).items() <= labels.items()


class Variables(unittest.TestCase):
    given = {variable["name"]: variable for variable in APP["variables"]}

    def test_each_is_one_of_the_application_and_given_once(self):
        self.assertEqual(len(self.given), len(APP["variables"]))
        self.assertLessEqual(self.given.keys(), variables().keys())

    def test_secret_ones_come_from_secrets(self):
        # `config` may hold secrets; here it holds none.
        self.assertNotRegex(self.given["config"]["value"], r"(?i)password|token")
        secret = {name for name, is_secret in variables().items() if is_secret} - {"config"}
        for name in secret & self.given.keys():
            self.assertNotIn("value", self.given[name])
            self.assertIn("secretKeyRef", self.given[name]["valueFrom"])
        self.assertGreaterEqual(secret & self.given.keys(), {"redis_password", "api_token", "api_tokens"})

    def test_redis_is_where_its_service_is(self):
        host, port = self.given["redis_host"]["value"], self.given["redis_port"]["value"]
        self.assertIn(("Service", host), OBJECTS)
        self.assertEqual(int(port), SERVICE["ports"][0]["port"])
        self.assertEqual(self.given["redis_allowed"]["value"], f"redis://{host}:{port}")

    def test_what_is_laid_over_the_settings_has_settings_of_config_ini(self):
        laid = type(config_ini())(interpolation=None)
        laid.read_string(self.given["config"]["value"])
        self.assertTrue(laid.sections())
        for section in laid.sections():
            self.assertLessEqual(laid[section].keys(), config_ini()[section].keys())


class Secrets(unittest.TestCase):
    def test_every_key_that_is_referred_to_is_in_the_example_and_the_other_way_round(self):
        sources = [variable.get("valueFrom", {}) for variable in APP["variables"]]
        references = [source["secretKeyRef"] for source in sources if "secretKeyRef" in source]
        used = {(reference["name"], reference["key"]) for reference in references}
        for reference in references:
            self.assertIn(reference["key"], EXAMPLE[reference["name"]])
        (mounted,) = (volume["secret"] for volume in POD["volumes"] if "secret" in volume)
        # All of its keys become files, of which start.sh reads two.
        self.assertNotIn("items", mounted)
        self.assertFalse(mounted.get("optional"))
        used |= {(mounted["secretName"], key) for key in re.findall(r"\$SECRETS/([a-z-]+)", text_of(SPINKUBE / "start.sh"))}
        self.assertEqual(used, {(name, key) for name, keys in EXAMPLE.items() for key in keys})

    def test_redis_and_the_token_that_does_everything_are_not_optional(self):
        needed = {"redis_password", "api_token"}
        for variable in APP["variables"]:
            reference = variable.get("valueFrom", {}).get("secretKeyRef", {})
            self.assertEqual(bool(reference) and not reference.get("optional", False), variable["name"] in needed)

    def test_the_example_holds_no_value_and_is_not_applied(self):
        self.assertEqual({value for keys in EXAMPLE.values() for value in keys.values()}, {""})
        self.assertNotIn("Secret", {kind for kind, _ in OBJECTS})

    def test_redis_does_not_see_the_tokens(self):
        self.assertNotIn("redstart-api", str(STATEFUL))


class Network(unittest.TestCase):
    """What passes, worked out from the policies as Kubernetes does."""

    policies = [document["spec"] for (kind, _), document in OBJECTS.items() if kind == "NetworkPolicy"]
    own = {"kubernetes.io/metadata.name": "redstart", **OBJECTS["Namespace", "redstart"]["metadata"]["labels"]}
    redis, app, other = (own, REDIS_LABELS), (own, APP_LABELS), (own, {"app.kubernetes.io/name": "other"})
    system = {"kubernetes.io/metadata.name": "kube-system"}
    dns, metrics = (system, {"k8s-app": "kube-dns"}), (system, {"k8s-app": "metrics-server"})
    ingress = ({"kubernetes.io/metadata.name": "ingress", "redstart-client": "yes"}, {"app": "proxy"})
    stranger = ({"kubernetes.io/metadata.name": "stranger"}, APP_LABELS)

    def passes(self, source, target, port, protocol="TCP"):
        leaves = self.one_way("Egress", source, target, port, protocol)
        return leaves and self.one_way("Ingress", target, source, port, protocol)

    def one_way(self, direction, pod, peer, port, protocol):
        if pod[0] is not self.own:
            return True
        holding = [
            policy for policy in self.policies if direction in policy["policyTypes"] and selects(policy["podSelector"], pod[1])
        ]
        rules = [rule for policy in holding for rule in policy.get(direction.lower(), [])]
        return not holding or any(self.fits(rule, direction, peer, port, protocol) for rule in rules)

    def fits(self, rule, direction, peer, port, protocol):
        peers = rule["to" if direction == "Egress" else "from"]
        return {"protocol": protocol, "port": port} in rule["ports"] and any(self.is_peer(one, peer) for one in peers)

    def is_peer(self, one, peer):
        namespace, labels = peer
        within = selects(one["namespaceSelector"], namespace) if "namespaceSelector" in one else namespace is self.own
        return within and selects(one.get("podSelector", {}), labels)

    def test_what_is_needed_passes(self):
        self.assertTrue(self.passes(self.app, self.redis, 6379))
        self.assertTrue(self.passes(self.ingress, self.app, 80))
        self.assertTrue(self.passes(self.app, self.dns, 53, "UDP"))
        self.assertTrue(self.passes(self.app, self.dns, 53))

    def test_nothing_else_passes(self):
        for source, target, port in (
            (self.ingress, self.redis, 6379), (self.stranger, self.redis, 6379), (self.other, self.redis, 6379),
            (self.stranger, self.app, 80), (self.other, self.app, 80), (self.redis, self.app, 80),
            (self.app, self.app, 80), (self.redis, self.dns, 53), (self.redis, self.stranger, 443),
            (self.app, self.stranger, 443), (self.app, self.metrics, 443), (self.app, self.redis, 22),
            (self.other, self.dns, 53), (self.other, self.stranger, 80),
        ):
            with self.subTest(source=source[1], target=target[1], port=port):
                self.assertFalse(self.passes(source, target, port))

    def test_the_ports_are_those_of_the_containers(self):
        (port,) = REDIS["ports"]
        self.assertEqual(port["containerPort"], 6379)
        self.assertEqual(SERVICE["ports"][0]["targetPort"], port["name"])


class Selectors(unittest.TestCase):
    def test_the_service_and_the_stateful_set_have_redis_alone(self):
        for selector in (SERVICE["selector"], STATEFUL["selector"]["matchLabels"]):
            self.assertTrue(selects({"matchLabels": selector}, REDIS_LABELS))
            self.assertFalse(selects({"matchLabels": selector}, APP_LABELS))
        self.assertIn(("Service", STATEFUL["serviceName"]), OBJECTS)

    def test_the_autoscaler_has_what_it_scales_and_measures(self):
        target = AUTOSCALER["scaleTargetRef"]
        # The operator gives the Deployment the name of the app.
        self.assertEqual((target["apiVersion"], target["kind"]), ("apps/v1", "Deployment"))
        self.assertIn(("SpinApp", target["name"]), OBJECTS)
        self.assertTrue(APP["enableAutoscaling"])
        self.assertIn("cpu", APP["resources"]["requests"])
        self.assertLess(1, AUTOSCALER["minReplicas"])
        self.assertLess(AUTOSCALER["minReplicas"], AUTOSCALER["maxReplicas"])

    def test_an_eviction_leaves_pods(self):
        budget = OBJECTS["PodDisruptionBudget", "redstart"]["spec"]
        self.assertTrue(selects(budget["selector"], APP_LABELS))
        self.assertFalse(selects(budget["selector"], REDIS_LABELS))
        self.assertLess(budget["maxUnavailable"], AUTOSCALER["minReplicas"])

    def test_executor_and_account_are_there(self):
        self.assertIn(("SpinAppExecutor", APP["executor"]), OBJECTS)
        self.assertFalse(OBJECTS["ServiceAccount", APP["serviceAccountName"]]["automountServiceAccountToken"])


class Health(unittest.TestCase):
    def test_the_probes_ask_what_the_component_serves(self):
        routes = "".join(text_of(path) for path in (ROOT / "src").rglob("*.rs"))
        for probe, path in (("readiness", "/readyz"), ("liveness", "/healthz")):
            self.assertEqual(APP["checks"][probe]["httpGet"]["path"], path)
            self.assertIn(f'"{path}"', routes)

    def test_a_probe_waits_longer_than_redis_may_take(self):
        for probe in APP["checks"].values():
            self.assertGreater(1000 * probe["timeoutSeconds"], int(config_ini()["redis"]["timeout_ms"]))


class Redis(unittest.TestCase):
    settings = redis_settings(SPINKUBE / "redis.conf")

    def test_it_meets_the_restricted_standard_and_writes_to_its_volume_alone(self):
        pod, container = POD["securityContext"], REDIS["securityContext"]
        self.assertTrue(pod["runAsNonRoot"])
        self.assertEqual({pod["runAsUser"], pod["runAsGroup"], pod["fsGroup"]}, {999})
        self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(container["capabilities"], {"drop": ["ALL"]})
        self.assertIs(container["allowPrivilegeEscalation"], False)
        self.assertIs(container["readOnlyRootFilesystem"], True)
        self.assertIs(POD["automountServiceAccountToken"], False)
        writable = {mount["mountPath"] for mount in REDIS["volumeMounts"] if not mount.get("readOnly")}
        self.assertEqual(writable, {self.settings["dir"]})

    def test_it_finds_its_files_where_they_are_mounted(self):
        mounts = {mount["name"]: mount["mountPath"] for mount in REDIS["volumeMounts"]}
        claims = {claim["metadata"]["name"] for claim in STATEFUL["volumeClaimTemplates"]}
        self.assertEqual(mounts.keys(), claims | {volume["name"] for volume in POD["volumes"]})
        (generator,) = load(SPINKUBE / "kustomization.yaml")["configMapGenerator"]
        (config,) = (volume["configMap"]["name"] for volume in POD["volumes"] if "configMap" in volume)
        self.assertEqual(config, generator["name"])
        named = {word for word in (*REDIS["command"], *REDIS["readinessProbe"]["exec"]["command"]) if "/" in word}
        self.assertEqual(named, {f"{mounts['config']}/{file}" for file in generator["files"]})
        self.assertEqual(REDIS["env"], [{"name": "SECRETS", "value": mounts["password"]}])

    def test_it_keeps_what_was_written_as_the_one_for_developers_does(self):
        developers = redis_settings(ROOT / "redis/redis.conf")
        for name in (
            "appendonly", "appendfsync", "no-appendfsync-on-rewrite", "aof-load-truncated", "aof-use-rdb-preamble",
            "stop-writes-on-bgsave-error", "maxmemory-policy", "protected-mode",
        ):
            self.assertEqual(self.settings[name], developers[name], name)
        self.assertEqual(self.settings["appendonly"], "yes")

    def test_no_password_is_in_its_settings(self):
        self.assertFalse({"requirepass", "masterauth", "user", "aclfile"} & self.settings.keys())

    def test_saving_has_room_in_its_memory(self):
        limit = bytes_of(REDIS["resources"]["limits"]["memory"])
        self.assertGreaterEqual(limit, 2 * bytes_of(self.settings["maxmemory"]))


class Kustomize(unittest.TestCase):
    # What cannot be tried here, `make test` names as not checked.
    @unittest.skipUnless(shutil.which("kubectl"), "there is no kubectl to build the kustomization with")
    def test_what_it_makes_is_valid_and_complete(self):
        made = documents(subprocess.run(["kubectl", "kustomize", SPINKUBE], check=True, capture_output=True, text=True).stdout)
        for document in made:
            self.assertEqual(errors(document, schema_of(document)), [], document["metadata"]["name"])
            if document["kind"] != "Namespace":
                self.assertEqual(document["metadata"]["namespace"], "redstart")
        kinds = {document["kind"]: document for document in made}
        self.assertEqual(kinds.keys(), {kind for kind, _ in OBJECTS} | {"ConfigMap"})
        self.assertEqual(len(made), len(OBJECTS) + 1)
        (image,) = load(SPINKUBE / "kustomization.yaml")["images"]
        self.assertEqual(kinds["SpinApp"]["spec"]["image"], f"{image['newName']}:{image['newTag']}")
        volumes = kinds["StatefulSet"]["spec"]["template"]["spec"]["volumes"]
        (config,) = (volume["configMap"] for volume in volumes if "configMap" in volume)
        self.assertEqual(config["name"], kinds["ConfigMap"]["metadata"]["name"])

    def test_the_image_is_one_that_nobody_can_have(self):
        (image,) = load(SPINKUBE / "kustomization.yaml")["images"]
        self.assertEqual(image["name"], APP["image"])
        self.assertRegex(image["newName"], r"^[a-z]+\.invalid/")


if __name__ == "__main__":
    unittest.main()
