"""Makes the vendored schemas from the two packages of PyPI that README.md names; run it only to move to newer ones.

    pip download --no-deps --dest WHEELS check-jsonschema==VERSION kubernetes-validate==VERSION
    python3 deploy/schemas/make.py WHEELS
"""

import json
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).parent
# Not the newest one: what it knows, newer ones know.
KUBERNETES = "v1.34.0-local-strict"
# The kinds of deploy/spinkube/, and the types that the API of SpinKube takes over from Kubernetes.
KINDS = {
    "ConfigMap": "configmap-v1",
    "HorizontalPodAutoscaler": "horizontalpodautoscaler-autoscaling-v2",
    "Namespace": "namespace-v1",
    "NetworkPolicy": "networkpolicy-networking-v1",
    "PodDisruptionBudget": "poddisruptionbudget-policy-v1",
    "Secret": "secret-v1",
    "Service": "service-v1",
    "ServiceAccount": "serviceaccount-v1",
    "StatefulSet": "statefulset-apps-v1",
}
TAKEN_OVER = (
    "io.k8s.api.core.v1.ConfigMapKeySelector",
    "io.k8s.api.core.v1.EnvVarSource",
    "io.k8s.api.core.v1.LocalObjectReference",
    "io.k8s.api.core.v1.SecretKeySelector",
    "io.k8s.api.core.v1.Volume",
    "io.k8s.api.core.v1.VolumeMount",
    "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
)


def references(schema):
    """The names of all definitions that it refers to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rsplit("/", 1)[1]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def shorter(schema):
    """Without descriptions and addresses, and with references into the same file."""
    if isinstance(schema, dict):
        dropped = {name for name in ("description", "$id", "$schema") if isinstance(schema.get(name), str)}
        kept = {name: shorter(value) for name, value in schema.items() if name not in dropped}
        if isinstance(kept.get("$ref"), str):
            kept["$ref"] = "#/$defs/" + kept["$ref"].rsplit("/", 1)[1]
        return kept
    if isinstance(schema, list):
        return [shorter(value) for value in schema]
    return schema


def kubernetes(wheel):
    def read(name):
        return json.loads(wheel.read(f"kubernetes_validate/kubernetes-json-schema/{KUBERNETES}/{name}.json"))

    known = read("_definitions")["$defs"]
    kinds = {kind: read(name) for kind, name in KINDS.items()}
    needed, found = [*TAKEN_OVER, *references(list(kinds.values()))], {}
    while needed:
        name = needed.pop()
        if name not in found:
            found[name] = shorter(known[name])
            needed += references(known[name])
    return {"kinds": shorter(kinds), "$defs": dict(sorted(found.items()))}


def wheel(folder, name):
    (path,) = folder.glob(f"{name}-*.whl")
    return zipfile.ZipFile(path)


def main(folder):
    (HERE / "compose-spec.json").write_bytes(
        wheel(folder, "check_jsonschema").read("check_jsonschema/builtin_schemas/vendor/compose-spec.json")
    )
    made = json.dumps(kubernetes(wheel(folder, "kubernetes_validate")), indent=1)
    (HERE / "kubernetes.json").write_text(made + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
