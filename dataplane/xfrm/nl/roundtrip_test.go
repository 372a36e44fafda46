package nl

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"
)

func TestLayoutsHaveTheSizesOfTheHeader(t *testing.T) {
	sizes := []struct {
		name      string
		got, want int
	}{
		{"selector", size((&Selector{}).append), 56},
		{"lifetime configuration", size((&Limits{}).append), 64},
		{"lifetime", size((&Usage{}).append), 32},
		{"state", size((&State{}).append), stateFixed},
		{"name of a state", len((&StateID{}).Append(nil)), 24},
		{"policy", size((&Policy{}).append), 168},
		{"name of a policy", len((&PolicyID{}).Append(nil)), 64},
		{"template", size((&Template{}).append), 64},
		{"encapsulation", size((&Encap{}).append), 24},
		{"event", len((&AE{}).Append(nil)), 48},
		{"replay state", size((&Replay{}).appendShort), 12},
		{"replay state with bitmap", size(NewReplay(64).append), 24 + 8},
		{"acquire", len(acquireBytes()) - (4 + 64) - 8 - 8, 280},
		{"mapping", len(mappingBytes()), 64},
	}
	for _, s := range sizes {
		if s.got != s.want {
			t.Errorf("%s: %d octets, want %d", s.name, s.got, s.want)
		}
	}
}

func size(f func(*writer)) int {
	var w writer
	f(&w)
	return len(w)
}

func TestStatesSurviveEncoding(t *testing.T) {
	inbound := fullState()
	inbound.Direction, inbound.IPTFS = DirectionIn, &IPTFS{DropTime: 1000, ReorderWindow: 3}
	bare := &State{StateID: StateID{Destination: addr("192.0.2.2"), SPI: 256}, Source: addr("192.0.2.1")}
	for name, s := range map[string]*State{"full": fullState(), "inbound": inbound, "bare": bare} {
		got, err := ParseState(s.Append(nil))
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, s)
		}
	}
}

func TestPoliciesSurviveEncoding(t *testing.T) {
	bare := &Policy{PolicyID: PolicyID{Direction: PolicyOut, Selector: Selector{Source: netip.MustParsePrefix("::/0"), Destination: netip.MustParsePrefix("::/0")}}}
	for name, p := range map[string]*Policy{"full": fullPolicy(), "bare": bare} {
		got, err := ParsePolicy(p.Append(nil))
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, p)
		}
	}
}

func TestEventsAreRead(t *testing.T) {
	a, err := ParseAcquire(acquireBytes())
	if err != nil || a.Sequence != 77 || *a.CPU != 3 || a.Destination != addr("192.0.2.2") || a.Source != addr("192.0.2.1") ||
		a.Policy.IfID != 0x33 || a.Policy.Templates[0].ReqID != 7 || a.Selector != fullState().Selector {
		t.Errorf("acquire %+v, %v", a, err)
	}
	for _, hard := range []bool{true, false} {
		e, err := ParseExpiry(expiryBytes(hard))
		if err != nil || e.Hard != hard || !reflect.DeepEqual(&e.State, fullState()) {
			t.Errorf("expiry %+v, %v", e, err)
		}
	}
	m, err := ParseMapping(mappingBytes())
	if err != nil || m.New != netip.MustParseAddrPort("[2001:db8::5]:31000") || m.Old != netip.MustParseAddrPort("[2001:db8::1]:4500") || m.ReqID != 7 {
		t.Errorf("mapping %+v, %v", m, err)
	}
}

func TestCountersSurviveEncoding(t *testing.T) {
	short := fullAE()
	short.Replay = &Replay{Out: 1, In: 2, Words: []uint32{3}}
	for name, e := range map[string]*AE{"with bitmap": fullAE(), "short": short} {
		got, err := ParseAE(e.Append(nil))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, e)
		}
	}
}

func TestDatabasesAreCounted(t *testing.T) {
	w := writer(AppendInfoRequest(nil))
	w.attr32(sadCount, 5)
	if n, err := ParseSADInfo(w); err != nil || n != 5 {
		t.Errorf("%d states, %v", n, err)
	}
	w = writer(AppendInfoRequest(nil))
	w.attr(spdEntries, func(w *writer) {
		for v := range uint32(6) {
			w.u32(v + 1)
		}
	})
	if p, err := ParseSPDInfo(w); err != nil || p != (Policies{1, 2, 3}) {
		t.Errorf("%+v, %v", p, err)
	}
	if d, err := ParseDefaults([]byte{1, 2, 1}); err != nil || d != (Defaults{In: true, Out: true}) {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestEveryPrefixOfTheFixedPartIsShort(t *testing.T) {
	parsers := map[string]struct {
		fixed int
		whole []byte
		parse func([]byte) error
	}{
		"state":    {stateFixed, fullState().Append(nil), discard(ParseState)},
		"policy":   {168, fullPolicy().Append(nil), discard(ParsePolicy)},
		"acquire":  {280, acquireBytes(), discard(ParseAcquire)},
		"expiry":   {232, expiryBytes(true), discard(ParseExpiry)},
		"mapping":  {64, mappingBytes(), discard(ParseMapping)},
		"event":    {48, fullAE().Append(nil), discard(ParseAE)},
		"defaults": {3, []byte{1, 1, 1}, discard(ParseDefaults)},
		"states":   {4, AppendInfoRequest(nil), discard(ParseSADInfo)},
		"policies": {4, AppendInfoRequest(nil), discard(ParseSPDInfo)},
	}
	for name, p := range parsers {
		for i := range p.fixed {
			if err := p.parse(p.whole[:i]); !errors.Is(err, ErrShort) {
				t.Errorf("%s, %d octets: %v", name, i, err)
			}
		}
		for i := p.fixed; i < len(p.whole); i++ {
			_ = p.parse(p.whole[:i]) // must not panic
		}
	}
}

func discard[T any](parse func([]byte) (T, error)) func([]byte) error {
	return func(b []byte) error { _, err := parse(b); return err }
}

func TestContradictionsAreRefused(t *testing.T) {
	b := fullState().Append(nil)
	b[76] = 51 // the protocol: AH
	if _, err := ParseState(b); !errors.Is(err, ErrMalformed) {
		t.Errorf("AH: %v", err)
	}
	w := writer((&State{StateID: StateID{Destination: addr("192.0.2.2")}}).Append(nil))
	w.u16(3) // shorter than its own header
	w.u16(uint16(tfcPad))
	if _, err := ParseState(w); !errors.Is(err, ErrMalformed) {
		t.Errorf("attribute of three octets: %v", err)
	}
	w = writer((&State{StateID: StateID{Destination: addr("192.0.2.2")}}).Append(nil))
	w.attr(algAEAD, func(w *writer) { w.zero(nameLen); w.u32(1 << 31); w.u32(0) })
	if _, err := ParseState(w); !errors.Is(err, ErrShort) {
		t.Errorf("key longer than its attribute: %v", err)
	}
}

func TestWindowsAreThoseThatTheKernelTakes(t *testing.T) {
	for window, words := range map[int]int{1: 1, 32: 1, 33: 2, 1024: 32, MaxWindow: maxBitmap, 8192: maxBitmap} {
		if r := NewReplay(window); len(r.Words) != words || int(r.Window) != min(window, MaxWindow) {
			t.Errorf("%d: %d words for %d packets", window, len(r.Words), r.Window)
		}
	}
}
