package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/auth/lookup"
	"culvert/pki"
)

// withAuthority returns a shell, and the folder of an authority made in it.
func withAuthority(t *testing.T) (*shell, string) {
	s, dir := newShell(t), filepath.Join(t.TempDir(), "pki")
	s.run(exitOK, "pki", "init", "--dir", dir, "--name", "Example VPN CA")
	if want := "Example VPN CA is valid until 2036-04-28\n  " + dir + "/ca.pem\n  " + dir + "/ca.key\n"; s.out.String() != want {
		t.Errorf("got %q, want %q", s.out.String(), want)
	}
	return s, dir
}

// record runs a command with --json and returns what it issued.
func (s *shell) record(args ...string) (r struct {
	pki.Record
	Files []string
}) {
	s.t.Helper()
	s.run(exitOK, append(args, "--json")...)
	if err := json.Unmarshal(s.out.Bytes(), &r); err != nil {
		s.t.Fatalf("%v in %s", err, s.out.String())
	}
	return r
}

func readCertificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPKIIssuesAndLists(t *testing.T) {
	s, dir := withAuthority(t)
	gw := s.record("pki", "gateway", "vpn.example.org", "--san", "192.0.2.1", "--dir", dir)
	if c := readCertificate(t, gw.Files[0]); len(c.DNSNames) != 2 || len(gw.Files) != 2 {
		t.Errorf("names %q in %q", c.DNSNames, gw.Files)
	}
	s.run(exitOK, "pki", "client", "carol@example.org", "--days", "20", "--dir", dir)
	if got := s.out.String(); !strings.HasPrefix(got, "carol@example.org is valid until 2026-05-21\n") {
		t.Errorf("got %s", got)
	}
	s.run(exitOK, "pki", "renew", "vpn.example.org", "--dir", dir)
	s.run(exitOK, "pki", "revoke", "vpn.example.org", "--dir", dir)
	if got := s.out.String(); strings.Count(got, "revoked vpn.example.org") != 2 {
		t.Errorf("got %s", got)
	}
	s.run(exitOK, "pki", "list", "--dir", dir)
	lines := strings.Split(s.out.String(), "\n")
	if len(lines) != 5 || !strings.Contains(lines[1], "ends soon") || strings.Count(s.out.String(), "revoked") != 2 {
		t.Errorf("got\n%s", s.out.String())
	}
}

func TestPKIMakesARevocationList(t *testing.T) {
	s, dir := withAuthority(t)
	out := filepath.Join(dir, "public.crl")
	s.run(exitOK, "pki", "crl", "--dir", dir, "--out", out, "--days", "7")
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := x509.ParseRevocationList(data); err != nil || !list.NextUpdate.Equal(noon().Add(7*day)) {
		t.Errorf("%v, %v", list, err)
	}
}

func TestPKISignsForAKeyThatStaysWhereItIs(t *testing.T) {
	s, dir := withAuthority(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr := filepath.Join(dir, "laptop.csr")
	if err := os.WriteFile(csr, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	got := s.record("pki", "client", "laptop.example.org", "--csr", csr, "--dir", dir)
	if len(got.Files) != 1 || !key.PublicKey.Equal(readCertificate(t, got.Files[0]).PublicKey) {
		t.Errorf("got %+v", got)
	}
}

func TestPKIMistakes(t *testing.T) {
	s, dir := withAuthority(t)
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitFailure, "pki init", []string{"list", "--dir", t.TempDir()}},
		{exitFailure, "already", []string{"init", "--dir", dir}},
		{exitFailure, "PKI-FAILED", []string{"client", "the office", "--dir", dir}},
		{exitFailure, "no certificate was issued", []string{"revoke", "dave", "--dir", dir}},
		{exitFailure, "no certificate was issued", []string{"renew", "dave", "--dir", dir}},
		{exitFailure, "boredom", []string{"revoke", "dave", "--reason", "boredom", "--dir", dir}},
		{exitFailure, "nowhere.csr", []string{"client", "dave", "--csr", "nowhere.csr", "--dir", dir}},
		{exitUsage, "takes one NAME", []string{"client", "--dir", dir}},
		{exitUsage, "there is no culvert pki \"sign\"", []string{"sign"}},
		{exitUsage, "whole number of days", []string{"client", "dave", "--days", "0"}},
	} {
		s.run(c.code, append([]string{"pki"}, c.args...)...)
		if !strings.Contains(s.err.String(), c.want) {
			t.Errorf("%q: %s, want %q", c.args, s.err.String(), c.want)
		}
	}
}

// A bundle holds what a gateway sends: its chain without the root.
func TestPKIBundle(t *testing.T) {
	s, dir := withAuthority(t)
	gw := s.record("pki", "gateway", "vpn.example.org", "--dir", dir)
	out := filepath.Join(t.TempDir(), "gw.bundle")
	s.run(exitOK, "pki", "bundle", gw.Files[0], filepath.Join(dir, "ca.pem"), "--out", out)
	if got := s.out.String(); !strings.HasPrefix(got, "1 of the certificates are in "+out+", SHA-1 ") {
		t.Errorf("got %s", got)
	}
	bundle, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bundle, lookup.Bundle([]*x509.Certificate{readCertificate(t, gw.Files[0])})) {
		t.Errorf("got %x", bundle)
	}
	s.run(exitFailure, "pki", "bundle", filepath.Join(dir, "absent.pem"), "--out", out)
	s.run(exitFailure, "pki", "bundle", out, "--out", out)
}
