package ike

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"culvert/eap"
	"culvert/suite"
	"culvert/wire"
)

// recordedEAP reads the values of one name from the recording of EAP-MD5 (its origin is told beside it).
func recordedEAP(t *testing.T, prefix string) (list [][]byte) {
	t.Helper()
	b, err := os.ReadFile("recorded/testdata/eap-md5/kat.json")
	if err != nil {
		t.Fatal(err)
	}
	var recording struct{ Initiator []struct{ Name, Hex string } }
	if err := json.Unmarshal(b, &recording); err != nil {
		t.Fatal(err)
	}
	for _, e := range recording.Initiator {
		if strings.HasPrefix(e.Name, prefix) {
			list = append(list, unhex(t, e.Hex))
		}
	}
	return list
}

// AUTH of both sides behind a method without keys is made with SK_pi and SK_pr (RFC 7296, Section 2.16), as foreign peers do.
func TestRecordedEAP(t *testing.T) {
	octets, proofs := recordedEAP(t, "octets"), recordedEAP(t, "AUTH")
	pi, pr, chain := recordedEAP(t, "Sk_pi"), recordedEAP(t, "Sk_pr"), recordedEAP(t, "IntAuth_N = ")
	const nonce, digest = 32, 48
	tail := nonce + 3*digest + 4 // nonce, identity, both chains of IntAuth and IKE_AUTH_MID
	split := func(b []byte) (message, nonces []byte) { return b[:len(b)-tail], b[len(b)-tail:][:nonce] }
	sa := &SA{initiator: true, keys: suite.IKEKeys{Pi: pi[len(pi)-1], Pr: pr[len(pr)-1]}, initial: &initialState{}}
	sa.suite.Proposal = mustProposal(t, wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519")
	s := sa.initial
	s.messageI, s.nonceR = split(octets[1])
	s.messageR, s.nonceI = split(octets[2])
	s.intermediate = intAuth{i: chain[0], r: chain[1], mid: 2, exchanges: 1}
	s.login.eap = &eapRound{result: eap.Result{Method: eap.TypeMD5Challenge}}
	for i, id := range []*wire.Identification{fqdn("a.example").Payload(wire.PayloadIDi), fqdn("b.example").Payload(wire.PayloadIDr)} {
		if got, err := sa.signedOctets(id); err != nil || !bytes.Equal(got, octets[i+1]) {
			t.Errorf("%v: octets %x, %v", id.Payload, got, err)
		}
		if got, err := sa.eapAuth(id); err != nil || !bytes.Equal(got.Data, proofs[i]) {
			t.Errorf("%v: AUTH %x, %v", id.Payload, got, err)
		}
	}
}
