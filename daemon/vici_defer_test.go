package daemon

import (
	"fmt"
	"strings"
	"testing"

	"culvert/api"
	"culvert/swanctl/settings"
)

// loadMany loads connections one by one, as swanctl does.
func (c *controller) loadMany(n *node, count int) {
	c.Helper()
	for i := range count {
		m := new(settings.Section)
		conn := m.Open(fmt.Sprintf("c%d", i)).AddList("local_addrs", n.addr).AddList("remote_addrs", fmt.Sprintf("192.0.2.%d", i+1))
		conn.Open("local").Add("auth", "psk").Add("id", n.name+".example.org")
		conn.Open("remote").Add("auth", "psk").Add("id", fmt.Sprintf("c%d.example.org", i))
		conn.Open("children").Open("net").AddList("local_ts", n.network).AddList("remote_ts", fmt.Sprintf("10.9.%d.0/24", i))
		c.load("load-conn", m)
	}
}

// What clients load one by one comes into use together, and before whoever asks sees anything.
func TestVICILoadsManyAtOnce(t *testing.T) {
	const count = 20
	west := newNode(t, "west", "10.1.0.0/24")
	west.write("", west.viciBlock())
	west.start()
	c := west.controller()
	c.loadMany(west, count)
	if got := len(west.status().Connections); got != count {
		t.Errorf("%d connections of %d are there", got, count)
	}
	if reloads := strings.Count(west.log.String(), "configuration read again"); reloads == 0 || reloads >= count {
		t.Errorf("everything was read again %d times for %d loads", reloads, count)
	}
}

// A pool that was loaded shows at once to whoever asks.
func TestVICIShowsALoadedPoolAtOnce(t *testing.T) {
	west := newNode(t, "west", "10.1.0.0/24")
	west.write("", west.viciBlock())
	west.start()
	west.controller().load("load-pool", poolMessage("guests", "10.9.0.0/24"))
	pools, err := west.client.Pools(t.Context())
	if err != nil || len(pools) != 1 || pools[0].Name != "guests" {
		t.Errorf("got %+v, %v", pools, err)
	}
}

// What was loaded comes into use by itself, though nobody asks.
func TestVICILoadsInTheEnd(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.viciBlock())
	west.start()
	east.write("", east.site(west, "", ""))
	east.start()
	c := west.controller()
	c.load("load-shared", secretMessage("ike-1", "east.example.org"))
	c.load("load-conn", siteMessage(west, east, func(child *settings.Section) { child.Add("start_action", "start") }))
	east.await("the tunnel", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
}
