package interop_test

import (
	"fmt"
	"strings"
	"testing"
)

// As client we ask charon for addresses of both families and for DNS.
func TestVirtualIPAsClient(t *testing.T) {
	s := newScene(t)
	ours := pskConf(`virtual_ips = ["0.0.0.0", "::"]`, "")
	ours = strings.Replace(ours, `local  = ["10.1.0.0/24"]`, `local  = ["dynamic"]`, 1)
	ours = strings.Replace(ours, `["10.2.0.0/24"]`, `["10.2.0.0/24", "fd02::/64"]`, 1)
	theirs := pskSwan("pools = rw4, rw6", "")
	theirs = strings.Replace(theirs, "remote_ts = 10.1.0.0/24", "remote_ts = dynamic", 1)
	theirs = strings.Replace(theirs, "local_ts = 10.2.0.0/24", "local_ts = 10.2.0.0/24,fd02::/64", 1)
	theirs += "pools {\n rw4 {\n addrs = 10.3.0.0/24\n dns = 10.2.0.53\n nbns = 10.2.0.7\n subnet = 10.2.0.0/24\n split_include = 10.2.0.0/24\n 25 = corp.example.org\n }\n rw6 {\n addrs = fd03::/120\n dns = fd02::53\n }\n}\n"
	s.start(ours, theirs)
	s.up(culvert)
	s.carries([][2]string{{"10.3.0.1", "10.2.0.1"}, {"fd03::1", "fd02::1"}})
	sa := s.ours.Status().SAs[0]
	if got := strings.Join(sa.VirtualIPs, " "); got != "10.3.0.1 fd03::1" {
		t.Errorf("virtual addresses are %q", got)
	}
	if got := strings.Join(sa.DNS, " "); got != "10.2.0.53 fd02::53" {
		t.Errorf("DNS servers are %q", got)
	}
	if got := fmt.Sprint(sa.Subnets, sa.Attributes); got != `[10.2.0.0/24] [{INTERNAL_IP4_NBNS 10.2.0.7} {UNITY_SPLIT_INCLUDE 10.2.0.0 mask 255.255.255.0} {INTERNAL_DNS_DOMAIN corp.example.org}]` {
		t.Errorf("the rest is %s", got)
	}
	s.down(culvert)
	s.leavesNothing()
}

// As gateway we lease addresses, and the same client gets the same address again.
func TestVirtualIPAsGateway(t *testing.T) {
	s := newScene(t)
	ours := pskConf(`pools = ["clients"]`, "")
	ours = strings.Replace(ours, `["10.1.0.0/24"]`, `["10.1.0.0/24", "fd01::/64"]`, 1)
	ours = strings.Replace(ours, `remote = ["10.2.0.0/24"]`, `remote = ["dynamic"]`, 1)
	ours += "pool \"clients\" {\n addresses = [\"10.3.0.0/24\", \"fd03::/120\"]\n dns = [\"10.1.0.53\"]\n nbns = \"10.1.0.7\"\n attributes = [\"25:corp.example.org\"]\n}\n"
	theirs := pskSwan("vips = 0.0.0.0, ::", "")
	theirs = strings.Replace(theirs, "local_ts = 10.2.0.0/24", "local_ts = dynamic", 1)
	theirs = strings.Replace(theirs, "remote_ts = 10.1.0.0/24", "remote_ts = 10.1.0.0/24,fd01::/64", 1)
	s.start(ours, theirs)
	s.up(charon)
	first := strings.Join(s.ours.Status().SAs[0].Leases, " ")
	s.logged("installing new virtual IP 10.3.0.")
	s.logged("installing new virtual IP fd03::")
	s.logged("handling INTERNAL_IP4_NBNS attribute failed") // it has come, and charon has nobody to give it to
	s.logged("handling INTERNAL_DNS_DOMAIN attribute failed")
	from := strings.Fields(first)[0]
	s.carries([][2]string{{"10.1.0.1", from}})
	s.down(charon)
	s.up(charon)
	if again := strings.Join(s.ours.Status().SAs[0].Leases, " "); again != first {
		t.Errorf("leases are %s, before %s", again, first)
	}
}

// Several children of one IKE SA, each with its own selectors.
func TestSeveralChildren(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		s.moon.Address("10.1.1.1/24")
		s.sun.Address("10.2.1.1/24")
		more := "\n child \"more\" {\n local = [\"10.1.1.0/24\"]\n remote = [\"10.2.1.0/24\"]\n }\n"
		theirMore := "\n more {\n local_ts = 10.2.1.0/24\n remote_ts = 10.1.1.0/24\n }\n"
		s.start(pskConf(more, ""), strings.Replace(pskSwan("", ""), "children {", "children {"+theirMore, 1))
		s.up(initiator)
		if initiator == culvert {
			s.ours.Must("up", "site/more")
		} else {
			s.theirs.Swanctl("--initiate", "--child", "more")
			s.Await("two children", func() bool { return s.children() == 2 })
		}
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}, {"10.1.1.1", "10.2.1.1"}})
		if n := s.ikeSAs(); n != 1 {
			t.Errorf("%d IKE SAs for two children", n)
		}
		s.ours.Must("down", "site/more")
		s.Await("charon to have one child", func() bool { return s.theirs.Installed() == 1 })
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	})
}

// Everything goes through the tunnel, while IKE and ESP themselves still reach the gateway.
func TestFullTunnelAsClient(t *testing.T) {
	s := newScene(t)
	ours := pskConf(`virtual_ips = ["0.0.0.0"]`, "")
	ours = strings.Replace(ours, `local  = ["10.1.0.0/24"]`, `local  = ["dynamic"]`, 1)
	ours = strings.Replace(ours, `["10.2.0.0/24"]`, `["0.0.0.0/0"]`, 1)
	theirs := pskSwan("pools = rw4", "")
	theirs = strings.Replace(theirs, "remote_ts = 10.1.0.0/24", "remote_ts = dynamic", 1)
	theirs = strings.Replace(theirs, "local_ts = 10.2.0.0/24", "local_ts = 0.0.0.0/0", 1)
	theirs += "pools {\n rw4 {\n addrs = 10.3.0.0/24\n }\n}\n"
	s.start(ours, theirs)
	capture := s.moon.Capture("sun")
	s.up(culvert)
	s.carries([][2]string{{"10.3.0.1", "10.2.0.1"}})
	s.rekey(culvert, "--ike", "site")
	s.rekey(charon, "--child", "net")
	s.carries([][2]string{{"10.3.0.1", "10.2.0.1"}})
	s.down(culvert)
	s.onlyEncrypted(capture.Stop())
	s.leavesNothing()
}
