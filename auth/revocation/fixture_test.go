package revocation

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"culvert/auth/internal/pkitest"
)

const (
	crlURL  = "http://crl.example.org/root.crl"
	ocspURL = "http://ocsp.example.org/"
)

// A web answers for addresses, and counts. A nil document hangs until the question is given up.
type web struct {
	mu    sync.Mutex
	asked map[string]int
	pages map[string]func(body []byte) ([]byte, error)
}

func newWeb() *web {
	return &web{asked: map[string]int{}, pages: map[string]func([]byte) ([]byte, error){}}
}

// serve answers with the same document every time.
func (w *web) serve(url string, doc []byte) {
	w.pages[url] = func([]byte) ([]byte, error) { return doc, nil }
}

var errNoPage = errors.New("404 Not Found")

func (w *web) Fetch(ctx context.Context, url string, body []byte, contentType string) ([]byte, error) {
	w.mu.Lock()
	w.asked[url]++
	page, ok := w.pages[url]
	w.mu.Unlock()
	switch {
	case !ok:
		return nil, errNoPage
	case page == nil:
		<-ctx.Done()
		return nil, ctx.Err()
	case (body != nil) != (contentType == contentTypeRequest):
		return nil, errors.New("body without content type, or the reverse")
	}
	doc, err := page(body)
	return doc, errors.Join(err, ctx.Err())
}

func (w *web) count(url string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[url]
}

// withCRL and withOCSP name the places to ask in a certificate.
func withCRL(c *x509.Certificate)  { c.CRLDistributionPoints = []string{crlURL} }
func withOCSP(c *x509.Certificate) { c.OCSPServer = []string{ocspURL} }

// A scene is an authority, a certificate of it, and what the world says.
type scene struct {
	root *pkitest.Authority
	leaf *x509.Certificate
	web  *web
	opt  Options
}

func newScene(t testing.TB, changes ...func(*x509.Certificate)) *scene {
	t.Helper()
	root := pkitest.NewAuthority(t, "root")
	return &scene{root: root, leaf: root.Issue(t, "gw", pkitest.NewKey(t).Public(), changes...), web: newWeb()}
}

func (s *scene) path() []*x509.Certificate { return []*x509.Certificate{s.leaf, s.root.Cert} }

// ask checks with a new checker.
func (s *scene) ask(t testing.TB, p Policy) ([]error, error) {
	t.Helper()
	return NewChecker(s.web, s.opt).Check(context.Background(), p, s.path(), Shown{}, pkitest.Now())
}

// list is a list of the authority, valid for a week around now.
func (s *scene) list(t testing.TB, revoked ...*x509.Certificate) *x509.RevocationList {
	t.Helper()
	return s.root.CRL(t, 1, pkitest.Now().Add(-time.Hour), pkitest.Now().AddDate(0, 0, 7), revoked...)
}

// answerWith serves OCSP answers that are made from a template; its serial number and times are set where they are not.
func (s *scene) answerWith(t testing.TB, template ocsp.Response, responder *x509.Certificate, key *pkitest.Authority) {
	t.Helper()
	s.web.pages[ocspURL] = func(body []byte) ([]byte, error) {
		req, err := ocsp.ParseRequest(body)
		if err != nil {
			return nil, err
		}
		if template.SerialNumber == nil {
			template.SerialNumber = req.SerialNumber
		}
		if template.ThisUpdate.IsZero() {
			template.ThisUpdate = pkitest.Now()
		}
		template.Certificate = nil
		if !responder.Equal(s.root.Cert) {
			template.Certificate = responder
		}
		return ocsp.CreateResponse(s.root.Cert, responder, template, key.Key)
	}
}

// verdict is what a check ends in: "good", "revoked", "unknown" (refused) or "warned".
func verdict(unknown []error, err error) string {
	var e *Error
	switch {
	case errors.As(err, &e) && e.Revoked:
		return "revoked"
	case err != nil:
		return "unknown"
	case len(unknown) > 0:
		return "warned"
	}
	return "good"
}

// wantVerdict fails unless a check ends so, with all words in what it says.
func wantVerdict(t testing.TB, unknown []error, err error, want string, words ...string) {
	t.Helper()
	if got := verdict(unknown, err); got != want {
		t.Fatalf("%s (%v, %v), want %s", got, unknown, err, want)
	}
	text := fmt.Sprint(unknown, err)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %q", text, w)
		}
	}
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(b); block != nil {
		return block.Bytes
	}
	return b
}

func foreign(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(read(t, name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// foreignNonce returns the nonce of a request of openssl.
func foreignNonce(t testing.TB, der []byte) []byte {
	t.Helper()
	input := cryptobyte.String(der)
	var outer, tbs, extensions cryptobyte.String
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1(&tbs, casn1.SEQUENCE) || !tbs.SkipASN1(casn1.SEQUENCE) ||
		!tbs.ReadASN1(&extensions, casn1.Tag(2).ContextSpecific().Constructed()) {
		t.Fatal("no requestExtensions")
	}
	var nonce []byte
	err := readExtensions(extensions, func(id asn1.ObjectIdentifier, value cryptobyte.String) bool {
		return id.Equal(oidNonce()) && value.ReadASN1Bytes(&nonce, casn1.OCTET_STRING)
	})
	if err != nil || len(nonce) == 0 {
		t.Fatalf("nonce %x, %v", nonce, err)
	}
	return nonce
}

// randomSerial is the serial number of nobody.
func randomSerial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
