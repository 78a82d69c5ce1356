// Command storybook serves every page in every state, from made-up data, to be looked at in a browser:
//
//	go run ./test/storybook --port 8099
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"chave/test/storybook/stories"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "storybook:", err)
		os.Exit(1)
	}
}

func run() error {
	port := flag.Int("port", 8099, "port on loopback; 0 picks a free one")
	flag.Parse()
	handler, err := stories.Handler()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}
