"""End to end: the files of milvus-certgen in a real Milvus 2.3.5, read by a real pymilvus.

    python -m pip install milvus==2.3.5 pymilvus==3.0.2
    python tests/e2e/milvus.py target/release/milvus-certgen

A Milvus is started for each set of files and tlsMode, one after the other; the cases of such a pair share it.
Every case prints a line, `ok NAME` or `FAILED NAME: reason`; the last line is `N passed, M failed`.
"""

import logging
import shutil
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

# This file has the name of the package `milvus`: Python would import the file in the package's place. What is
# beside it is found after everything else.
here = Path(__file__).resolve().parent
sys.path[:] = [*(place for place in sys.path if Path(place).resolve() != here), str(here)]

import common
import sets
from common import Report, accepted, example_runs, identity, make_set
from milvus import MilvusServer
from program import one_way_probes, plaintext_probes, two_way_probes, version_withheld
from server import new_server, read_log, run_case, running_server

SUITE_SECONDS = 600

# A name that no server has until its certificate is signed again with --san.
LATER_NAME = "extra.example"

Check = Callable[[MilvusServer], None]
Cases = dict[str, Check]


def main() -> int:
    """Runs every case; the exit code is 1 if one failed, or if the suite did not get to its end."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH/TO/milvus-certgen")
    logging.disable()
    report = Report()
    try:
        common.end_on_signals(SUITE_SECONDS)
        with tempfile.TemporaryDirectory(prefix="milvus-e2e-", ignore_cleanup_errors=True) as home:
            run_suite(report, Path(sys.argv[1]).resolve(), Path(home))
    except BaseException as error:
        report.failure("suite", error)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed else 0


def run_suite(report: Report, program: Path, home: Path) -> None:
    """Makes the sets, and runs their cases in one Milvus after the other."""
    for kind in ("rsa", "ecdsa-p256"):
        own = make_set(program, home / kind, "--cn", "localhost", "--key-type", kind)
        other = make_set(program, home / f"other-{kind}", "--cn", "localhost", "--key-type", kind)
        # The last case of tlsMode 2 signs both certificates again.
        run_cases(report, home, own, 1, one_way_cases(own, other) | one_way_probes(program, own, other))
        run_cases(report, home, own, 2, two_way_cases(own, other) | two_way_probes(program, own, other))

    rsa = home / "rsa"
    run_cases(report, home, rsa, 0, plaintext_probes(program, rsa))
    run_cases(report, home, rsa, 1, {"probe": partial(version_withheld, program, rsa)}, asks_for_user=True)
    before = Path(shutil.copytree(rsa, home / "rsa-before"))
    make_set(program, rsa, "--san", LATER_NAME)
    # Once more by name: keys, names and the CA's key stay, and so does everybody's trust.
    make_set(program, rsa, command="renew")
    make_set(program, rsa, "--ca", command="renew")
    run_cases(report, home, rsa, 1, signed_again_cases(before))

    flags = ("--cn", "localhost", "--constrain", "--key-type", "ecdsa-p256")
    constrained = make_set(program, home / "constrained", *flags)
    # The constraints stay when the CA's certificate is issued again.
    before = Path(shutil.copytree(constrained, home / "constrained-before"))
    make_set(program, constrained, "--ca", "--all", command="renew")
    other = home / "other-ecdsa-p256"
    run_cases(report, home, constrained, 1, constrained_one_way_cases(constrained, before))
    run_cases(report, home, constrained, 2, constrained_two_way_cases(constrained, before, other))

    run_todays_page(report, program, home)
    run_bundle(report, program, home)
    run_chain(report, program, home)
    for name, spoil, reason in (
        ("ca-first", sets.put_ca_first, "private key does not match public key"),
        ("byte-order-mark", sets.put_byte_order_mark, "failed to find any PEM data"),
    ):
        run_spoiled(report, program, home, name, spoil, reason)

    ed25519 = make_set(program, home / "ed25519", "--cn", "localhost", "--key-type", "ed25519")
    run_cases(report, home, ed25519, 1, ed25519_cases(ed25519))


def run_todays_page(report: Report, program: Path, home: Path) -> None:
    """The set of today's page fails two-way, and works in both modes once a run has brought it up to date in place."""
    own = sets.make_todays_page(home / "today")
    before = Path(shutil.copytree(own, home / "today-before"))
    client = identity(own, "client", own)
    run_cases(report, home, own, 2, {"client.pem as made refused": partial(refused, common.NOT_FOR_CLIENTS, **client)})
    make_set(program, own)
    kept = [(own / key).read_text() == (before / key).read_text() for key in ("ca.key", "server.key", "client.key")]
    common.ensure(all(kept), "a key is another")
    other = home / "other-rsa"
    cases = one_way_cases(own, other)
    # The page's certificates are for a host name alone, and so are those that take their place.
    del cases["connection to an address"]
    trust = {"trust in the old ca.pem": partial(accepted, server_pem_path=before / "ca.pem")}
    run_cases(report, home, own, 1, cases | trust)
    clients = {
        "client.pem": partial(accepted, **client),
        "client.pem with the old ca.pem": partial(accepted, **identity(own, "client", before)),
        "the page's client.pem refused": partial(refused, common.NOT_FOR_CLIENTS, **identity(before, "client", own)),
        "client of another CA refused": partial(refused, common.UNKNOWN_CLIENT_CA, **identity(other, "client", own)),
    }
    run_cases(report, home, own, 2, clients)


