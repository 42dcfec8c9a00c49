# For tools that take a URI and no certificate: eval "$(milvus-certgen config env)", and the URI below. One-way only.
# They cannot be told another server name: the host in the URI must be in the server certificate.
export MILVUS_URI={{ uri }}

# Python and C++ (gRPC's C core): LlamaIndex and others on pymilvus, with no more than an https URI. Run.
# It takes the place of the system's CAs for every gRPC client of the process.
export GRPC_DEFAULT_SSL_ROOTS_FILE_PATH={{ ca_pem }}
# Node, besides its own CAs. Only read.
export NODE_EXTRA_CA_CERTS={{ ca_pem }}
# Go and programs on OpenSSL, in place of the system's bundle: uncomment it for these alone.
# export SSL_CERT_FILE={{ ca_pem }}
# Java reads no PEM file here. First:
# keytool -importcert -noprompt -alias milvus -file {{ ca_pem }} -keystore milvus.p12 -storepass changeit
# export JAVA_TOOL_OPTIONS='-Djavax.net.ssl.trustStore=milvus.p12 -Djavax.net.ssl.trustStorePassword=changeit'
