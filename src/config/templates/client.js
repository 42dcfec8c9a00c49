// Connects to Milvus over TLS and prints the server's version.
// npm install @zilliz/milvus2-sdk-node. Options read from milvus-io/milvus-sdk-node milvus/types/Client.ts and
// milvus/grpc/BaseClient.ts, v3.0.3; tls is there since 2.2.17.

const { MilvusClient } = require("@zilliz/milvus2-sdk-node");

async function main() {
  const client = new MilvusClient({
    address: {{ address }},
    ssl: true,
    tls: {
      // the CA: Node does not accept a lone server certificate as a root
      rootCertPath: {{ ca_pem }},
{% if two_way %}
      certChainPath: {{ client_pem }},
      privateKeyPath: {{ client_key }},
{% endif %}
      // a name in the server certificate, checked in place of the host in address
      serverName: {{ server_name }},
    },
    // token: "root:Milvus", // when authorizationEnabled is set
  });
  const { version } = await client.getVersion();
  console.log(version);
  await client.closeConnection();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
