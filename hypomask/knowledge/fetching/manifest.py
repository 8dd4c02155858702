"""Which public files can be fetched: the shipped manifest, or one of the user's own (a mirror, newer releases)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hypomask.errors import ConfigError, FetchError, Problem, did_you_mean, raise_problems
from hypomask.hypothesis.fields import Fields
from hypomask.hypothesis.located_yaml import LocatedMapping, load_yaml

__all__ = ["Forbidden", "Manifest", "Resource", "load_manifest", "shipped_manifest"]

SHIPPED = Path(__file__).with_name("manifest.yaml")
FORMAT = 1
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
RESOURCE_KEYS = (
    "title",
    "version",
    "moving",
    "released",
    "url",
    "file",
    "member",
    "bytes",
    "sha256",
    "begins",
    "licence",
    "consent",
    "page",
    "citation",
)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}")  # names, versions and files become paths: nothing that climbs out
_PATH_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Resource:
    """One public file.

    Parameters
    ----------
    version
        Of the release; None where the address serves whatever is newest, and the day of the download is the version.
    released
        When the publisher released it, as far as is known: ``2026-07-07``, ``2026-06``, ``2026``.
    file
        Name of the downloaded file.
    member
        The one file in it that is wanted, where it is a zip archive.
    n_bytes
        Size of the download, where known.
    sha256
        Of the download; None: what the first download brings is recorded, and holds from then on.
    begins
        One of the first lines of the unpacked text begins with one of these.
    consent
        Terms that a user has to accept first; empty: none.
    """

    name: str
    title: str
    version: str | None
    released: str
    url: str
    file: str
    member: str | None
    n_bytes: int | None
    sha256: str | None
    begins: tuple[str, ...]
    licence: str
    consent: str
    page: str
    citation: str

    @property
    def content_file(self) -> str:
        """Name of the file that readers read."""
        return self.member or self.file


@dataclass(frozen=True)
class Forbidden:
    """Something that is never fetched, why, and what to do instead."""

    name: str
    hosts: tuple[str, ...]
    reason: str
    instead: str

    def error(self, asked: str) -> FetchError:
        """Return the refusal."""
        return FetchError(f"{asked} is never fetched: {self.reason}; {self.instead}")


@dataclass(frozen=True)
class Manifest:
    """Everything that can be fetched, and what never is."""

    resources: Mapping[str, Resource]
    never: tuple[Forbidden, ...]

    def resource(self, name: str) -> Resource:
        """Return a resource by name.

        Raises
        ------
        FetchError
            If there is none, or it is one that is never fetched.
        """
        if name in self.resources:
            return self.resources[name]
        for forbidden in self.never:
            if name.lower().replace("_", "-").startswith(forbidden.name):
                raise forbidden.error(repr(name))
        hint = did_you_mean(name, self.resources) or f" There are: {', '.join(self.resources)}."
        raise FetchError(f"nothing named {name!r} can be fetched.{hint}")

    def refuse_address(self, url: str, name: str) -> None:
        """Raise `FetchError` unless `url` may be asked for `name`: https (http on this machine), no forbidden host."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower().rstrip(".")
        except ValueError:
            raise FetchError(f"{name}: {url!r} is not an address") from None
        for forbidden in self.never:
            if any(host == known or host.endswith(f".{known}") for known in forbidden.hosts):
                raise forbidden.error(f"{name}: {host}")
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL_HOSTS)):
            raise FetchError(
                f"{name}: {url} is not an https address, so anybody on the way could change what it serves; "
                "download the file by hand, check it, and use --from FOLDER"
            )


@lru_cache(maxsize=1)
def shipped_manifest() -> Manifest:
    """Return the manifest that comes with hypomask."""
    return load_manifest(SHIPPED)


def load_manifest(path: Path) -> Manifest:
    """Read a manifest; what the shipped one never fetches, no other one does.

    Raises
    ------
    ConfigError
        With every problem, by line.
    """
    problems: list[Problem] = []
    root = Fields(
        load_yaml(path, error=ConfigError),
        what="a manifest",
        allowed=("format", "resources", "never"),
        problems=problems,
    )
    if root.integer("format", 0) != FORMAT:
        root.problem("format", f"a manifest begins with 'format: {FORMAT}'")
    resources = {}
    for name, node in root.mapping("resources").items():
        fields = Fields(node, what=f"resource {name!r}", allowed=RESOURCE_KEYS, problems=problems)
        if isinstance(node, LocatedMapping):
            resources[name] = _resource(name, fields)
    never = []
    for name, node in root.mapping("never").items():
        fields = Fields(node, what=f"{name!r}", allowed=("hosts", "reason", "instead"), problems=problems)
        hosts = tuple(host.text.lower() for host in fields.texts("hosts"))
        never.append(Forbidden(name, hosts, fields.text("reason", ""), fields.text("instead", "")))
    if path != SHIPPED:
        never = [*shipped_manifest().never, *never]
    manifest = Manifest(resources, tuple(never))
    for name, resource in resources.items():
        if resource.url:
            try:
                manifest.refuse_address(resource.url, name)
            except FetchError as refusal:
                problems.append(Problem(str(refusal), str(path)))
    raise_problems(problems, ConfigError)
    return manifest


def _resource(name: str, fields: Fields) -> Resource:
    if not _NAME.fullmatch(name):
        fields.problem("", f"name {name!r}: expected small letters, digits, '-', '.' and '_'")
    for key in ("title", "url", "licence", "citation"):
        fields.required(key)
    moving = fields.flag("moving", False)
    version = fields.text("version", None)
    if moving == (version is not None):
        fields.problem("version", "expected either 'version' or 'moving: true'")
    url = fields.text("url", "")
    file = fields.text("file", None) or unquote(url.partition("?")[0].rpartition("/")[2])
    for key, value in (("version", version), ("file", file), ("member", fields.text("member", None))):
        if value is not None and not _PATH_PART.fullmatch(value):
            fields.problem(key, f"{key} {value!r}: expected a name of letters, digits, '.', '-', '_' and '+'")
    sha256 = fields.text("sha256", None)
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        fields.problem("sha256", f"'sha256' must be 64 hexadecimal digits, got {sha256!r}")
    if moving and sha256 is not None:
        fields.problem("sha256", "a moving address has no lasting sha256; leave it out")
    return Resource(
        name=name,
        title=fields.text("title", ""),
        version=version,
        released=fields.text("released", ""),
        url=url,
        file=file,
        member=fields.text("member", None),
        n_bytes=fields.integer("bytes", None, minimum=1),
        sha256=sha256,
        begins=tuple(text.text for text in fields.texts("begins")),
        licence=fields.text("licence", ""),
        consent=fields.text("consent", "").strip(),
        page=fields.text("page", url),
        citation=fields.text("citation", ""),
    )
