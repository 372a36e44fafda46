package revocation

import (
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"
)

// TestSilentSourceLeavesTimeForTheOthers: one that never answers costs its share of the time, be it a responder or a list.
func TestSilentSourceLeavesTimeForTheOthers(t *testing.T) {
	const silent = "http://silent.example.org/"
	for name, set := range map[string]func(*scene){
		"responder before responder": func(s *scene) {
			s.leaf.OCSPServer = []string{silent, ocspURL}
			s.answerWith(t, ocsp.Response{Status: ocsp.Good}, s.root.Cert, s.root)
		},
		"responder before list": func(s *scene) {
			s.leaf.OCSPServer, s.leaf.CRLDistributionPoints = []string{silent}, []string{crlURL}
			s.web.serve(crlURL, s.list(t).Raw)
		},
		"list before list": func(s *scene) {
			s.leaf.CRLDistributionPoints = []string{silent, crlURL}
			s.web.serve(crlURL, s.list(t).Raw)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.web.pages[silent] = nil
			set(s)
			synctest.Test(t, func(t *testing.T) {
				unknown, err := s.ask(t, Strict)
				wantVerdict(t, unknown, err, "good")
				time.Sleep(time.Minute) // the question that nobody waits for ends by itself
			})
		})
	}
}
