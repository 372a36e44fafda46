package lookup

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"culvert/auth/internal/pkitest"
	"culvert/wire"
)

const certURL = "http://certs.example.org/gw.crt"

// A web has pages, and counts. A page without a document hangs.
type web struct {
	mu    sync.Mutex
	pages map[string][]byte
	asked map[string]int
}

func newWeb() *web { return &web{pages: map[string][]byte{}, asked: map[string]int{}} }

func (w *web) Fetch(ctx context.Context, url string, _ []byte, _ string) ([]byte, error) {
	w.mu.Lock()
	w.asked[url]++
	doc, ok := w.pages[url]
	w.mu.Unlock()
	if !ok {
		return nil, errors.New("404 Not Found")
	}
	if doc == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return doc, nil
}

func certs(t testing.TB, n int) []*x509.Certificate {
	t.Helper()
	root := pkitest.NewAuthority(t, "root")
	list := []*x509.Certificate{root.Cert}
	for len(list) < n {
		list = append(list, root.Issue(t, "gw", pkitest.NewKey(t).Public()))
	}
	return list[:n]
}

func resolve(t testing.TB, w *web, hosts []string, sent ...*wire.Cert) ([]*wire.Cert, error) {
	t.Helper()
	return NewService(w).For(hosts).Resolve(context.Background(), sent, pkitest.Now())
}

func TestResolve(t *testing.T) {
	list := certs(t, 3)
	w := newWeb()
	w.pages[certURL] = list[0].Raw
	bundle := Bundle(list[1:])
	w.pages["http://CERTS.example.org:80/bundle"] = bundle
	whole := &wire.Cert{Encoding: wire.CertX509Signature, Data: list[2].Raw}
	got, err := resolve(t, w, []string{"certs.example.org"}, Reference(wire.CertHashURLX509, list[0].Raw, certURL),
		Reference(wire.CertHashURLBundle, bundle, "http://CERTS.example.org:80/bundle"), whole)
	if err != nil || len(got) != 4 || got[3] != whole {
		t.Fatalf("%v, %v", got, err)
	}
	for i, c := range list {
		if got[i].Encoding != wire.CertX509Signature || !bytes.Equal(got[i].Data, c.Raw) {
			t.Errorf("certificate %d is %v %x", i, got[i].Encoding, got[i].Data)
		}
	}
}

// TestRefused: what a stranger may not have us fetch. Nothing is asked for it.
func TestRefused(t *testing.T) {
	hosts := []string{"certs.example.org", "192.0.2.1:8080"}
	for _, tt := range []struct{ name, url, word string }{
		{"another host", "http://evil.example.com/gw.crt", "none of certs.example.org"},
		{"another port", "http://certs.example.org:8080/gw.crt", "none of"},
		{"the port left out", "http://192.0.2.1/gw.crt", "none of"},
		{"a host below", "http://a.certs.example.org/gw.crt", "none of"},
		{"https", "https://certs.example.org/gw.crt", "not an address of http"},
		{"a file", "file:///etc/shadow", "not an address of http"},
		{"a file at the host", "file://certs.example.org/etc/shadow", "not an address of http"},
		{"a password", "http://certs.example.org@evil.example.com/", "not an address of http"},
		{"a password for the host", "http://u:p@certs.example.org/", "not an address of http"},
		{"control characters", "http://certs.example.org/\r\nX: y", "not an address of http"},
		{"not UTF-8", "http://certs.example.org\xff/", ""},
		{"no address", "certs.example.org", "not an address of http"},
		{"a long one", "http://certs.example.org/" + strings.Repeat("x", maxURL), "malformed"},
		{"nothing", "", "malformed"},
	} {
		w := newWeb()
		_, err := resolve(t, w, hosts, Reference(wire.CertHashURLX509, []byte("x"), tt.url))
		var fault *Error
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.word) || strings.ContainsAny(err.Error(), "\r\n\xff") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(w.asked) != 0 {
			t.Errorf("%s: asked %v", tt.name, w.asked)
		}
	}
	var off *Lookup
	if _, err := off.Resolve(t.Context(), []*wire.Cert{Reference(wire.CertHashURLX509, []byte("x"), certURL)}, pkitest.Now()); !errors.Is(err, errOff) {
		t.Errorf("off: %v", err)
	}
}

