"""End to end: examples/compose as its README.md says, with a real Milvus 2.3.5 and a real pymilvus.

    python -m pip install milvus==2.3.5 pymilvus==3.0.2
    python tests/e2e/containers.py PATH/TO/STATIC/milvus-certgen

Needs a container engine, Docker Compose (2, or 1.29), curl, root, and no registry. The directory is copied, its
compose file is used as it stands, and the README's commands are run as they stand, each by the heading above it;
names and ports come from a file .env. Every case prints a line, `ok NAME` or `FAILED NAME: reason`; the last line is
`N passed, M failed`. The cases of a project build on each other.
"""

import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import common
import images
from common import Report, accepted, ensure, example_runs, find, identity, make_set, store, wait_for

SUITE_SECONDS = 600
COMMAND_SECONDS = 120
READY_SECONDS = 60

ROOT = Path(__file__).parents[2]
EXAMPLE = Path("examples", "compose")

SET = "ca.key ca.pem ca.srl client.csr client.key client.pem server.csr server.key server.pem".split()
FOR_MILVUS = "ca.pem server.key server.pem".split()

# The name that the README adds; and one more.
LATER_NAME = "milvus.example.com"
LAST_NAME = "last.example.com"

ENVIRONMENT = ("PATH", "HOME", "TMPDIR")

# Where Compose is no plugin of docker, the README's commands find it all the same.
WITHOUT_PLUGIN = """docker() {
    if [ "$1" = compose ]; then shift; docker-compose "$@"; else command docker "$@"; fi
}"""
# The README's commands, typed by a user whose number is this, to whom belongs what he makes.
OTHER_USER = 65534
# The first user of most machines.
USER = 1000
AS_OTHER_USER = f"""id() {{ echo {OTHER_USER}; }}
mkdir() {{ command mkdir "$@" && chown {OTHER_USER} certs tls; }}"""

# Services with the names and the dependencies of Milvus's own compose file, and what Milvus is in the example.
OWN_COMPOSE_FILE = """
services:
  etcd:
    image: ${CERTGEN_IMAGE}
    command: ["--version"]
  minio:
    image: ${CERTGEN_IMAGE}
    command: ["--version"]
  standalone:
    image: ${MILVUS_IMAGE}
    command: ["milvus", "run", "standalone"]
    security_opt:
      - seccomp:unconfined
    environment:
      DEPLOY_MODE: STANDALONE
      ETCD_USE_EMBED: "true"
      ETCD_DATA_DIR: /var/lib/milvus/etcd
      COMMON_STORAGETYPE: local
    volumes:
      - ./volumes/milvus:/var/lib/milvus
    ports:
      - "${MILVUS_PORT}:19530"
      - "${HEALTH_PORT}:9091"
    depends_on:
      - "etcd"
      - "minio"
"""

Check = Callable[[], None]


