package bench_test

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"culvert/auth"
	"culvert/ike"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// clients is how many IKE SAs one round brings up.
const clients = 1000

// inner returns the pair of addresses that a client's child connects. Each child has two of its own, because
// kernel-libipsec keeps a route for each and wants the local one to be there.
func inner(i int) (client, gateway netip.Addr) {
	hi, lo := byte(i>>8), byte(i)
	return netip.AddrFrom4([4]byte{10, 128, hi, lo}), netip.AddrFrom4([4]byte{10, 64, hi, lo})
}

// innerAddresses are the gateway's ends of all children, as a batch of ip-address(8).
func innerAddresses() string {
	var b strings.Builder
	for i := range clients {
		_, addr := inner(i)
		fmt.Fprintf(&b, "addr add %v/32 dev lo\n", addr)
	}
	return b.String()
}

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
	client, gate := inner(i)
	local, remote := p.auth(name)
	return &ike.Connection{
		Name: name, LocalAuth: []auth.Local{local}, RemoteAuth: []auth.Remote{remote}, ForceEncap: true, SendCertReq: p.authority != nil,
		Proposals:  []wire.Proposal{mustProposal(p, wire.ProtocolIKE, proposal)},
		Retransmit: ike.Retransmit{Timeout: 4e9, Base: 1.8, Max: 60e9, Tries: 3},
		Unique:     ike.UniqueNever,
		Children: []*ike.ChildConfig{{
			Name: "net", Local: host(client), Remote: host(gate), ReplayWindow: 64,
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

func host(a netip.Addr) []spd.Selector {
	return []spd.Selector{spd.Prefix(netip.PrefixFrom(a, a.BitLen()))}
}

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
