"""What the end-to-end suites share: real clients, a real milvus-certgen, and the report."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

# Half of the cases are refused handshakes; gRPC would report each of them on standard error.
os.environ["GRPC_VERBOSITY"] = "NONE"

import grpc
from pymilvus import MilvusClient, MilvusException

PROCESS_SECONDS = 60
CALL_SECONDS = 30
CONNECT_SECONDS = 10
LOG_SECONDS = 5

# Why a handshake ended, in the words of the side that ended it: gRPC's C core in the client, Go in Milvus.
WRONG_NAME = "Hostname Verification Check failed|is not in peer certificate"
UNKNOWN_SERVER_CA = "CERTIFICATE_VERIFY_FAILED"
NO_CLIENT_CERTIFICATE = "client didn't provide a certificate"
UNKNOWN_CLIENT_CA = "certificate signed by unknown authority"
NOT_FOR_CLIENTS = "certificate specifies an incompatible key usage"
NO_COMMON_SIGNATURE = "peer doesn't support any of the certificate's signature algorithms"

EXAMPLES = Path(__file__).parents[2] / "examples"


class Server(Protocol):
    """Where clients find a Milvus on this machine."""

    @property
    def listen_port(self) -> int: ...


def end_on_signals(seconds: int) -> None:
    """Lets a suite that takes too long, or is told to stop, still take Milvus down with it."""

    def end(number: int, _frame: object) -> None:
        # SystemExit, because pymilvus catches every Exception and tries again.
        sys.exit(f"ended by {signal.Signals(number).name}")

    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    signal.alarm(seconds)


def bare_environment() -> dict[str, str]:
    """This process's environment without settings for milvus-certgen."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MILVUS_CERTGEN_")}


def make_set(program: Path, directory: Path, *arguments: str, command: str = "") -> Path:
    """Runs milvus-certgen, with no settings but these."""
    line: list[str | Path] = [program, *command.split(), *arguments, "--out-dir", directory]
    done = subprocess.run(line, env=bare_environment(), capture_output=True, text=True, timeout=PROCESS_SECONDS)
    ensure(done.returncode == 0, f"{' '.join(arguments)}: exit code {done.returncode}, {done.stderr}")
    return directory


def identity(holder: Path, base: str, trusted: Path) -> dict[str, Path]:
    """What pymilvus wants for two-way TLS."""
    key, pem = holder / f"{base}.key", holder / f"{base}.pem"
    return {"client_key_path": key, "client_pem_path": pem, "ca_pem_path": trusted / "ca.pem"}


def example_runs(directory: Path, tls_mode: str, server: Server) -> None:
    """What a user copies from examples/ connects."""
    example = EXAMPLES / "pymilvus" / "connect.py"
    line: list[str | Path] = [sys.executable, example, directory, tls_mode, str(server.listen_port)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=PROCESS_SECONDS)
    ensure(done.returncode == 0 and "the server is Milvus" in done.stdout, done.stderr[-2000:])


def accepted(server: Server, **options: object) -> None:
    """The client connects, and what it stores is what it finds."""
    name = f"c{uuid.uuid4().hex}"
    store(server, name, **options)
    find(server, name, **options)


def store(server: Server, name: str, **options: object) -> None:
    """The client connects, and makes a collection."""
    rows = [{"id": number, "vector": [float(number), float(-number)]} for number in range(10)]
    kind = {"dimension": 2, "metric_type": "L2", "consistency_level": "Strong"}
    with closing(connect(server, **options)) as client:
        client.create_collection(name, timeout=CALL_SECONDS, **kind)
        client.insert(name, rows, timeout=CALL_SECONDS)


def find(server: Server, name: str, **options: object) -> None:
    """The client connects, and finds what is in the collection."""
    with closing(connect(server, **options)) as client:
        client.load_collection(name, timeout=CALL_SECONDS)
        found = client.search(name, data=[[7.2, -7.2]], limit=2, timeout=CALL_SECONDS)
    numbers = [hit["id"] for hit in found[0]]
    ensure(numbers == [7, 8], f"the search found {numbers}")


def refused(reason: str, server: Server, read_log: Callable[[], str], **options: object) -> None:
    """The handshake fails, and for this reason, which may be known to one of the two sides only.

    In TLS 1.3 a client is done before Milvus looks at its certificate. If that is refused, the client learns
    no more than that the connection broke: the reason is in Milvus's log.
    """
    log_start = len(read_log())
    try:
        connect(server, **options).close()
    except MilvusException as error:
        cause = error.__cause__
    else:
        raise AssertionError("the client was accepted")
    ensure(isinstance(cause, grpc.RpcError), f"not a failure of the connection: {cause!r}")
    ensure(cause.code() is grpc.StatusCode.UNAVAILABLE, f"not a failure of the connection: {cause}")

    def is_known() -> object:
        return re.search(reason, cause.details() + read_log()[log_start:])

    ensure(wait_for(is_known, LOG_SECONDS), f"not refused for {reason!r}, but for {cause.details()!r}")


def connect(server: Server, host: str = "localhost", **options: object) -> MilvusClient:
    """A client with a connection of its own: pymilvus shares them by address, whoever the client is."""
    settings = {"server_name": "localhost"} | {name: str(value) for name, value in options.items()}
    own = {"dedicated": True, "timeout": CONNECT_SECONDS, "grpc_options": {"grpc.enable_http_proxy": 0}}
    return MilvusClient(uri=f"https://{host}:{server.listen_port}", secure=True, **own, **settings)


def is_healthy(port: int) -> bool:
    """Whether every part of Milvus is healthy, and the proxy, which clients talk to, is among them.

    The package is content with OK, which Milvus says as well when no part of it has come up yet.
    """
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/healthz", headers={"Content-Type": "application/json"})
            health = json.load(connection.getresponse())
        except (OSError, ValueError, http.client.HTTPException):
            return False
    return health["state"] == "OK" and "proxy" in [part["name"] for part in health.get("detail") or ()]


class Report:
    """Counts the cases, and prints a line for each."""

    passed = 0
    failed = 0

    def success(self, name: str) -> None:
        self.passed += 1
        print(f"ok {name}", flush=True)

    def failure(self, name: str, error: BaseException) -> None:
        self.failed += 1
        # pymilvus says that it cannot connect; why is in gRPC's error, which caused that one.
        reason = f"{type(error).__name__} {error} {error.__cause__ or ''}"
        print(f"FAILED {name}: {' '.join(reason.split())}", flush=True)


def print_end(title: str, log: str) -> None:
    """The end of a log, without the ends of its lines, which may be whole stack traces."""
    print(f"    the end of {title}:", *[line[:300] for line in log.splitlines()[-15:]], sep="\n    | ")


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def ensure(condition: object, message: str) -> None:
    if not condition:
        raise AssertionError(message)
