"""Sets as people have them: what today's Milvus page makes, bundles of CAs, and files that only look right."""

import subprocess
from pathlib import Path

# The page of 2.5 and later gives one subject to all three, and says of both certificates that they are a server's.
SUBJECT = "/C=US/ST=CA/L=Redwood City/O=zilliz/OU=devops/CN=localhost"
CA_EXTENSIONS = """\
[req]
distinguished_name = dn
x509_extensions = v3_ca
[dn]
[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical,CA:true
"""
LEAF_EXTENSIONS = """\
authorityKeyIdentifier = keyid,issuer
basicConstraints = CA:FALSE
keyUsage = nonRepudiation, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
"""
DAYS = "36500"


def make_todays_page(directory: Path) -> Path:
    """A CA, a server and a client for a hundred years, and no requests."""
    directory.mkdir()
    (directory / "ca.cnf").write_text(CA_EXTENSIONS)
    openssl(directory, "genrsa", "-out", "ca.key", "2048")
    own = ("-days", DAYS, "-subj", SUBJECT, "-config", "ca.cnf")
    openssl(directory, "req", "-x509", "-new", "-nodes", "-key", "ca.key", "-sha256", "-out", "ca.pem", *own)
    (directory / "ca.cnf").unlink()
    renew_todays_page(directory)
    return directory


def renew_todays_page(directory: Path) -> None:
    """New keys under the same CA, as the page's script for renewals makes them."""
    (directory / "leaf.ext").write_text(LEAF_EXTENSIONS)
    for role in ("server", "client"):
        key, csr, pem = (f"{role}.{end}" for end in ("key", "csr", "pem"))
        openssl(directory, "genrsa", "-out", key, "2048")
        openssl(directory, "req", "-new", "-key", key, "-out", csr, "-subj", SUBJECT)
        by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "leaf.ext")
        openssl(directory, "x509", "-req", "-in", csr, "-out", pem, "-days", DAYS, "-sha256", *by)
        (directory / csr).unlink()
    (directory / "leaf.ext").unlink()


def make_intermediate(directory: Path) -> None:
    """int.pem and int.key, and root.pem, which has issued it."""
    directory.mkdir()
    for name in ("root", "int"):
        openssl(directory, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        openssl(directory, "req", "-new", "-key", f"{name}.key", "-subj", f"/O=corp/CN={name}", "-out", f"{name}.csr")
    (directory / "ca.ext").write_text(
        "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign,cRLSign\n"
        "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n"
    )
    for name, by in (("root", ("-signkey", "root.key")), ("int", ("-CA", "root.pem", "-CAkey", "root.key"))):
        made = ("-in", f"{name}.csr", "-out", f"{name}.pem", "-days", "400", "-extfile", "ca.ext")
        openssl(directory, "x509", "-req", *made, *by)


def trust_too(directory: Path, other: Path) -> None:
    """Puts another CA before the own one in ca.pem, as while one follows the other."""
    pem = directory / "ca.pem"
    pem.write_text((other / "ca.pem").read_text() + pem.read_text())


def put_ca_first(directory: Path) -> None:
    """Joins the chain of server.pem in the wrong order."""
    pem = directory / "server.pem"
    end = "-----END CERTIFICATE-----\n"
    first, rest = pem.read_text().split(end, 1)
    pem.write_text(rest + first + end)


def put_byte_order_mark(directory: Path) -> None:
    """Saves server.key as some editors do."""
    key = directory / "server.key"
    key.write_bytes(b"\xef\xbb\xbf" + key.read_bytes())


def openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=60)
