package carrier_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"runtime"
	"testing"
	"time"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/internal/tlslab"
	"culvert/explain"
)

// A pair is a client and a server that say hello to each other over TLS.
type pair struct{ client, server carrier.Config }

func newPair(tb testing.TB) pair {
	ca := tlslab.NewAuthority(tb, "Test CA")
	return pair{
		client: carrier.Config{Verifier: tlslab.Verifier{Authority: ca, Name: "gw.example.org"}},
		server: carrier.Config{Certificate: ca.Server("gw.example.org")},
	}
}

// begin starts both with programs.
func (p pair) begin(tb testing.TB, asks, answers carrier.Program) (client, server *carrier.Exchange) {
	tb.Helper()
	s := eap.Session{Now: tlslab.Now()}
	client, err := p.client.Begin(s, eap.TypeTTLS, false, 0, asks)
	if err != nil {
		tb.Fatal(err)
	}
	server, err = p.server.Begin(s, eap.TypeTTLS, true, 0, answers)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	tb.Cleanup(server.Close)
	return client, server
}

// ask shakes hands and writes a question of two records.
func ask(t *carrier.Tunnel) (carrier.Outcome, error) {
	if err := t.Handshake(); err != nil {
		return carrier.Outcome{}, err
	}
	if err := errors.Join(t.Write([]byte("how ")), t.Write([]byte("much?"))); err != nil {
		return carrier.Outcome{}, err
	}
	got, err := t.ReadMessage()
	if err == nil && string(got) != "enough" {
		err = errors.New("asked, and got " + string(got))
	}
	return finish(t, err)
}

func answer(t *carrier.Tunnel) (carrier.Outcome, error) {
	if err := t.Handshake(); err != nil {
		return carrier.Outcome{}, err
	}
	got, err := t.ReadMessage()
	if err != nil || string(got) != "how much?" {
		return carrier.Outcome{}, errors.Join(err, errors.New("was asked "+string(got)))
	}
	if err := t.Write([]byte("enough")); err != nil {
		return carrier.Outcome{}, err
	}
	return finish(t, t.Acknowledged())
}

func finish(t *carrier.Tunnel, err error) (carrier.Outcome, error) {
	if err != nil {
		return carrier.Outcome{}, err
	}
	msk, err := t.MSK("ttls keying material")
	return carrier.Outcome{MSK: msk}, err
}

func request(data []byte) eap.Input {
	return eap.Input{Packet: &eap.Packet{Code: eap.CodeRequest, Data: data}}
}

func TestProgramsTalkOverTLS(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		p := newPair(t)
		p.client.MaxVersion, p.server.MinVersion = version, version
		client, server := p.begin(t, ask, answer)
		c, s := tlslab.Talk(t, client, server, tlslab.Unchanged)
		if c.State != eap.Succeeded || s.State != eap.Succeeded || !c.MSK.Equal(s.MSK) || len(c.MSK) != 64 {
			t.Errorf("%s: client: %v %v, server: %v %v", tls.VersionName(version), c.State, c.Err, s.State, s.Err)
		}
	}
}

func TestPacketsOutOfTurnEndTheRun(t *testing.T) {
	start, ack := []byte{0x20}, []byte{0x00}
	fragment := []byte{0xc0, 0, 0, 0, 9, 22, 3, 3}
	tests := map[string][][]byte{
		"no start":                        {ack},
		"two starts":                      {start, start},
		"nothing where data has to be":    {start, ack},
		"data instead of acknowledgement": {start, {0x00, 1, 2, 3}},
		"a fragment without its length":   {start, ack, {0x40, 22, 3, 3}},
		"a start between fragments":       {start, ack, fragment, start},
		"no TLS at all":                   {start, ack, {0x00, 'G', 'E', 'T', ' ', '/'}},
		"no flags":                        {start, {}},
	}
	for name, packets := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.client.Fragment = 1020
			client, _ := p.begin(t, ask, answer)
			var last eap.Step
			for _, data := range packets {
				if last.State == eap.Failed {
					t.Fatal("ended too early: ", last.Err)
				}
				last = client.Step(t.Context(), request(data))
			}
			for range 3 {
				if last.State != eap.Continuing {
					break
				}
				last = client.Step(t.Context(), request(ack))
			}
			if last.State != eap.Failed {
				t.Fatalf("got %v", last.State)
			}
			if again := client.Step(t.Context(), request(ack)); again.State != eap.Failed || again.Data != nil {
				t.Errorf("after the end: %v %x", again.State, again.Data)
			}
		})
	}
}

func TestAChangedOctetIsNoticed(t *testing.T) {
	p := newPair(t)
	for at := 5; at < 1000; at += 31 {
		client, server := p.begin(t, ask, answer)
		changed := false
		c, s := tlslab.Talk(t, client, server, func(fromServer bool, data []byte) []byte {
			if changed || !fromServer || len(data) <= at {
				return data
			}
			changed = true
			data = bytes.Clone(data)
			data[at] ^= 0x40
			return data
		})
		if changed && (c.State == eap.Succeeded || s.State == eap.Succeeded) {
			t.Errorf("octet %d: nobody has noticed", at)
		}
	}
}

func TestVersionsThatWereNotOfferedAreRefused(t *testing.T) {
	_, server := newPair(t).begin(t, ask, answer)
	server.Step(t.Context(), eap.Input{})
	step := server.Step(t.Context(), request([]byte{0x01, 22, 3, 3}))
	if step.State != eap.Failed || eap.AsFailure(eap.TypeTTLS, step.Err).Code != explain.EAPProtocol {
		t.Errorf("got %v, %v", step.State, step.Err)
	}
}

func TestCloseEndsTheCoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	p := newPair(t)
	for range 50 {
		client, server := p.begin(t, ask, answer)
		hello := client.Step(t.Context(), request(server.Step(t.Context(), eap.Input{}).Data))
		server.Step(t.Context(), request(hello.Data))
		client.Close()
		server.Close()
		server.Close()
	}
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before+5; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// patient is a verifier that takes for ever, until its context ends.
type patient struct{}

func (patient) Verify(ctx context.Context, _ []*x509.Certificate, _ []byte, _ time.Time) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestVerificationEndsWithTheStepsContext(t *testing.T) {
	p := newPair(t)
	p.client.Verifier = patient{}
	client, server := p.begin(t, ask, answer)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := server.Step(ctx, eap.Input{})
	for range 20 {
		out := client.Step(ctx, request(in.Data))
		if out.State == eap.Failed {
			if !errors.Is(out.Err, context.Canceled) {
				t.Errorf("got %v", out.Err)
			}
			return
		}
		in = server.Step(ctx, request(out.Data))
	}
	t.Error("the client goes on")
}

func TestConfigurationsThatAreNotSafeAreRefused(t *testing.T) {
	good := newPair(t)
	tests := []struct {
		name   string
		server bool
		change func(c *carrier.Config)
	}{
		{"a client without trust", false, func(c *carrier.Config) { c.Verifier = nil }},
		{"a server without certificate", true, func(c *carrier.Config) { c.Certificate = nil }},
		{"versions that exclude each other", true, func(c *carrier.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS13, tls.VersionTLS12 }},
		{"only what is too old", true, func(c *carrier.Config) { c.MaxVersion = tls.VersionTLS11 }},
		{"fragments too small to hold anything", false, func(c *carrier.Config) { c.Fragment = 8 }},
	}
	for _, tt := range tests {
		c := good.client
		if tt.server {
			c = good.server
		}
		tt.change(&c)
		if _, err := c.Begin(eap.Session{}, eap.TypeTTLS, tt.server, 0, ask); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
}
