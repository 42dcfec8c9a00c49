"""End to end: the files of milvus-certgen in a real Milvus 2.3.5, read by a real pymilvus.

    python -m pip install milvus==2.3.5 pymilvus==3.0.2
    python tests/e2e/milvus.py target/release/milvus-certgen

One Milvus is started for each set of files and each tlsMode, one after the other, and all cases of that pair
share it. Every case prints a line, `ok NAME` or `FAILED NAME: reason`; the last line is `N passed, M failed`.
"""

import http.client
import logging
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

# This file is called as the package `milvus` is: Python would import the file in the package's place.
sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]
# Refused handshakes are what half of the cases are about; gRPC would report each on standard error.
os.environ["GRPC_VERBOSITY"] = "NONE"

import grpc  # noqa: E402
from milvus import MilvusServer  # noqa: E402
from pymilvus import MilvusClient, MilvusException  # noqa: E402

SUITE_SECONDS = 300
START_SECONDS = 60
CALL_SECONDS = 30
CONNECT_SECONDS = 10
LOG_SECONDS = 5

# A name that no server has until its certificate is signed again with --san.
LATER_NAME = "extra.example"

# Why a handshake ends, as the side that ends it puts it: gRPC's C core or BoringSSL in the client, Go in Milvus.
WRONG_NAME = "Hostname Verification Check failed|is not in peer certificate"
UNKNOWN_SERVER_CA = "CERTIFICATE_VERIFY_FAILED"
NO_CLIENT_CERTIFICATE = "client didn't provide a certificate"
UNKNOWN_CLIENT_CA = "certificate signed by unknown authority"
NOT_FOR_CLIENTS = "certificate specifies an incompatible key usage"
NO_COMMON_SIGNATURE = "peer doesn't support any of the certificate's signature algorithms"

Check = Callable[[MilvusServer], None]
Cases = dict[str, Check]


def main() -> int:
    """Runs every case; the exit code is 1 if one failed."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH/TO/milvus-certgen")
    program = Path(sys.argv[1]).resolve()
    logging.disable()
    end_in_time()
    report = Report()
    try:
        with tempfile.TemporaryDirectory(prefix="milvus-e2e-", ignore_cleanup_errors=True) as directory:
            run_suite(report, program, Path(directory))
    except Exception as error:
        report.failed_case("suite", error)
    finally:
        print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed else 0


def end_in_time() -> None:
    """Turns a suite that hangs, or is told to stop, into an exit that still takes Milvus down with it."""

    def end(number: int, _frame: object) -> None:
        # No subclass of Exception: pymilvus catches those, and tries again.
        sys.exit(f"ended by {signal.Signals(number).name}")

    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    signal.alarm(SUITE_SECONDS)


def run_suite(report: "Report", program: Path, home: Path) -> None:
    """Makes the sets, and runs their cases in one Milvus after the other."""
    for kind in ("rsa", "ecdsa-p256"):
        own = make_set(program, home / kind, "--cn", "localhost", "--key-type", kind)
        other = make_set(program, home / f"other-{kind}", "--cn", "localhost", "--key-type", kind)
        run_cases(report, home, own, 1, one_way_cases(own, other))
        run_cases(report, home, own, 2, two_way_cases(own, other))

    rsa = home / "rsa"
    trusted = Path(shutil.copytree(rsa, home / "trusted-before"))
    make_set(program, rsa, "--san", LATER_NAME)
    run_cases(report, home, rsa, 1, signed_again_cases(trusted))

    ed25519 = make_set(program, home / "ed25519", "--cn", "localhost", "--key-type", "ed25519")
    run_cases(report, home, ed25519, 1, ed25519_cases(ed25519))


def one_way_cases(own: Path, other: Path) -> Cases:
    """Clients of tlsMode 1, where only the server shows a certificate."""
    trust_ca = {"server_pem_path": own / "ca.pem"}
    return {
        "client that trusts server.pem": partial(accepted, server_pem_path=own / "server.pem"),
        "client that trusts ca.pem": partial(accepted, **trust_ca),
        "client that connects to an address": partial(accepted, host="127.0.0.1", server_name="", **trust_ca),
        "wrong server_name is refused": partial(refused, WRONG_NAME, server_name=LATER_NAME, **trust_ca),
        "server of another CA is refused": partial(
            refused, UNKNOWN_SERVER_CA, server_pem_path=other / "ca.pem"
        ),
    }


def two_way_cases(own: Path, other: Path) -> Cases:
    """Clients of tlsMode 2, where both sides show a certificate."""
    identity = client_identity(own, "client")
    other_ca = identity | {"ca_pem_path": other / "ca.pem"}
    other_client = client_identity(other, "client") | {"ca_pem_path": own / "ca.pem"}
    return {
        "client with client.pem": partial(accepted, **identity),
        "wrong server_name is refused": partial(refused, WRONG_NAME, server_name=LATER_NAME, **identity),
        "server of another CA is refused": partial(refused, UNKNOWN_SERVER_CA, **other_ca),
        # Trust goes by server_pem_path: pymilvus heeds ca_pem_path only beside a client's certificate.
        "no client certificate is refused": partial(
            refused, NO_CLIENT_CERTIFICATE, server_pem_path=own / "ca.pem"
        ),
        "client of another CA is refused": partial(refused, UNKNOWN_CLIENT_CA, **other_client),
        "server.pem for a client is refused": partial(
            refused, NOT_FOR_CLIENTS, **client_identity(own, "server")
        ),
    }


def signed_again_cases(trusted: Path) -> Cases:
    """Clients that still have the files from before server.pem was signed again, by the same CA.

    The new name is answered for by nothing but the new certificate: it shows that Milvus has that one.
    """
    trust_ca = {"server_pem_path": trusted / "ca.pem"}
    return {
        "signed again: the new name": partial(accepted, server_name=LATER_NAME, **trust_ca),
        "signed again: client that trusts the old server.pem": partial(
            accepted, server_pem_path=trusted / "server.pem"
        ),
        "signed again: client that trusts the old ca.pem": partial(accepted, **trust_ca),
    }


def ed25519_cases(own: Path) -> Cases:
    """Ed25519 is well with Milvus, and with OpenSSL; gRPC's C core, and with it pymilvus, does not offer it."""
    return {
        "OpenSSL accepts the server": partial(accepted_by_openssl, own / "ca.pem"),
        "pymilvus cannot agree on a signature": partial(
            refused, NO_COMMON_SIGNATURE, server_pem_path=own / "ca.pem"
        ),
    }


