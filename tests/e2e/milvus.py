"""End to end: the files of milvus-certgen in a real Milvus 2.3.5, read by a real pymilvus.

    python -m pip install milvus==2.3.5 pymilvus==3.0.2
    python tests/e2e/milvus.py target/release/milvus-certgen

A Milvus is started for each set of files and tlsMode, one after the other; the cases of such a pair share it.
Every case prints a line, `ok NAME` or `FAILED NAME: reason`; the last line is `N passed, M failed`.
"""

import http.client
import json
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

# This file has the name of the package `milvus`: Python would import the file in the package's place.
sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]
# Half of the cases are refused handshakes; gRPC would report each of them on standard error.
os.environ["GRPC_VERBOSITY"] = "NONE"

import grpc
from milvus import MilvusServer
from pymilvus import MilvusClient, MilvusException

SUITE_SECONDS = 300
PROCESS_SECONDS = 60
CALL_SECONDS = 30
CONNECT_SECONDS = 10
LOG_SECONDS = 5

# A name that no server has until its certificate is signed again with --san.
LATER_NAME = "extra.example"

# Why a handshake ended, in the words of the side that ended it: gRPC's C core in the client, Go in Milvus.
WRONG_NAME = "Hostname Verification Check failed|is not in peer certificate"
UNKNOWN_SERVER_CA = "CERTIFICATE_VERIFY_FAILED"
NO_CLIENT_CERTIFICATE = "client didn't provide a certificate"
UNKNOWN_CLIENT_CA = "certificate signed by unknown authority"
NOT_FOR_CLIENTS = "certificate specifies an incompatible key usage"
NO_COMMON_SIGNATURE = "peer doesn't support any of the certificate's signature algorithms"

Check = Callable[[MilvusServer], None]
Cases = dict[str, Check]


def main() -> int:
    """Runs every case; the exit code is 1 if one failed, or if the suite did not get to its end."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH/TO/milvus-certgen")
    logging.disable()
    report = Report()
    try:
        end_on_signals()
        with tempfile.TemporaryDirectory(prefix="milvus-e2e-", ignore_cleanup_errors=True) as home:
            run_suite(report, Path(sys.argv[1]).resolve(), Path(home))
    except BaseException as error:
        report.failure("suite", error)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed else 0


def end_on_signals() -> None:
    """Lets a suite that takes too long, or is told to stop, still take Milvus down with it."""

    def end(number: int, _frame: object) -> None:
        # SystemExit, because pymilvus catches every Exception and tries again.
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
    before = Path(shutil.copytree(rsa, home / "rsa-before"))
    make_set(program, rsa, "--san", LATER_NAME)
    # Once more by name: keys, names and the CA's key stay, and so does everybody's trust.
    make_set(program, rsa, command="renew")
    make_set(program, rsa, "--ca", command="renew")
    run_cases(report, home, rsa, 1, signed_again_cases(before))

    ed25519 = make_set(program, home / "ed25519", "--cn", "localhost", "--key-type", "ed25519")
    run_cases(report, home, ed25519, 1, ed25519_cases(ed25519))


def one_way_cases(own: Path, other: Path) -> Cases:
    """Clients of tlsMode 1, where only the server shows a certificate."""
    trust = {"server_pem_path": own / "ca.pem"}
    trust_other = {"server_pem_path": other / "ca.pem"}
    return {
        "trust in server.pem": partial(accepted, server_pem_path=own / "server.pem"),
        "trust in ca.pem": partial(accepted, **trust),
        "the example as written": partial(example_runs, own, "1"),
        "connection to an address": partial(accepted, host="127.0.0.1", server_name="", **trust),
        "wrong server_name refused": partial(refused, WRONG_NAME, server_name=LATER_NAME, **trust),
        "server of another CA refused": partial(refused, UNKNOWN_SERVER_CA, **trust_other),
    }


def two_way_cases(own: Path, other: Path) -> Cases:
    """Clients of tlsMode 2, where both sides show a certificate."""
    client = identity(own, "client", own)
    # Trust goes by server_pem_path here: pymilvus heeds ca_pem_path only beside a client's certificate.
    anonymous = {"server_pem_path": own / "ca.pem"}
    return {
        "client.pem": partial(accepted, **client),
        "the example as written": partial(example_runs, own, "2"),
        "wrong server_name refused": partial(refused, WRONG_NAME, server_name=LATER_NAME, **client),
        "server of another CA refused": partial(refused, UNKNOWN_SERVER_CA, **identity(own, "client", other)),
        "no client certificate refused": partial(refused, NO_CLIENT_CERTIFICATE, **anonymous),
        "client of another CA refused": partial(refused, UNKNOWN_CLIENT_CA, **identity(other, "client", own)),
        "server.pem as client refused": partial(refused, NOT_FOR_CLIENTS, **identity(own, "server", own)),
    }


def signed_again_cases(before: Path) -> Cases:
    """Clients that have the files from before server.pem was signed again, by the same CA.

    Only the new certificate answers for the new name: that case shows that Milvus has taken it up.
    """
    trust = {"server_pem_path": before / "ca.pem"}
    return {
        "signed again, new name": partial(accepted, server_name=LATER_NAME, **trust),
        "signed again, trust in the old server.pem": partial(accepted, server_pem_path=before / "server.pem"),
        "signed again, trust in the old ca.pem": partial(accepted, **trust),
    }


def ed25519_cases(own: Path) -> Cases:
    """Milvus and OpenSSL take Ed25519; gRPC's C core does not offer it, and so pymilvus cannot connect."""
    return {
        "OpenSSL connects": partial(accepted_by_openssl, own / "ca.pem"),
        "pymilvus refused": partial(refused, NO_COMMON_SIGNATURE, server_pem_path=own / "ca.pem"),
    }


