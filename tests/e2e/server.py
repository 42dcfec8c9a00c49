"""A real Milvus, from its start to its end."""

import http.client
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from milvus import MilvusServer

PROCESS_SECONDS = 60


@contextmanager
def running_server(
    home: Path, certificates: Path, mode: int, asks_for_user: bool = False
) -> Iterator[MilvusServer]:
    """A Milvus with these files, in a directory of its own; it is dead when the block is left, in any way."""
    server = MilvusServer(wait_for_started=False)
    server.set_base_dir(tempfile.mkdtemp(dir=home, prefix="milvus-"))
    # To unpack the binaries takes as long as to start them; once is enough.
    (home / "bin").mkdir(exist_ok=True)
    Path(server.config.base_data_dir, "bin").symlink_to(home / "bin")
    server.config.set("tls_mode", mode)
    server.config.set("authorization_enabled", asks_for_user)
    server.config.set("server_pem_path", str(certificates / "server.pem"))
    server.config.set("server_key_path", str(certificates / "server.key"))
    server.config.set("ca_pem_path", str(certificates / "ca.pem"))
    # From this level on, Milvus logs why it refused a client.
    server.config.set("grpc.log.level", "INFO")
    try:
        server.start()
        ready = wait_for(partial(is_ready, server), PROCESS_SECONDS)
        ensure(ready, f"Milvus was not ready in {PROCESS_SECONDS} seconds")
        yield server
    except BaseException:
        print_log(server)
        raise
    finally:
        if server.server_proc:
            # Told to terminate, it takes seconds, and then aborts.
            server.server_proc.kill()
            server.server_proc.wait(PROCESS_SECONDS)
        server.stop()


def is_ready(server: MilvusServer) -> bool:
    """Whether every part of Milvus is healthy, and the proxy, which clients talk to, is among them.

    The package is content with OK, which Milvus says as well when no part of it has come up yet.
    """
    ensure(server.server_proc.poll() is None, f"Milvus ended with {server.server_proc.returncode}")
    with closing(http.client.HTTPConnection("127.0.0.1", server.webservice_port, timeout=5)) as connection:
        try:
            connection.request("GET", "/healthz", headers={"Content-Type": "application/json"})
            health = json.load(connection.getresponse())
        except (OSError, ValueError, http.client.HTTPException):
            return False
    return health["state"] == "OK" and "proxy" in [part["name"] for part in health.get("detail") or ()]


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def print_log(server: MilvusServer) -> None:
    """The end of what Milvus printed, without the ends of its lines, which may be whole stack traces."""
    for stream in ("stdout", "stderr"):
        path = log_path(server, stream)
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        print(f"    the end of Milvus's {stream}:", *[line[:300] for line in lines[-15:]], sep="\n    | ")


def log_path(server: MilvusServer, stream: str) -> Path:
    return Path(server.config.base_data_dir, "logs", f"milvus-{stream}.log")


def ensure(condition: object, message: str) -> None:
    if not condition:
        raise AssertionError(message)
