package doctor

import "context"

// rivals are other IKE daemons by the name of their process, with how to stop them.
func rivals() map[string]string {
	unit := func(name string) string { return "stop it with `systemctl disable --now " + name + "`" }
	return map[string]string{
		"charon":         unit("strongswan-starter"),
		"charon-systemd": unit("strongswan"),
		"charon-cmd":     "end it where it was started, with Ctrl-C",
		"charon-nm":      "take its connection down with `nmcli connection down`, which leaves the others of NetworkManager as they are",
		"starter":        unit("strongswan-starter"),
		"pluto":          unit("ipsec"),
		"iked":           unit("openiked"),
		"racoon":         unit("racoon"),
		"isakmpd":        unit("isakmpd"),
	}
}

const otherPorts = ", or give daemon.port and daemon.nat_port other numbers, of which peers have to know"

// stopIt is what to do about a process that is in the way.
func stopIt(p process) string {
	if how, known := rivals()[p.name]; known {
		return how + otherPorts
	}
	return "stop it" + otherPorts
}

func checkRivals(_ context.Context, e *examination) {
	found := false
	for _, p := range e.processes() {
		if _, rival := rivals()[p.name]; !rival {
			continue
		}
		switch e.network(p) {
		case elsewhere:
			e.ok("%s runs in another network namespace, and is in nobody's way here", p)
			continue
		case unseen:
			e.warn(stopIt(p), "another IKE daemon runs: %s; if it is in this network namespace, which only root can see, both take ports, policies and routes from each other", p)
		default:
			e.warn(stopIt(p), "another IKE daemon runs: %s; both would take ports, policies and routes from each other", p)
		}
		found = true
	}
	if !found {
		e.ok("no other IKE daemon runs here")
	}
}