def identity(holder: Path, base: str, trusted: Path) -> dict[str, Path]:
    """What pymilvus wants for two-way TLS."""
    key, pem = holder / f"{base}.key", holder / f"{base}.pem"
    return {"client_key_path": key, "client_pem_path": pem, "ca_pem_path": trusted / "ca.pem"}


def make_set(program: Path, directory: Path, *arguments: str, command: str = "") -> Path:
    """Runs milvus-certgen, with no settings but these."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("MILVUS_CERTGEN_")}
    line = [program, *command.split(), *arguments, "--out-dir", directory]
    done = subprocess.run(line, env=settings, capture_output=True, text=True, timeout=PROCESS_SECONDS)
    ensure(done.returncode == 0, f"{' '.join(arguments)}: exit code {done.returncode}, {done.stderr}")
    return directory


def example_runs(directory: Path, tls_mode: str, server: MilvusServer) -> None:
    """What a user copies from examples/ connects."""
    example = Path(__file__).parents[2] / "examples" / "pymilvus" / "connect.py"
    line = [sys.executable, example, directory, tls_mode, str(server.listen_port)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=PROCESS_SECONDS)
    ensure(done.returncode == 0 and "the server is Milvus" in done.stdout, done.stderr[-2000:])


def accepted(server: MilvusServer, **options: object) -> None:
    """The client connects, and what it stores is what it finds."""
    rows = [{"id": number, "vector": [float(number), float(-number)]} for number in range(10)]
    name = f"c{uuid.uuid4().hex}"
    kind = {"dimension": 2, "metric_type": "L2", "consistency_level": "Strong"}
    with closing(connect(server, **options)) as client:
        client.create_collection(name, timeout=CALL_SECONDS, **kind)
        client.insert(name, rows, timeout=CALL_SECONDS)
        found = client.search(name, data=[[7.2, -7.2]], limit=2, timeout=CALL_SECONDS)
    numbers = [hit["id"] for hit in found[0]]
    ensure(numbers == [7, 8], f"the search found {numbers}")


def refused(reason: str, server: MilvusServer, **options: object) -> None:
    """The handshake fails, and for this reason, which may be known to one of the two sides only.

    In TLS 1.3 a client is done before Milvus looks at its certificate. If that is refused, the client learns
    no more than that the connection broke: the reason is in Milvus's log.
    """
    log = log_path(server, "stdout")
    log_start = log.stat().st_size
    try:
        connect(server, **options).close()
    except MilvusException as error:
        cause = error.__cause__
    else:
        raise AssertionError("the client was accepted")
    ensure(isinstance(cause, grpc.RpcError), f"not a failure of the connection: {cause!r}")
    ensure(cause.code() is grpc.StatusCode.UNAVAILABLE, f"not a failure of the connection: {cause}")

    def is_known() -> object:
        return re.search(reason, cause.details() + log.read_bytes()[log_start:].decode(errors="replace"))

    ensure(wait_for(is_known, LOG_SECONDS), f"not refused for {reason!r}, but for {cause.details()!r}")


def accepted_by_openssl(ca_pem: Path, server: MilvusServer) -> None:
    """The handshake succeeds with Python's own TLS."""
    context = ssl.create_default_context(cafile=ca_pem)
    address = ("localhost", server.listen_port)
    with socket.create_connection(address, timeout=CONNECT_SECONDS) as connection:
        context.wrap_socket(connection, server_hostname="localhost").close()


def connect(server: MilvusServer, host: str = "localhost", **options: object) -> MilvusClient:
    """A client with a connection of its own: pymilvus shares them by address, whoever the client is."""
    settings = {"server_name": "localhost"} | {name: str(value) for name, value in options.items()}
    own = {"dedicated": True, "timeout": CONNECT_SECONDS, "grpc_options": {"grpc.enable_http_proxy": 0}}
    return MilvusClient(uri=f"https://{host}:{server.listen_port}", secure=True, **own, **settings)


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


def run_cases(report: Report, home: Path, certificates: Path, mode: int, cases: Cases) -> None:
    """Starts Milvus, and runs the cases in it; if it does not start, all of them have failed."""
    title = f"{certificates.name}, tlsMode {mode}"
    try:
        with running_server(home, certificates, mode) as server:
            for name, check in cases.items():
                run_case(report, f"{title}, {name}", check, server)
    except Exception as error:
        for name in cases:
            report.failure(f"{title}, {name}", error)


def run_case(report: Report, name: str, check: Check, server: MilvusServer) -> None:
    try:
        check(server)
    except Exception as error:
        report.failure(name, error)
        print_log(server)
    else:
        report.success(name)


@contextmanager
def running_server(home: Path, certificates: Path, mode: int) -> Iterator[MilvusServer]:
    """A Milvus with these files."""
    server = new_server(home)
    server.config.set("tls_mode", mode)
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


if __name__ == "__main__":
    sys.exit(main())
