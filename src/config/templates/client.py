"""Connects to Milvus over TLS and prints the server's version.

pip install pymilvus. Options read from milvus-io/pymilvus pymilvus/client/grpc_handler.py (_set_authorization and
_create_grpc_channel), v3.0.1; the same in 2.6.17. Needs pymilvus 2.4.10 or newer, for get_server_version.
"""

from pymilvus import MilvusClient

client = MilvusClient(
    uri={{ uri }},
    secure=True,
{% if two_way %}
    # server_pem_path must not be given besides these three: it would win, and no client certificate be sent
    client_pem_path={{ client_pem }},
    client_key_path={{ client_key }},
    ca_pem_path={{ ca_pem }},
{% else %}
    # what to trust; ca_pem_path would be ignored without a client certificate
    server_pem_path={{ ca_pem }},
{% endif %}
    # a name in the server certificate, checked in place of the host in uri
    server_name={{ server_name }},
    # token="root:Milvus",  # when authorizationEnabled is set
    timeout=10,
)
print(client.get_server_version())
client.close()
