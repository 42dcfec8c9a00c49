"""End to end: what `milvus-certgen config` prints, in a real Milvus 2.3.5, and in clients of it.

    python -m pip install milvus==2.3.5 pymilvus==3.0.2 kubernetes-validate==1.37.0
    python tests/e2e/config.py target/release/milvus-certgen [PATH/TO/milvus_cli]

A Milvus is started with the printed milvus-yaml in tlsMode 1 and in 2, and with the variables of the printed compose;
only the directory of the files is another. Then the printed clients connect: pymilvus as it is, Rust's with its SDK
(which takes minutes to build), and milvus_cli where it is given. The SDKs for Node and Go are stubs whose connection is that language's own TLS: what is shown is that
their programs run, and that the files and the name in them suffice.
Every case prints a line, `ok NAME` or `FAILED NAME: reason`; the last line is `N passed, M failed`.
"""

import json
import logging
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

# As in milvus.py: that file must not be imported in the place of the package that it tests.
here = Path(__file__).resolve().parent
sys.path[:] = [*(place for place in sys.path if Path(place).resolve() != here), str(here)]

import common
import kubernetes_validate
import yaml
from common import Report, ensure, make_set, wait_for
from milvus import MilvusServer
from server import new_server, read_log, run_case, started

# The SDK for Rust is built within it.
SUITE_SECONDS = 1500
BUILD_SECONDS = 1200

MOUNTED = "/milvus/tls"
VERSION = "2.3.5"
REST_PORT = 8080
# Of the schemas that kubernetes-validate has.
KUBERNETES = "1.30"

RUST_MANIFEST = """
[package]
name = "printed"
version = "0.0.0"
edition = "2024"

[dependencies]
milvus-sdk-rust = "=3.0.3"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }

[profile.dev]
debug = 0

[workspace]
"""

Check = Callable[[MilvusServer], None]
Cases = dict[str, Check]


def main() -> int:
    """Runs every case; the exit code is 1 if one failed, or if the suite did not get to its end."""
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} PATH/TO/milvus-certgen [PATH/TO/milvus_cli]")
    logging.disable()
    report = Report()
    try:
        common.end_on_signals(SUITE_SECONDS)
        with tempfile.TemporaryDirectory(prefix="milvus-e2e-", ignore_cleanup_errors=True) as home:
            cli = Path(sys.argv[2]).absolute() if len(sys.argv) == 3 else None
            Suite(report, Path(sys.argv[1]).resolve(), Path(home), cli).run()
    except BaseException as error:
        report.failure("suite", error)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed else 0


