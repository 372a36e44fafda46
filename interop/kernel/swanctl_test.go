package kernel_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/interop/lab"
)

// A mirror is moon with our daemon and sun with charon, which swanctl gives the same connections.
type mirror struct {
	*scene
	onMoon, onSun *lab.Swanctl
}

func newMirror(t *testing.T, backend string) *mirror {
	t.Helper()
	s := newHosts(t, backend)
	s.theirs = s.sun.KernelCharon("")
	s.ours = s.moon.Culvert(daemonConf(backend) + fmt.Sprintf("vici {\n  socket = %q\n}\n", s.moon.VICI()))
	return &mirror{s, s.moon.Swanctl(), s.sun.Swanctl()}
}

const mirrored4 = `
connections {
  site {
    local_addrs = 10.99.0.OWN
    LINES
    local {
      auth = psk
      id = host-OWN
    }
    remote {
      auth = psk
      id = host-PEER
    }
    children {
      net {
        CHILD
      }
    }
  }
}
secrets {
  ike-site {
    secret = "interoperable-and-long-enough"
  }
}
`

// load gives both daemons a connection with a child. OWN and PEER are 1 and 2 to moon, 2 and 1 to sun.
func (m *mirror) load(lines, ours, theirs string) {
	m.Helper()
	for _, side := range []struct {
		swanctl          *lab.Swanctl
		child, own, peer string
	}{{m.onMoon, ours, "1", "2"}, {m.onSun, theirs, "2", "1"}} {
		text := strings.NewReplacer("LINES", lines, "CHILD", side.child).Replace(mirrored4)
		side.swanctl.Configure(strings.NewReplacer("OWN", side.own, "PEER", side.peer).Replace(text))
		side.swanctl.Must("--load-all", "--noprompt")
	}
}

const (
	fixedPeer = "remote_addrs = 10.99.0.PEER"
	networks  = "local_ts = 10.OWN.0.0/24\nremote_ts = 10.PEER.0.0/24\n"
)

// unload ends what is up, and takes the connection away.
func (m *mirror) unload() {
	m.Helper()
	_, _ = m.onMoon.Try("--terminate", "--ike", "site", "--timeout", "5")
	for _, s := range []*lab.Swanctl{m.onMoon, m.onSun} {
		s.Configure("")
		s.Must("--load-all", "--noprompt")
		m.Await("no IKE SA", func() bool { return strings.TrimSpace(s.Must("--list-sas")) == "" })
	}
}

var (
	rawWord   = regexp.MustCompile(`([a-zA-Z0-9_-]+)(=| \{)`)
	rawNumber = regexp.MustCompile(`((?:mark|if-id|mark-mask)-(?:in|out))=([0-9a-f]{8})`)
)

// keys are those of a raw listing in their order; numbers of SAs are left out.
func keys(out string) (list []string) {
	line, _, _ := strings.Cut(out, "\n")
	for _, m := range rawWord.FindAllStringSubmatch(line, -1) {
		list = append(list, strings.TrimRight(m[1], "0123456789")+m[2])
	}
	return list
}

func numbers(out string) string { return strings.Join(rawNumber.FindAllString(out, -1), " ") }

// Children that ask more of the kernel than the plain ones, with the same swanctl.conf on both sides.
func TestChildrenOfSwanctl(t *testing.T) {
	for _, backend := range []string{user, kernel} {
		t.Run(backend, func(t *testing.T) {
			m := newMirror(t, backend)
			scenes := []struct {
				name string
				test func(*testing.T, *mirror)
			}{{"trap without address", trapWithoutAddress}}
			if backend == kernel {
				scenes = append(scenes, []struct {
					name string
					test func(*testing.T, *mirror)
				}{{"ports", ports}, {"numbers", chosenNumbers}, {"device", oneDevice}}...)
			}
			for _, s := range scenes {
				t.Run(s.name, func(t *testing.T) {
					defer m.lend(t)()
					s.test(t, m)
					m.unload()
				})
			}
		})
	}
}

