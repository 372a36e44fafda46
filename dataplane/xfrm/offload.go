package xfrm

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// addOffloaded adds a state with the help of a device that was asked for. OffloadAuto does with less.
func (b *Backend) addOffloaded(s *sa, local netip.Addr) error {
	if s.offload == dataplane.OffloadNo {
		return b.kernel.AddState(&s.state)
	}
	device, err := deviceOf(local)
	if err != nil && s.offload != dataplane.OffloadAuto {
		return err
	}
	var errs []error
	for _, flags := range kinds(s.offload) {
		if err != nil {
			break
		}
		s.state.Offload = nl.Offload{Interface: device, Flags: flags}
		if s.direction == dataplane.Inbound {
			s.state.Offload.Flags |= nl.OffloadInbound
		}
		failed := b.kernel.AddState(&s.state)
		if failed == nil {
			return nil
		}
		errs = append(errs, failed)
	}
	s.state.Offload = nl.Offload{}
	if s.offload != dataplane.OffloadAuto {
		return fmt.Errorf("hw_offload: %w", errors.Join(errs...))
	}
	return b.kernel.AddState(&s.state)
}

// kinds are the flags to try, the best first.
func kinds(o dataplane.Offload) []uint8 {
	switch o {
	case dataplane.OffloadCrypto:
		return []uint8{0}
	case dataplane.OffloadPacket:
		return []uint8{nl.OffloadPacket}
	}
	return []uint8{nl.OffloadPacket, 0}
}

// deviceOf is the interface that has an address.
func deviceOf(a netip.Addr) (index int, err error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return 0, err
	}
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, at := range addresses {
			if p, err := netip.ParsePrefix(at.String()); err == nil && p.Addr().Unmap() == a {
				return i.Index, nil
			}
		}
	}
	return 0, fmt.Errorf("no interface has the address %v", a)
}
