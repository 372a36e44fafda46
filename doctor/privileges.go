package doctor

import (
	"context"
	"strconv"
	"strings"
)

// capabilities are those that the daemon uses, by their number, with their use.
func capabilities() map[uint]string {
	return map[uint]string{
		10: "CAP_NET_BIND_SERVICE, for the ports below 1024",
		12: "CAP_NET_ADMIN, for TUN device, routes and policies",
		13: "CAP_NET_RAW, for plain ESP",
	}
}

func checkPrivileges(_ context.Context, e *examination) {
	pid, who := "thread-self", "this command"
	p, running := e.daemon()
	if running {
		pid, who = p.pid, "the daemon"
	}
	mask, err := strconv.ParseUint(e.statusField(pid, "CapEff"), 16, 64)
	if err != nil {
		e.unknown(asRoot, "the capabilities of %s cannot be read", who)
		return
	}
	var missing []string
	for _, n := range []uint{10, 12, 13} {
		if mask>>n&1 == 0 {
			missing = append(missing, capabilities()[n])
		}
	}
	switch {
	case len(missing) == 0:
		e.ok("%s has the capabilities that the daemon needs", who)
	case running:
		e.fail("start it by its unit, `systemctl start culvert`, which gives them", "the daemon lacks %s", strings.Join(missing, "; "))
	default:
		e.unknown(asRoot+"; packets, policies and the sockets of others are seen then, too", "this command runs without %s", strings.Join(missing, "; "))
	}
}
