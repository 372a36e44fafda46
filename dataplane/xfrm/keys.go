package xfrm

import (
	"slices"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
)

// Keys is that of dataplane.KeyHolder.
func (b *Backend) Keys() (list []dataplane.SAKeys) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.byState {
		list = append(list, s.keys())
	}
	return list
}

func (s *sa) keys() dataplane.SAKeys {
	k := dataplane.SAKeys{SPI: s.state.SPI, Policy: s.policy, Direction: s.direction, IPv6: s.state.Destination.Is6(), Transforms: s.transforms, AggFrag: s.state.Mode == nl.ModeIPTFS}
	if s.state.Mode == nl.ModeTransport {
		k.Mode = esp.Transport
	}
	if k.EncrKey = slices.Clone(s.state.AEAD.Key); len(k.EncrKey) == 0 {
		k.EncrKey, k.IntegKey = slices.Clone(s.state.Crypt.Key), slices.Clone(s.state.Auth.Key)
	}
	return k
}
