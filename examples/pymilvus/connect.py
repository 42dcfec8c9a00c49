"""Connects to Milvus over TLS with the files of milvus-certgen:

    pip install pymilvus
    python connect.py DIRECTORY 1|2 [PORT]

DIRECTORY is where ca.pem, client.pem and client.key are; 1 is one-way TLS, 2 is two-way, as tlsMode in milvus.yaml.
"""

import sys

from pymilvus import MilvusClient


def connect(directory, tls_mode, port):
    """server_name is what the server's certificate is for: the CN, or one of --san."""
    uri = f"https://localhost:{port}"
    if tls_mode == 1:
        # One-way, pymilvus takes whom it trusts as server_pem_path; ca.pem outlives renewals of server.pem.
        return MilvusClient(
            uri=uri, secure=True, server_name="localhost", server_pem_path=f"{directory}/ca.pem"
        )
    return MilvusClient(
        uri=uri,
        secure=True,
        server_name="localhost",
        ca_pem_path=f"{directory}/ca.pem",
        client_pem_path=f"{directory}/client.pem",
        client_key_path=f"{directory}/client.key",
    )


if __name__ == "__main__":
    directory, tls_mode = sys.argv[1], int(sys.argv[2])
    port = sys.argv[3] if len(sys.argv) > 3 else 19530
    client = connect(directory, tls_mode, port)
    print("connected; the server is Milvus", client.get_server_version())
