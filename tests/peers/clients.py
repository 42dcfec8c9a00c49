"""What Python's ssl, or grpcio, says of sets: clients.py ssl|grpc, with a line "NAME DIR ONE-WAY-PORT MUTUAL-PORT" on
standard input for each.

For each of them two lines, one-way and mutual: "accepted", "absent", or why it is refused. The flags of ssl are those of
ssl.create_default_context() in Python 3.13.
"""

import os
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor


def with_ssl(name, directory, port, mutual):
    context = ssl.create_default_context(cafile=f"{directory}/ca.pem")
    # VERIFY_X509_PARTIAL_CHAIN has no name before Python 3.10.
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VerifyFlags(0x80000)
    if mutual:
        # A key with a password is refused here, and not asked for.
        context.load_cert_chain(f"{directory}/client.pem", f"{directory}/client.key", password="")
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        with context.wrap_socket(plain, server_hostname=name):
            return "accepted"


def with_grpc(name, directory, port, mutual):
    import grpc

    def read(file):
        with open(f"{directory}/{file}", "rb") as opened:
            return opened.read()

    pair = (read("client.key"), read("client.pem")) if mutual else (None, None)
    if b"" in pair:
        return "Aborted"  # the whole process, by a failed check of grpc
    # As pymilvus does it: orm/connections.py and client/grpc_handler.py.
    credentials = grpc.ssl_channel_credentials(read("ca.pem"), *pair)
    options = [("grpc.ssl_target_name_override", name), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options) as channel:
        try:
            channel.unary_unary("/milvus.proto.milvus.MilvusService/Connect")(b"", timeout=10)
        except grpc.RpcError as error:
            # That is the server's word, and so the handshake is over.
            return "accepted" if error.code() == grpc.StatusCode.UNIMPLEMENTED else error.details()


def judge(line):
    name, directory, one_way, mutual = line.split()
    is_there = any(os.path.exists(f"{directory}/client.{end}") for end in ("pem", "key"))
    said = []
    for port, is_mutual in ((one_way, False), (mutual, True)):
        if port == "0" or (is_mutual and not is_there):
            said.append("absent")
            continue
        try:
            answer = {"ssl": with_ssl, "grpc": with_grpc}[sys.argv[1]](name, directory, int(port), is_mutual)
        except (OSError, ValueError) as refusal:
            answer = str(refusal) or type(refusal).__name__
        said.append(" ".join(answer.split()))
    return said


if __name__ == "__main__":
    os.environ["GRPC_VERBOSITY"] = "NONE"
    lines = sys.stdin.read().splitlines()
    with ThreadPoolExecutor(4 if sys.argv[1] == "grpc" else 1) as pool:
        for said in pool.map(judge, lines):
            print("\n".join(said))
