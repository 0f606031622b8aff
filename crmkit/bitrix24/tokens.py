"""The tokens of an application, and where they are kept between runs."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from crmkit.exceptions import AuthenticationError, ConfigurationError

__all__ = ["FileTokens", "KeyringTokens", "MemoryTokens", "TokenStore", "Tokens"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The pair of tokens of one application on one portal. ``repr`` does not show them.

    Attributes:
        access_token: Good for an hour.
        refresh_token: Good for 180 days, and for one use.
        member_id: Names the portal for good; its address may change.
        endpoint: The portal's REST address, ``https://host/rest/``.
        server: The authorisation server's address, ``https://host/rest/`` or empty for the default.
        expires_at: Unix time at which the access token runs out; information only, never acted upon.
        user_id: The user the tokens act as, 0 if not known.
        scope: Comma-separated, as the portal wrote it.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    member_id: str = ""
    endpoint: str = ""
    server: str = ""
    expires_at: float = 0.0
    user_id: int = 0
    scope: str = ""

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], *, now: datetime, endpoint: str = "") -> Tokens:
        """Read what the authorisation server, an event or an installation page sends.

        Raises:
            AuthenticationError: There are no tokens in it; a system event, for example, carries none.
        """
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not access or not refresh:
            raise AuthenticationError("the answer holds no pair of tokens", method="oauth")
        life = float(answer.get("expires_in") or 3600)
        return cls(
            access_token=str(access),
            refresh_token=str(refresh),
            member_id=str(answer.get("member_id") or ""),
            endpoint=str(answer.get("client_endpoint") or endpoint),
            server=str(answer.get("server_endpoint") or ""),
            expires_at=(now + timedelta(seconds=life)).timestamp(),
            user_id=int(answer.get("user_id") or 0),
            scope=str(answer.get("scope") or ""),
        )


class TokenStore(Protocol):
    """Where tokens are kept. Give your own, for example a row of a database, with these three methods."""

    def load(self) -> Tokens | None:
        """Return the tokens last saved, or ``None``."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Keep these instead of the ones before; must be durable before it returns."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Keep every other thread and process that shares this store from refreshing meanwhile."""
        ...


class MemoryTokens:
    """Tokens of this process only; after a restart the application has to be authorised again."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    def load(self) -> Tokens | None:
        """Return the tokens last saved."""
        return self._tokens

    def save(self, tokens: Tokens) -> None:
        """Keep the tokens."""
        self._tokens = tokens

    def lock(self) -> AbstractContextManager[None]:
        """Keep other threads out."""
        return _held(self._lock)


class FileTokens:
    """Tokens in a JSON file that only its owner may read (mode 0600), replaced in one step.

    A lock file beside it keeps the threads and processes of this machine from refreshing at once.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def load(self) -> Tokens | None:
        """Return the tokens in the file, ``None`` if there is no file.

        Raises:
            ConfigurationError: The file is not what this class wrote.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return _from_json(text, str(self._path))

    def save(self, tokens: Tokens) -> None:
        """Write the file anew and make sure that it is on the disk: the old refresh token is spent."""
        folder = self._path.parent
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{self._path.name}.")  # mode 0600 from the start
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(json.dumps(asdict(tokens)))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def lock(self) -> AbstractContextManager[None]:
        """Lock the file beside the tokens."""
        return _file_lock(self._path.with_name(self._path.name + ".lock"))

    def __repr__(self) -> str:
        return f"FileTokens({str(self._path)!r})"


class KeyringTokens:
    """Tokens in the keyring of the operating system; needs the package ``keyring``.

    Args:
        name: Which tokens: the portal's address or ``member_id``.
        service: The name under which the keyring lists them.
        lock_file: Shared by all processes that use these tokens; in the temporary folder by default.
    """

    def __init__(self, name: str, *, service: str = "crmkit", lock_file: str | Path | None = None) -> None:
        try:
            self._keyring: Any = importlib.import_module("keyring")
        except ImportError:
            self._keyring = None
        if self._keyring is None:
            raise ConfigurationError("the package keyring is not installed", hint="pip install keyring")
        self._name, self._service = name, service
        safe = "".join(sign if sign.isalnum() else "_" for sign in f"{service}_{name}")
        self._lock_file = Path(lock_file or Path(tempfile.gettempdir()) / f"{safe}.lock")

    def load(self) -> Tokens | None:
        """Return the tokens in the keyring, or ``None``."""
        text = self._keyring.get_password(self._service, self._name)
        return None if text is None else _from_json(text, f"keyring entry {self._name}")

    def save(self, tokens: Tokens) -> None:
        """Put the tokens into the keyring."""
        self._keyring.set_password(self._service, self._name, json.dumps(asdict(tokens)))

    def lock(self) -> AbstractContextManager[None]:
        """Lock the file that stands for this entry."""
        return _file_lock(self._lock_file)


def _from_json(text: str, where: str) -> Tokens:
    try:
        return Tokens(**json.loads(text))
    except (ValueError, TypeError):
        pass  # raised below, without the text: it may hold tokens
    raise ConfigurationError(f"{where}: no tokens of crmkit", hint="authorise the application again")


@contextlib.contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    with lock:
        yield


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(handle)
        yield
    finally:
        os.close(handle)  # gives the lock back


if sys.platform == "win32":
    import msvcrt

    def _acquire(handle: int) -> None:
        while True:  # LK_LOCK gives up after ten seconds
            with contextlib.suppress(OSError):
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
                return
else:
    import fcntl

    def _acquire(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)