class Suite:
    """One set, and what is printed for it."""

    def __init__(self, report: Report, program: Path, home: Path, cli: Path | None) -> None:
        self.report, self.program, self.home, self.cli = report, program, home, cli
        self.certificates = make_set(program, home / "set", "--cn", "localhost", "--key-type", "ecdsa-p256")

    def run(self) -> None:
        self.case("Rust's SDK builds", self.build_rust)
        for mode in (1, 2):
            self.case(f"kubernetes, tlsMode {mode}, the schema of Kubernetes", partial(self.is_valid_secret, mode))
        for mode in (1, 2):
            self.in_milvus(f"milvus-yaml, tlsMode {mode}", partial(self.with_yaml, mode), self.cases(mode))
        cases: Cases = {
            "pymilvus": partial(self.connects, self.pymilvus, 2),
            "REST": partial(self.rest_answers, 2),
        }
        self.in_milvus("compose, tlsMode 2", partial(self.with_compose, 2), cases)

    def cases(self, mode: int) -> Cases:
        clients = {"pymilvus": self.pymilvus, "Rust": self.rust, "Node's TLS": self.node, "Go's TLS": self.go}
        cases: Cases = {name: partial(self.connects, client, mode) for name, client in clients.items()}
        cases["REST"] = partial(self.rest_answers, mode)
        if mode == 1:
            # Milvus does not ask for the certificate that they have.
            cases["pymilvus for mode 2"] = partial(self.connects, self.pymilvus, 2)
            if self.cli:
                cases["milvus_cli"] = self.milvus_cli_connects
        else:
            for name, client in clients.items():
                cases[f"{name} for mode 1 refused"] = partial(self.is_refused, client)
        return cases

    def case(self, name: str, check: Callable[[], None]) -> None:
        try:
            check()
        except Exception as error:
            self.report.failure(name, error)
        else:
            self.report.success(name)

    def in_milvus(self, title: str, prepare: Callable[[MilvusServer], dict[str, str]], cases: Cases) -> None:
        """Prepares a Milvus, starts it with the variables that come of that, and runs the cases in it."""
        server = new_server(self.home)
        try:
            with environment(prepare(server)), started(server):
                for name, check in cases.items():
                    run_case(self.report, f"{title}, {name}", check, server)
        except Exception as error:
            for name in cases:
                self.report.failure(f"{title}, {name}", error)

    def printed(self, target: str, mode: int, *flags: str) -> str:
        line = [self.program, "config", target, "--dir", self.certificates, "--tls-mode", str(mode), *flags]
        done = run(line, self.home)
        ensure(done.returncode == 0, f"config {target}: exit code {done.returncode}, {done.stderr}")
        return done.stdout

    def here(self, text: str) -> str:
        """With the set's directory for the one in the container."""
        ensure(MOUNTED in text, f"{MOUNTED} is not in {text}")
        return text.replace(MOUNTED, str(self.certificates))

    def with_yaml(self, mode: int, server: MilvusServer) -> dict[str, str]:
        """Merged into milvus.yaml, as the first line of what is printed says."""
        printed = yaml.safe_load(self.here(self.printed("milvus-yaml", mode)))
        write_config = server.config.write_config

        def write_and_merge() -> None:
            write_config()
            path = Path(server.config.base_data_dir, "configs", "milvus.yaml")
            path.write_text(yaml.safe_dump(merged(yaml.safe_load(path.read_text()), printed)))

        server.config.write_config = write_and_merge
        return {}

    def with_compose(self, mode: int, _server: MilvusServer) -> dict[str, str]:
        service = yaml.safe_load(self.printed("compose", mode))["services"]["standalone"]
        variables = {name: str(value) for name, value in service["environment"].items()}
        return {name: self.here(value) if MOUNTED in value else value for name, value in variables.items()}

    def is_valid_secret(self, mode: int) -> None:
        objects = list(yaml.safe_load_all(self.printed("kubernetes", mode)))
        ensure(len(objects) == mode, f"{len(objects)} objects")
        for each in objects:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)
        # The schema can refuse.
        objects[0]["data"] = "none"
        try:
            kubernetes_validate.validate(objects[0], KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError:
            return
        raise AssertionError("a Secret without a map for its data is taken")

    Client = Callable[[int, MilvusServer], "subprocess.CompletedProcess[str]"]

    def connects(self, client: Client, mode: int, server: MilvusServer) -> None:
        done = client(mode, server)
        ensure(done.returncode == 0, f"exit code {done.returncode}: {done.stdout[-500:]} {done.stderr[-1500:]}")
        # Stubs of SDKs say what they have got from Milvus instead: its first frame, which is SETTINGS.
        ensure(VERSION in done.stdout or done.stdout.strip() == "SETTINGS", f"printed {done.stdout!r}")

    def is_refused(self, client: Client, server: MilvusServer) -> None:
        """By Milvus, for want of a certificate; the client may learn only that the connection broke."""
        start = len(read_log(server, "stdout"))
        done = client(1, server)
        ensure(done.returncode == 1 and not done.stdout, f"exit code {done.returncode}, printed {done.stdout!r}")

        def is_logged() -> bool:
            return common.NO_CLIENT_CERTIFICATE in read_log(server, "stdout")[start:]

        ensure(wait_for(is_logged, common.LOG_SECONDS), "Milvus does not say that a certificate is missing")

    def program_in(self, name: str, target: str, mode: int, server: MilvusServer) -> Path:
        """The printed program as a file of that name, in a directory of its own."""
        place = Path(tempfile.mkdtemp(dir=self.home, prefix=f"{target}-"))
        (place / name).write_text(self.printed(target, mode, "--port", str(server.listen_port)))
        return place

    def pymilvus(self, mode: int, server: MilvusServer) -> "subprocess.CompletedProcess[str]":
        place = self.program_in("connect.py", "pymilvus", mode, server)
        return run([sys.executable, "connect.py"], place)

    def node(self, mode: int, server: MilvusServer) -> "subprocess.CompletedProcess[str]":
        place = self.program_in("connect.js", "node", mode, server)
        write(place / "node_modules/@zilliz/milvus2-sdk-node/index.js", NODE_STUB)
        return run(["node", "connect.js"], place)

    def go(self, mode: int, server: MilvusServer) -> "subprocess.CompletedProcess[str]":
        place = self.program_in("connect.go", "go", mode, server)
        for name, code in GO_STUBS.items():
            write(place / "src" / name / "stub.go", code)
        settings = {"GO111MODULE": "off", "CGO_ENABLED": "0"}
        settings |= {"GOPATH": str(place), "GOCACHE": str(self.home / "go-cache")}
        built = run(["go", "build", "-o", "connect", "connect.go"], place, settings)
        ensure(built.returncode == 0, built.stderr)
        return run([place / "connect"], place)

    def build_rust(self) -> None:
        """The SDK and what it needs, with a program for no port in particular: that of a case takes seconds then."""
        place = self.home / "rust"
        write(place / "Cargo.toml", RUST_MANIFEST)
        write(place / "src" / "main.rs", self.printed("rust", 1))
        built = run(["cargo", "build", "--quiet"], place, seconds=BUILD_SECONDS)
        ensure(built.returncode == 0, built.stderr[-1500:])

    def rust(self, mode: int, server: MilvusServer) -> "subprocess.CompletedProcess[str]":
        place = self.home / "rust"
        write(place / "src" / "main.rs", self.printed("rust", mode, "--port", str(server.listen_port)))
        built = run(["cargo", "build", "--quiet", "--offline"], place)
        ensure(built.returncode == 0, built.stderr[-1500:])
        return run([place / "target" / "debug" / "printed"], place)

    def milvus_cli_connects(self, server: MilvusServer) -> None:
        place = self.program_in("connect.sh", "milvus-cli", 1, server)
        if not self.cli or self.cli.name != "milvus_cli":
            raise AssertionError(f"{self.cli} is not milvus_cli")
        done = run(["sh", "connect.sh"], place, {"PATH": f"{self.cli.parent}:{os.environ['PATH']}"})
        said = done.stdout + done.stderr
        ensure(done.returncode == 0 and "Connect Milvus successfully" in said, f"{done.returncode}: {said[-1500:]}")

    def rest_answers(self, mode: int, _server: MilvusServer) -> None:
        """On the printed port, over TLS, and in mode 2 for those with a certificate only."""
        context = ssl.create_default_context(cafile=self.certificates / "ca.pem")

        def ask() -> dict[str, object]:
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
            )
            url = f"https://localhost:{REST_PORT}/v1/vector/collections"
            with opener.open(url, timeout=common.CONNECT_SECONDS) as answer:
                return json.load(answer)

        if mode == 2:
            try:
                ask()
            except OSError:
                pass
            else:
                raise AssertionError("REST answers a client without a certificate")
            context.load_cert_chain(self.certificates / "client.pem", self.certificates / "client.key")
        answer = ask()
        ensure(answer.get("code") == 200 and "data" in answer, f"REST answered {answer}")


