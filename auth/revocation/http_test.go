package revocation

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/crypto/ocsp"

	"culvert/auth/fetch"
	"culvert/auth/internal/pkitest"
)

// TestOverHTTP asks real servers, from the address in the certificate to the verdict.
func TestOverHTTP(t *testing.T) {
	s := newScene(t)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /root.crl", func(w http.ResponseWriter, _ *http.Request) { w.Write(s.list(t, s.leaf).Raw) })
	mux.HandleFunc("POST /ocsp", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		req, err := ocsp.ParseRequest(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		der, _ := ocsp.CreateResponse(s.root.Cert, s.root.Cert, ocsp.Response{Status: ocsp.Revoked, SerialNumber: req.SerialNumber,
			ThisUpdate: pkitest.Now(), RevokedAt: pkitest.Now()}, s.root.Key)
		w.Write(der)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, set := range map[string]func(){
		"list": func() { s.leaf.CRLDistributionPoints = []string{server.URL + "/none", server.URL + "/root.crl"} },
		"OCSP": func() { s.leaf.OCSPServer = []string{server.URL + "/ocsp"} },
	} {
		s.leaf.CRLDistributionPoints, s.leaf.OCSPServer = nil, nil
		set()
		unknown, err := NewChecker(fetch.New(fetch.RevocationRules()), Options{}).Check(context.Background(), IfAvailable, s.path(), Shown{}, pkitest.Now())
		if verdict(unknown, err) != "revoked" {
			t.Errorf("%s: %v, %v", name, unknown, err)
		}
	}
}
