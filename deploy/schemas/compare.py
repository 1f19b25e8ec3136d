"""Says where spinkube.json differs from the definitions of SpinKube: their fields, which are required, and their types.

    python3 deploy/schemas/compare.py core.spinkube.dev_spinapps.yaml core.spinkube.dev_spinappexecutors.yaml

The two files are in config/crd/bases of github.com/spinframework/spin-operator. Types that SpinKube takes over from
Kubernetes are left out: those of its version of Kubernetes and of kubernetes.json may differ.
"""

import json
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).parent


def resolved(schema, ours):
    """What a reference within spinkube.json stands for; None where it leads to Kubernetes."""
    reference = schema.get("$ref", "")
    if reference.startswith("kubernetes.json"):
        return None
    return ours["$defs"][reference.removeprefix("#/$defs/")] if reference else schema


def differences(path, theirs, schema, ours):
    schema = resolved(schema, ours)
    if schema is None:
        return
    if schema.get("type", "string") != theirs.get("type"):
        yield f"{path}: the type is {theirs.get('type')}"
    known, real = schema.get("properties", {}), theirs.get("properties", {})
    for name in sorted(known.keys() ^ real.keys()):
        yield f"{path}.{name}: {'is not there' if name in known else 'is missing here'}"
    if set(schema.get("required", ())) != set(theirs.get("required", ())):
        yield f"{path}: required is {sorted(theirs.get('required', ()))}"
    for name in sorted(known.keys() & real.keys()):
        yield from differences(f"{path}.{name}", real[name], known[name], ours)
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from differences(f"{path}[]", theirs.get(inner) or {}, schema[inner], ours)


def main(files):
    ours, found = json.loads((HERE / "spinkube.json").read_text(encoding="utf-8")), []
    for file in files:
        definition = yaml.safe_load(pathlib.Path(file).read_text(encoding="utf-8"))["spec"]
        (version,) = (version for version in definition["versions"] if version["name"] == "v1alpha1")
        kind = definition["names"]["kind"]
        theirs = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        found += differences(kind, theirs, ours["kinds"][kind]["properties"]["spec"], ours)
    print("\n".join(found) or "no difference")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