// chosenNumbers: both daemons choose numbers by the same rules, tell them by the same keys and keep them over rekeying.
func chosenNumbers(t *testing.T, m *mirror) {
	child := networks + "mark_in = %unique-dir/0xff\nmark_out = %unique\nset_mark_in = %same\nif_id_in = 9"
	want := "if-id-in=00000001 if-id-out=00000002 mark-in=00000001 mark-mask-in=000000ff mark-out=00000002 if-id-in=00000009 if-id-out=00000002"
	m.load(fixedPeer+"\nif_id_in = %unique-dir\nif_id_out = %unique-dir", child, child)
	m.onMoon.Must("--initiate", "--child", "net")
	ours, theirs := m.onMoon.Must("--list-sas", "--raw"), m.onSun.Must("--list-sas", "--raw")
	if numbers(ours) != want || numbers(theirs) != want {
		t.Errorf("ours %q, charon's %q, want %q", numbers(ours), numbers(theirs), want)
	}
	initiator := func(k string) bool { return k == "initiator=" }
	if a, b := slices.DeleteFunc(keys(ours), initiator), slices.DeleteFunc(keys(theirs), initiator); !slices.Equal(a, b) {
		t.Errorf("keys are %v, those of charon %v", a, b)
	}
	m.onMoon.Must("--rekey", "--child", "net")
	m.onMoon.Must("--rekey", "--ike", "site")
	m.Await("the child of the new IKE SA", func() bool { return numbers(m.onMoon.Must("--list-sas", "--raw")) == want })
}

// oneDevice: policies that are limited to a device let packets of others be.
func oneDevice(t *testing.T, m *mirror) {
	m.load(fixedPeer, networks+"interface = lo", networks)
	m.onMoon.Must("--initiate", "--child", "net")
	if m.tunnelled(7000) {
		t.Error("a packet that leaves through another device goes through the tunnel")
	}
}

// ports: a range of ports is in the tunnel, and its neighbours are not.
func ports(t *testing.T, m *mirror) {
	m.load(fixedPeer, "local_ts = 10.1.0.0/24[17]\nremote_ts = 10.2.0.0/24[17/7000-7003]", "local_ts = 10.2.0.0/24[17/7000-7003]\nremote_ts = 10.1.0.0/24[17]")
	m.onMoon.Must("--initiate", "--child", "net")
	if m.tunnelled(7004) {
		t.Error("port 7004 goes through the tunnel")
	}
	m.Await("port 7003 to go through the tunnel", func() bool { return m.tunnelled(7003) })
}

// tunnelled sends a datagram to a port of sun, and tells whether charon has got it through its child.
func (m *mirror) tunnelled(port uint16) bool {
	m.Helper()
	before := m.theirs.InboundPackets()
	from := m.moon.ListenUDP(netip.MustParseAddrPort("10.1.0.1:0"))
	defer from.Close()
	to := m.sun.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr("10.2.0.1"), port))
	defer to.Close()
	go reflect(to)
	_ = exchange(from, to.LocalAddr(), 64, 300*time.Millisecond)
	return m.theirs.InboundPackets() > before
}

// trapWithoutAddress: a packet says with whom, from either side.
func trapWithoutAddress(t *testing.T, m *mirror) {
	child := "local_ts = dynamic[17]\nremote_ts = 10.99.0.0/24[17]\nmode = transport\nstart_action = trap"
	m.load("remote_addrs = %any", child, child)
	m.Await("the packet to come back", func() bool { return m.reaches("10.99.0.1", "10.99.0.2") })
	if list := m.onMoon.Must("--list-sas"); strings.Count(list, "INSTALLED") != 1 || !strings.Contains(list, "TRANSPORT") || m.theirs.Installed() != 1 {
		t.Errorf("got\n%s", list)
	}
	m.onMoon.Must("--terminate", "--ike", "site")
	m.Await("charon to forget", func() bool { return m.theirs.Installed() == 0 })
	m.Await("charon's packet to come back", func() bool { return m.answered("10.99.0.2", "10.99.0.1") })
	if list := m.onSun.Must("--list-sas"); strings.Count(list, "INSTALLED") != 1 {
		t.Errorf("got\n%s", list)
	}
}

// answered is reaches from sun to moon.
func (m *mirror) answered(source, target string) bool {
	m.Helper()
	from := m.sun.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(source), 0))
	defer from.Close()
	to := m.moon.ListenUDP(netip.AddrPortFrom(netip.MustParseAddr(target), 0))
	defer to.Close()
	go reflect(to)
	return exchange(from, to.LocalAddr(), 64, time.Second) == nil
}