def main() -> int:
    """Runs every case; the exit code is 1 if one failed, or if the suite did not get to its end."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} PATH/TO/STATIC/milvus-certgen")
    missing = what_is_missing()
    if missing:
        print(f"skipped: {missing}")
        return 0
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


def what_is_missing() -> str | None:
    if not answers("docker", "info"):
        return "no container engine answers"
    if not answers(*compose_command(), "version"):
        return "there is no Docker Compose"
    if os.geteuid() != 0:
        return "only root can look at the files of every owner"
    return None


def run_suite(report: Report, program: Path, home: Path) -> None:
    """Makes the images, and runs the projects one after the other."""
    sources = copy_sources(home / "sources")
    other = make_set(program, home / "other", "--cn", "localhost")
    with images_of_this_run() as tags:
        images.import_rust(tags.rust, program)
        images.import_milvus(tags.base)
        # Told to terminate, this Milvus does not end, and is killed after ten seconds: sooner is no different.
        images.build_variant(tags.milvus, tags.base, "STOPSIGNAL SIGKILL")
        images.build_variant(tags.milvus_999, tags.milvus, "USER 999:999")
        build_certgen(sources / EXAMPLE, tags)
        with project(home / "main", sources / EXAMPLE, tags.certgen, tags.milvus) as own:
            run_cases(report, own, main_cases(own, program, other))
        with project(home / "user-999", sources / EXAMPLE, tags.certgen, tags.milvus_999) as own:
            run_cases(report, own, user_999_cases(own))
        with project(home / "no-root", sources / EXAMPLE, tags.certgen, tags.milvus) as own:
            run_cases(report, own, no_root_cases(own))
        with project(home / "own-file", sources / EXAMPLE, tags.certgen, tags.milvus) as own:
            run_cases(report, own, own_file_cases(own))
        with project(home / "five", sources / EXAMPLE, tags.certgen, tags.milvus) as own:
            five = {"the README's five commands, as user 1000": partial(five_commands, own, program)}
            run_cases(report, own, five)


def main_cases(own: "Project", program: Path, other: Path) -> dict[str, Check]:
    """The README from its top to its end."""
    before = own.directory / "before"
    old_trust = {"server_pem_path": before / "ca.pem"}
    client = identity(own.certs, "client", own.certs)
    other_client = identity(other, "client", own.certs)
    return {
        "first up": partial(first_up, own, before),
        "health check": partial(becomes_healthy, own),
        "ca.key is not in Milvus's container": partial(sees_no_other_keys, own),
        "tlsMode 1, the example as written": partial(example_runs, own.certs, "1", own),
        "tlsMode 1, create, insert and search": partial(store, own, "kept", **old_trust),
        "tlsMode 1, name of the service": partial(accepted, own, server_name="standalone", **old_trust),
        "tlsMode 1, server of another CA refused": partial(
            refused, common.UNKNOWN_SERVER_CA, own, server_pem_path=other / "ca.pem"
        ),
        "tlsMode 1, name not in the certificate refused": partial(
            refused, common.WRONG_NAME, own, server_name=LATER_NAME, **old_trust
        ),
        "tlsMode 1, probe from outside": partial(probe_finds, program, own, 1),
        "tlsMode 1, probe from a container": partial(probe_in_container_finds, own, 1),
        "a second up changes nothing": partial(second_up, own),
        "another name": partial(another_name, own, before),
        "another name, reached": partial(accepted, own, server_name=LATER_NAME, **old_trust),
        "another name, data kept": partial(find, own, "kept", **old_trust),
        "up in tlsMode 2": partial(up_as_in, "Two-way TLS", own),
        "tlsMode 2, the example as written": partial(example_runs, own.certs, "2", own),
        "tlsMode 2, create, insert and search": partial(accepted, own, **client),
        "tlsMode 2, data kept": partial(find, own, "kept", **client),
        "tlsMode 2, no client certificate refused": partial(refused, common.NO_CLIENT_CERTIFICATE, own, **old_trust),
        "tlsMode 2, client of another CA refused": partial(refused, common.UNKNOWN_CLIENT_CA, own, **other_client),
        "tlsMode 2, probe from outside": partial(probe_finds, program, own, 2),
        "renewal, nothing to do": partial(renewal_with_nothing_to_do, own),
        "renewal": partial(renewal, own),
        "renewal, new certificate reached": partial(accepted, own, server_name=LAST_NAME, **client),
        "down -v": partial(down, own),
        "up after down -v, key mode 0600": partial(up_after_down, own),
        "up after down -v, old trust": partial(accepted, own, **client),
        "up after down -v, no data": partial(has_no_data, own, **client),
    }


def user_999_cases(own: "Project") -> dict[str, Check]:
    """Milvus as its own user, as from Milvus 3 on."""
    trust = {"server_pem_path": own.certs / "ca.pem"}
    return {
        "Milvus as user 999": partial(up_as_in, "Start", own),
        "Milvus as user 999, process": partial(milvus_runs_as, own, 999),
        "Milvus as user 999, files": partial(files_belong_to, own, 0, 0, 0o640),
        "Milvus as user 999, accepted": partial(accepted, own, **trust),
        "files to Milvus": partial(up_as_in, "Whose files", own, 1),
        "files to Milvus, files": partial(files_belong_to, own, 0, 999, 0o600),
        "files to Milvus, Milvus reads them": partial(restart, own),
        "files to Milvus, accepted": partial(accepted, own, **trust),
    }


def no_root_cases(own: "Project") -> dict[str, Check]:
    """The service certs as a user without rights."""
    trust = {"server_pem_path": own.certs / "ca.pem"}
    return {
        "certs without root": partial(up_as_in, "Whose files", own, 0, AS_OTHER_USER),
        "certs without root, files": partial(files_belong_to, own, OTHER_USER, OTHER_USER, 0o640),
        "certs without root, accepted": partial(accepted, own, **trust),
        "certs without root, a second up changes nothing": partial(second_up, own),
    }


def own_file_cases(own: "Project") -> dict[str, Check]:
    """What the README adds to a compose file."""
    return {
        "added to a compose file": partial(up_with_override, own),
        "added to a compose file, accepted": partial(accepted, own, server_pem_path=own.certs / "ca.pem"),
    }


def first_up(own: "Project", before: Path) -> None:
    up_as_in("Start", own)
    for directory, names in ((own.certs, SET), (own.tls, FOR_MILVUS)):
        found = sorted(path.name for path in directory.iterdir())
        ensure(found == names, f"{directory.name} has {found}")
    # What clients were given on the first day.
    shutil.copytree(own.certs, before)


def up_as_in(heading: str, own: "Project", block: int = 0, prelude: str = "") -> None:
    """The commands under this heading are run, and then Milvus is there."""
    own.readme(heading, block, prelude)
    own.wait_until_ready()


def becomes_healthy(own: "Project") -> None:
    def health() -> str:
        return own.inspect("standalone", "{{.State.Health.Status}}")

    ensure(wait_for(lambda: health() == "healthy", 30), f"Milvus's health is {health()}")


def sees_no_other_keys(own: "Project") -> None:
    """The only private key in Milvus's container is its own, and it cannot write where that is."""
    line = "find / -path /proc -prune -o -path /sys -prune -o -name *.key -print".split()
    found = run("docker", "exec", own.container("standalone"), *line).split()
    ensure(found == ["/milvus/tls/server.key"], f"Milvus sees {found}")
    mounts = json.loads(own.inspect("standalone", "{{json .Mounts}}"))
    writable = {mount["Destination"] for mount in mounts if mount["RW"]}
    ensure(writable == {"/var/lib/milvus"}, f"Milvus may write to {writable}")