def run_bundle(report: Report, program: Path, home: Path) -> None:
    """With two CAs in ca.pem the clients of both are let in, before and after a renewal."""
    own = make_set(program, home / "bundle", "--cn", "localhost", "--key-type", "ecdsa-p256")
    other, stranger = home / "other-ecdsa-p256", home / "other-rsa"
    sets.trust_too(own, other)
    make_set(program, own, command="renew")
    clients = {
        "client.pem": partial(accepted, **identity(own, "client", own)),
        "client of the other CA": partial(accepted, **identity(other, "client", own)),
        "client of a third CA refused": partial(refused, common.UNKNOWN_CLIENT_CA, **identity(stranger, "client", own)),
    }
    run_cases(report, home, own, 2, clients)


def run_chain(report: Report, program: Path, home: Path) -> None:
    """Below an intermediate CA, with the root alone in ca.pem, both sides send the intermediate."""
    corp = home / "corp"
    sets.make_intermediate(corp)
    flags = ("--cn", "localhost", "--key-type", "ecdsa-p256", "--ca-cert", str(corp / "int.pem"))
    own = make_set(program, home / "chain", *flags, "--ca-key", str(corp / "int.key"))
    (own / "ca.pem").write_text((corp / "root.pem").read_text())
    alone = Path(shutil.copytree(own, home / "chain-alone"))
    client = own / "client.pem"
    client.write_text(client.read_text() + (corp / "int.pem").read_text())
    trust = {"trust in the root": partial(accepted, server_pem_path=own / "ca.pem")}
    run_cases(report, home, own, 1, trust)
    clients = {
        "client.pem with the intermediate": partial(accepted, **identity(own, "client", own)),
        "client.pem alone refused": partial(refused, common.UNKNOWN_CLIENT_CA, **identity(alone, "client", own)),
    }
    run_cases(report, home, own, 2, clients)


def run_spoiled(
    report: Report, program: Path, home: Path, name: str, spoil: Callable[[Path], None], reason: str
) -> None:
    """Milvus does not start with such a file, and does once a run has written it again."""
    own = make_set(program, home / name, "--cn", "localhost", "--key-type", "ecdsa-p256")
    spoil(own)
    try:
        not_started(home, own, reason)
        report.success(f"{name}, Milvus does not start")
    except Exception as error:
        report.failure(f"{name}, Milvus does not start", error)
    make_set(program, own)
    run_cases(report, home, own, 1, {"mended": partial(accepted, server_pem_path=own / "ca.pem")})


def not_started(home: Path, certificates: Path, reason: str) -> None:
    """Milvus ends, and says why."""
    server = new_server(home)
    server.config.set("tls_mode", 1)
    for name, file in (("server_pem_path", "server.pem"), ("server_key_path", "server.key"), ("ca_pem_path", "ca.pem")):
        server.config.set(name, str(certificates / file))
    server.start()
    try:
        ended = common.wait_for(lambda: server.server_proc.poll() is not None, common.PROCESS_SECONDS)
    finally:
        server.server_proc.kill()
        server.server_proc.wait(common.PROCESS_SECONDS)
        server.stop()
    common.ensure(ended, "Milvus has started")
    said = read_log(server, "stdout") + read_log(server, "stderr")
    common.ensure(reason in said, f"it did not say {reason!r}")


