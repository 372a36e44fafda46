package user

import (
	"culvert/dataplane"
	"culvert/esp"
	"culvert/secret"
	"culvert/suite"
)

// Keys is that of dataplane.KeyHolder.
func (b *Backend) Keys() (list []dataplane.SAKeys) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for spi := range b.sad.spis {
		if in := b.sad.find(spi); in != nil {
			path := in.path.Load()
			list = append(list, keysOf(dataplane.Inbound, spi, in.policy, in.mode, in.aggFrag != nil, path, &in.esp))
		}
	}
	for id, p := range b.known {
		for _, out := range p.outs {
			list = append(list, keysOf(dataplane.Outbound, out.spi, id, out.mode, out.pump != nil, &out.way.Load().Path, &out.esp))
		}
	}
	return list
}

// keyed is an SA of either direction.
type keyed interface {
	Secrets() (encr, integ secret.Bytes)
	Transforms() suite.ESP
}

func keysOf(d dataplane.Direction, spi uint32, policy dataplane.PolicyID, mode esp.Mode, aggFrag bool, path *dataplane.Path, sa keyed) dataplane.SAKeys {
	k := dataplane.SAKeys{Direction: d, SPI: spi, Policy: policy, Mode: mode, AggFrag: aggFrag, IPv6: path.Remote.Addr().Unmap().Is6(), Transforms: sa.Transforms()}
	k.EncrKey, k.IntegKey = sa.Secrets()
	return k
}