def refused(reason: str, own: "Project", **options: object) -> None:
    common.refused(reason, own, own.log, **options)


def probe_finds(program: Path, own: "Project", mode: int) -> None:
    address = f"localhost:{own.listen_port}"
    found = run(program, "probe", address, "--dir", own.certs, "--tls-mode", str(mode))
    ensure(re.match(rf"{address}  Milvus v2\.3\.5\S*, in tlsMode {mode} ", found), found)


def probe_in_container_finds(own: "Project", mode: int) -> None:
    found = own.readme("Start", 1)
    ensure(re.search(rf"^standalone:19530  Milvus v2\.3\.5\S*, in tlsMode {mode} ", found, re.MULTILINE), found)
    ensure("a client with these certificates connects" in found, found)


def second_up(own: "Project") -> None:
    """The service certs runs once more, and nothing else happens."""
    files, milvus, certs = own.files(), own.run_of("standalone"), own.run_of("certs")
    own.readme("Start")
    ensure(own.run_of("certs") != certs, "certs was not run")
    ensure(own.files() == files, "files were touched")
    ensure(own.run_of("standalone") == milvus, "Milvus was started again")
    ensure(own.inspect("certs", "{{.State.ExitCode}}") == "0", "certs failed")


def another_name(own: "Project", before: Path) -> None:
    """The server's certificate is signed again; the CA, its key and the server's key are what they were."""
    up_as_in("Another name", own)
    for name in ("ca.key", "ca.pem", "server.key", "client.key"):
        ensure(same(own.certs / name, before / name), f"{name} has changed")
    ensure(not same(own.certs / "server.pem", before / "server.pem"), "server.pem has not changed")
    for name in FOR_MILVUS:
        ensure(same(own.tls / name, own.certs / name), f"{name} differs between certs and tls")


def renewal_with_nothing_to_do(own: "Project") -> None:
    files, milvus = own.files(), own.run_of("standalone")
    own.readme("Renewal")
    ensure(own.files() == files, "files were touched")
    ensure(own.run_of("standalone") == milvus, "Milvus was started again")


def renewal(own: "Project") -> None:
    """One more name stands for the days that pass: the certificate is signed again, and Milvus started."""
    container, milvus = own.container("standalone"), own.run_of("standalone")
    own.set("MILVUS_CERTGEN_SAN", f"standalone,{LATER_NAME},{LAST_NAME}")
    own.readme("Renewal")
    ensure(own.container("standalone") == container, "Milvus has another container")
    ensure(own.run_of("standalone") != milvus, "Milvus was not started again")
    own.wait_until_ready()


def down(own: "Project") -> None:
    files = own.files()
    ensure(own.engine_has(), "the project has no containers")
    own.readme("Stop")
    ensure(not own.engine_has(), "something of the project is left")
    ensure(own.files() == files, "files were touched")


