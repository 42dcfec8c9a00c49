"""End to end: what stands behind a real Milvus 2.3.5, before it and beside it, as `milvus-certgen config` prints it.

    apt-get install etcd-server etcd-client nginx-light curl
    python -m pip install milvus==2.3.5 pymilvus==3.0.2 kubernetes-validate==1.37.0
    python tests/e2e/hops.py target/release/milvus-certgen

A Milvus in tlsMode 1 keeps its metadata in an etcd that demands client certificates; then one in tlsMode 2. In front of
both stands nginx; curl asks REST, and a pymilvus that is given nothing but a URI connects. Of what is printed only
ports and directories are changed, and in each wrong form one line.
Every case prints a line, `ok NAME` or `FAILED NAME: reason`; the last line is `N passed, M failed`.
"""

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

# As in milvus.py: that file must not be imported in the place of the package that it tests.
here = Path(__file__).resolve().parent
sys.path[:] = [*(place for place in sys.path if Path(place).resolve() != here), str(here)]

import common
import yaml
from common import Report, ensure, make_set, wait_for
from config import REST_PORT, Cases, Suite, merged, run
from milvus import MilvusServer

SUITE_SECONDS = 900
NEEDED = ("etcd", "etcdctl", "nginx", "curl")

ONLY_URI = """
import os, sys
from pymilvus import MilvusClient
print(MilvusClient(uri=os.environ["MILVUS_URI"], timeout=10).get_server_version())
"""

# Before the printed block; nothing outside the directory is written.
NGINX = """
daemon off; pid nginx.pid; error_log error.log info; worker_processes 1;
events {}
http {
access_log off;
client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
"""