def one_way_cases(own: Path, other: Path) -> Cases:
    """Clients of tlsMode 1, where only the server shows a certificate."""
    trust = {"server_pem_path": own / "ca.pem"}
    trust_other = {"server_pem_path": other / "ca.pem"}
    return {
        "trust in server.pem": partial(accepted, server_pem_path=own / "server.pem"),
        "trust in ca.pem": partial(accepted, **trust),
        "the example as written": partial(example_runs, own, "1"),
        "connection to an address": partial(accepted, host="127.0.0.1", server_name="", **trust),
        "wrong server_name refused": partial(refused, common.WRONG_NAME, server_name=LATER_NAME, **trust),
        "server of another CA refused": partial(refused, common.UNKNOWN_SERVER_CA, **trust_other),
    }


def two_way_cases(own: Path, other: Path) -> Cases:
    """Clients of tlsMode 2, where both sides show a certificate."""
    client = identity(own, "client", own)
    # Trust goes by server_pem_path here: pymilvus heeds ca_pem_path only beside a client's certificate.
    anonymous = {"server_pem_path": own / "ca.pem"}
    return {
        "client.pem": partial(accepted, **client),
        "the example as written": partial(example_runs, own, "2"),
        "wrong server_name refused": partial(refused, common.WRONG_NAME, server_name=LATER_NAME, **client),
        "server of another CA refused": partial(refused, common.UNKNOWN_SERVER_CA, **identity(own, "client", other)),
        "no client certificate refused": partial(refused, common.NO_CLIENT_CERTIFICATE, **anonymous),
        "client of another CA refused": partial(refused, common.UNKNOWN_CLIENT_CA, **identity(other, "client", own)),
        "server.pem as client refused": partial(refused, common.NOT_FOR_CLIENTS, **identity(own, "server", own)),
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


def constrained_one_way_cases(own: Path, before: Path) -> Cases:
    """Under a CA of --constrain there are host names and no addresses, and pymilvus accepts them."""
    trust = {"server_pem_path": own / "ca.pem"}
    return {
        "trust in ca.pem": partial(accepted, **trust),
        "trust in server.pem": partial(accepted, server_pem_path=own / "server.pem"),
        "trust in the old ca.pem": partial(accepted, server_pem_path=before / "ca.pem"),
        "address refused": partial(refused, common.WRONG_NAME, host="127.0.0.1", server_name="", **trust),
    }


def constrained_two_way_cases(own: Path, before: Path, other: Path) -> Cases:
    """Milvus holds client.pem against the constraints too."""
    return {
        "client.pem": partial(accepted, **identity(own, "client", own)),
        "the old client.pem": partial(accepted, **identity(before, "client", before)),
        "client of another CA refused": partial(
            refused, common.UNKNOWN_CLIENT_CA, **identity(other, "client", own)
        ),
    }


def ed25519_cases(own: Path) -> Cases:
    """Milvus and OpenSSL take Ed25519; gRPC's C core does not offer it, and so pymilvus cannot connect."""
    return {
        "OpenSSL connects": partial(accepted_by_openssl, own / "ca.pem"),
        "pymilvus refused": partial(refused, common.NO_COMMON_SIGNATURE, server_pem_path=own / "ca.pem"),
    }


def refused(reason: str, server: MilvusServer, **options: object) -> None:
    """Milvus and this client do not come together, for this reason."""
    common.refused(reason, server, partial(read_log, server, "stdout"), **options)


def accepted_by_openssl(ca_pem: Path, server: MilvusServer) -> None:
    """The handshake succeeds with Python's own TLS."""
    context = ssl.create_default_context(cafile=ca_pem)
    address = ("localhost", server.listen_port)
    with socket.create_connection(address, timeout=common.CONNECT_SECONDS) as connection:
        context.wrap_socket(connection, server_hostname="localhost").close()


def run_cases(
    report: Report, home: Path, certificates: Path, mode: int, cases: Cases, asks_for_user: bool = False
) -> None:
    """Starts Milvus, and runs the cases in it; if it does not start, all of them have failed."""
    title = f"{certificates.name}, tlsMode {mode}{', with users' if asks_for_user else ''}"
    try:
        with running_server(home, certificates, mode, asks_for_user) as server:
            for name, check in cases.items():
                run_case(report, f"{title}, {name}", check, server)
    except Exception as error:
        for name in cases:
            report.failure(f"{title}, {name}", error)


if __name__ == "__main__":
    sys.exit(main())