func TestWrongHash(t *testing.T) {
	list := certs(t, 2)
	w := newWeb()
	w.pages[certURL] = list[1].Raw
	if _, err := resolve(t, w, []string{"certs.example.org"}, Reference(wire.CertHashURLX509, list[0].Raw, certURL)); !errors.Is(err, errHash) {
		t.Errorf("%v", err)
	}
}

// TestOnlyTheFirstCounts: what is behind the certificate with the key may be missing.
func TestOnlyTheFirstCounts(t *testing.T) {
	list := certs(t, 1)
	whole := &wire.Cert{Encoding: wire.CertX509Signature, Data: list[0].Raw}
	gone := Reference(wire.CertHashURLX509, []byte("x"), certURL)
	if got, err := resolve(t, newWeb(), []string{"certs.example.org"}, whole, gone, gone); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := resolve(t, newWeb(), []string{"certs.example.org"}, gone, whole); err == nil {
		t.Error("another certificate took the place of the first")
	}
}

// TestBounds: addresses in one message, fetches in a time, what is asked again.
func TestBounds(t *testing.T) {
	w := newWeb()
	s := NewService(w)
	l := s.For([]string{"certs.example.org"})
	first := certs(t, 1)[0].Raw
	w.pages[certURL] = first
	sent := []*wire.Cert{Reference(wire.CertHashURLX509, first, certURL)}
	for i := range 100 {
		sent = append(sent, Reference(wire.CertHashURLX509, []byte("x"), fmt.Sprintf("%s?%d", certURL, i)))
	}
	for range 3 {
		if _, err := l.Resolve(t.Context(), sent, pkitest.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.asked) != maxLookups || w.asked[certURL] != 1 || w.asked[certURL+"?0"] != 1 {
		t.Errorf("asked %v", w.asked)
	}
	var err error
	for i := range 2 * burst {
		if _, err = l.Resolve(t.Context(), []*wire.Cert{Reference(wire.CertHashURLX509, []byte("y"), fmt.Sprint(certURL, "?y", i))}, pkitest.Now()); errors.Is(err, errRate) {
			break
		}
	}
	if !errors.Is(err, errRate) || len(w.asked) > burst {
		t.Errorf("asked %d times at once: %v", len(w.asked), err)
	}
	if _, err := l.Resolve(t.Context(), sent, pkitest.Now()); err != nil {
		t.Errorf("what is remembered: %v", err)
	}
	if _, err := l.Resolve(t.Context(), []*wire.Cert{Reference(wire.CertHashURLX509, []byte("y"), certURL+"?z")}, pkitest.Now().Add(time.Second)); errors.Is(err, errRate) {
		t.Error("a second later still too many")
	}
}

// TestHangingHost: a host that never answers costs its own peer some seconds, and nobody else anything.
func TestHangingHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWeb()
		der := certs(t, 1)[0].Raw
		w.pages["http://slow.example.org/"], w.pages[certURL] = nil, der
		l := NewService(w).For([]string{"slow.example.org", "certs.example.org"})
		start := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := l.Resolve(t.Context(), []*wire.Cert{Reference(wire.CertHashURLX509, der, "http://slow.example.org/")}, pkitest.Now())
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
		synctest.Wait()
		if _, err := l.Resolve(t.Context(), []*wire.Cert{Reference(wire.CertHashURLX509, der, certURL)}, pkitest.Now()); err != nil || time.Since(start) != 0 {
			t.Errorf("somebody else waited %v: %v", time.Since(start), err)
		}
		all.Wait()
		if waited := time.Since(start); waited != timeout {
			t.Errorf("waited %v", waited)
		}
		synctest.Wait()
	})
}
