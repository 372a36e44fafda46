// Package probe finds out what a peer speaks before anybody authenticates: transports, cookies, key exchanges, algorithms, extensions,
// round-trip time and MTU.
//
// It asks with IKE_SA_INIT requests, one for each question, at a polite pace and within a stated number of datagrams. All but one of them
// carry the data of a key exchange method that no peer has (a number of the private range), beside methods that it may have: a peer
// which accepts the rest of the offer answers INVALID_KE_PAYLOAD with the method that it wants (RFC 7296, Section 1.2), keeps no state and
// computes nothing. The one that is genuine tells of extensions; the half-open IKE SA that it leaves goes by itself.
package probe

import (
	"net/netip"
	"time"
)

// Config says what is asked, and how.
type Config struct {
	Peer     netip.Addr
	Port     uint16        // a single port to ask; 0: UDP 500 and 4500 and TCP 4500
	Interval time.Duration // between datagrams
	Timeout  time.Duration // for an answer
	Tries    int           // datagrams for a question without an answer
	Limit    int           // datagrams in all
	Progress func(string)  // told what is asked; nil: nobody
}

// DefaultConfig is polite: ten datagrams a second, and no more than 120.
func DefaultConfig() Config {
	return Config{Interval: 100 * time.Millisecond, Timeout: 1500 * time.Millisecond, Tries: 2, Limit: 120}
}

// A Report is what a peer has told.
type Report struct {
	Peer       string      `json:"peer"`
	Transports []Transport `json:"transports"`
	RTT        float64     `json:"rtt,omitempty" doc:"Shortest round trip in seconds"`
	Cookie     bool        `json:"cookie" doc:"It asked for a cookie"`
	Suite      string      `json:"suite,omitempty" doc:"What it chose out of everything"`
	Groups     []Algorithm `json:"groups,omitempty" doc:"Key exchange methods, those accepted in the order of its preference"`
	Additional []Algorithm `json:"additional_key_exchanges,omitempty" doc:"RFC 9370"`
	Encryption []Algorithm `json:"encryption,omitempty"`
	Integrity  []Algorithm `json:"integrity,omitempty"`
	PRF        []Algorithm `json:"prf,omitempty"`
	Extensions []Extension `json:"extensions,omitempty"`
	Hashes     []string    `json:"signature_hashes,omitempty"`
	Vendors    []string    `json:"vendor_ids,omitempty"`
	Redirect   string      `json:"redirect,omitempty" doc:"Where it sends us (RFC 5685)"`
	NAT        *NAT        `json:"nat,omitempty"`
	MTU        int         `json:"mtu,omitempty" doc:"Largest IP packet with a request that arrived unfragmented"`
	Refusal    string      `json:"refusal,omitempty" doc:"Why there is no more"`
	Untold     []string    `json:"untold" doc:"What cannot be told from outside"`
	Datagrams  int         `json:"datagrams" doc:"Sent"`
	Limited    bool        `json:"limited,omitempty" doc:"The limit of datagrams ended it early"`
	Seconds    float64     `json:"seconds"`
}

// A Transport is a way to reach the peer.
type Transport struct {
	Name    string  `json:"name" doc:"As UDP 500"`
	Answers bool    `json:"answers"`
	Detail  string  `json:"detail,omitempty" doc:"What it answered, or why it could not be asked"`
	RTT     float64 `json:"rtt,omitempty"`
}

// Accepted is whether a peer takes an algorithm.
type Accepted string

// What may be known about an algorithm.
const (
	Yes     Accepted = "yes"
	No      Accepted = "no"
	Unknown Accepted = "unknown" // it did not answer, or was not asked
)

// An Algorithm is one that the peer was asked about.
type Algorithm struct {
	Name     string   `json:"name"`
	Accepted Accepted `json:"accepted"`
	Weak     bool     `json:"weak,omitempty" doc:"Nobody should use it (RFC 8247)"`
}

// An Extension is one that the peer announces.
type Extension struct {
	Notify  string `json:"notify"`
	Meaning string `json:"meaning"`
}

// NAT is what the peer's hashes of addresses tell (RFC 7296, Section 2.23).
type NAT struct {
	Local bool `json:"local" doc:"We are behind a NAT"`
	Peer  bool `json:"peer" doc:"The peer is"`
}
