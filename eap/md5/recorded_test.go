package md5

import (
	"bytes"
	"encoding/hex"
	"testing"

	"culvert/eap"
	"culvert/eap/eaptest"
)

// What charon 5.9.8 sent to itself in IKE_AUTH, decrypted, for the user carol with the password EapSecretPassword: Identity,
// MD5-Challenge, EAP-Success.
var recorded = []string{
	"0100000501",
	"0200000a016361726f6c",
	"01a300160410e54701181ab27123b24e062309cd678a",
	"02a3001604104376d8267af691817930ac2859671cd4",
	"03a30004",
}

func octets(t *testing.T, i int) []byte {
	t.Helper()
	b, err := hex.DecodeString(recorded[i])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestClientAnswersTheRecordedServer(t *testing.T) {
	s := eaptest.Session("a.example")
	c, err := (&eap.Peer{Identity: "carol", Methods: []eap.Method{Client{Password: eap.Stored([]byte("EapSecretPassword"))}}}).Begin(s)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Step(t.Context(), octets(t, 0)); !bytes.Equal(r.Packet, octets(t, 1)) {
		t.Errorf("got %x", r.Packet)
	}
	// The recorded client names itself in Identity only; we repeat the name behind the value.
	r := c.Step(t.Context(), octets(t, 2))
	if want := append(octets(t, 3), "carol"...); !bytes.Equal(r.Packet[4:], want[4:]) {
		t.Errorf("got %x, want %x", r.Packet, want)
	}
	if r := c.Step(t.Context(), octets(t, 4)); r.State != eap.Succeeded || r.MSK != nil {
		t.Errorf("got %+v", r)
	}
}

func TestServerTakesTheRecordedAnswer(t *testing.T) {
	challenge, err := eap.Parse(octets(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	s := eaptest.Session("carol")
	s.Rand = bytes.NewReader(challenge.Data[1:])
	x, err := Server{Accounts: accounts}.Begin(s, "carol")
	if err != nil {
		t.Fatal(err)
	}
	if step := x.Step(t.Context(), eap.Input{Identifier: challenge.Identifier}); !bytes.Equal(step.Data, challenge.Data) {
		t.Fatalf("got %x, want %x", step.Data, challenge.Data)
	}
	answer, err := eap.Parse(octets(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	if step := x.Step(t.Context(), eap.Input{Packet: &answer}); step.State != eap.Succeeded || step.Identity != "carol" {
		t.Errorf("got %+v", step)
	}
}
