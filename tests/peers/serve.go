// A TLS server of Go's net/http: serve DIR one-way|mutual|optional milvus|says|grpc|web|http1|rest|rest1 [no-tickets]
// Prints its port on 127.0.0.1, and ends when standard input does.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	directory, mode, what := os.Args[1], os.Args[2], os.Args[3]
	pair, err := tls.LoadX509KeyPair(filepath.Join(directory, "server.pem"), filepath.Join(directory, "server.key"))
	check(err)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}}
	config.SessionTicketsDisabled = len(os.Args) > 4 && os.Args[4] == "no-tickets"
	switch what {
	case "http1", "rest1":
		config.NextProtos = []string{"http/1.1"}
	case "rest":
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	if mode != "one-way" {
		config.ClientCAs = pool(filepath.Join(directory, "ca.pem"))
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if mode == "mutual" {
		// As Milvus does it: internal/distributed/proxy/service.go, tlsMode 2.
		config.ClientAuth = tls.RequireAndVerifyClientCert
		config.MinVersion = tls.VersionTLS13
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/vectordb/collections/list" && strings.HasPrefix(what, "rest") {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			io.WriteString(w, `{"code":0,"data":[]}`)
			return
		}
		answer(w, what)
	})
	server := &http.Server{Handler: handler, TLSConfig: config}
	if strings.HasSuffix(what, "1") {
		// Without it, net/http adds h2.
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	check(server.ServeTLS(listener, "", ""))
}

func answer(w http.ResponseWriter, what string) {
	if what != "milvus" && what != "says" && what != "grpc" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	switch what {
	case "milvus":
		w.Header().Set("Trailer", "Grpc-Status")
		// A message of 8 octets: GetVersionResponse with its version, field 2.
		w.Write([]byte("\x00\x00\x00\x00\x08\x12\x06v2.3.5"))
		w.Header().Set("Grpc-Status", "0")
	case "says":
		w.Header().Set("Grpc-Status", "16")
		w.Header().Set("Grpc-Message", "auth check failure")
	default:
		w.Header().Set("Grpc-Status", "12")
	}
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
