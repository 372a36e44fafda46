package daemon

import (
	"sync"

	"culvert/dataplane"
)

// owners tells which shard installed an inbound SPI or a policy, so that notices of the data plane find it. It is safe
// for concurrent use.
type owners struct {
	mu       sync.Mutex
	spis     map[uint32]*shardLoop
	policies map[dataplane.PolicyID]*shardLoop
	names    map[dataplane.PolicyID]string // "connection/child"
}

func newOwners() *owners {
	return &owners{spis: make(map[uint32]*shardLoop), policies: make(map[dataplane.PolicyID]*shardLoop), names: make(map[dataplane.PolicyID]string)}
}

func (o *owners) bind(spi uint32, l *shardLoop) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.spis[spi] = l
}

func (o *owners) release(spi uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.spis, spi)
}

func (o *owners) bindPolicy(id dataplane.PolicyID, name string, l *shardLoop) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.policies[id], o.names[id] = l, name
}

func (o *owners) releasePolicy(id dataplane.PolicyID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.policies, id)
	delete(o.names, id)
}

// find returns the shard of an inbound SPI, else that of a policy, else nil.
func (o *owners) find(spi uint32, policy dataplane.PolicyID) *shardLoop {
	o.mu.Lock()
	defer o.mu.Unlock()
	if l := o.spis[spi]; l != nil {
		return l
	}
	return o.policies[policy]
}