def up_after_down(own: "Project") -> None:
    own.set("MILVUS_CERTGEN_KEY_MODE", "0600")
    up_as_in("Start", own)
    files_belong_to(own, 0, 0, 0o600)


def has_no_data(own: "Project", **options: object) -> None:
    with closing(common.connect(own, **options)) as client:
        found = client.list_collections(timeout=common.CALL_SECONDS)
    ensure("kept" not in found, f"there are still {found}")


def restart(own: "Project") -> None:
    own.compose("restart", "standalone")
    own.wait_until_ready()


def milvus_runs_as(own: "Project", user: int) -> None:
    number = own.inspect("standalone", "{{.State.Pid}}")
    status = Path("/proc", number, "status").read_text()
    ensure(re.search(rf"^Uid:\t{user}\t{user}\t", status, re.MULTILINE), status)


def files_belong_to(own: "Project", certs_user: int, tls_user: int, tls_key_mode: int) -> None:
    """Owner and mode are the copy's alone; the certificate directory's files are of the user who ran `certs`."""
    for directory, user, key_mode in ((own.certs, certs_user, 0o600), (own.tls, tls_user, tls_key_mode)):
        for path in directory.iterdir():
            state = path.stat()
            ensure((state.st_uid, state.st_gid) == (user, 999), f"{path} belongs to {state.st_uid}:{state.st_gid}")
            expected = key_mode if path.suffix == ".key" else 0o644
            ensure(state.st_mode & 0o777 == expected, f"{path} has mode {state.st_mode:o}")


def up_with_override(own: "Project") -> None:
    """Compose merges the two files: Milvus waits for the services of both."""
    (own.directory / "docker-compose.yml").write_text(OWN_COMPOSE_FILE)
    override = own.block("In a compose file that you have", "yaml")
    (own.directory / "docker-compose.override.yml").write_text(override)
    up_as_in("Start", own)
    for service in ("etcd", "minio", "certs"):
        ensure(own.inspect(service, "{{.State.ExitCode}}") == "0", f"{service} was not run")
    sees_no_other_keys(own)


