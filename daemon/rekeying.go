package daemon

import (
	"culvert/explain"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/wire"
)

// rekeying follows the news of IKE SAs that were asked for new keys, as a pursuit.
type rekeying struct {
	child    string            // that alone is rekeyed; empty: all, or the IKE SAs
	sas      map[wire.SPI]bool // that were asked, and their successors
	ikes     map[wire.SPI]bool // that have not been replaced yet
	children map[uint32]bool   // inbound SPIs that have not been replaced yet
}

// begin takes note of what was asked.
func (r *rekeying) begin(actions []supervisor.Action) {
	r.sas, r.ikes, r.children = map[wire.SPI]bool{}, map[wire.SPI]bool{}, map[uint32]bool{}
	for _, a := range actions {
		c, ok := a.(supervisor.Command)
		if !ok {
			continue
		}
		switch ev := c.Event.(type) {
		case ike.RekeyIKE:
			r.sas[c.SA], r.ikes[c.SA] = true, true
		case ike.RekeyChild:
			r.sas[c.SA], r.children[ev.SPI] = true, true
		}
	}
}

// done tells whether everything has new keys.
func (r *rekeying) done() bool {
	return len(r.ikes)+len(r.children) == 0
}

// see is that of a pursuit.
func (r *rekeying) see(n ike.News) (look bool, err error) {
	if !r.sas[n.SA] {
		return false, nil
	}
	switch n.Kind {
	case ike.NewsRekeyed:
		delete(r.ikes, n.SA)
		r.sas[n.Successor] = true
	case ike.NewsChildRekeyed:
		delete(r.children, n.Replaced)
	case ike.NewsClosed:
		return true, ended(n.Failure, "the IKE SA was closed")
	case ike.NewsChildDown:
		if r.children[n.Child.InSPI] {
			return true, ended(n.Failure, "the child was closed")
		}
	case ike.NewsFailure:
		return true, r.failed(n)
	}
	return true, nil
}

// failed tells whether a failure is that of the rekeying. What fails for the moment is tried again by itself (RFC 7296,
// Section 2.25).
func (r *rekeying) failed(n ike.News) error {
	if n.Failure.Code == explain.IKETemporaryFailure || r.child != "" && n.Child != nil && n.Child.Name != r.child {
		return nil
	}
	return n.Failure
}

// ended is why something that was to be rekeyed is gone.
func ended(f *ike.Failure, otherwise string) error {
	if f != nil {
		return f
	}
	return &ike.Failure{Code: explain.IKENoSuchSA, Err: errEnded(otherwise)}
}

// errEnded says what ended before it had new keys.
type errEnded string

func (e errEnded) Error() string { return string(e) + " before it had new keys" }
