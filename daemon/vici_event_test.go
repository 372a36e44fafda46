package daemon

import (
	"regexp"
	"slices"
	"testing"

	"culvert/api"
)

// Rules of packet filters name what policy and SAs share. It is told the same when a child goes, though its policy is gone by then and
// another number would do for a policy that took the place of one like it.
func TestVICITellsTheReqidThatAChildHadToTheEnd(t *testing.T) {
	west, east := viciPair(t, "")
	c := west.controller("child-updown", "ike-updown")
	c.must("initiate", "child", "net", "timeout", "20000")
	carries(west, east)
	up := c.told(`^child-updown up=yes site \{uniqueid=1 `)
	reqid := regexp.MustCompile(`reqid=\d+ `).FindString(up)
	c.must("rekey", "ike", "site", "reauth", "yes")
	west.await("another IKE SA alone", func(s api.Status) bool { return len(s.SAs) == 1 && s.SAs[0].ID == 2 && len(s.SAs[0].Children) == 1 })
	c.told(`^child-updown site \{uniqueid=1 .*` + reqid)
	c.must("terminate", "child", "net", "timeout", "20000")
	c.told(`^child-updown site \{uniqueid=2 .*` + reqid)
}

// An IKE SA that the peer has closed is established no more.
func TestVICITellsAnIKESAThatThePeerClosesAsDeleted(t *testing.T) {
	west, east := viciPair(t, "")
	c := west.controller("ike-updown")
	c.must("initiate", "child", "net", "timeout", "20000")
	if err := east.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	c.told(`^ike-updown site \{uniqueid=1 version=2 state=DELETING `)
}

// Of an IKE SA and its children that go together listeners hear as from charon: the IKE SA first, whoever has closed it. Of a child that
// goes alone they have heard when the command is over.
func TestVICITellsAnIKESAThatGoesBeforeItsChildren(t *testing.T) {
	west, east := viciPair(t, "")
	for _, byPeer := range []bool{false, true} {
		c := west.controller("child-updown", "ike-updown")
		c.must("initiate", "child", "net", "timeout", "20000")
		if byPeer {
			if err := east.client.Down(t.Context(), command(api.Target{})); err != nil {
				t.Fatal(err)
			}
		} else {
			c.must("terminate", "ike", "site", "timeout", "20000")
		}
		c.told(`^child-updown site \{uniqueid=\d version=2 state=DELETING `)
		var order []string
		for _, e := range c.events {
			order = append(order, regexp.MustCompile(`^\S+( up=yes)?`).FindString(e))
		}
		if want := []string{"ike-updown up=yes", "child-updown up=yes", "ike-updown", "child-updown"}; !slices.Equal(order, want) {
			t.Errorf("closed by the peer %v: %q, want %q", byPeer, order, want)
		}
	}
	c := west.controller("child-updown")
	c.must("initiate", "child", "net", "timeout", "20000")
	c.must("terminate", "child", "net", "timeout", "20000")
	if n := len(c.events); n != 2 {
		t.Errorf("%d events when the child was terminated: %q", n, c.events)
	}
}