def client_identity(directory: Path, base: str) -> dict[str, Path]:
    """What pymilvus wants for two-way TLS."""
    return {
        "client_pem_path": directory / f"{base}.pem",
        "client_key_path": directory / f"{base}.key",
        "ca_pem_path": directory / "ca.pem",
    }


def make_set(program: Path, directory: Path, *arguments: str) -> Path:
    """Runs milvus-certgen, with no settings but these."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MILVUS_CERTGEN_")}
    command = [program, *arguments, "--out-dir", directory]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    ensure(done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr.strip()}")
    return directory


def accepted(server: MilvusServer, **options: object) -> None:
    """The client connects, and what it stores is what it finds."""
    with closing(connect(server, **options)) as client:
        collection = f"c{uuid.uuid4().hex}"
        client.create_collection(
            collection, dimension=2, metric_type="L2", consistency_level="Strong", timeout=CALL_SECONDS
        )
        rows = [{"id": number, "vector": [float(number), float(-number)]} for number in range(10)]
        client.insert(collection, rows, timeout=CALL_SECONDS)
        found = client.search(collection, data=[[7.1, -6.9]], limit=2, timeout=CALL_SECONDS)
        numbers = [hit["id"] for hit in found[0]]
        ensure(sorted(numbers) == [6, 7] and numbers[0] == 7, f"the search found {numbers}")


def refused(reason: str, server: MilvusServer, **options: object) -> None:
    """The handshake fails, and for this reason, which only one of the two sides may know.

    Milvus refuses a client's certificate when TLS 1.3 has the client believe that all is well; all that the
    client then learns is that the connection broke. The reason is in Milvus's log.
    """
    log_start = log_path(server).stat().st_size
    try:
        connect(server, **options).close()
    except MilvusException as error:
        cause = error.__cause__
    else:
        raise AssertionError("the client was accepted")
    ensure(isinstance(cause, grpc.RpcError), f"no failure of the connection: {cause!r}")
    ensure(cause.code() is grpc.StatusCode.UNAVAILABLE, f"the server has answered: {cause}")
    known = re.search(reason, cause.details()) or wait_for_log(server, log_start, reason)
    ensure(known, f"refused, but not for {reason!r}: {cause.details()}")


def accepted_by_openssl(ca_pem: Path, server: MilvusServer) -> None:
    """The handshake succeeds with Python's own TLS."""
    context = ssl.create_default_context(cafile=ca_pem)
    context.set_alpn_protocols(["h2"])
    address = ("localhost", server.listen_port)
    with socket.create_connection(address, timeout=CONNECT_SECONDS) as connection:
        with context.wrap_socket(connection, server_hostname="localhost") as secured:
            ensure(secured.selected_alpn_protocol() == "h2", "the server does not speak HTTP/2")


