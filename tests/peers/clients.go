// What Go says of sets: clients, with a line "NAME DIR ONE-WAY-PORT MUTUAL-PORT" on standard input for each.
// For each of them four lines: a client one-way and mutual, then Milvus as a server in tlsMode 1 and 2 with a client that
// verifies nothing: "accepted", "absent", or why it is refused.
package main

import (
	"bufio"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		word := strings.Fields(lines.Text())
		name, directory := word[0], word[1]
		say(client(name, directory, word[2], false))
		say(client(name, directory, word[3], true))
		say(milvus(directory, false))
		say(milvus(directory, true))
	}
}

var absent = errors.New("absent")

func say(err error) {
	text := "accepted"
	if err != nil {
		text = strings.Join(strings.Fields(err.Error()), " ")
	}
	fmt.Println(text)
}

func isThere(directory, base string) bool {
	for _, end := range []string{".pem", ".key"} {
		if _, err := os.Stat(filepath.Join(directory, base+end)); err == nil {
			return true
		}
	}
	return false
}

// As Milvus's Go SDK does it: google.golang.org/grpc/credentials.NewClientTLSFromFile, or a tls.Config.
func client(name, directory, port string, mutual bool) error {
	if port == "0" || mutual && !isThere(directory, "client") {
		return absent
	}
	roots, err := pool(directory)
	if err != nil {
		return err
	}
	config := &tls.Config{ServerName: name, RootCAs: roots, NextProtos: []string{"h2"}}
	if mutual {
		pair, err := load(directory, "client")
		if err != nil {
			return err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	connection, err := tls.DialWithDialer(dialer, "tcp", "127.0.0.1:"+port, config)
	if err != nil {
		return err
	}
	return connection.Close()
}

// As Milvus does it: internal/distributed/proxy/service.go.
func milvus(directory string, mutual bool) error {
	if !isThere(directory, "server") {
		if !mutual || !isThere(directory, "client") {
			return absent
		}
	}
	config := &tls.Config{}
	own, err := load(directory, "server")
	if err == nil {
		config.Certificates = []tls.Certificate{own}
	} else if isThere(directory, "server") {
		return err
	} else {
		return absent
	}
	if !mutual {
		return nil
	}
	if !isThere(directory, "client") {
		return absent
	}
	if config.ClientCAs, err = pool(directory); err != nil {
		return err
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.MinVersion = tls.VersionTLS13
	shown := leniently(directory, "client")
	if shown == nil {
		return absent
	}
	clientPipe, serverPipe := net.Pipe()
	go func() {
		client := tls.Client(clientPipe, &tls.Config{
			InsecureSkipVerify:   true,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shown, nil },
		})
		client.Read(make([]byte, 8))
		clientPipe.Close()
	}()
	server := tls.Server(serverPipe, config)
	serverPipe.SetDeadline(time.Now().Add(10 * time.Second))
	err = server.Handshake()
	if err == nil {
		server.Write([]byte("accepted"))
	}
	serverPipe.Close()
	return err
}

func load(directory, base string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(filepath.Join(directory, base+".pem"), filepath.Join(directory, base+".key"))
}

func pool(directory string) (*x509.CertPool, error) {
	text, err := os.ReadFile(filepath.Join(directory, "ca.pem"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("credentials: failed to append certificates")
	}
	return pool, nil
}

// A pair that Go's own loader might refuse, to be shown as another client shows it.
func leniently(directory, base string) *tls.Certificate {
	shown := &tls.Certificate{}
	text, _ := os.ReadFile(filepath.Join(directory, base+".pem"))
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			shown.Certificate = append(shown.Certificate, block.Bytes)
		}
	}
	text, _ = os.ReadFile(filepath.Join(directory, base+".key"))
	block, _ := pem.Decode(text)
	if block == nil || len(shown.Certificate) == 0 {
		return nil
	}
	var key crypto.PrivateKey
	if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		key = parsed
	} else if parsed, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		key = parsed
	} else if parsed, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		key = parsed
	} else {
		return nil
	}
	shown.PrivateKey = key
	return shown
}
