package dataplane

import (
	"slices"

	"culvert/esp"
	"culvert/secret"
	"culvert/suite"
)

// SAKeys are what reads the packets of one SA.
type SAKeys struct {
	SPI               uint32
	Policy            PolicyID
	Direction         Direction
	Mode              esp.Mode
	AggFrag           bool // packets carry AGGFRAG payloads (RFC 9347)
	IPv6              bool // the outer packets are IPv6
	Transforms        suite.ESP
	EncrKey, IntegKey secret.Bytes
}

// KeysOf copies the keys of an SA. Whoever takes them clears them.
func KeysOf(sa *SA) SAKeys {
	return SAKeys{
		SPI: sa.SPI, Policy: sa.Policy, Direction: sa.Direction, Mode: sa.Mode, AggFrag: sa.AggFrag != nil, IPv6: sa.Path.Remote.Addr().Unmap().Is6(),
		Transforms: sa.Transforms, EncrKey: slices.Clone(sa.EncrKey), IntegKey: slices.Clone(sa.IntegKey),
	}
}

// Clear overwrites the keys.
func (k *SAKeys) Clear() {
	k.EncrKey.Clear()
	k.IntegKey.Clear()
}

// A KeyHolder hands out copies of the keys of its SAs, for an analyser of packets. Whoever takes them clears them.
type KeyHolder interface {
	Keys() []SAKeys
}
