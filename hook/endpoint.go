package hook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"culvert/secret"
)

// The headers of a request.
const (
	HeaderEvent     = "Culvert-Event"     // kind of the event
	HeaderDelivery  = "Culvert-Delivery"  // the same in each try of one delivery
	HeaderSignature = "Culvert-Signature" // "t=SECONDS,v1=HEX"
)

// An Endpoint is a web server that is told of events. It is for one goroutine.
type Endpoint struct {
	URL    string
	Secret secret.Bytes // of the signature; empty: there is none
	Client *http.Client
	Tries  int
	Pause  time.Duration // before the second try; each further one is twice as long, up to maxPause
}

// maxPause is the longest wait between two tries.
const maxPause = time.Minute

// A Delivery is one event for an endpoint.
type Delivery struct {
	ID     string
	Kind   string
	Missed uint64 // how many lost ones it tells of: they count as lost again if it is
	Body   []byte // JSON
}

// ErrRefused means that the server has answered in a way which another try would not change.
var ErrRefused = errors.New("refused")

// NewClient returns a client for one endpoint. Redirects are not followed: an event is for who is configured. timeout bounds one
// try as a whole. roots are the authorities that are believed; nil: those of the system.
func NewClient(timeout time.Duration, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, ForceAttemptHTTP2: true,
			MaxConnsPerHost: 1, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

// Deliver sends a delivery until the server has taken it, refuses it (ErrRefused), or all tries have failed.
func (e *Endpoint) Deliver(ctx context.Context, d Delivery) error {
	pause := e.Pause
	for n := 1; ; n++ {
		err := e.try(ctx, d)
		if err == nil || errors.Is(err, ErrRefused) || n >= e.Tries {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

func (e *Endpoint) try(ctx context.Context, d Delivery) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(d.Body))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	h := request.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "culvert")
	h.Set(HeaderEvent, d.Kind)
	h.Set(HeaderDelivery, d.ID)
	if len(e.Secret) > 0 {
		h.Set(HeaderSignature, Signature(e.Secret, time.Now(), d.Body))
	}
	answer, err := e.Client.Do(request)
	var told *url.Error
	if errors.As(err, &told) {
		return told.Err // without the URL, as one may be known to nobody else
	}
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	return judge(answer.StatusCode, answer.Status)
}

// judge tells what an answer means.
func judge(code int, status string) error {
	switch {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("the server answers %s", status)
	case code >= 300 && code < 400:
		return fmt.Errorf("%w: the server sends us elsewhere, %s, and redirects are not followed", ErrRefused, status)
	}
	return fmt.Errorf("%w: the server answers %s", ErrRefused, status)
}

// Signature returns the value of the header that proves a request to come from who knows the secret: HMAC-SHA-256 of the time, a
// full stop and the body. Who checks it refuses times that are minutes off, so that no request can be sent again.
func Signature(key secret.Bytes, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
