package radius

import (
	"strings"
	"testing"

	foreign "layeh.com/radius"

	"culvert/eap"
)

// The servers hear of the name that the client has said before, and the client is not asked again.
func TestNameThatWasSaidBeforeIsRepeatedToTheServers(t *testing.T) {
	f := newFake(t, func(p *foreign.Packet) *foreign.Packet { return challenge(p, 8) })
	p := proxyOf(f.configured("a"))
	during(t, p, func(t *testing.T) {
		s := session()
		s.Before = &eap.Before{Identity: []byte("dave"), Identifier: 7}
		c, err := p.Begin(s)
		if err != nil {
			t.Fatal(err)
		}
		r := c.Step(t.Context(), nil)
		sent := f.requests()
		if len(sent) != 1 || string(sent[0].Get(1)) != "dave" {
			t.Fatalf("the server got %+v, the client %v", sent, r.Err)
		}
		if in, err := eap.Parse(sent[0].Get(79)); err != nil || in.Identifier != 7 || in.Type != eap.TypeIdentity || string(in.Data) != "dave" {
			t.Errorf("EAP-Message %+v, %v", in, err)
		}
		if r.State != eap.Continuing || r.Packet[1] != 8 {
			t.Errorf("the client gets %+v", r)
		}
	})
}

func TestNameThatWasSaidBeforeHasToFit(t *testing.T) {
	p := proxyOf(newFake(t, silence).configured("a"))
	during(t, p, func(t *testing.T) {
		s := session()
		s.Before = &eap.Before{Identity: []byte(strings.Repeat("x", 300)), Identifier: 7}
		c, _ := p.Begin(s)
		if r := c.Step(t.Context(), nil); r.State != eap.Failed {
			t.Errorf("got %+v", r)
		}
	})
}

func TestQuestionForTheNameFollowsWhatWasSaid(t *testing.T) {
	p := proxyOf(newFake(t, silence).configured("a"))
	during(t, p, func(t *testing.T) {
		s := session()
		s.Before = &eap.Before{Identifier: 7}
		c, _ := p.Begin(s)
		if r := c.Step(t.Context(), nil); r.State != eap.Continuing || r.Packet[1] != 8 {
			t.Errorf("got %+v", r)
		}
	})
}
