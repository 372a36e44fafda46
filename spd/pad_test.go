package spd

import (
	"fmt"
	"strings"
	"testing"
)

// name is an identity that "*" widens.
type name string

func (n name) Matches(id name) bool {
	suffix, wild := strings.CutPrefix(string(n), "*")
	return n == id || wild && strings.HasSuffix(string(id), suffix)
}

func TestPADFindsTheFirstMatch(t *testing.T) {
	pad := PAD[name, string]{
		{Identity: "gw.example", Connection: "site", Authentication: "certificate"},
		{Identity: "*.example", Connection: "office"},
		{Identity: "*", Connection: "guests"},
	}
	for id, want := range map[name]string{"gw.example": "site", "a.example": "office", "x": "guests"} {
		if got := pad.Lookup(id); got == nil || got.Connection != want {
			t.Errorf("%s: got %+v, want %s", id, got, want)
		}
	}
	if got := pad[:2].Lookup("x"); got != nil {
		t.Errorf("a stranger is %+v", got)
	}
}

func TestPADBoundsWhatAPeerSpeaksFor(t *testing.T) {
	proposed := sels(t, "10.1.0.0/16", "10.2.0.0/16[tcp]", "2001:db8::/32")
	tests := []struct {
		name         string
		claims, want []Selector
	}{
		{"its identity decides", nil, proposed},
		{"one network", sels(t, "10.2.3.0/24"), sels(t, "10.2.3.0/24[tcp]")},
		{"both families", sels(t, "10.1.0.0/16", "::/0"), sels(t, "10.1.0.0/16", "2001:db8::/32")},
		{"nothing of its own", []Selector{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Peer[name, string]{Claims: tt.claims}
			if got := p.Authorize(proposed); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
