package telemetry

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	common "go.opentelemetry.io/proto/otlp/common/v1"

	"culvert/dataplane"
)

// A key names an attribute. Those of network and error are of OpenTelemetry's conventions.
type key string

// The keys.
const (
	keyConnection   key = "ipsec.connection"
	keyChild        key = "ipsec.child"
	keyChildSuite   key = "ipsec.child.proposal"
	keyChildIn      key = "ipsec.child.spi.in"
	keyChildOut     key = "ipsec.child.spi.out"
	keyRole         key = "ike.role"
	keyOutcome      key = "ike.outcome"
	keySA           key = "ike.sa.id"
	keySPI          key = "ike.sa.spi"
	keySuite        key = "ike.sa.proposal"
	keyQuantum      key = "ike.sa.quantum_resistant"
	keyPeer         key = "ike.peer.identity"
	keyLocal        key = "ike.local.identity"
	keyOmitted      key = "ike.exchanges.omitted"
	keyExchange     key = "ike.exchange"
	keyMessageID    key = "ike.message_id"
	keyRequest      key = "ike.request.size"
	keyRequests     key = "ike.request.datagrams"
	keyRequestAgain key = "ike.request.retransmissions"
	keyAnswer       key = "ike.response.size"
	keyAnswers      key = "ike.response.datagrams"
	keyAnswerAgain  key = "ike.response.retransmissions"
	keyNotify       key = "ike.notify"
	keyError        key = "error.type"
	keyPeerAddress  key = "network.peer.address"
	keyPeerPort     key = "network.peer.port"
	keyLocalAddress key = "network.local.address"
	keyLocalPort    key = "network.local.port"
	keyTransport    key = "network.transport"
	keyNetwork      key = "network.type"
)

// longest is how many octets of a text are told. Identities and complaints are of the peer's making.
const longest = 1024

// attributes of a span, those alone that have a value.
type attributes []*common.KeyValue

func (a *attributes) text(k key, s string) {
	if s != "" {
		*a = append(*a, &common.KeyValue{Key: string(k), Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: clean(s)}}})
	}
}

// number adds a count; 0 is told too.
func (a *attributes) number(k key, n int64) {
	*a = append(*a, &common.KeyValue{Key: string(k), Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: n}}})
}

// some adds a count unless it is 0.
func (a *attributes) some(k key, n int) {
	if n != 0 {
		a.number(k, int64(n))
	}
}

func (a *attributes) truth(k key, b bool) {
	*a = append(*a, &common.KeyValue{Key: string(k), Value: &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: b}}})
}

// path tells between whom messages went.
func (a *attributes) path(p dataplane.Path) {
	a.endpoint(keyPeerAddress, keyPeerPort, p.Remote)
	a.endpoint(keyLocalAddress, keyLocalPort, p.Local)
	if !p.Remote.IsValid() {
		return
	}
	transport, network := "udp", "ipv6"
	if p.Transport == dataplane.TransportTCP {
		transport = "tcp"
	}
	if p.Remote.Addr().Unmap().Is4() {
		network = "ipv4"
	}
	a.text(keyTransport, transport)
	a.text(keyNetwork, network)
}

func (a *attributes) endpoint(address, port key, e netip.AddrPort) {
	if e.IsValid() && !e.Addr().IsUnspecified() {
		a.text(address, e.Addr().Unmap().String())
		a.some(port, int(e.Port()))
	}
}

// trouble tells what has failed. Its code is one of docs/troubleshooting.md.
func (a *attributes) trouble(t *trouble) {
	if t == nil {
		return
	}
	a.text(keyError, cmp.Or(string(t.code), "_OTHER"))
	if t.notify != 0 {
		a.text(keyNotify, t.notify.String())
	}
}

// clean makes text that OTLP takes, and not too much of it.
func clean(s string) string {
	if len(s) > longest {
		s = s[:longest]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func spiText(spi uint32) string { return fmt.Sprintf("%08x", spi) }
