package ttls_test

import (
	"testing"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptest"
	"culvert/eap/internal/tlslab"
	"culvert/eap/ttls"
	"culvert/explain"
)

// A script is a side of EAP-TTLS that says in the tunnel what it is told to, whatever it hears.
func script(server bool, messages ...[]byte) carrier.Program {
	return func(t *carrier.Tunnel) (carrier.Outcome, error) {
		if err := t.Handshake(); err != nil {
			return carrier.Outcome{}, err
		}
		for _, m := range messages {
			if server {
				if _, err := t.ReadMessage(); err != nil {
					return carrier.Outcome{}, err
				}
			}
			if err := t.Write(m); err != nil {
				return carrier.Outcome{}, err
			}
		}
		_, err := t.ReadMessage()
		return carrier.Outcome{}, err
	}
}

// raw is an AVP of Microsoft's.
func raw(code byte, data string) []byte {
	return append([]byte{0, 0, 0, code, 0xc0, 0, 0, byte(12 + len(data)), 0, 0, 1, 0x37}, data...)
}

func TestServersThatLieInTheTunnelAreRefused(t *testing.T) {
	tests := []struct {
		name, inner string
		message     []byte
		want        explain.Code
	}{
		{"a proof that is none", "MSCHAPv2", raw(26, "xS=0000000000000000000000000000000000000000"), explain.EAPServerUnknown},
		{"an empty proof", "MSCHAPv2", raw(26, ""), explain.EAPProtocol},
		{"no proof", "MSCHAPv2", []byte{0, 0, 0, 18, 0, 0, 0, 9, 'x', 0, 0, 0}, explain.EAPProtocol},
		{"an error", "MSCHAPv2", raw(2, "xE=691 R=0"), explain.EAPPassword},
		{"half an AVP", "MSCHAPv2", []byte{0, 0, 0}, explain.EAPProtocol},
		{"success in the tunnel", "EAP-MSCHAPv2", []byte{0, 0, 0, 79, 0x40, 0, 0, 12, 3, 0, 0, 4}, explain.EAPEarlySuccess},
		{"failure in the tunnel", "EAP-MSCHAPv2", []byte{0, 0, 0, 79, 0x40, 0, 0, 12, 4, 0, 0, 4}, explain.EAPRejected},
		{"no EAP packet", "EAP-MSCHAPv2", []byte{0, 0, 0, 79, 0x40, 0, 0, 9, 1, 0, 0, 0}, explain.EAPProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSides(t, inners("correct horse")[tt.inner])
			c, err := ttls.NewClient(s.client, s.user, s.inner)
			if err != nil {
				t.Fatal(err)
			}
			client, err := c.Begin(eaptest.Session("anonymous"), "anonymous")
			if err != nil {
				t.Fatal(err)
			}
			server, err := s.server.Begin(eaptest.Session(""), eap.TypeTTLS, true, 0, script(true, tt.message))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := tlslab.Talk(t, client, server, tlslab.Unchanged)
			if code := eap.AsFailure(eap.TypeTTLS, got.Err).Code; got.State != eap.Failed || code != tt.want {
				t.Errorf("got %v, %s (%v), want %s", got.State, code, got.Err, tt.want)
			}
		})
	}
}

func TestEAPSuccessBeforeTheEndIsRefused(t *testing.T) {
	for name, inner := range inners("correct horse") {
		if name == "PAP" {
			continue // all is said with the first message
		}
		s := newSides(t, inner)
		c, err := ttls.NewClient(s.client, s.user, s.inner)
		if err != nil {
			t.Fatal(err)
		}
		client, err := (&eap.Peer{Methods: []eap.Method{c}}).Begin(eaptest.Session("anonymous"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := ttls.NewServer(s.server, s.methods)
		if err != nil {
			t.Fatal(err)
		}
		server, err := (&eap.Authenticator{Methods: []eap.Method{v}}).Begin(eaptest.Session("anonymous"))
		if err != nil {
			t.Fatal(err)
		}
		request := server.Step(t.Context(), nil)
		for range 3 { // start, hello in two fragments, the server's flight: nothing of the inner method is done
			request = server.Step(t.Context(), client.Step(t.Context(), request.Packet).Packet)
		}
		last := client.Step(t.Context(), request.Packet)
		got := client.Step(t.Context(), eap.Packet{Code: eap.CodeSuccess, Identifier: last.Packet[1]}.Encode())
		if eaptest.Code(got) != explain.EAPEarlySuccess {
			t.Errorf("%s: got %v, %v", name, got.State, got.Err)
		}
		client.Close()
		server.Close()
	}
}

func TestAProofFromElsewhereIsRefused(t *testing.T) {
	s := newSides(t, nil)
	v, err := ttls.NewServer(s.server, s.methods)
	if err != nil {
		t.Fatal(err)
	}
	server, err := v.Begin(eaptest.Session(""), "")
	if err != nil {
		t.Fatal(err)
	}
	stolen := append([]byte{0, 0, 0, 1, 0x40, 0, 0, 13, 'a', 'l', 'i', 'c', 'e', 0, 0, 0}, raw(11, "sixteen octets!!")...)
	stolen = append(stolen, raw(25, string(make([]byte, 50)))...)
	client, err := s.client.Begin(eaptest.Session(""), eap.TypeTTLS, false, 0, script(false, stolen))
	if err != nil {
		t.Fatal(err)
	}
	_, got := tlslab.Talk(t, client, server, tlslab.Unchanged)
	if code := eap.AsFailure(eap.TypeTTLS, got.Err).Code; got.State != eap.Failed || code != explain.EAPTLSBinding {
		t.Errorf("got %v, %v", got.State, got.Err)
	}
}

// FuzzTunnel says whatever comes in the tunnel to a server: nothing panics, and nobody gets in.
func FuzzTunnel(f *testing.F) {
	f.Add([]byte{0, 0, 0, 79, 0x40, 0, 0, 18, 2, 0, 0, 10, 1, 'a', 'l', 'i', 'c', 'e'}, []byte{0, 0, 0, 79, 0x40, 0, 0, 14, 2, 0, 0, 6, 3, 6})
	f.Add([]byte{0, 0, 0, 1, 0x40, 0, 0, 9, 'x', 0, 0, 0, 0, 0, 0, 2, 0x40, 0, 0, 9, 'y', 0, 0, 0}, []byte{})
	f.Add(raw(25, string(make([]byte, 50))), raw(11, "x"))
	s := newSides(f, nil)
	v, err := ttls.NewServer(s.server, s.methods)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		if len(one) == 0 || len(two) == 0 {
			return
		}
		server, err := v.Begin(eaptest.Session(""), "")
		if err != nil {
			t.Fatal(err)
		}
		client, err := s.client.Begin(eaptest.Session(""), eap.TypeTTLS, false, 0, func(t *carrier.Tunnel) (carrier.Outcome, error) {
			if err := t.Handshake(); err != nil {
				return carrier.Outcome{}, err
			}
			t.Write(one)
			if _, err := t.ReadMessage(); err != nil {
				return carrier.Outcome{}, err
			}
			t.Write(two)
			_, err := t.ReadMessage()
			return carrier.Outcome{}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, got := tlslab.Talk(t, client, server, tlslab.Unchanged); got.State == eap.Succeeded {
			t.Fatalf("succeeded with %x and %x", one, two)
		}
	})
}
