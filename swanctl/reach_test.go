package swanctl

import (
	"strings"
	"testing"

	"culvert/ike"
)

// Without an address of the peer nothing can be begun, unless packets in transport mode say with whom.
func TestActionsWithoutAnAddressOfThePeer(t *testing.T) {
	for _, tt := range []struct {
		child  string
		start  ike.StartAction
		warned bool
	}{
		{"start_action = trap", ike.StartNone, true},
		{"start_action = start", ike.StartNone, true},
		{"mode = transport\nstart_action = trap", ike.StartTrap, false},
		{"start_action = trap\nmode = transport", ike.StartTrap, false},
		{"mode = transport\nstart_action = trap|start", ike.StartTrap, true},
		{"mode = transport\nstart_action = start", ike.StartNone, true},
		{"mode = transport\nclose_action = start", ike.StartNone, true},
	} {
		cfg, found := newFolder(strings.Replace(conf("", tt.child), "remote_addrs = 192.0.2.2", "remote_addrs = %any", 1)).load()
		if cfg == nil {
			t.Fatal(found)
		}
		if c := only(t, cfg).Children[0]; c.Start != tt.start || c.Block != c.Start.Traps() || strings.Contains(found.String(), "nothing to connect to") != tt.warned {
			t.Errorf("%s: start %d, block %v, %v", tt.child, c.Start, c.Block, found)
		}
	}
}
