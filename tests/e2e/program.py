"""What milvus-certgen's `probe` says of a Milvus."""

import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from common import PROCESS_SECONDS, bare_environment, ensure, make_set
from milvus import MilvusServer

# What nobody's certificate is for.
NOBODY = "nobody.example"

# Codes that do not keep a client away.
WARNINGS = {"other-certificate-served"}

# Who is refused does not come to ask who answers.
REFUSALS = {"client-certificate-needed", "client-certificate-refused"}

Check = Callable[[MilvusServer], None]
Cases = dict[str, Check]


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs milvus-certgen, with no settings but these."""
    return subprocess.run(
        [program, *arguments], env=bare_environment(), capture_output=True, text=True, timeout=PROCESS_SECONDS
    )


def plaintext_probes(program: Path, own: Path) -> Cases:
    """What `probe` says in tlsMode 0, to who expects TLS."""
    said = partial(saying, program, 0)
    return {
        "probe": said(["plaintext"], "--dir", own),
        "probe, tlsMode 2 expected": said(["plaintext"], "--dir", own, "--tls-mode", 2),
        "probe of the health port": partial(health_port_probed, program, own),
    }


def one_way_probes(program: Path, own: Path, other: Path) -> Cases:
    """What `probe` says in tlsMode 1."""
    said = partial(saying, program, 1)
    return {
        "probe": said([], "--dir", own),
        "probe, expected": said([], "--dir", own, "--tls-mode", 1),
        "probe, tlsMode 2 expected": said(["tls-mode"], "--dir", own, "--tls-mode", 2),
        "probe with ca.pem alone": said([], "--ca-cert", own / "ca.pem", "--dir", own.parent),
        "probe for a wrong name": said(["name-not-in-san"], "--dir", own, "--server-name", NOBODY),
        "probe with another CA": said(["not-signed-by-ca", "other-certificate-served"], "--dir", other),
        "probe of the health port": partial(health_port_probed, program, own),
    }


def two_way_probes(program: Path, own: Path, other: Path) -> Cases:
    """What `probe` says in tlsMode 2; the last of them signs server.pem and client.pem again."""
    said = partial(saying, program, 2)
    trust = ["--ca-cert", own / "ca.pem"]
    others = ["--cert", other / "client.pem", "--key", other / "client.key"]
    servers = ["--cert", own / "server.pem", "--key", own / "server.key"]
    refused = "client-certificate-refused"
    return {
        "probe": said([], "--dir", own),
        "probe, expected": said([], "--dir", own, "--tls-mode", 2),
        "probe, tlsMode 1 expected": said(["tls-mode"], "--dir", own, "--tls-mode", 1),
        "probe for a wrong name": said(["name-not-in-san"], "--dir", own, "--server-name", NOBODY),
        "probe without a certificate": said(["client-certificate-needed"], *trust, "--dir", own.parent),
        "probe with another CA's certificate": said(["not-signed-by-ca", refused], "--dir", own, *others),
        "probe with server.pem": said(["wrong-eku", refused], "--dir", own, *servers),
        "probe with another set": said(
            ["not-signed-by-ca", refused, "other-certificate-served"], "--dir", other
        ),
        "probe after a renewal": partial(probed_after_renewal, program, own),
    }


def probed_after_renewal(program: Path, own: Path, server: MilvusServer) -> None:
    """Milvus has read its files at its start: it goes on with the old ones, and clients do too."""
    make_set(program, own, command="renew")
    probed(program, 2, ["other-certificate-served"], ("--dir", own), server)


def saying(program: Path, mode: int, codes: list[str], *arguments: object) -> Check:
    """The check that a `probe` with these arguments finds that mode and exactly these codes."""
    return partial(probed, program, mode, codes, arguments)


def probed(
    program: Path, mode: int, codes: list[str], arguments: tuple[object, ...], server: MilvusServer
) -> None:
    """The findings are exactly these, and the exit code says whether they keep a client away."""
    exit_code, said = probe(program, f"localhost:{server.listen_port}", *arguments)
    ensure([finding["code"] for finding in said["findings"]] == codes, f"the findings are {said['findings']}")
    keeps_away = bool(set(codes) - WARNINGS)
    ensure((exit_code, said["ok"]) == (3 if keeps_away else 0, not keeps_away), f"{exit_code}, {said['ok']}")
    ensure(said["tls_mode"] == mode, f"tlsMode {said['tls_mode']}")
    who = said["server"]
    is_known = who["kind"] == "milvus" and "2.3.5" in (who["version"] or "")
    ensure(is_known or set(codes) & REFUSALS, f"the server is {who}")
    if mode:
        ensure(said["tls"]["version"] == "TLS 1.3" and said["tls"]["alpn"] == "h2", f"{said['tls']}")
        ensure(said["tls"]["accepted"] is not bool(set(codes) & REFUSALS), f"{said['tls']}")
        asked = {1: "not asked for", 2: "demanded"}[mode]
        ensure(said["tls"]["client_certificate"] == asked, f"{said['tls']}")
        # Milvus in tlsMode 2 sets TLS 1.3 as its least version, and in tlsMode 1 none.
        ensure(said["tls"]["takes_tls12"] is (mode == 1), f"{said['tls']}")


def version_withheld(program: Path, own: Path, server: MilvusServer) -> None:
    """A Milvus with users does not tell strangers its version, and is known all the same."""
    exit_code, said = probe(program, f"localhost:{server.listen_port}", "--dir", own)
    who = said["server"]
    ensure((exit_code, said["findings"]) == (0, []), f"{exit_code}, {said['findings']}")
    ensure((who["kind"], who["version"]) == ("milvus", None), f"the server is {who}")
    ensure("missing authorization" in who["says"], f"the server is {who}")


def health_port_probed(program: Path, own: Path, server: MilvusServer) -> None:
    """The port of /healthz and the metrics is not the one that clients want."""
    exit_code, said = probe(program, f"localhost:{server.webservice_port}", "--dir", own)
    codes = [finding["code"] for finding in said["findings"]]
    ensure((exit_code, codes) == (3, ["not-tls"]), f"{exit_code}, {codes}")
    ensure(said["server"]["kind"] == "web", f"the server is {said['server']}")


def probe(program: Path, *arguments: object) -> tuple[int, dict]:
    """The exit code, and the JSON."""
    done = run(program, "probe", "--json", *map(str, arguments))
    ensure(done.returncode in (0, 3) and not done.stderr, f"exit code {done.returncode}, {done.stderr}")
    return done.returncode, json.loads(done.stdout)