def main() -> int:
    """Runs every case; the exit code is 1 if one failed, or if the suite did not get to its end."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH/TO/milvus-certgen")
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing:
        print(f"skipped: {', '.join(missing)} cannot be found")
        return 1 if os.environ.get("CERTGEN_TESTS_SKIP_NOTHING") else 0
    logging.disable()
    report = Report()
    try:
        common.end_on_signals(SUITE_SECONDS)
        with tempfile.TemporaryDirectory(prefix="milvus-e2e-", ignore_cleanup_errors=True) as home:
            os.chmod(home, 0o755)
            Hops(report, Path(sys.argv[1]).resolve(), Path(home), None).run()
    except BaseException as error:
        report.failure("suite", error)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed else 0


class Hops(Suite):
    """One set, and certificates for etcd from its CA."""

    def run(self) -> None:
        flags = ("etcd", "--san", "127.0.0.1", "--key-type", "ecdsa-p256")
        make_set(self.program, self.certificates, *flags, command="peer")
        documents = list(yaml.safe_load_all(self.here(self.printed("etcd", 1))))
        with self.etcd(documents[0]) as endpoint:
            block = documents[1]["etcd"] | {"endpoints": endpoint, "use": {"embed": False}}
            cases: Cases = {
                "metadata is in etcd": partial(self.is_in_etcd, endpoint),
                "etcd refuses who has no certificate": partial(self.etcd_refuses, endpoint),
            }
            self.in_milvus("tlsMode 1", partial(self.with_blocks, 1, {"etcd": block}), cases | self.all_cases(1))
        self.in_milvus("tlsMode 2", partial(self.with_blocks, 2, {}), self.all_cases(2))

    def all_cases(self, mode: int) -> Cases:
        cases: Cases = {
            "config rest": partial(self.rest, mode),
            "probe of REST": partial(self.probes_rest, mode),
            "pymilvus through nginx": partial(self.through_nginx, mode),
            "nginx without http2": partial(self.through_wrong_nginx, mode, " ssl http2;", " ssl;"),
            "nginx with grpc": partial(self.through_wrong_nginx, mode, '"grpcs://', '"grpc://'),
        }
        if mode == 1:
            cases["pymilvus with a URI alone"] = self.uri_alone
            name = 'grpc_ssl_name "localhost"'
            cases["nginx with another name"] = partial(self.through_wrong_nginx, mode, name, "grpc_ssl_name elsewhere")
        else:
            cases["nginx refuses who has no certificate"] = self.nginx_refuses
            shown = "grpc_ssl_certificate"
            cases["nginx without a certificate for Milvus"] = partial(self.through_wrong_nginx, mode, shown, f"#{shown}")
        return cases

    def with_blocks(self, mode: int, more: dict[str, object], server: MilvusServer) -> dict[str, str]:
        """The printed milvus-yaml, and further blocks."""
        variables = self.with_yaml(mode, server)
        write_config = server.config.write_config

        def write_and_merge() -> None:
            write_config()
            path = Path(server.config.base_data_dir, "configs", "milvus.yaml")
            path.write_text(yaml.safe_dump(merged(yaml.safe_load(path.read_text()), more)))

        server.config.write_config = write_and_merge
        return variables

    @contextmanager
    def etcd(self, member: dict[str, object]) -> Iterator[str]:
        """The printed member, on ports of its own."""
        clients, peers, metrics = (free_port() for _ in range(3))
        place = Path(tempfile.mkdtemp(dir=self.home, prefix="etcd-"))
        text = yaml.safe_dump(member | {"data-dir": str(place / "data")})
        text = text.replace("/etc/etcd/tls", str(self.certificates)).replace("0.0.0.0", "127.0.0.1")
        for name in ("127.0.0.1", "etcd"):
            text = text.replace(f"//{name}:2379", f"//127.0.0.1:{clients}").replace(f"//{name}:2380", f"//127.0.0.1:{peers}")
        (place / "etcd.yaml").write_text(text.replace(":2381", f":{metrics}"))
        line = ["etcd", "--config-file", "etcd.yaml"]
        with process(line, place, place / "log"):
            endpoint = f"127.0.0.1:{clients}"
            ready = wait_for(lambda: self.etcdctl(endpoint, "endpoint", "health").returncode == 0, 30)
            ensure(ready, f"etcd is not healthy: {(place / 'log').read_text()[-1500:]}")
            yield endpoint

    def etcdctl(self, endpoint: str, *words: str, client: bool = True) -> "subprocess.CompletedProcess[str]":
        own = ["--cert", "client.pem", "--key", "client.key"] if client else []
        line = ["etcdctl", "--endpoints", endpoint, "--cacert", "ca.pem", *own, "--command-timeout=3s", *words]
        return run(line, self.certificates, {"ETCDCTL_API": "3"})

    def is_in_etcd(self, endpoint: str, server: MilvusServer) -> None:
        common.accepted(server, server_pem_path=self.certificates / "ca.pem")
        keys = self.etcdctl(endpoint, "get", "--prefix", "--keys-only", "by-dev/meta").stdout.split()
        ensure(any("collection" in key for key in keys), f"in etcd are only {keys[:20]}")

    def etcd_refuses(self, endpoint: str, _server: MilvusServer) -> None:
        done = self.etcdctl(endpoint, "get", "--prefix", "by-dev", client=False)
        ensure(done.returncode != 0, "etcd answers a client without a certificate")

    def rest(self, mode: int, _server: MilvusServer) -> None:
        """The printed script; only Milvus 2.3.5 has no version 2 of the interface yet."""
        script = self.printed("rest", mode)
        script = script.replace("v2/vectordb/collections/list", "v1/vector/collections").replace("--data '{}'", "")
        ensure(f":{REST_PORT}/v1" in script, script)
        done = run(["sh", "-c", script], self.home)
        ensure('"code":200' in done.stdout, f"{done.returncode}: {done.stdout} {done.stderr}")
        wrong = "--cert " if mode == 2 else "--cacert "
        lines = [line for line in script.splitlines() if wrong not in line]
        done = run(["sh", "-c", "\n".join(lines)], self.home)
        ensure(done.returncode != 0 and not done.stdout, f"without {wrong}curl is answered {done.stdout}")

    def probes_rest(self, mode: int, _server: MilvusServer) -> None:
        line = [self.program, "probe", f"localhost:{REST_PORT}", "--dir", self.certificates, "--json"]
        done = run([*line, "--tls-mode", str(mode)], self.home)
        found = json.loads(done.stdout)
        ensure(done.returncode == 0 and found["server"]["kind"] == "rest", f"{done.returncode}: {done.stdout}")
        other = run([*line, "--tls-mode", str(3 - mode)], self.home)
        ensure(other.returncode == 3, f"as tlsMode {3 - mode}: {other.stdout}")

    def uri_alone(self, server: MilvusServer) -> None:
        """With the printed variables, and not without them."""
        script = self.printed("env", 1, "--port", str(server.listen_port))
        program = f"exec {sys.executable} -c '{ONLY_URI}'"
        done = run(["sh", "-c", f"{script}\n{program}"], self.home)
        ensure(done.returncode == 0 and "2.3.5" in done.stdout, f"{done.returncode}: {done.stderr[-1500:]}")
        unset = "unset GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
        done = run(["sh", "-c", f"{script}\n{unset}\n{program}"], self.home)
        ensure(done.returncode != 0 and not done.stdout, f"connects without the variable: {done.stdout}")

    @contextmanager
    def nginx(self, mode: int, server: MilvusServer, *change: str) -> Iterator[int]:
        """The printed server, with at most one line changed."""
        port, place = free_port(), Path(tempfile.mkdtemp(dir=self.home, prefix="nginx-"))
        printed = self.printed("nginx", mode, "--port", str(server.listen_port))
        if change:
            ensure(change[0] in printed, f"{change[0]} is not in {printed}")
            printed = printed.replace(*change)
        printed = printed.replace("listen 443", f"listen 127.0.0.1:{port}")
        (place / "nginx.conf").write_text(f"{NGINX}{printed}}}\n")
        with process(["nginx", "-p", place, "-c", "nginx.conf"], place, place / "log"):
            ready = wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, 10)
            ensure(ready, f"nginx does not listen: {(place / 'log').read_text()}")
            yield port

    def through_nginx(self, mode: int, server: MilvusServer) -> None:
        with self.nginx(mode, server) as port:
            self.connects(self.pymilvus, mode, At(port))
            # As a client of Milvus does it, with what is more than a frame.
            options = {"server_pem_path": self.certificates / "ca.pem"}
            if mode == 2:
                options = common.identity(self.certificates, "client", self.certificates)
            common.accepted(At(port), **options)

    def through_wrong_nginx(self, mode: int, right: str, wrong: str, server: MilvusServer) -> None:
        with self.nginx(mode, server, right, wrong) as port:
            done = self.pymilvus(mode, At(port))
            ensure(done.returncode == 1 and not done.stdout, f"exit code {done.returncode}, printed {done.stdout!r}")

    def nginx_refuses(self, server: MilvusServer) -> None:
        with self.nginx(2, server) as port:
            done = self.pymilvus(1, At(port))
            ensure(done.returncode == 1 and not done.stdout, f"exit code {done.returncode}, printed {done.stdout!r}")


class At:
    """Where clients find somebody in front of Milvus."""

    def __init__(self, port: int) -> None:
        self.listen_port = port


@contextmanager
def process(line: list[object], place: Path, log: Path) -> Iterator[None]:
    """Runs it in that directory; it is dead when the block is left."""
    with log.open("w") as out:
        child = subprocess.Popen([str(word) for word in line], cwd=place, stdout=out, stderr=out)
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
