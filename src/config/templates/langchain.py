"""LangChain with Milvus over TLS: pip install langchain-milvus

connection_args go to pymilvus's MilvusClient as they are: langchain-ai/langchain-milvus
libs/milvus/langchain_milvus/vectorstores/milvus.py, 2026. LlamaIndex's MilvusVectorStore takes the same as arguments.
"""

from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_milvus import Milvus

vector_store = Milvus(
    embedding_function=DeterministicFakeEmbedding(size=8),  # yours
    connection_args={
        "uri": {{ uri }},
        "secure": True,
{% if two_way %}
        "ca_pem_path": {{ ca_pem }},
        "client_pem_path": {{ client_pem }},
        "client_key_path": {{ client_key }},
{% else %}
        # what to trust; ca_pem_path would be ignored without a client certificate
        "server_pem_path": {{ ca_pem }},
{% endif %}
        "server_name": {{ server_name }},
        # "token": "root:Milvus",  # when authorizationEnabled is set
    },
)
print(vector_store.client.get_server_version())
