// Connects to Milvus over TLS and prints the server's version.
// go get github.com/milvus-io/milvus/client/v2 (for Milvus 3 the module is client/v3; nothing else here changes).
// Options read from milvus-io/milvus client/milvusclient/client_config.go and client/milvusclient/client.go, in the
// versions of 2.5, 2.6 and 3.0. The credentials are given as a dial option since that works in all of them; newer ones
// have ClientConfig.WithTLSConfig besides.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/milvus-io/milvus/client/v2/milvusclient"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

func main() {
	ca, err := os.ReadFile({{ ca_pem }})
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		log.Fatal("no certificate in the CA file")
	}
	tlsConfig := &tls.Config{
		RootCAs: roots,
		// a name in the server certificate, checked in place of the host in Address
		ServerName: {{ server_name }},
		MinVersion: tls.VersionTLS12,
	}
{% if two_way %}
	identity, err := tls.LoadX509KeyPair({{ client_pem }}, {{ client_key }})
	if err != nil {
		log.Fatal(err)
	}
	tlsConfig.Certificates = []tls.Certificate{identity}
{% endif %}

	// DialOptions replace the client's defaults, so these come along; what stands later wins
	options := append([]grpc.DialOption{}, milvusclient.DefaultGrpcOpts...)
	options = append(options,
		grpc.WithTransportCredentials(credentials.NewTLS(tlsConfig)),
		// says why a handshake fails; else only the deadline is reported
		grpc.WithReturnConnectionError(),
	)
	config := &milvusclient.ClientConfig{
		Address:       {{ address }},
		EnableTLSAuth: true,
		DialOptions:   options,
		// APIKey: "root:Milvus", // when authorizationEnabled is set
	}

	// without a deadline the client would dial for ever
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := milvusclient.New(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close(ctx)
	fmt.Println(config.ServerVersion)
}
