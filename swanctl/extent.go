package swanctl

import (
	"fmt"

	"culvert/swanctl/settings"
)

// The limits of what clients of VICI may have loaded, all of them together: far beyond what a gateway needs, and far below what
// would have it end for want of memory.
const (
	mostLoaded       = 100_000
	mostLoadedOctets = 64 << 20
)

// An extent is how much is in a Setup.
type extent struct{ things, octets int }

func (v *extent) add(octets int) {
	v.things++
	v.octets += octets
}

// extent measures a Setup.
func (s *Setup) extent() (v extent) {
	for _, list := range [][]Object{s.Connections, s.Pools, s.Authorities} {
		for i := range list {
			v.add(list[i].size)
		}
	}
	for i := range s.Certificates {
		v.add(len(s.Certificates[i].DER))
	}
	for i := range s.Keys {
		v.add(len(s.Keys[i].Data) + len(s.Keys[i].Token))
	}
	for i := range s.Secrets {
		v.add(s.Secrets[i].size())
	}
	return v
}

func (s *Secret) size() int {
	n := len(s.ID) + len(s.Data)
	for _, o := range s.Owners {
		n += len(o)
	}
	return n
}

// perItem is about what an item takes beside its octets.
const perItem = 64

// sizeOf returns about how many octets a section takes.
func sizeOf(s *settings.Section) (n int) {
	if s == nil {
		return 0
	}
	for _, i := range s.Items {
		n += perItem + len(i.Name) + len(i.Value) + sizeOf(i.Section)
		for _, e := range i.List {
			n += perItem + len(e)
		}
	}
	return n
}

// tooMuch refuses more than may be loaded. Putting one thing in the place of another may be done as long as it is no larger.
func (v extent) tooMuch(before extent) error {
	if v.things <= max(mostLoaded, before.things) && v.octets <= max(mostLoadedOctets, before.octets) {
		return nil
	}
	return fmt.Errorf("too much is loaded: clients may load %d connections, pools, authorities, certificates, keys and secrets of %d MiB together, and with this there would be %d of %d octets: unload what is not needed",
		mostLoaded, mostLoadedOctets>>20, v.things, v.octets)
}
