// Loads a pair and a CA as Milvus does, and says "read" or what Go says instead.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

func main() {
	if _, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2]); err != nil {
		fmt.Println(err)
		return
	}
	pem, err := os.ReadFile(os.Args[3])
	if err != nil {
		fmt.Println(err)
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		fmt.Println("no certificate in", os.Args[3])
		return
	}
	fmt.Println("read")
}
