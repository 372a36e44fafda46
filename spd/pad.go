package spd

// A Pattern is an identity or a set of identities, "*.example.org" for example.
type Pattern[ID any] interface {
	Matches(id ID) bool
}

// A Peer is an entry of the Peer Authorization Database (RFC 4301, Section 4.4.3): who may come, how they prove it, and what
// they may speak for. ID is the type of identities and of patterns of them, Auth what its owner needs to authenticate one.
type Peer[ID Pattern[ID], Auth any] struct {
	Identity       ID
	Connection     string // the configuration that serves the peer
	Authentication Auth
	// Claims are the addresses that the peer may represent in its traffic selectors (Section 4.4.3.3). nil means that its
	// identity alone decides: the policies of Connection bound its selectors.
	Claims []Selector
}

// A PAD is an ordered list of peers: the first entry that matches an identity counts (RFC 4301, Section 4.4.3.1).
type PAD[ID Pattern[ID], Auth any] []Peer[ID, Auth]

// Lookup returns the entry for the peer that calls itself id, nil when there is none.
func (p PAD[ID, Auth]) Lookup(id ID) *Peer[ID, Auth] {
	for n := range p {
		if p[n].Identity.Matches(id) {
			return &p[n]
		}
	}
	return nil
}

// Authorize returns what the peer may speak for of the selectors that it proposed for its side.
func (p *Peer[ID, Auth]) Authorize(proposed []Selector) []Selector {
	if p.Claims == nil {
		return Merge(proposed)
	}
	return Intersect(proposed, p.Claims)
}