def five_commands(own: "Project", program: Path) -> None:
    """From the README's heading to a connected client, as written; the engine and Python are root's. pip has run already."""
    section = (ROOT / "README.md").read_text().split("## TLS on Docker Compose in five commands", 1)[1]
    block = section.split("```console\n", 1)[1].split("```", 1)[0]
    lines = [line.removeprefix("$ ") for line in block.splitlines()]
    ensure(len(lines) == 5, f"there are {len(lines)} commands")
    work, tools = own.directory / "work", own.directory / "tools"
    for directory in (work, tools):
        directory.mkdir()
    # Nothing of the example is used.
    (work / "docker-compose.yml").write_text(OWN_COMPOSE_FILE)
    (work / ".env").write_text((own.directory / ".env").read_text() + "MILVUS_PORT=19530\nHEALTH_PORT=9091\n")
    shutil.copy(program, tools / "milvus-certgen")
    (tools / "pip").write_text("#!/bin/sh\n")
    (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    own.directory.parent.chmod(0o755)
    os.chown(work, USER, USER)
    started, shim = time.monotonic(), WITHOUT_PLUGIN if compose_command() == ["docker-compose"] else ""
    for line in lines:
        # The Python of these tests may be root's alone.
        is_root = line.startswith("docker") or "python" in line
        user = [] if is_root else ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        script = f"{shim}\nexport HOME={work} PATH={tools}:$PATH\n{line}"
        printed = run(*user, "bash", "-euc", script, cwd=work)
    ensure("2.3.5" in printed, printed)
    owners = {path.name: path.stat().st_uid for path in [*(work / "certs").iterdir(), *(work / "tls").iterdir()]}
    ensure(set(owners.values()) == {USER}, f"files were taken away: {owners}")
    print(f"README, second to fifth command: {time.monotonic() - started:.0f} s")


@dataclass(frozen=True)
class Project:
    """A copy of the example, with ports and a name of its own."""

    name: str
    directory: Path
    listen_port: int
    health_port: int

    @property
    def certs(self) -> Path:
        return self.directory / "certs"

    @property
    def tls(self) -> Path:
        return self.directory / "tls"

    @property
    def manual(self) -> str:
        return (self.directory / "README.md").read_text()

    def set(self, variable: str, value: str) -> None:
        with (self.directory / ".env").open("a") as file:
            print(f"{variable}={value}", file=file)

    def block(self, heading: str, kind: str, number: int = 0) -> str:
        """A block of the README, counted from its heading."""
        section = re.search(rf"^## {heading}$(.*?)(?:^## |\Z)", self.manual, re.MULTILINE | re.DOTALL)
        blocks = re.findall(rf"^```{kind}\n(.*?)^```$", section[1] if section else "", re.MULTILINE | re.DOTALL)
        ensure(number < len(blocks), f"the README has no {kind} block {number} under {heading}")
        return blocks[number]

    def readme(self, heading: str, number: int = 0, prelude: str = "") -> str:
        """Runs commands of the README; returns what they print."""
        shim = WITHOUT_PLUGIN if compose_command() == ["docker-compose"] else ""
        script = "\n".join([shim, prelude, self.block(heading, "sh", number)])
        return run("bash", "-euc", script, cwd=self.directory)

    def compose(self, *arguments: str) -> str:
        return run(*compose_command(), *arguments, cwd=self.directory)

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            state = self.inspect("standalone", "{{.State.Status}} {{.State.ExitCode}}")
            ensure(state.startswith("running"), f"Milvus has {state}")
            return common.is_healthy(self.health_port)

        ensure(wait_for(is_ready, READY_SECONDS), f"Milvus was not ready in {READY_SECONDS} seconds")

    def container(self, service: str) -> str:
        """The number of the service's container; those of `docker compose run` do not count."""
        labels = {"project": self.name, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{label}={value}" for label, value in labels.items()]
        found = run("docker", "ps", "--all", "--quiet", *filters).split()
        ensure(len(found) == 1, f"{service} has the containers {found}")
        return found[0]

    def inspect(self, service: str, template: str) -> str:
        return run("docker", "inspect", "--format", template, self.container(service)).strip()

    def run_of(self, service: str) -> str:
        """What is another after every start."""
        return self.inspect(service, "{{.Id}} {{.State.StartedAt}}")

    def log(self) -> str:
        return run("docker", "logs", self.container("standalone"))

    def files(self) -> dict[Path, tuple[int, int, int, bytes]]:
        """All that a run could change in the files: that it has not written any shows in their inodes and times."""
        paths = sorted([*self.certs.iterdir(), *self.tls.iterdir()])
        states = [(path, path.stat()) for path in paths]
        return {path: (state.st_ino, state.st_mtime_ns, state.st_ctime_ns, path.read_bytes()) for path, state in states}

    def engine_has(self) -> list[list[str]]:
        """Everything that the engine has of this project, as command lines that remove it."""
        label = f"--filter=label=com.docker.compose.project={self.name}"
        lines = []
        for kind, all_of_them in (("container", ["--all"]), ("network", []), ("volume", [])):
            found = run("docker", kind, "ls", "--quiet", *all_of_them, label).split()
            force = [] if kind == "network" else ["--force"]
            if found:
                lines.append(["docker", kind, "rm", *force, *found])
        return lines

    def remove(self) -> None:
        # A command that was broken off may be at work still: what it makes is removed as well.
        for _ in range(5):
            lines = self.engine_has()
            if not lines:
                return
            for line in lines:
                subprocess.run(line, capture_output=True, timeout=COMMAND_SECONDS)


@contextmanager
def project(directory: Path, example: Path, certgen: str, milvus: str) -> Iterator[Project]:
    """The example in a directory of its own; the engine has nothing of it when the block is left, in any way."""
    shutil.copytree(example, directory)
    own = Project(f"certgen-e2e-{uuid.uuid4().hex[:12]}", directory, *free_ports())
    own.set("COMPOSE_PROJECT_NAME", own.name)
    own.set("CERTGEN_IMAGE", certgen)
    own.set("MILVUS_IMAGE", milvus)
    own.set("MILVUS_PORT", str(own.listen_port))
    own.set("HEALTH_PORT", str(own.health_port))
    try:
        yield own
    finally:
        with undisturbed():
            own.remove()


@dataclass(frozen=True)
class Tags:
    rust: str
    base: str
    milvus: str
    milvus_999: str
    certgen: str


@contextmanager
def images_of_this_run() -> Iterator[Tags]:
    """Names for images; the engine has neither them nor what was built on them when the block is left."""
    repository = f"certgen-e2e-{uuid.uuid4().hex[:12]}"
    tags = Tags(*(f"{repository}:{name}" for name in ("rust", "base", "milvus", "milvus-999", "certgen")))
    try:
        yield tags
    finally:
        with undisturbed():
            remove_images(repository)


def remove_images(repository: str) -> None:
    """Removes the images of this repository, and the nameless ones that a build has left on top of them."""
    ours = set(run("docker", "image", "ls", "--quiet", "--no-trunc", repository).split())
    # A build that was broken off may be at work still: what it makes is removed as well.
    for _ in range(10):
        every = run("docker", "image", "ls", "--all", "--quiet", "--no-trunc").split()
        # Those that others have removed meanwhile are an error to the engine, and none here.
        line = ["docker", "image", "inspect", "--format", "{{.Id}} {{.Parent}}", *every]
        parents = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_SECONDS).stdout
        found = {image: "".join(parent) for image, *parent in map(str.split, parents.splitlines())}
        while more := {image for image, parent in found.items() if parent in ours} - ours:
            ours |= more
        left = found.keys() & ours
        if not left:
            return
        # An image goes after those that are built on it.
        for image in sorted(left, key=lambda image: len(ancestors(image, found)), reverse=True):
            users = run("docker", "ps", "--all", "--quiet", f"--filter=ancestor={image}").split()
            for line in (["container", "rm", "--force", *users], ["image", "rm", "--force", image]):
                subprocess.run(["docker", *line], capture_output=True, timeout=COMMAND_SECONDS)
        time.sleep(0.5)


def ancestors(image: str, parents: dict[str, str]) -> list[str]:
    parent = parents.get(image)
    return [parent, *ancestors(parent, parents)] if parent else []


def build_certgen(example: Path, tags: Tags) -> None:
    """Builds the image as the compose file says, with what stands in for Rust's image."""
    (example / ".env").write_text(f"CERTGEN_IMAGE={tags.certgen}\n")
    run(*compose_command(), "build", "--build-arg", f"RUST_IMAGE={tags.rust}", "certs", cwd=example)
    (example / ".env").unlink()
    content = run("docker", "run", "--rm", tags.certgen, "--version")
    ensure(content.startswith("milvus-certgen "), content)


def copy_sources(place: Path) -> Path:
    """What a build has around it, whatever else lies about in this working tree."""
    for name in (".dockerignore", "Cargo.toml", "Cargo.lock", "src", EXAMPLE):
        source = ROOT / name
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns(".env", "certs", "tls"))
        else:
            shutil.copy(source, place / name)
    return place


