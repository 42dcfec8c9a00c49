// One TLS handshake in memory by Go's crypto/tls: handshake DIR TRUST NAME one-way|mutual
// Exit code 0 if both sides accept, 3 with the reason if one refuses.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

func main() {
	directory, trust, name, mutual := os.Args[1], os.Args[2], os.Args[3], os.Args[4] == "mutual"
	clientPipe, serverPipe := net.Pipe()
	client := tls.Client(clientPipe, clientConfig(directory, trust, name, mutual))
	server := tls.Server(serverPipe, serverConfig(directory, mutual))
	refusal := make(chan error, 1)
	go func() {
		err := server.Handshake()
		if err == nil {
			_, err = server.Write([]byte("accepted"))
		}
		refusal <- err
	}()
	word := make([]byte, 8)
	_, clientErr := client.Read(word)
	clientPipe.Close()
	serverErr := <-refusal
	for _, err := range []error{clientErr, serverErr} {
		if err != nil {
			fmt.Println(err)
		}
	}
	if clientErr != nil || serverErr != nil {
		os.Exit(3)
	}
}

func clientConfig(directory, trust, name string, mutual bool) *tls.Config {
	config := &tls.Config{ServerName: name, RootCAs: pool(filepath.Join(directory, trust))}
	if mutual {
		config.Certificates = []tls.Certificate{pair(directory, "client")}
	}
	return config
}

// As Milvus does it: internal/distributed/proxy/service.go, tlsMode 2.
func serverConfig(directory string, mutual bool) *tls.Config {
	config := &tls.Config{Certificates: []tls.Certificate{pair(directory, "server")}}
	if mutual {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.ClientCAs = pool(filepath.Join(directory, "ca.pem"))
		config.MinVersion = tls.VersionTLS13
	}
	return config
}

func pair(directory, base string) tls.Certificate {
	pair, err := tls.LoadX509KeyPair(filepath.Join(directory, base+".pem"), filepath.Join(directory, base+".key"))
	check(err)
	return pair
}

func pool(file string) *x509.CertPool {
	pem, err := os.ReadFile(file)
	check(err)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		check(fmt.Errorf("%s: no certificate", file))
	}
	return pool
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
