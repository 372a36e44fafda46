package web_test

import (
	"context"
	"fmt"
	"time"

	"culvert/api"
	"culvert/config"
)

// Certificates implements api.Inventory: one in each state.
func (s *sample) Certificates(context.Context) ([]api.Certificate, error) {
	const ca = "CN=Example Root CA, O=Example"
	now := time.Now()
	list := []api.Certificate{
		certificate(1, "CN=old.example.org", ca, now, -3, api.CertificateExpired, api.CertificateUse{Role: "own", Connection: "lab", Path: "lab.pem", HasKey: true}),
		certificate(2, "CN=gw.office.example", ca, now, 11, api.CertificateExpiring, api.CertificateUse{Role: "peer", Connection: "office", SA: "0a51c0ffee5eed01"}),
		certificate(3, "CN=gw.example.org", ca, now, 312, api.CertificateValid, api.CertificateUse{Role: "own", Connection: "office", Path: "gw.pem", HasKey: true}),
		certificate(4, "CN="+s.peer, ca, now, 240, api.CertificateValid, api.CertificateUse{Role: "peer", Connection: "staff"}),
		certificate(5, ca, ca, now, 2900, api.CertificateValid, api.CertificateUse{Role: "ca", Connection: "office", Path: "ca.pem"}),
	}
	list[4].CA, list[3].Revocation = true, "revoked"
	for _, name := range []string{"lisbon", "cloud-eu", "backup", "lab", "staff"} {
		list[4].Uses = append(list[4].Uses, api.CertificateUse{Role: "ca", Connection: name, Path: "ca.pem"})
	}
	return list, nil
}

func certificate(n int, subject, issuer string, now time.Time, days int, state api.CertificateState, use api.CertificateUse) api.Certificate {
	end := now.Add(time.Duration(days) * 24 * time.Hour)
	return api.Certificate{
		Subject: subject, Issuer: issuer, Names: []string{}, Serial: fmt.Sprintf("%02x", n), Fingerprint: fmt.Sprintf("%064x", n), Key: "ECDSA P-256",
		NotBefore: end.Add(-400 * 24 * time.Hour), NotAfter: end, DaysLeft: days, State: state, Revocation: "good", Uses: []api.CertificateUse{use},
	}
}

// Settings implements api.Inventory.
func (s *sample) Settings(context.Context, string) (string, config.Effective, error) {
	return "file", config.Effective{}, nil
}

// Policies implements api.Inventory.
func (s *sample) Policies(context.Context) ([]api.Policy, error) { return []api.Policy{}, nil }

// Users implements api.Inventory.
func (s *sample) Users(context.Context) ([]api.User, error) { return []api.User{}, nil }

// Release implements api.Inventory.
func (s *sample) Release(context.Context, string, string) error { return nil }

var _ api.Inventory = (*sample)(nil)
