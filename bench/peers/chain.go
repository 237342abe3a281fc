// Fetches the chains of many addresses with Go's crypto/tls and hashes every certificate:
// chain MODE JOBS FILE [NAME]. MODE is "stop" (leave when the certificates are there) or "full" (finish the
// handshake, as tlsx does by default). Prints how many chains were read.
package main

import (
	"bufio"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

var seen = errors.New("seen")

func fetch(address, name string, stop bool) bool {
	read := false
	config := &tls.Config{
		InsecureSkipVerify: true,
		ServerName:         name,
		VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
			for _, der := range chain {
				sha1.Sum(der)
				sha256.Sum256(der)
			}
			read = len(chain) > 0
			if stop {
				return seen
			}
			return nil
		},
	}
	plain, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer plain.Close()
	err = tls.Client(plain, config).Handshake()
	return read && (err == nil || errors.Is(err, seen))
}

func main() {
	stop := os.Args[1] == "stop"
	name := "bench.example"
	if len(os.Args) > 4 {
		name = os.Args[4]
	}
	jobs, _ := strconv.Atoi(os.Args[2])
	file, err := os.Open(os.Args[3])
	if err != nil {
		panic(err)
	}
	addresses := make(chan string, jobs)
	var done sync.WaitGroup
	var count atomic.Int64
	for range jobs {
		done.Add(1)
		go func() {
			defer done.Done()
			for address := range addresses {
				if fetch(address, name, stop) {
					count.Add(1)
				}
			}
		}()
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		addresses <- lines.Text()
	}
	close(addresses)
	done.Wait()
	fmt.Println(count.Load())
}
