package daemon

import (
	"regexp"
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
