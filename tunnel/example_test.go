package tunnel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"culvert/tunnel"
)

// A web client that reaches what lies behind the gateway.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	t, err := tunnel.Open(ctx, tunnel.Config{File: "/home/carol/office.hcl"})
	if err != nil {
		fmt.Println(err) // what the gateway and we did not agree on
		return
	}
	defer t.Close()
	client := http.Client{Transport: &http.Transport{DialContext: t.DialContext}}
	r, err := client.Get("http://intranet/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	fmt.Println(string(page), err)
}
