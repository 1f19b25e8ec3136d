"""What the tests here share: a client for each test, and keys that no other test has."""

import asyncio
import inspect
import os
import sys
import unittest
import uuid

from upstash_redis import Redis
from upstash_redis.asyncio import Redis as AsyncRedis

URL = os.environ["UPSTASH_REDIS_REST_URL"]
TOKEN = os.environ["UPSTASH_REDIS_REST_TOKEN"]
READ_ONLY_TOKEN = os.environ["READ_ONLY_TOKEN"]


class InLoop:
    """A client of asyncio, or a part of one, whose calls are awaited where they are made."""

    def __init__(self, loop, part):
        self._loop, self._part = loop, part

    def __getattr__(self, name):
        attribute = getattr(self._part, name)
        return self._called(attribute) if callable(attribute) else attribute

    def _called(self, method):
        def call(*arguments, **named):
            result = method(*arguments, **named)
            if inspect.isawaitable(result):
                return self._loop.run_until_complete(result)
            # Pipelines and bit fields, which collect commands.
            return InLoop(self._loop, result)

        return call


class Case(unittest.TestCase):
    """Tests with the blocking client."""

    @classmethod
    def client(cls, url=URL, token=TOKEN, **options):
        # What cannot be reached is not asked for again.
        client = Redis(url, token, rest_retries=0, **options)
        cls.addClassCleanup(client.close)
        return client

    @classmethod
    def setUpClass(cls):
        cls.redis = cls.client()

    def key(self, name):
        return f"{name}-{uuid.uuid4()}"


def with_both_clients(case):
    """Adds the same tests with the client of asyncio to the module."""

    class Asyncio(case):
        @classmethod
        def setUpClass(cls):
            cls.loop = asyncio.new_event_loop()
            cls.addClassCleanup(cls.loop.close)
            super().setUpClass()

        @classmethod
        def client(cls, url=URL, token=TOKEN, **options):
            client = InLoop(cls.loop, AsyncRedis(url, token, rest_retries=0, **options))
            cls.addClassCleanup(client.close)
            return client

    Asyncio.__name__ = Asyncio.__qualname__ = f"{case.__name__}Asyncio"
    Asyncio.__module__ = case.__module__
    setattr(sys.modules[case.__module__], Asyncio.__name__, Asyncio)
    return case
