package conformance

import (
	"testing"

	"culvert/wire"
)

// redirectIn is the gateway that an answer sends the client to; zero: to none.
func redirectIn(t testing.TB, answer []wire.Payload) wire.Gateway {
	t.Helper()
	for _, p := range answer {
		if n, ok := p.(*wire.Notify); ok && n.NotifyType == wire.NotifyRedirect {
			r, err := wire.ParseRedirect(n.Data)
			if err != nil || len(r.Nonce) != 0 || n.Protocol != 0 {
				t.Errorf("REDIRECT in IKE_AUTH has %+v: %v", n, err)
			}
			return r.Gateway
		}
	}
	return wire.Gateway{}
}

// A client that authenticates by EAP is sent to another gateway, here by its name, with the last response of IKE_AUTH: behind AUTH of
// both sides and without a child (RFC 5685, Section 6). One that has not announced that it can is served.
func TestRedirectOfAUserBehindEAP(t *testing.T) {
	a := newAuthority(t)
	s := settings{connection: "redirect_clients = \"gw2.example.org\"\n redirect_when = \"auth\""}
	for name, tt := range map[string]struct {
		hello []wire.Payload
		want  wire.Gateway
	}{
		"announced":     {[]wire.Payload{status(wire.NotifyRedirectSupported)}, wire.Gateway{Name: "gw2.example.org"}},
		"not announced": {nil, wire.Gateway{}},
		"came from the other gateway": {[]wire.Payload{&wire.Notify{NotifyType: wire.NotifyRedirectedFrom, Data: append([]byte{byte(wire.GatewayFQDN), 15}, "gw9.example.org"...)}},
			wire.Gateway{Name: "gw2.example.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := configured(t, gatewayFor("android", s), a)
			se := l.greeted(proposals(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519"), append(androidHello(), tt.hello...)...)
			o := se.offerAnywhere("aes256gcm16")
			g, answer := se.login(fqdn("carol"), passwordOf("carol"), append(androidWants(), o.payloads()...)...)
			if got := redirectIn(t, g.first); !got.IsZero() {
				t.Errorf("the user is sent to %v before it has proven who it is", got)
			}
			if got := redirectIn(t, answer); got != tt.want {
				t.Errorf("the user is sent to %v, want %v", got, tt.want)
			}
			if tt.want.IsZero() {
				o.complete(answer)
			} else if _, child := wire.Find[*wire.SA](answer); child {
				t.Error("there is a child all the same")
			}
			se.alive()
		})
	}
}
