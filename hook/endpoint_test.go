package hook

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"culvert/secret"
)

// The value is what `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef` prints.
func TestSignatureIsWhatOpenSSLComputes(t *testing.T) {
	got := Signature(secret.Bytes("0123456789abcdef"), time.Unix(1700000000, 0), []byte(`{"a":1}`))
	if want := "t=1700000000,v1=9eb18f493f8ec135d9eb2dad817c369bb4e9cbfa818657897a7437c1cd8c3a23"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// target is an endpoint that a handler answers for.
func target(t *testing.T, h http.HandlerFunc, timeout time.Duration) *Endpoint {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return &Endpoint{URL: s.URL + "/hook", Client: NewClient(timeout, nil), Tries: 3, Pause: time.Millisecond}
}

func TestDeliverySaysWhatItIs(t *testing.T) {
	e := target(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := r.Header
		if r.Method != http.MethodPost || string(body) != `{"a":1}` || h.Get("Content-Type") != "application/json" || h.Get(HeaderEvent) != "up" || h.Get(HeaderDelivery) != "x-1" {
			t.Errorf("%s %q with %v", r.Method, body, h)
		}
		if at, _, _ := strings.Cut(strings.TrimPrefix(h.Get(HeaderSignature), "t="), ","); at == "" {
			t.Errorf("the signature is %q", h.Get(HeaderSignature))
		}
		w.WriteHeader(http.StatusAccepted)
	}, patience)
	e.Secret = secret.Bytes("0123456789abcdef")
	if err := e.Deliver(t.Context(), Delivery{ID: "x-1", Kind: "up", Body: []byte(`{"a":1}`)}); err != nil {
		t.Error(err)
	}
}

func TestAnswersDecideWhetherThereIsAnotherTry(t *testing.T) {
	for _, tt := range []struct {
		answers []int
		tries   int32
		refused bool
		ok      bool
	}{
		{[]int{204}, 1, false, true},
		{[]int{500, 429, 200}, 3, false, true},
		{[]int{503, 503, 503, 200}, 3, false, false},
		{[]int{404, 200}, 1, true, false},
		{[]int{302, 200}, 1, true, false},
		{[]int{408, 200}, 2, false, true},
	} {
		var n atomic.Int32
		e := target(t, func(w http.ResponseWriter, _ *http.Request) {
			code := tt.answers[n.Add(1)-1]
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		}, patience)
		err := e.Deliver(t.Context(), Delivery{})
		if n.Load() != tt.tries || (err == nil) != tt.ok || errors.Is(err, ErrRefused) != tt.refused {
			t.Errorf("%v: %d tries, %v", tt.answers, n.Load(), err)
		}
	}
}

func TestServerThatHangsCostsTheTimeout(t *testing.T) {
	release := make(chan struct{})
	e := target(t, func(http.ResponseWriter, *http.Request) { <-release }, 20*time.Millisecond)
	t.Cleanup(func() { close(release) }) // before the server is closed, which waits for the handler
	var timeout interface{ Timeout() bool }
	if err := e.Deliver(t.Context(), Delivery{}); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v", err)
	}
}

// Some servers know those who may post by their URL alone, so that log and events do not tell it.
func TestErrorsDoNotTellTheURL(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	e := &Endpoint{URL: s.URL + "/hunter2", Client: NewClient(patience, nil), Tries: 1}
	if err := e.Deliver(t.Context(), Delivery{}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestCertificateOfTheServerIsChecked(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	e := &Endpoint{URL: s.URL, Client: NewClient(patience, x509.NewCertPool()), Tries: 1}
	var unknown x509.UnknownAuthorityError
	if err := e.Deliver(t.Context(), Delivery{}); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	e.Client = NewClient(patience, roots)
	if err := e.Deliver(t.Context(), Delivery{}); err != nil {
		t.Errorf("with its authority: %v", err)
	}
}

// While a server hangs, offers are taken as long as there is room, and counted beyond.
func TestSenderNeverBlocks(t *testing.T) {
	release := make(chan struct{})
	var got []string
	e := target(t, func(_ http.ResponseWriter, r *http.Request) {
		<-release
		got = append(got, r.Header.Get(HeaderDelivery))
	}, patience)
	s := NewSender(func(_ Delivery, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	for range maxDeliveries + 7 {
		s.Offer(Delivery{ID: "x"})
	}
	if missed := s.Missed(); missed != 7 {
		t.Errorf("%d missed", missed)
	}
	end := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(t.Context(), e, end) })
	close(end)
	close(release)
	wg.Wait()
	if len(got) != maxDeliveries {
		t.Errorf("%d have arrived at the end", len(got))
	}
}

func TestSenderCountsWhatFailsAndEndsWithItsContext(t *testing.T) {
	e := target(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, patience)
	ctx, cancel := context.WithCancel(t.Context())
	s := NewSender(func(_ Delivery, err error) {
		if !errors.Is(err, ErrRefused) {
			t.Errorf("told %v", err)
		}
		cancel()
	})
	s.Offer(Delivery{Missed: 2})
	s.Run(ctx, e, nil)
	if n := s.Missed(); n != 3 {
		t.Errorf("%d are missed, not one with the two that it was to tell of", n)
	}
}
