"""A real Milvus, from its start to its end."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from common import PROCESS_SECONDS, Report, ensure, is_healthy, print_end, wait_for
from milvus import MilvusServer


@contextmanager
def running_server(
    home: Path, certificates: Path, mode: int, asks_for_user: bool = False
) -> Iterator[MilvusServer]:
    """A Milvus with these files."""
    server = new_server(home)
    server.config.set("tls_mode", mode)
    server.config.set("authorization_enabled", asks_for_user)
    server.config.set("server_pem_path", str(certificates / "server.pem"))
    server.config.set("server_key_path", str(certificates / "server.key"))
    server.config.set("ca_pem_path", str(certificates / "ca.pem"))
    with started(server):
        yield server


def new_server(home: Path) -> MilvusServer:
    """A Milvus in a directory of its own, without TLS as yet, and not started."""
    server = MilvusServer(wait_for_started=False)
    server.set_base_dir(tempfile.mkdtemp(dir=home, prefix="milvus-"))
    # To unpack the binaries takes as long as to start them; once is enough.
    (home / "bin").mkdir(exist_ok=True)
    Path(server.config.base_data_dir, "bin").symlink_to(home / "bin")
    # From this level on, Milvus logs why it refused a client.
    server.config.set("grpc.log.level", "INFO")
    return server


@contextmanager
def started(server: MilvusServer) -> Iterator[None]:
    """Runs it; it is dead when the block is left, in any way."""
    try:
        server.start()
        ready = wait_for(partial(is_ready, server), PROCESS_SECONDS)
        ensure(ready, f"Milvus was not ready in {PROCESS_SECONDS} seconds")
        yield
    except BaseException:
        print_log(server)
        raise
    finally:
        if server.server_proc:
            # Told to terminate, it takes seconds, and then aborts.
            server.server_proc.kill()
            server.server_proc.wait(PROCESS_SECONDS)
        server.stop()


def run_case(report: Report, name: str, check: Callable[[MilvusServer], None], server: MilvusServer) -> None:
    try:
        check(server)
    except Exception as error:
        report.failure(name, error)
        print_log(server)
    else:
        report.success(name)


def is_ready(server: MilvusServer) -> bool:
    ensure(server.server_proc.poll() is None, f"Milvus ended with {server.server_proc.returncode}")
    return is_healthy(server.webservice_port)


def print_log(server: MilvusServer) -> None:
    for stream in ("stdout", "stderr"):
        print_end(f"Milvus's {stream}", read_log(server, stream))


def read_log(server: MilvusServer, stream: str) -> str:
    path = Path(server.config.base_data_dir, "logs", f"milvus-{stream}.log")
    return path.read_text(errors="replace") if path.exists() else ""
