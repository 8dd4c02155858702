"""A cache and a manifest of the test's own, and the local server."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from hypomask.knowledge.cache import CACHE_VARIABLE
from hypomask.knowledge.fetching.download import Patience
from hypomask.knowledge.fetching.fetch import FetchOptions
from hypomask.knowledge.fetching.manifest import Manifest, load_manifest

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.append(HERE)  # importlib mode: files beside a test are not on the path

from local_server import Server  # noqa: E402


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine."""
    running = Server()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    for proxy in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    return folder


@pytest.fixture
def told() -> list[str]:
    """What the user was told."""
    return []


@pytest.fixture
def options(told: list[str]) -> FetchOptions:
    """Options of somebody in a hurry."""
    patience = Patience(stall_seconds=0.3, slowest=500, tries=3, wait_seconds=0.01, longest_wait_seconds=0.05)
    return FetchOptions(tell=told.append, patience=patience, lock_wait_seconds=0.3)


@pytest.fixture
def manifest_of(tmp_path: Path, server: Server) -> Callable[..., Manifest]:
    """Return a function that makes a manifest of one resource, `thing`, on the local server."""

    def make(**changes: object) -> Manifest:
        entry: dict[str, object] = {
            "title": "A thing",
            "version": "1.0",
            "released": "2026-01-02",
            "url": f"{server.url}/release-1/thing.obo",
            "sha256": hashlib.sha256(server.body).hexdigest(),
            "begins": ["format-version:"],
            "licence": "CC0 1.0",
            "citation": "Nobody (2026)",
        }
        entry |= changes
        entry = {key: value for key, value in entry.items() if value is not None}
        path = tmp_path / "manifest.yaml"
        path.write_text(yaml.safe_dump({"format": 1, "resources": {"thing": entry}}), encoding="utf-8")
        return load_manifest(path)

    return make
