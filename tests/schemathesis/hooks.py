"""What the document cannot say of a request that is right: rules between its parts, and that a time is to come."""

from base64 import b64decode
from urllib.parse import unquote
from uuid import uuid4

import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

# At most one of these says when a value ends, in the body and the query together.
ENDINGS = {"ttl", "expires_at", "keep_ttl"}
# One of these in the query of a GET asks for that thing alone; the rest of the query is about lists.
NAMES = {"key", "field", "member"}
# One of these asks for a part of a value, which has no entity tag that a condition could speak of.
PARTS = {"start", "stop", "by", "min", "max", "rev", "match", "limit", "cursor"}
CONDITIONS = {"if-match", "if-none-match"}
# One of these, and no other, says how far a stream is trimmed.
TRIMMED = {"max_length", "min_id"}
# Whole numbers, which JSON Schema also takes with a fraction of zero.
WHOLE = {"count", "max_length", "start", "stop"}

years = strategies.integers(2100, 2200)
schemathesis.openapi.format("date-time", years.map(lambda year: f"{year}-01-01T00:00:00Z"))


def is_wrong_or_keeps_the_rules(case):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return True
    query, body = case.query or {}, case.body if isinstance(case.body, dict) else {}
    endings = [name for part in (query, body) for name in part if name in ENDINGS]
    asks_for_one = case.method == "GET" and not NAMES.isdisjoint(query)
    conditions = CONDITIONS.intersection(name.lower() for name in case.headers or {})
    asks_for_part = case.method == "GET" and not PARTS.isdisjoint(query)
    return (
        len(endings) <= 1
        and not is_past(query.get("expires_at") or body.get("expires_at"))
        and not (asks_for_one and len(query) > 1)
        and not (conditions and asks_for_part)
        and not (case.path.endswith("/trim") and len(given(TRIMMED, body)) != 1)
        and not any(is_fraction(part) for part in (body, body.get("trim")))
        and not ("key" in query and "key" in body)
        and not repeats_a_name(body.get("fields"))
        and not repeats_a_member(body)
        and not changes_nothing(body)
        and body.get("to") not in [unquote(str(part)) for part in (case.path_parameters or {}).values()]
    )


def given(names, body):
    """Those that are there; `null` says as much as nothing."""
    return [name for name in names if body.get(name) is not None]


def repeats_a_name(fields):
    """Where they are a list of pairs."""
    names = [as_bytes(name) for name, _ in fields] if isinstance(fields, list) else []
    return len(names) != len(set(names))


def repeats_a_member(body):
    """Where each comes with a score; and one that is added is not removed as well."""
    given = [each for name in ("members", "add") for each in body.get(name) or []]
    scored = [each["member"] for each in given if isinstance(each, dict) and "member" in each]
    removed = [as_bytes(each) for each in body.get("remove") or []]
    added = [as_bytes(each) for each in scored or body.get("add") or []]
    if scored and len(set(added + removed)) != len(added + removed):
        return True
    return not set(added).isdisjoint(removed)


def changes_nothing(body):
    """Where it names no element."""
    return bool({"add", "remove"}.intersection(body)) and not any(body.get(name) for name in ("add", "remove"))


def is_past(time):
    return isinstance(time, str) and time < "2100"


def is_fraction(part):
    return isinstance(part, dict) and any(isinstance(part.get(name), float) for name in WHOLE)


def as_bytes(text):
    if isinstance(text, (int, float)):
        return str(text).encode()
    return text.encode(errors="replace") if isinstance(text, str) else b64decode(text["base64"])


@schemathesis.hook
def filter_case(context, case):
    return is_wrong_or_keeps_the_rules(case)


@schemathesis.hook
def before_add_examples(context, examples):
    examples[:] = filter(is_wrong_or_keeps_the_rules, examples)


@schemathesis.hook
def before_call(context, case, **kwargs):
    # Each request that is right is a new one.
    if case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE:
        for name in list(case.headers or {}):
            if name.lower() == "idempotency-key":
                case.headers[name] = str(uuid4())
