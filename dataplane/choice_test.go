package dataplane

import "testing"

// counter hands out 1 and up.
func counter() func() uint32 {
	var n uint32
	return func() uint32 { n++; return n }
}

const full = 1<<32 - 1

func TestNumbersOfChildSAs(t *testing.T) {
	unique, each := Mark{Mask: full, Choice: Unique}, Mark{Mask: full, Choice: PerDirection}
	id, eachID := InterfaceID{Choice: Unique}, InterfaceID{Choice: PerDirection}
	mark := func(n uint32) Mark { return Mark{Value: n, Mask: full} }
	for _, tt := range []struct {
		name       string
		have, want Kernel
	}{
		{"fixed", Kernel{MarkIn: mark(42), IfIDOut: InterfaceID{Number: 9}}, Kernel{MarkIn: mark(42), IfIDOut: InterfaceID{Number: 9}}},
		{"one for both", Kernel{MarkIn: unique, MarkOut: unique}, Kernel{MarkIn: mark(1), MarkOut: mark(1)}},
		{"of one direction", Kernel{MarkIn: unique, MarkOut: mark(7)}, Kernel{MarkIn: mark(1), MarkOut: mark(7)}},
		{"either wants its own", Kernel{MarkIn: unique, MarkOut: each}, Kernel{MarkIn: mark(1), MarkOut: mark(2)}},
		{"interfaces count apart", Kernel{MarkIn: each, IfIDIn: id, IfIDOut: id}, Kernel{MarkIn: mark(1), IfIDIn: InterfaceID{Number: 1}, IfIDOut: InterfaceID{Number: 1}}},
		{"interfaces of directions", Kernel{IfIDIn: eachID, IfIDOut: eachID}, Kernel{IfIDIn: InterfaceID{Number: 1}, IfIDOut: InterfaceID{Number: 2}}},
		{"the same for packets", Kernel{MarkIn: each, MarkOut: each, SetMarkIn: Mark{Mask: 0xff, Choice: Same}, SetMarkOut: Mark{Mask: full, Choice: Same}},
			Kernel{MarkIn: mark(1), MarkOut: mark(2), SetMarkIn: Mark{Value: 1, Mask: 0xff}, SetMarkOut: mark(2)}},
		{"the same as nothing", Kernel{SetMarkIn: Mark{Mask: full, Choice: Same}}, Kernel{}},
	} {
		if got := tt.have.Numbered(counter(), counter()); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// A number of which the mask leaves nothing would be that of packets without mark.
func TestNumbersUnderAMaskAreNeverNothing(t *testing.T) {
	k, next := Kernel{MarkIn: Mask(0x3), MarkOut: Mask(0x1)}, counter()
	for range 20 {
		if got := k.Numbered(next, next); got.MarkIn.Value == 0 || got.MarkOut.Value == 0 || got.MarkIn.Value > 3 {
			t.Errorf("got %+v", got)
		}
	}
}

// Mask is a mark that is to be chosen within a mask.
func Mask(mask uint32) Mark { return Mark{Mask: mask, Choice: Unique} }

func TestRekeyedChildSAsKeepTheirNumbers(t *testing.T) {
	k := Kernel{MarkIn: Mask(full), IfIDOut: InterfaceID{Choice: Unique}, SetMarkIn: Mark{Mask: full, Choice: Same}, Offload: OffloadAuto}
	old := k.Numbered(counter(), counter())
	k.Offload = OffloadNo
	if got := k.NumberedAs(&old); got.MarkIn != old.MarkIn || got.IfIDOut != old.IfIDOut || got.SetMarkIn != old.SetMarkIn || got.Offload != OffloadNo {
		t.Errorf("got %+v, had %+v", got, old)
	}
}

func TestReauthenticatedChildSAsInheritWhatWasChosen(t *testing.T) {
	k := Kernel{MarkIn: Mask(full), MarkOut: Mark{Value: 3, Mask: 7}, IfIDIn: InterfaceID{Choice: Unique}, IfIDOut: InterfaceID{Number: 9}, SetMarkIn: Mark{Mask: full, Choice: Same}}
	next := counter()
	old := k.Numbered(next, next)
	if got := k.Inheriting(&old).Numbered(next, next); got != old {
		t.Errorf("got %+v, had %+v", got, old)
	}
	changed := k // by a new configuration, which counts for what is fixed in it, and where the old one had no number
	changed.MarkIn, changed.MarkOut, changed.IfIDOut.Number = Mask(0xff), Mask(full), 10
	got := changed.Inheriting(&old).Numbered(next, next)
	if got.MarkIn.Mask != 0xff || got.MarkOut.Mask != full || got.IfIDOut.Number != 10 || got.IfIDIn != old.IfIDIn {
		t.Errorf("got %+v, had %+v", got, old)
	}
	if got := k.Inheriting(&Kernel{}).Numbered(next, next); got.MarkIn.Value == 0 || got.IfIDIn.Number == 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestPoliciesWithoutChildSAHaveFixedNumbersAlone(t *testing.T) {
	k := Kernel{MarkIn: Mask(full), MarkOut: Mark{Value: 3, Mask: 7}, IfIDIn: InterfaceID{Choice: Unique}, SetMarkIn: Mark{Mask: full, Choice: Same}}
	if got, want := k.Unnumbered(), (Kernel{MarkOut: Mark{Value: 3, Mask: 7}}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
