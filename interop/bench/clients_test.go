package bench_test

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"culvert/auth"
	"culvert/ike"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// clients is how many IKE SAs one round brings up.
const clients = 1000

// The network behind the gateway, with the gateway's own address in it, which kernel-libipsec wants.
const (
	network      = "10.64.0.0/16"
	networkOfSun = "10.64.0.1/16"
)

// inner returns the address of a client in the tunnel.
func inner(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 128, byte(i >> 8), byte(i)}) }

// connections makes the clients' connections.
func (p *parties) connections() []*ike.Connection {
	p.Helper()
	list := make([]*ike.Connection, clients)
	for i := range list {
		list[i] = p.client(i)
	}
	return list
}

func (p *parties) client(i int) *ike.Connection {
	p.Helper()
	name := fmt.Sprintf("c%d.example.org", i)
	local, remote := p.auth(name)
	return &ike.Connection{
		Name: name, LocalAuth: []auth.Local{local}, RemoteAuth: []auth.Remote{remote}, ForceEncap: true, SendCertReq: p.authority != nil,
		Proposals:  []wire.Proposal{mustProposal(p, wire.ProtocolIKE, proposal)},
		Retransmit: ike.Retransmit{Timeout: 4 * time.Second, Base: 1.8, Max: time.Minute, Tries: 3},
		Unique:     ike.UniqueNever,
		Children: []*ike.ChildConfig{{
			Name: "net", Local: selector(netip.PrefixFrom(inner(i), 32)), Remote: selector(netip.MustParsePrefix(network)), ReplayWindow: 64,
			Proposals: []wire.Proposal{mustProposal(p, wire.ProtocolESP, childSuite)},
		}},
	}
}

// auth says how a client proves its name, and what it wants to see of the gateway.
func (p *parties) auth(name string) (auth.Local, auth.Remote) {
	p.Helper()
	local, remote := auth.Local{ID: mustIdentity(p, name)}, auth.Remote{ID: mustIdentity(p, gateway)}
	if p.authority == nil {
		secrets := auth.NewSecrets(auth.Secret{Name: "bench", PSK: secret.Bytes(psk)})
		local.Method, local.Secrets = auth.MethodPSK, secrets
		remote.Method, remote.Secrets = auth.MethodPSK, secrets
		return local, remote
	}
	local.Method, local.Credentials = auth.MethodPublicKey, []auth.Credential{p.authority.issue(name)}
	remote.Method, remote.Anchors = auth.MethodPublicKey, []*x509.Certificate{p.authority.cert}
	return local, remote
}

func selector(p netip.Prefix) []spd.Selector { return []spd.Selector{spd.Prefix(p)} }

func mustProposal(t testing.TB, protocol wire.ProtocolID, text string) wire.Proposal {
	t.Helper()
	p, err := suite.ParseProposal(protocol, text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustIdentity(t testing.TB, text string) auth.Identity {
	t.Helper()
	id, err := auth.ParseIdentity(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
