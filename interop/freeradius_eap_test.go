package interop_test

import (
	"context"
	"crypto/tls"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptest"
	"culvert/eap/eaptls"
	"culvert/eap/gtc"
	"culvert/eap/mschapv2"
	"culvert/eap/peap"
	"culvert/eap/ttls"
	"culvert/interop/lab"
	"culvert/radius"
	"culvert/secret"
)

// TestFreeRADIUSAsEAPServer holds our EAP peers against FreeRADIUS, which our RADIUS proxy relays to: both ends must have the
// same key.
func TestFreeRADIUSAsEAPServer(t *testing.T) {
	a := newAAA(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		proxy := &radius.Proxy{Group: a.freeRADIUS(t, version), NAS: radius.NAS{Identifier: "culvert"}}
		for name, method := range a.ourClients("correct horse", version) {
			t.Run(name+", "+tls.VersionName(version), func(t *testing.T) {
				out := eaptest.Run(t, &eap.Peer{Identity: "alice", Methods: []eap.Method{method}}, proxy, sessionNow())
				c, s := out.Client, out.Server
				if c.State != eap.Succeeded || s.State != eap.Succeeded {
					t.Fatalf("client: %v %v, server: %v %v", c.State, c.Err, s.State, s.Err)
				}
				if len(c.MSK) != 64 || !c.MSK.Equal(s.MSK) {
					t.Errorf("the keys differ: %d octets here, %d there", len(c.MSK), len(s.MSK))
				}
			})
		}
		for name, method := range a.ourClients("wrong", version) {
			if name == "TLS" {
				continue
			}
			out := eaptest.Run(t, &eap.Peer{Identity: "alice", Methods: []eap.Method{method}}, proxy, sessionNow())
			if out.Client.State != eap.Failed || out.Server.State != eap.Failed {
				t.Errorf("%s with a wrong password: client: %v, server: %v", name, out.Client.State, out.Server.State)
			}
		}
	}
}

// sessionNow is a session of this moment, when the certificates are valid.
func sessionNow() eap.Session {
	s := eaptest.Session("alice")
	s.Now = time.Now()
	return s
}

// ourClients are our methods with a password, by name.
func (a *aaa) ourClients(password string, version uint16) map[string]eap.Method {
	a.Helper()
	trust, err := auth.NewServerTrust(a.trusting(), auth.UserIdentity(serverName))
	if err != nil {
		a.Fatal(err)
	}
	config := carrier.Config{Certificate: a.certificate("client"), Verifier: trust, MinVersion: version, MaxVersion: version}
	tlsClient, err := eaptls.NewClient(config)
	clients := map[string]eap.Method{"TLS": must(a, tlsClient, err)}
	config.Certificate = nil
	word := eap.Stored(secret.Bytes(password))
	inside := map[string]*eap.Peer{
		"EAP-MSCHAPv2": {Methods: []eap.Method{mschapv2.Client{Password: word}}},
		"EAP-GTC":      {Methods: []eap.Method{gtc.Client{Password: word}}},
	}
	inners := map[string]ttls.Inner{"PAP": ttls.PAP(word), "MSCHAPv2": ttls.MSCHAPv2(mschapv2.Client{Password: word})}
	for name, peer := range inside {
		inners[name] = ttls.EAP(peer)
		peapClient, err := peap.NewClient(config, peer, false)
		clients["PEAP with "+name] = must(a, peapClient, err)
	}
	for name, inner := range inners {
		ttlsClient, err := ttls.NewClient(config, "", inner)
		clients["TTLS with "+name] = must(a, ttlsClient, err)
	}
	return clients
}

// freeRADIUS starts the server with one version of TLS, and returns it.
func (a *aaa) freeRADIUS(t *testing.T, version uint16) *radius.Group {
	t.Helper()
	template, err := os.ReadFile("testdata/freeradius/radiusd.conf")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(lab.FreePort(t))
	number := map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}[version]
	a.write("radiusd.conf", strings.NewReplacer("DIR", a.dir, "PORT", port, "VERSION", number).Replace(string(template)))
	a.write("users", "alice Cleartext-Password := \"correct horse\"\n")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "freeradius", "-f", "-X", "-d", a.dir, "-n", "radiusd")
	log := &readiness{ready: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(tail(log.String()))
		}
	})
	select {
	case <-log.ready:
	case <-time.After(30 * time.Second):
		t.Fatalf("FreeRADIUS does not become ready:\n%s", tail(log.String()))
	}
	server := radius.Server{Name: "freeradius", Auth: "127.0.0.1:" + port, Secret: secret.Bytes(frontSecret), Timeout: time.Minute, Tries: 1}
	return radius.NewGroup("freeradius", time.Minute, server)
}

// readiness collects the log of FreeRADIUS and tells when it is ready.
type readiness struct {
	mu    sync.Mutex
	text  strings.Builder
	once  sync.Once
	ready chan struct{}
}

func (r *readiness) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(b)
	if strings.Contains(r.text.String(), "Ready to process requests") {
		r.once.Do(func() { close(r.ready) })
	}
	return len(b), nil
}

func (r *readiness) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}
