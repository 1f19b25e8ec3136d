"""What the document cannot say of a request that is right: rules between its parts, and that a time is to come."""

from base64 import b64decode
from urllib.parse import unquote

import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

# At most one of these says when a value ends, in the body and the query together.
ENDINGS = {"ttl", "expires_at", "keep_ttl"}
# One of these in the query of a GET asks for that thing alone; the rest of the query is about lists.
NAMES = {"key", "field", "member"}

years = strategies.integers(2100, 2200)
schemathesis.openapi.format("date-time", years.map(lambda year: f"{year}-01-01T00:00:00Z"))


def is_wrong_or_keeps_the_rules(case):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return True
    query, body = case.query or {}, case.body if isinstance(case.body, dict) else {}
    endings = [name for part in (query, body) for name in part if name in ENDINGS]
    asks_for_one = case.method == "GET" and not NAMES.isdisjoint(query)
    return (
        len(endings) <= 1
        and not (asks_for_one and len(query) > 1)
        and not ("key" in query and "key" in body)
        and not repeats_a_name(body.get("fields"))
        and body.get("to") not in [unquote(str(part)) for part in (case.path_parameters or {}).values()]
    )


def repeats_a_name(fields):
    """Where they are a list of pairs."""
    names = [as_bytes(name) for name, _ in fields] if isinstance(fields, list) else []
    return len(names) != len(set(names))


def as_bytes(text):
    return text.encode(errors="replace") if isinstance(text, str) else b64decode(text["base64"])


@schemathesis.hook
def filter_case(context, case):
    return is_wrong_or_keeps_the_rules(case)


@schemathesis.hook
def before_add_examples(context, examples):
    examples[:] = filter(is_wrong_or_keeps_the_rules, examples)