def run_cases(report: Report, own: Project, cases: dict[str, Check]) -> None:
    for name, check in cases.items():
        try:
            check()
        except Exception as error:
            report.failure(name, error)
            print_logs(own)
        else:
            report.success(name)


def print_logs(own: Project) -> None:
    for service in ("certs", "standalone"):
        try:
            log = run("docker", "logs", own.container(service))
        except (AssertionError, subprocess.SubprocessError):
            continue
        common.print_end(f"the log of {service}", log)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Cleaning up is not broken off by a second signal."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(*line: str | Path, cwd: Path | None = None) -> str:
    """What a command prints, on both streams; it is dead, with all that it has started, if this ends early."""
    with subprocess.Popen(
        line,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as command:
        try:
            printed, _ = command.communicate(timeout=COMMAND_SECONDS)
        except BaseException:
            os.killpg(command.pid, signal.SIGKILL)
            raise
    ensure(command.returncode == 0, f"{' '.join(map(str, line))}: exit code {command.returncode}, {printed[-2000:]}")
    return printed


def environment() -> dict[str, str]:
    """Nothing that would come before the file .env, but what leads to the engine."""
    return {name: value for name, value in os.environ.items() if name in ENVIRONMENT or name.startswith("DOCKER_")}


def answers(*line: str) -> bool:
    try:
        done = subprocess.run(line, capture_output=True, timeout=COMMAND_SECONDS)
    except OSError:
        return False
    return done.returncode == 0


@cache
def compose_command() -> list[str]:
    """Docker Compose as a plugin of docker where it is one, or else on its own."""
    return ["docker", "compose"] if answers("docker", "compose", "version") else ["docker-compose"]


def free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on, at least now."""
    with socket.socket() as first, socket.socket() as second:
        for each in (first, second):
            each.bind(("", 0))
        return first.getsockname()[1], second.getsockname()[1]


def same(one: Path, two: Path) -> bool:
    return one.read_bytes() == two.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
