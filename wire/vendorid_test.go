package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestVendorIDForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"fragmentation of Microsoft's", "4048b7d56ebce88525e7de7f00d6c2d3", &VendorID{
			Data: octets(t, "4048b7d56ebce88525e7de7f00d6c2d3"),
		}},
		{"empty", "", &VendorID{}},
	})
}

func TestVendorIDIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *VendorID {
		return &VendorID{Data: anyOctets(100).Draw(t, "data")}
	}))
}

func TestVendorIDPrefixes(t *testing.T) {
	checkPrefixes(t, PayloadVendorID, "4048b7d56ebce88525e7de7f00d6c2d3", 0)
}

func FuzzVendorID(f *testing.F) { fuzzPayload(f, PayloadVendorID) }
