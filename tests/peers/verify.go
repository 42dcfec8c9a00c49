// What Go says of sets, one after another: verify NAME DIR [NAME DIR...]
// For each DIR two lines, server and client: "accepted", or all that is refused.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	for i := 1; i+1 < len(os.Args); i += 2 {
		name, directory := os.Args[i], os.Args[i+1]
		say(judge(directory, "server", x509.VerifyOptions{DNSName: name, KeyUsages: purpose(x509.ExtKeyUsageServerAuth)}))
		say(judge(directory, "client", x509.VerifyOptions{KeyUsages: purpose(x509.ExtKeyUsageClientAuth)}))
	}
}

func purpose(usage x509.ExtKeyUsage) []x509.ExtKeyUsage { return []x509.ExtKeyUsage{usage} }

func say(refusals []string) {
	if len(refusals) == 0 {
		refusals = []string{"accepted"}
	}
	fmt.Println(strings.ReplaceAll(strings.Join(refusals, "; "), "\n", " "))
}

func judge(directory, base string, options x509.VerifyOptions) (refusals []string) {
	file := func(end string) string { return filepath.Join(directory, base+end) }
	if _, err := os.Stat(file(".pem")); errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(file(".key")); errors.Is(err, os.ErrNotExist) {
			return []string{"absent"}
		}
	}
	if _, err := tls.LoadX509KeyPair(file(".pem"), file(".key")); err != nil {
		refusals = append(refusals, err.Error())
	}
	if err := verify(file(".pem"), filepath.Join(directory, "ca.pem"), options); err != nil {
		refusals = append(refusals, err.Error())
	}
	return refusals
}

func verify(file, trusted string, options x509.VerifyOptions) error {
	options.Roots = x509.NewCertPool()
	ca, err := os.ReadFile(trusted)
	if err != nil {
		return err
	}
	if !options.Roots.AppendCertsFromPEM(ca) {
		return errors.New("ca.pem: no certificate")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return errors.New("no PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	_, err = certificate.Verify(options)
	return err
}
