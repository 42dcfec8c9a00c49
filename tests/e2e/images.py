"""Images for the suite of the containers, made of what is on this machine: no registry is needed.

Milvus's image holds the binary of the package `milvus`, with the paths and the environment of the official image;
an image whose cargo only copies stands in for Rust's.
"""

import importlib.metadata
import io
import lzma
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMPORT_SECONDS = 60

# The package itself is not imported: the file milvus.py beside this one has its name.
DATA = Path(str(importlib.metadata.distribution("milvus").locate_file("milvus/data")))

# What the package's configuration leaves open, and where it is not the official image's: without the settings of
# the example, this Milvus would look for an etcd and a MinIO elsewhere. It logs why it refuses a client.
MILVUS_YAML = {
    "{{ etcd_data_dir }}": "/nowhere",
    "{{ local_storage_dir }}": "/var/lib/milvus/data/",
    "{{ rocksmq_data_dir }}": "/var/lib/milvus/rdb_data",
    "{{ system_log_path }}": '""',
    "embed: true": "embed: false",
    "storageType: local": "storageType: minio",
    "level: WARNING": "level: INFO",
    # A Milvus that was killed is waited for by the next one for so many seconds.
    "ttl: 30": "ttl: 10",
}

TARGET = "x86_64-unknown-linux-gnu"
RUSTC = f"""#!/bin/sh
test "$*" = -vV && echo 'host: {TARGET}'
"""
# Takes the command line that makes a static binary, with the sources around it, and nothing else.
CARGO = f"""#!/bin/sh
set -e
test "$RUSTFLAGS" = '-C target-feature=+crt-static'
test "$*" = 'build --release --locked --target {TARGET}'
test -s Cargo.toml
test -s Cargo.lock
test -s src/main.rs
mkdir -p target/{TARGET}/release
cp /given target/{TARGET}/release/milvus-certgen
"""


def import_milvus(tag: str) -> None:
    """Milvus 2.3.5, as in the official images."""
    settings = ("ENV PATH=/milvus/bin:/bin", "ENV LD_LIBRARY_PATH=/milvus/lib", "WORKDIR /milvus")
    with imported(tag, *settings) as image:
        for packed in sorted(DATA.glob("bin/*.lzma")):
            place = "bin" if packed.stem == "milvus" else "lib"
            add_file(image, f"milvus/{place}/{packed.stem}", lzma.decompress(packed.read_bytes()), 0o755)
        add_file(image, "milvus/configs/milvus.yaml", milvus_yaml().encode())
        add_file(image, "milvus/configs/glog.conf", (DATA / "glog.conf").read_bytes())
        add_directory(image, "tmp", 0o1777)
        # As in the official image of Milvus 3, which user and group 999 run.
        add_directory(image, "var/lib/milvus", 0o755, owner=999)
        # curl is the health check's, find the suite's.
        add_programs(image, "curl", "find", beside_libc=("libdl.so.2", "libm.so.6", "libpthread.so.0", "librt.so.1"))


def build_variant(tag: str, base: str, *instructions: str) -> None:
    """The same image, with other settings."""
    dockerfile = "\n".join([f"FROM {base}", *instructions])
    line = ["docker", "build", "--quiet", "--tag", tag, "-"]
    subprocess.run(line, input=dockerfile, text=True, capture_output=True, check=True, timeout=IMPORT_SECONDS)


def milvus_yaml() -> str:
    """The package's configuration with its defaults, and ours."""
    text = (DATA / "config.yaml.template").read_text()
    for before, after in MILVUS_YAML.items():
        if before not in text:
            raise AssertionError(f"the package's configuration does not have {before!r}")
        text = text.replace(before, after)
    return re.sub(r"\{\{[^:}]*: *([^}]*?) *\}\}", r"\1", text)


def import_rust(tag: str, program: Path) -> None:
    """What a Dockerfile needs of Rust's image, if the binary that cargo would make is this one."""
    with imported(tag, "ENV PATH=/bin") as image:
        add_file(image, "given", program.read_bytes(), 0o755)
        add_file(image, "bin/rustc", RUSTC.encode(), 0o755)
        add_file(image, "bin/cargo", CARGO.encode(), 0o755)
        add_programs(image, "sh", "sed", "cp", "mkdir")


@contextmanager
def imported(tag: str, *settings: str) -> Iterator[tarfile.TarFile]:
    """An archive that becomes an image of one layer, without a detour over the disk."""
    changes = [f"--change={setting}" for setting in settings]
    line = ["docker", "import", *changes, "-", tag]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as engine:
        try:
            with tarfile.open(fileobj=engine.stdin, mode="w|") as image:
                yield image
            engine.communicate(timeout=IMPORT_SECONDS)
        except BaseException:
            engine.kill()
            raise
    if engine.returncode:
        raise AssertionError(f"docker import of {tag}: exit code {engine.returncode}")


def add_programs(image: tarfile.TarFile, *names: str, beside_libc: tuple[str, ...] = ()) -> None:
    """Programs of this machine with the libraries that they are linked to, and further parts of the C library."""
    libraries: set[Path] = set()
    for name in names:
        program = shutil.which(name)
        if program is None:
            raise AssertionError(f"{name} is not installed")
        add_file(image, f"bin/{name}", Path(program).read_bytes(), 0o755)
        linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        libraries.update(Path(found) for found in re.findall(r"(/\S+) \(0x", linked))
    libc = next(library for library in libraries if library.name == "libc.so.6")
    libraries.update(libc.with_name(name) for name in beside_libc)
    for library in sorted(libraries):
        add_file(image, str(library).lstrip("/"), library.read_bytes(), 0o755)


def add_file(image: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    image.addfile(entry, io.BytesIO(content))


def add_directory(image: tarfile.TarFile, name: str, mode: int, owner: int = 0) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
    image.addfile(entry)
