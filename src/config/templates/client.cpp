// Connects to Milvus over TLS and prints the server's version.
// milvus-sdk-cpp 2.5.2 or newer, for MilvusClientV2. Calls read from milvus-io/milvus-sdk-cpp
// src/include/milvus/types/ConnectParam.h, src/include/milvus/MilvusClientV2.h and src/impl/MilvusConnection.cpp,
// v3.0.2.

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "milvus/MilvusClientV2.h"

// The SDK takes a file that it cannot read for an empty one, and then trusts the system's CAs: check here.
static std::string
Readable(const std::string& path) {
    if (!std::ifstream(path)) {
        std::cerr << "cannot read " << path << std::endl;
        std::exit(1);
    }
    return path;
}

int
main() {
    milvus::ConnectParam param({{ uri }});
    // a name in the server certificate, checked in place of the host in the URI
    const std::string server_name = {{ server_name }};
{% if two_way %}
    param.EnableTls(server_name, Readable({{ client_pem }}), Readable({{ client_key }}), Readable({{ ca_pem }}));
{% else %}
    param.EnableTls(server_name, Readable({{ ca_pem }}));
{% endif %}
    // param.SetToken("root:Milvus");  // when authorizationEnabled is set

    auto client = milvus::MilvusClientV2::Create();
    std::string version;
    auto status = client->Connect(param);
    if (status.IsOk()) {
        status = client->GetServerVersion(version);
    }
    if (!status.IsOk()) {
        std::cerr << status.Message() << std::endl;
        return 1;
    }
    std::cout << version << std::endl;
    client->Disconnect();
    return 0;
}
