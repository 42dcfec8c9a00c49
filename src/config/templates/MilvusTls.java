// MilvusTls.java: connects to Milvus over TLS and prints the server's version.
// io.milvus:milvus-sdk-java 2.3.5 or newer. Options read from milvus-io/milvus-sdk-java
// sdk-core/src/main/java/io/milvus/v2/client/ConnectConfig.java and
// sdk-core/src/main/java/io/milvus/v2/utils/ClientUtils.java, v3.0.7.

import io.milvus.v2.client.ConnectConfig;
import io.milvus.v2.client.MilvusClientV2;

public class MilvusTls {
    public static void main(String[] args) {
        ConnectConfig config = ConnectConfig.builder()
                .uri({{ uri }})
{% if two_way %}
                // serverPemPath must not be given besides these three: it would win, and no client certificate be sent
                .caPemPath({{ ca_pem }})
                .clientPemPath({{ client_pem }})
                .clientKeyPath({{ client_key }})
{% else %}
                // what to trust; caPemPath would be ignored without a client certificate
                .serverPemPath({{ ca_pem }})
{% endif %}
                // a name in the server certificate, checked in place of the host in uri
                .serverName({{ server_name }})
                // .token("root:Milvus") // when authorizationEnabled is set
                .build();
        MilvusClientV2 client = new MilvusClientV2(config);
        System.out.println(client.getServerVersion());
        client.close();
    }
}