def run(
    line: Sequence[object],
    place: Path,
    more: dict[str, str] | None = None,
    seconds: float = common.PROCESS_SECONDS,
) -> "subprocess.CompletedProcess[str]":
    settings = {name: value for name, value in os.environ.items() if not name.startswith("MILVUS_CERTGEN_")}
    settings |= {"no_proxy": "localhost", "NO_PROXY": "localhost"} | (more or {})
    words = [str(word) for word in line]
    return subprocess.run(words, cwd=place, env=settings, capture_output=True, text=True, timeout=seconds)


def merged(below: object, above: object) -> object:
    """Maps key by key; of anything else, what is above."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: merged(below.get(key), value) for key, value in above.items()}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Milvus inherits this process's variables."""
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


# In TLS 1.3 a client is done before the server has looked at its certificate: the connection stands once the server's
# first frame has come, which is HTTP/2's SETTINGS (type 4, the fourth octet).
NODE_STUB = """
const fs = require("fs");
const tls = require("tls");
exports.MilvusClient = class {
  constructor({ address, ssl, tls: files }) {
    if (ssl !== true) throw new Error("no TLS");
    const [host, port] = address.split(":");
    const read = (path) => path && fs.readFileSync(path);
    this.options = {
      host, port, servername: files.serverName, ALPNProtocols: ["h2"],
      ca: read(files.rootCertPath), cert: read(files.certChainPath), key: read(files.privateKeyPath),
    };
  }
  getVersion() {
    return new Promise((resolve, reject) => {
      const socket = tls.connect(this.options);
      socket.once("data", (octets) => {
        socket.destroy();
        octets[3] === 4 ? resolve({ version: "SETTINGS" }) : reject(new Error("no SETTINGS"));
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("closed")));
    });
  }
  async closeConnection() {}
};
"""

GO_STUBS = {
    "google.golang.org/grpc/credentials": """package credentials

import "crypto/tls"

type TransportCredentials struct{ Config *tls.Config }

func NewTLS(config *tls.Config) TransportCredentials { return TransportCredentials{config} }
""",
    "google.golang.org/grpc": """package grpc

import "google.golang.org/grpc/credentials"

type DialOption interface{}

func WithTransportCredentials(c credentials.TransportCredentials) DialOption { return c }
func WithReturnConnectionError() DialOption                                  { return nil }
""",
    "github.com/milvus-io/milvus/client/v2/milvusclient": """package milvusclient

import (
	"context"
	"crypto/tls"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

var DefaultGrpcOpts []grpc.DialOption

type ClientConfig struct {
	Address       string
	EnableTLSAuth bool
	DialOptions   []grpc.DialOption
	ServerVersion string
}

type Client struct{ connection io.Closer }

func New(ctx context.Context, config *ClientConfig) (*Client, error) {
	for _, option := range config.DialOptions {
		if c, ok := option.(credentials.TransportCredentials); ok && config.EnableTLSAuth {
			c.Config.NextProtos = []string{"h2"}
			connection, err := (&tls.Dialer{Config: c.Config}).DialContext(ctx, "tcp", config.Address)
			if err != nil {
				return nil, err
			}
			var frame [9]byte
			if _, err := io.ReadFull(connection, frame[:]); err != nil {
				return nil, err
			}
			if frame[3] != 4 {
				return nil, errors.New("no SETTINGS")
			}
			config.ServerVersion = "SETTINGS"
			return &Client{connection}, nil
		}
	}
	return nil, errors.New("no TLS")
}

func (c *Client) Close(ctx context.Context) error { return c.connection.Close() }
""",
}


if __name__ == "__main__":
    sys.exit(main())
