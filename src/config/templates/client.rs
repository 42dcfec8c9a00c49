//! Connects to Milvus over TLS and prints the server's version.
//!
//! cargo add milvus-sdk-rust && cargo add tokio --features macros,rt-multi-thread
//! Options read from milvus-io/milvus-sdk-rust src/v2/types/common.rs and src/v2/client.rs, v2.6.0 and 3.0.3. Needs
//! milvus-sdk-rust 2.6.0: the ClientV2 of that version is the first that takes a CA and a client certificate.

use milvus::v2::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let config = ConnectConfig::new()
        .uri({{ uri }})
        // the CA: rustls does not accept a lone server certificate as a root
        .ca_certificate({{ ca_pem }})
{% if two_way %}
        .client_certificate({{ client_pem }})
        .client_key({{ client_key }})
{% endif %}
        // .token("root:Milvus") // when authorizationEnabled is set
        // a name in the server certificate, checked in place of the host in uri
        .tls_server_name({{ server_name }});
    let client = ClientV2::new(&config).await?;
    let reply = client
        .server_version(GetServerVersionRequest::builder().build()?)
        .await?;
    println!("{}", reply.version());
    Ok(())
}
