package swanctl

import (
	"fmt"
	"strings"
	"testing"
)

// poolConf is a configuration with a pool of some lines.
func poolConf(lines string) string {
	return conf("pools = p", "") + "pools {\n p {\n addrs = 10.9.0.0/24\n " + lines + "\n }\n}\n"
}

func TestPoolAttributes(t *testing.T) {
	for line, want := range map[string]string{
		"dns = 10.1.0.53, fd01::53":             "",
		"nbns = 10.1.0.7, fd01::7":              "4:10.1.0.7 11:fd01::7",
		"address = 10.8.0.4, 10.8.0.5/24":       "1:10.8.0.4 1:10.8.0.5",
		"address = fd01::4":                     "8:fd010000000000000000000000000004 80",
		"1 = 10.8.0.4\n address = 10.8.0.5":     "1:10.8.0.4 1:10.8.0.5",
		"dhcp = 10.1.0.8, fd01::8":              "6:10.1.0.8 12:fd01::8",
		"netmask = 255.255.255.0":               "2:255.255.255.0",
		"server = 10.1.0.9, fd01::9":            "23456:10.1.0.9 23457:fd01::9",
		"p_cscf = 10.1.0.5, fd01::5":            "20:10.1.0.5 21:fd01::5",
		"split_include = 10.1.2.3/16":           "28676:0a010000ffff0000",
		"split_exclude = 192.168.0.0/16":        "28678:c0a80000ffff0000",
		"split_include = fd01::1/48":            "28676:fd010000000000000000000000000000 30",
		"netmask = 255.255.255.0, 255.255.0.0":  "2:255.255.255.0 2:255.255.0.0",
		"25 = example.org, 0x41":                "25:example.org 25:0x41",
		"20 = 10.1.0.5\n 28672 = Welcome to us": "20:10.1.0.5 28672:Welcome to us",
		"13 = 10.1.0.0/16":                      "13:0a010000ffff0000",
	} {
		t.Run(line, func(t *testing.T) {
			var got []string
			for _, a := range newFolder(poolConf(line)).good(t).Pools[0].Tells() {
				got = append(got, fmt.Sprintf("%d:%s", a.Type, readable(a.Value)))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %v", got)
			}
		})
	}
	if got := newFolder(poolConf("subnet = 10.1.2.3/16, fd01::/48, 10.8.0.1")).good(t).Pools[0].Subnets; fmt.Sprint(got) != "[10.1.0.0/16 fd01::/48 10.8.0.1/32]" {
		t.Errorf("subnets are %v", got)
	}
}

// readable shows an IPv4 or IPv6 address, text, or hexadecimal digits.
func readable(b []byte) string {
	switch {
	case len(b) == 4 && b[0] < 32:
		return fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3])
	case len(b) == 4 && b[0] == 255:
		return fmt.Sprintf("255.255.%d.0", b[2])
	case len(b) == 17:
		return fmt.Sprintf("%x %x", b[:16], b[16])
	case len(b) == 16:
		return fmt.Sprintf("fd01::%x", b[15])
	case len(b) == 8 && b[4] == 255:
		return fmt.Sprintf("%x", b)
	}
	return string(b)
}

func TestPoolAttributesThatAreRefused(t *testing.T) {
	for line, says := range map[string]string{
		"nbns = ns.example.org":    "pools.p.nbns",
		"netmask = 255.0.255.0":    "pools.p.netmask",
		"netmask = ffff::":         "pools.p.netmask",
		"address = gw.example.org": "pools.p.address",
		"0 = x":                    "pools.p.0",
		"40000 = x":                "pools.p.40000",
		"wins = 10.1.0.7":          "pools.p.wins",
	} {
		t.Run(line, func(t *testing.T) {
			if cfg, found := newFolder(poolConf(line)).load(); cfg != nil || !strings.Contains(found.String(), says) {
				t.Errorf("got %v", found)
			}
		})
	}
}

// The addresses of a prefix are those that charon leases.
func TestPoolOfAPrefix(t *testing.T) {
	for addrs, want := range map[string]string{
		"10.9.0.0/24": "10.9.0.1-10.9.0.254 254", "10.9.0.5/24": "10.9.0.5-10.9.0.254 250", "10.9.0.0/31": "10.9.0.0-10.9.0.1 2", "10.9.0.1/31": "10.9.0.1-10.9.0.1 1",
		"10.9.0.1/32": "10.9.0.1-10.9.0.1 1", "10.9.0.7": "10.9.0.7-10.9.0.7 1", "10.9.0.7-10.9.0.9": "10.9.0.7-10.9.0.9 3",
		"fd09::/120": "fd09::1-fd09::fe 254", "fd09::5/120": "fd09::5-fd09::fe 250", "fd09::/126": "fd09::1-fd09::2 2", "fd09::/127": "fd09::-fd09::1 2",
		"fd09::1/127": "fd09::1-fd09::1 1", "fd09::1/128": "fd09::1-fd09::1 1", "fd09::/64": "fd09::1-fd09::7fff:fffe 2147483646",
		"fd09::5/64": "fd09::5-fd09::7fff:fffe 2147483642", "fd09::-fd09::ff": "fd09::-fd09::ff 256",
	} {
		p := newFolder(strings.Replace(poolConf(""), "10.9.0.0/24", addrs, 1)).good(t).Pools[0]
		if got := fmt.Sprintf("%v-%v %v", p.Addresses[0].First, p.Addresses[0].Last, p.Size()); got != want {
			t.Errorf("%s is %s, want %s", addrs, got, want)
		}
	}
	for _, empty := range []string{"10.9.0.255/24", "fd09::ff/120", "10.9.0.3/30"} {
		if cfg, _ := newFolder(strings.Replace(poolConf(""), "10.9.0.0/24", empty, 1)).load(); cfg != nil {
			t.Errorf("%s, which has nothing to lease, is taken", empty)
		}
	}
}
