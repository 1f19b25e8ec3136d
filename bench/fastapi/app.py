"""What Redstart is measured against: the same work as one writes it with FastAPI and redis-py's asyncio client.

No tokens, no log, no conditions, no limits. The URL of Redis is in REDIS_URL.
"""

import os
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel
from redis.asyncio import BlockingConnectionPool, Redis

# Connections to Redis that a worker opens at most; with more requests than that, they wait for each other.
POOL = 64


@asynccontextmanager
async def connected(app: FastAPI):
    """Each worker has a pool of connections of its own."""
    pool = BlockingConnectionPool.from_url(os.environ["REDIS_URL"], max_connections=POOL, timeout=None)
    app.state.redis = Redis.from_pool(pool)
    yield
    await app.state.redis.aclose()


app = FastAPI(lifespan=connected, openapi_url=None)


class Entry(BaseModel):
    key: str
    value: str


class Write(BaseModel):
    value: str


class Field(BaseModel):
    field: str
    value: str


class Fields(BaseModel):
    items: list[Field]
    next_cursor: str | None


class Outcome(BaseModel):
    result: str | None


@app.get("/strings/{key}")
async def read_string(key: str) -> Entry:
    value = await app.state.redis.get(key)
    if value is None:
        raise HTTPException(404)
    return Entry(key=key, value=value.decode())


@app.put("/strings/{key}")
async def write_string(key: str, write: Write) -> Entry:
    await app.state.redis.set(key, write.value)
    return Entry(key=key, value=write.value)


@app.get("/bytes/{key}")
async def read_bytes(key: str) -> Response:
    value = await app.state.redis.get(key)
    if value is None:
        raise HTTPException(404)
    return Response(value, media_type="application/octet-stream")


@app.put("/bytes/{key}", status_code=204)
async def write_bytes(key: str, request: Request) -> None:
    await app.state.redis.set(key, await request.body())


@app.get("/hashes/{key}/fields")
async def read_fields(key: str, limit: int, cursor: int = 0) -> Fields:
    following, fields = await app.state.redis.hscan(key, cursor, count=limit)
    items = [Field(field=field.decode(), value=value.decode()) for field, value in fields.items()]
    return Fields(items=items, next_cursor=str(following) if following else None)


@app.post("/pipeline")
async def run_pipeline(commands: list[list[str]]) -> list[Outcome]:
    pipeline = app.state.redis.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    results = await pipeline.execute()
    return [Outcome(result=None if result is None else result.decode()) for result in results]
