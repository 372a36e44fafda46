package interop_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"culvert/interop/lab"
	"culvert/probe"
)

// probed runs culvert probe on a host.
func (s *scene) probed(from *lab.Host, args ...string) probe.Report {
	s.Helper()
	var r probe.Report
	out := from.Must(append([]string{s.Binary(), "probe", "--json", "--interval", "10ms", "--timeout", "10s"}, args...)...)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		s.Fatalf("%v in %s", err, out)
	}
	return r
}

// names are the algorithms that are accepted.
func names(list []probe.Algorithm) string {
	var found []string
	for _, a := range list {
		if a.Accepted == probe.Yes {
			found = append(found, a.Name)
		}
	}
	return strings.Join(found, " ")
}

// extended tells whether the peer announces an extension.
func extended(r probe.Report, notify string) bool {
	return slices.ContainsFunc(r.Extensions, func(e probe.Extension) bool { return e.Notify == notify })
}

func TestProbeTellsWhatCharonSpeaks(t *testing.T) {
	s := newScene(t)
	s.startCharon("", pskSwan("proposals = aes256gcm16-aes128gcm16-prfsha384-ecp384-x25519, aes128-sha256-sha512-modp2048", ""))
	r := s.probed(s.moon, "10.99.0.2")
	for what, got := range map[string][2]string{
		"groups":     {names(r.Groups), "ECP_384 CURVE_25519 MODP_2048"},
		"encryption": {names(r.Encryption), "AES_GCM_16_256 AES_GCM_16_128 AES_CBC_128"},
		"PRF":        {names(r.PRF), "PRF_HMAC_SHA2_256 PRF_HMAC_SHA2_384 PRF_HMAC_SHA2_512"},
		"integrity":  {names(r.Integrity), "HMAC_SHA2_256_128 HMAC_SHA2_512_256"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %q, want %q", what, got[0], got[1])
		}
	}
	if !r.Transports[0].Answers || !r.Transports[1].Answers || r.Transports[2].Answers {
		t.Errorf("transports %+v", r.Transports)
	}
	// With ESP in user space charon pretends to be behind a NAT.
	if !extended(r, "IKEV2_FRAGMENTATION_SUPPORTED") || !extended(r, "CHILDLESS_IKEV2_SUPPORTED") || r.MTU != 1500 || r.NAT == nil || r.NAT.Local || !r.NAT.Peer || len(r.Hashes) == 0 {
		t.Errorf("%+v", r)
	}
	if log := s.theirs.CharonLog(); strings.Contains(log, "too aggressive") || r.Datagrams > 120 {
		t.Errorf("%d datagrams; charon logs\n%s", r.Datagrams, log)
	}
}

func TestProbeTellsWhatCulvertSpeaks(t *testing.T) {
	s := newScene(t)
	s.startCulvert("daemon { tcp_ports = [4500] }\n" + pskConf(`proposals = ["aes256gcm16-chacha20poly1305-prfsha512-x448-mlkem768", "aes256-sha384-prfsha384-ecp256"]`, ""))
	s.sun.Must("ip", "link", "set", "moon", "mtu", "1300")
	r := s.probed(s.sun, "10.99.0.1")
	if got := names(r.Groups); got != "CURVE_448 ML_KEM_768 ECP_256" {
		t.Errorf("groups %q", got)
	}
	if got := names(r.Encryption); got != "AES_GCM_16_256 CHACHA20_POLY1305 AES_CBC_256" {
		t.Errorf("encryption %q", got)
	}
	for _, tr := range r.Transports {
		if !tr.Answers {
			t.Errorf("%+v", tr)
		}
	}
	if r.MTU < 1290 || r.MTU > 1300 || !extended(r, "INTERMEDIATE_EXCHANGE_SUPPORTED") {
		t.Errorf("%+v", r)
	}
	if n := len(s.ours.Status().SAs); n > 1 {
		t.Errorf("%d IKE SAs are half-open", n)
	}
}
