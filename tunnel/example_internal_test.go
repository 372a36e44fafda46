package tunnel

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"testing"
)

// exampleT stands for a test in examples, which have none.
type exampleT struct {
	testing.TB
	dir string
}

func (exampleT) Helper()           {}
func (exampleT) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
func (e exampleT) TempDir() string { return e.dir }

// The configuration stands in the program, and a web server behind the gateway is asked for a page.
func ExampleTunnel_DialContext() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	g := newGateway(exampleT{dir: dir})
	g.start(`"10.3.0.0/24"`)
	defer g.stop()
	web, err := g.plane.ListenTCP(netip.MustParseAddrPort("10.2.0.1:80"))
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		_ = http.Serve(web, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			from, _, _ := net.SplitHostPort(r.RemoteAddr)
			fmt.Fprintln(w, "hello", from)
		}))
	}()

	t, err := Open(context.Background(), Config{Text: g.client()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	client := http.Client{Transport: &http.Transport{DialContext: t.DialContext, DisableKeepAlives: true}}
	r, err := client.Get("http://10.2.0.1/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Body.Close()
	page, _ := io.ReadAll(r.Body)
	fmt.Print(string(page))
	// Output: hello 10.3.0.1
}