def connect(server: MilvusServer, host: str = "localhost", **options: object) -> MilvusClient:
    """A client with a connection of its own: pymilvus shares them by address, whatever certificates are given."""
    settings = {"server_name": "localhost"} | {name: str(value) for name, value in options.items()}
    return MilvusClient(
        uri=f"https://{host}:{server.listen_port}",
        secure=True,
        dedicated=True,
        timeout=CONNECT_SECONDS,
        grpc_options={"grpc.enable_http_proxy": 0},
        **settings,
    )


class Report:
    """Counts the cases, and prints a line for each."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def passed_case(self, name: str) -> None:
        self.passed += 1
        print(f"ok {name}", flush=True)

    def failed_case(self, name: str, error: BaseException) -> None:
        self.failed += 1
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"FAILED {name}: {reason}", flush=True)


def run_cases(report: Report, home: Path, certificates: Path, mode: int, cases: Cases) -> None:
    """Starts Milvus, and runs the cases in it; without Milvus, all of them have failed."""
    title = f"{certificates.name}, tlsMode {mode}"
    pending = dict(cases)
    with new_server(home) as server:
        try:
            start_server(server, certificates, mode)
            for name, check in cases.items():
                run_case(report, f"{title}, {name}", partial(check, server), server)
                del pending[name]
        except Exception as error:
            for name in pending:
                report.failed_case(f"{title}, {name}", error)
            print_log(server)


def run_case(report: Report, name: str, check: Callable[[], None], server: MilvusServer) -> None:
    try:
        check()
        report.passed_case(name)
    except BaseException as error:
        report.failed_case(name, error)
        print_log(server)
        if not isinstance(error, Exception):
            raise


@contextmanager
def new_server(home: Path) -> Iterator[MilvusServer]:
    """A server in a directory of its own, that is not running when the block is left, however it is left."""
    base = Path(tempfile.mkdtemp(dir=home, prefix="milvus-"))
    # To unpack the binaries takes as long as to start them; once is enough.
    (home / "bin").mkdir(exist_ok=True)
    (base / "bin").symlink_to(home / "bin")
    server = MilvusServer(wait_for_started=False)
    server.set_base_dir(str(base))
    try:
        yield server
    finally:
        if server.server_proc:
            # SIGTERM has it wait for its own parts, and abort in the end.
            server.server_proc.kill()
        server.stop()


def start_server(server: MilvusServer, certificates: Path, mode: int) -> None:
    """Starts Milvus with these files; `listen_port` is known from then on, and may be another every time."""
    server.config.set("tls_mode", mode)
    server.config.set("server_pem_path", str(certificates / "server.pem"))
    server.config.set("server_key_path", str(certificates / "server.key"))
    server.config.set("ca_pem_path", str(certificates / "ca.pem"))
    # Its gRPC says at this level why it refused a client.
    server.config.set("grpc.log.level", "INFO")
    server.start()
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(server):
        ensure(server.server_proc.poll() is None, f"Milvus ended with {server.server_proc.returncode}")
        ensure(time.monotonic() < deadline, f"Milvus was not ready in {START_SECONDS} seconds")
        time.sleep(0.1)


def is_ready(server: MilvusServer) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", server.webservice_port, timeout=5)) as connection:
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            return answer.status == 200 and b"OK" in answer.read()
        except (OSError, http.client.HTTPException):
            return False


def log_path(server: MilvusServer, stream: str = "stdout") -> Path:
    return Path(server.config.base_data_dir, "logs", f"milvus-{stream}.log")


def wait_for_log(server: MilvusServer, start: int, pattern: str) -> bool:
    """Whether Milvus logs this, after the first `start` bytes, before long."""
    deadline = time.monotonic() + LOG_SECONDS
    while time.monotonic() < deadline:
        if re.search(pattern.encode(), log_path(server).read_bytes()[start:]):
            return True
        time.sleep(0.1)
    return False


def print_log(server: MilvusServer) -> None:
    """The end of what Milvus printed; its stack traces are single lines without end."""
    for stream in ("stdout", "stderr"):
        path = log_path(server, stream)
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        print(f"    Milvus, the end of {stream}:")
        for line in lines[-15:]:
            print(f"    | {line[:300]}")


def ensure(condition: object, message: str) -> None:
    if not condition:
        raise AssertionError(message)


if __name__ == "__main__":
    sys.exit(main())
