package keylog

import (
	"errors"
	"slices"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// A Ring holds the keys of many SAs. Of SAs that share an SPI, and of an IKE SA whose keys change, it has the newest.
type Ring struct {
	IKE map[[2]wire.SPI][]IKE // by SPIs of initiator and responder
	ESP map[uint32][]dataplane.SAKeys

	lines int
	named map[string]suite.ESP // algorithms by Wireshark's names, once they were looked up
}

// Bounds of a ring, so that no file fills the memory: lines and octets that it reads, and keys that it has for the same SPI,
// each of which may have to be tried.
const (
	maxLines = 1 << 20
	maxTable = 512 << 20
	maxAlike = 64
)

// ErrTooMany means that there are more keys than a ring takes.
var ErrTooMany = errors.New("too many keys")

// NewRing returns an empty ring.
func NewRing() *Ring {
	return &Ring{IKE: map[[2]wire.SPI][]IKE{}, ESP: map[uint32][]dataplane.SAKeys{}, named: map[string]suite.ESP{}}
}

// Len is how many SAs the ring has keys of. An IKE SA whose keys have changed is one, and so is one that several tables tell of.
func (r *Ring) Len() int {
	n := len(r.IKE)
	for _, list := range r.ESP {
		n += len(list)
	}
	return n
}

// keepIKE takes keys.
func (r *Ring) keepIKE(k IKE) {
	at := [2]wire.SPI{k.SPIi, k.SPIr}
	r.IKE[at] = keep(r.IKE[at], k, true, func(o *IKE) bool {
		return o.Keys.Ei.Equal(k.Keys.Ei) && o.Keys.Er.Equal(k.Keys.Er) && o.Keys.Ai.Equal(k.Keys.Ai) && o.Keys.Ar.Equal(k.Keys.Ar)
	})
}

// keepESP takes keys. Those of which the mode and extended sequence numbers are known tell more than others.
func (r *Ring) keepESP(k dataplane.SAKeys, known bool) {
	r.ESP[k.SPI] = keep(r.ESP[k.SPI], k, known, func(o *dataplane.SAKeys) bool {
		return o.EncrKey.Equal(k.EncrKey) && o.IntegKey.Equal(k.IntegKey)
	})
}

// keep puts keys behind the others, of which the oldest go when there are too many. Those that are there once stay where they
// are, as the better ones tell them.
func keep[T any](list []T, k T, better bool, same func(*T) bool) []T {
	for i := range list {
		if same(&list[i]) {
			if better {
				list[i] = k
			}
			return list
		}
	}
	if len(list) >= maxAlike {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, k)
}
