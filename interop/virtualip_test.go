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
	theirs += "pools {\n rw4 {\n addrs = 10.3.0.0/24\n dns = 10.2.0.53\n nbns = 10.2.0.7\n subnet = 10.2.0.0/24\n split_include = 10.2.0.0/24\n split_exclude = 192.168.0.0/16\n dhcp = 10.2.0.8\n server = 10.2.0.9\n netmask = 255.255.255.0\n address = 10.4.0.4\n 25 = corp.example.org\n }\n " +
		"rw6 {\n addrs = fd03::10-fd03::20\n dns = fd02::53\n nbns = fd02::7\n dhcp = fd02::8\n server = fd02::9\n netmask = ffff:ffff:ffff:ffff::\n subnet = fd02::/64\n split_include = fd02::/64\n address = fd04::4\n 21 = fd02::5\n }\n}\n"
	s.start(ours, theirs)
	s.up(culvert)
	s.carries([][2]string{{"10.3.0.1", "10.2.0.1"}, {"fd03::10", "fd02::1"}})
	sa := s.ours.Status().SAs[0]
	if got := strings.Join(sa.VirtualIPs, " "); got != "10.3.0.1 fd03::10" {
		t.Errorf("virtual addresses are %q", got)
	}
	if got := strings.Join(sa.DNS, " "); got != "10.2.0.53 fd02::53" {
		t.Errorf("DNS servers are %q", got)
	}
	want := `[10.2.0.0/24 fd02::/64 10.3.0.0/24] [{INTERNAL_IP4_NBNS 10.2.0.7} {UNITY_SPLIT_INCLUDE 10.2.0.0 mask 255.255.255.0} {UNITY_LOCAL_LAN 192.168.0.0 mask 255.255.0.0} ` +
		`{INTERNAL_IP4_DHCP 10.2.0.8} {INTERNAL_IP4_SERVER 10.2.0.9} {INTERNAL_DNS_DOMAIN corp.example.org} {ATTRIBUTE(11) fd02::7} {INTERNAL_IP6_DHCP fd02::8} {INTERNAL_IP6_SERVER fd02::9} ` +
		`{ATTRIBUTE(9) ffff:ffff:ffff:ffff::} {UNITY_SPLIT_INCLUDE fd02::/64} {P_CSCF_IP6_ADDRESS fd02::5}]`
	if got := fmt.Sprint(sa.Subnets, sa.Attributes); got != want {
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
	ours += "pool \"clients\" {\n addresses = [\"10.3.0.0/24\", \"fd03::/120\"]\n dns = [\"10.1.0.53\"]\n nbns = [\"10.1.0.7\", \"fd01::7\"]\n netmask = [\"255.255.255.0\", \"ffff:ffff::\"]\n dhcp = \"fd01::8\"\n split_include = [\"10.1.0.0/24\", \"fd01::/64\"]\n split_exclude = \"192.168.0.0/16\"\n subnets = [\"10.1.0.0/24\", \"fd01::/64\"]\n attributes = [\"25:corp.example.org\", \"1:10.4.0.4\", \"8:fd04::4/128\"]\n}\n"
	theirs := pskSwan("vips = 0.0.0.0, ::", "")
	theirs = strings.Replace(theirs, "local_ts = 10.2.0.0/24", "local_ts = dynamic", 1)
	theirs = strings.Replace(theirs, "remote_ts = 10.1.0.0/24", "remote_ts = 10.1.0.0/24,fd01::/64", 1)
	s.start(ours, theirs)
	s.up(charon)
	first := strings.Join(s.ours.Status().SAs[0].Leases, " ")
	s.logged("installing new virtual IP 10.3.0.")
	s.logged("installing new virtual IP fd03::")
	for _, told := range []string{"INTERNAL_IP4_NBNS", "INTERNAL_IP6_NBNS", "INTERNAL_IP4_NETMASK", "INTERNAL_IP6_NETMASK", "INTERNAL_IP6_DHCP", "INTERNAL_IP4_SUBNET", "INTERNAL_IP6_SUBNET",
		"UNITY_SPLIT_INCLUDE", "UNITY_LOCAL_LAN", "INTERNAL_DNS_DOMAIN"} {
		s.logged("handling " + told + " attribute failed") // it has come, and charon has nobody to give it to
	}
	s.logged("installing new virtual IP 10.4.0.4")
	s.logged("installing new virtual IP fd04::4")
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
