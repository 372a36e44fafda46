package dataplane

import (
	"iter"
	"net/netip"

	"culvert/esp"
)

// What follows is what a Backend may do besides; whoever drives it asks by a type assertion. All of it is safe for
// concurrent use but where it says otherwise.

// A PacketHandler processes ESP itself and takes it from our sockets. HandleESP gets the packets of one batch in the order of
// their arrival; it may change them in place, and they are the caller's again when it returns. worker says which of several
// workers, counted from 0, received them; calls for the same worker wait for one another.
type PacketHandler interface {
	HandleESP(worker int, bursts []Burst)
}

// A Sender takes ESP packets to the network, in order. What it cannot send it drops. The bursts are the caller's again when
// it returns.
type Sender interface {
	SendESP(bursts []Burst)
}

// A Network has a Sender for each worker, counted from 0. Senders of different workers do not wait for one another, as far
// as there are several.
type Network interface {
	Sender(worker int) Sender
}

// SteeredSPI is the bit of an inbound SPI which says that its last octet, modulo the number of workers, names the worker to
// which a Network should bring its packets. All other packets of one sender should come to one worker, so that they stay in
// order when a new SA takes an old one's place.
const SteeredSPI uint32 = 1 << 31

// An MTUHandler learns what the network says about the largest packets to a host.
type MTUHandler interface {
	HandleMTU(TooBig)
}

// A TooBig is word that packets towards Remote may have at most MTU octets, outer headers included; 0 is a smaller number than
// the packet had that Quote begins.
type TooBig struct {
	Local, Remote netip.Addr // Local is invalid where it is not known
	MTU           int
	Own           bool   // our own host says so; otherwise it is ICMP, which anybody can forge
	Quote         []byte // the start of an ESP packet of ours, as far as the message quotes it; valid during the call
}

// A PathSetter takes what was found out by probes about the path of outbound SAs: packets of mtu octets, outer headers
// included, get through.
type PathSetter interface {
	SetPathMTU(path Path, mtu int)
}

// A PathTeller tells how large packets may be that leave through an outbound SA.
type PathTeller interface {
	MTU(spi uint32, policy PolicyID) (MTU, bool)
}

// An MTU is how large packets may be, in octets.
type MTU struct {
	Inner  int // of what goes into the SA and is not cut; 0 is any size
	Path   int // of what comes out, outer headers included
	Source esp.Source
}

// A Counting backend tells what it has counted since it began, packets that went no further by reason above all. Names are
// stable.
type Counting interface {
	Counts() iter.Seq2[string, uint64]
}

// A Warner tells what its host lacks at this moment.
type Warner interface {
	Warnings() []error
}

// A Settler leaves in force what a predecessor that crashed has put into the host, so that nothing leaves in the clear which its
// policies protected, until the policies stand that are to be there from the beginning. Settled says so, and the rest goes.
type Settler interface {
	Settled() error
}

// A Restorer puts back what other programs remove of what it has made in the host.
type Restorer interface {
	// SetRestored names the function that learns of it. It does not block.
	SetRestored(func(Restored))
}

// Restored is how many things were missing and are there again. States are those of the kernel, which cannot be put back: their
// SAs have ended.
type Restored struct{ Links, Rules, Routes, Addresses, Filters, Policies, States int }

// Plus returns the sums.
func (r Restored) Plus(o Restored) Restored {
	return Restored{r.Links + o.Links, r.Rules + o.Rules, r.Routes + o.Routes, r.Addresses + o.Addresses, r.Filters + o.Filters, r.Policies + o.Policies, r.States + o.States}
}

// An Identifier has numbers of its own for what SAs and policies share in the host.
type Identifier interface {
	// ReqID returns the number of a policy; 0: it has none.
	ReqID(PolicyID) uint32
}

// Resources is how many workers a backend has to which SAs can be bound: SA.Resource is 1 to that number.
type Resources interface {
	Resources() int
}

// Drops holds one number for each esp.Drop, of packets that went no further, and of dummies.
type Drops [esp.NumDrops]uint64

// Counts walks over the reasons, as "esp_dropped_replay", and their numbers.
func (d *Drops) Counts() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for r, n := range d {
			if r != 0 && !yield("esp_dropped_"+esp.Drop(r).String(), n) {
				return
			}
		}
	}
}
