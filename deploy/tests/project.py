"""What the tests share: the files of deploy/, what they have to agree with in the project, and the schemas."""

import configparser
import json
import pathlib
import re
import tomllib

import jsonschema
import referencing
import yaml

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SPINKUBE = DEPLOY / "spinkube"
SCHEMAS = DEPLOY / "schemas"


def text_of(path):
    return path.read_text(encoding="utf-8")


class Loader(yaml.SafeLoader):
    """Refuses a name that is in a mapping twice, of which YAML's own loader takes the last."""

    def construct_mapping(self, node, deep=False):
        names = [self.construct_object(name, deep=deep) for name, _ in node.value]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {', '.join(sorted(twice))}", node.start_mark)
        return super().construct_mapping(node, deep)


def documents(text):
    return [document for document in yaml.load_all(text, Loader) if document is not None]


def spinkube_objects():
    """What is applied to a cluster, by kind and name."""
    files = load(SPINKUBE / "kustomization.yaml")["resources"]
    found = [document for file in files for document in documents(text_of(SPINKUBE / file))]
    return {(document["kind"], document["metadata"]["name"]): document for document in found}


def secrets_example():
    """The keys of each Secret that there has to be, with the values of the example."""
    found = documents(text_of(SPINKUBE / "secrets.example.yaml"))
    return {secret["metadata"]["name"]: secret["stringData"] for secret in found}


def load(path):
    (document,) = documents(text_of(path))
    return document


def schema_file(name):
    return json.loads(text_of(SCHEMAS / f"{name}.json"))


KUBERNETES, SPINKUBE_KINDS, KUSTOMIZE = schema_file("kubernetes"), schema_file("spinkube"), schema_file("kustomize")
REGISTRY = referencing.Registry().with_resource(
    "kubernetes.json", referencing.jsonschema.DRAFT202012.create_resource(KUBERNETES)
)


def schema_of(document):
    """The schema for its kind; a kind without one is an error."""
    kind = document.get("kind", "Configuration")
    for file in (KUBERNETES, SPINKUBE_KINDS, KUSTOMIZE):
        if kind in file["kinds"]:
            return {**file["kinds"][kind], "$defs": file.get("$defs", {})}
    raise LookupError(f"no schema for {kind}")


def errors(document, schema):
    """What is wrong with it, a line each."""
    validator = jsonschema.Draft202012Validator(schema, registry=REGISTRY)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(document)]


def variables():
    """The variables of the application, and whether each is secret."""
    return {name: variable.get("secret", False) for name, variable in spin_toml()["variables"].items()}


def spin_toml():
    return tomllib.loads(text_of(ROOT / "spin.toml"))


def config_ini():
    settings = configparser.ConfigParser(interpolation=None)
    settings.read_string(text_of(ROOT / "config.ini"))
    return settings


CLI = text_of(ROOT / "host/src/cli.rs")
# An attribute of clap with the field behind it.
ARGUMENT = re.compile(r"#\[arg\((?P<how>[^\n]*)\)\]\n\s+(?P<field>\w+):")


def flags():
    """The flags of redstart-host, with their default where it is a literal."""
    found = {"--help": None, "--version": None}
    for argument in ARGUMENT.finditer(CLI.partition("impl Cli")[0]):
        name = re.search(r'long = "([^"]+)"', argument["how"])
        default = re.search(r'default_value = "([^"]+)"', argument["how"])
        long = name[1] if name else argument["field"].replace("_", "-")
        found[f"--{long}"] = default and default[1]
    return found


def arguments(words):
    """The flags and the variables (with their values) that a command line gives; each flag has its value behind it."""
    given, values, words = [], {}, list(words)
    while words:
        flag, is_one, value = words.pop(0).partition("=")
        value = value if is_one else words.pop(0)
        given.append((flag, value))
        if flag == "--variable":
            name, _, what = value.partition("=")
            values[name] = what
    return given, values


def redis_settings(path):
    lines = (line.split(None, 1) for line in text_of(path).splitlines() if line.strip() and not line.startswith("#"))
    return {line[0]: line[1] if len(line) > 1 else "" for line in lines}


def bytes_of(size):
    """A size as Redis, Kubernetes, compose or systemd write it."""
    number, unit = re.fullmatch(r"(\d+)\s*([kmg]?)i?b?", size.lower()).groups()
    return int(number) * 1024 ** " kmg".index(unit or " ")


def seconds_of(time):
    return int(time.removesuffix("s"))
