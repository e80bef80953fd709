"""An object store on this machine, as S3: moto's server in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest


@contextmanager
def object_store(
    monkeypatch: pytest.MonkeyPatch, files: Mapping[str, bytes]
) -> Iterator[Callable[[str, bytes], None]]:
    """A bucket ``images`` with these objects; returns a function that puts another one."""
    boto3, s3fs = pytest.importorskip("boto3"), pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    client = boto3.client("s3")

    def put(name: str, content: bytes) -> None:
        client.put_object(Bucket="images", Key=name, Body=content)

    try:
        client.create_bucket(Bucket="images")
        for name, content in files.items():
            put(name, content)
        yield put
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()
