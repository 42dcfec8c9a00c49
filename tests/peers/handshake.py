"""One TLS handshake in memory by Python's ssl: handshake.py DIR TRUST NAME one-way|mutual

The client is as strict as Python 3.13's default. Exit code 0 if both sides accept, 3 with the reason if one refuses.
"""

import ssl
import sys


def server_context(directory, mutual):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/server.pem", f"{directory}/server.key")
    if mutual:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(f"{directory}/ca.pem")
    return context


def client_context(directory, trust, mutual):
    context = ssl.create_default_context(cafile=f"{directory}/{trust}")
    # VERIFY_X509_PARTIAL_CHAIN, which has no name before Python 3.10.
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VerifyFlags(0x80000)
    if mutual:
        context.load_cert_chain(f"{directory}/client.pem", f"{directory}/client.key")
    return context


def shake(directory, trust, name, mutual):
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context(directory, trust, mutual).wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context(directory, mutual).wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    for _ in range(8):
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                pass
        if not waiting:
            return
    raise SystemExit("the handshake does not come to an end")


if __name__ == "__main__":
    try:
        shake(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "mutual")
    except ssl.SSLError as refusal:
        print(refusal)
        sys.exit(3)
