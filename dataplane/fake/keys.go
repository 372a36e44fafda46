package fake

import "culvert/dataplane"

// Keys is that of dataplane.KeyHolder.
func (b *Backend) Keys() (list []dataplane.SAKeys) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for spi, in := range b.spis {
		if in != nil {
			k := dataplane.SAKeys{Direction: dataplane.Inbound, SPI: spi, Policy: in.policy, Mode: in.mode, IPv6: in.path.Remote.Addr().Unmap().Is6(), Transforms: in.esp.Transforms()}
			k.EncrKey, k.IntegKey = in.esp.Secrets()
			list = append(list, k)
		}
	}
	for id, p := range b.policies {
		for _, out := range p.outs {
			k := dataplane.SAKeys{Direction: dataplane.Outbound, SPI: out.esp.SPI(), Policy: id, Mode: out.mode, IPv6: out.path.Remote.Addr().Unmap().Is6(), Transforms: out.esp.Transforms()}
			k.EncrKey, k.IntegKey = out.esp.Secrets()
			list = append(list, k)
		}
	}
	return list
}
