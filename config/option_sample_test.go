package config

import "culvert/explain"

// A sample is a value of an option, and what becomes of it.
type sample struct {
	option, value string
	text          string       // how the value is shown again; "": as it was written
	code          explain.Code // of the refusal; "": it is accepted
	with          string       // options that the value needs beside it
}

const (
	wrongType = explain.ConfigWrongType
	badValue  = explain.ConfigBadValue
	clash     = explain.ConfigContradiction
	badFile   = explain.ConfigBadFile
	noFile    = explain.ConfigFile
	missing   = explain.ConfigMissingKey
)

func fileSamples() []sample {
	return []sample{
		{option: "include", value: `["empty.hcl"]`},
		{option: "include", value: `"none/*.hcl"`, text: `["none/*.hcl"]`},
		{option: "include", value: `[]`},
		{option: "include", value: `"absent.hcl"`, code: noFile},
		{option: "include", value: `"[a"`, code: badValue},
		{option: "include", value: `true`, code: wrongType},
	}
}

func daemonSamples() []sample {
	return []sample{
		{option: "listen", value: `["192.0.2.1", "2001:db8::1"]`},
		{option: "listen", value: `"192.0.2.1"`, text: `["192.0.2.1"]`},
		{option: "listen", value: `[]`},
		{option: "listen", value: `"::ffff:192.0.2.1"`, text: `["192.0.2.1"]`},
		{option: "listen", value: `"192.0.2.0/24"`, code: badValue},
		{option: "listen", value: `"localhost"`, code: badValue},
		{option: "listen", value: `"fe80::1%eth0"`, code: badValue},
		{option: "listen", value: `500`, code: wrongType},
		{option: "port", value: `1`},
		{option: "port", value: `65535`},
		{option: "port", value: `0`, code: badValue},
		{option: "port", value: `65536`, code: badValue},
		{option: "port", value: `-1`, code: badValue},
		{option: "port", value: `500.5`, code: badValue},
		{option: "port", value: `1e30`, code: badValue},
		{option: "port", value: `"500"`, code: wrongType},
		{option: "port", value: `true`, code: wrongType},
		{option: "port", value: `4500`, code: clash},
		{option: "nat_port", value: `4501`},
		{option: "nat_port", value: `70000`, code: badValue},
		{option: "nat_port", value: `500`, code: clash},
		{option: "tcp_ports", value: `[4500, 443]`},
		{option: "tcp_ports", value: `4500`, text: `[4500]`},
		{option: "tcp_ports", value: `[]`},
		{option: "tcp_ports", value: `[0]`, code: badValue},
		{option: "tcp_ports", value: `[65536]`, code: badValue},
		{option: "tcp_ports", value: `"4500"`, code: wrongType},
		{option: "socket", value: `"/tmp/s"`},
		{option: "socket", value: `"/tmp/../run/s"`, text: `"/run/s"`},
		{option: "socket", value: `"s"`, code: badValue},
		{option: "socket", value: `"/tmp/a\nb"`, code: badValue},
		{option: "socket", value: `file("x")`, code: wrongType},
		{option: "socket_group", value: `"vpn"`},
		{option: "socket_group", value: `""`, code: badValue},
		{option: "socket_group", value: `"vpn users"`, code: badValue},
		{option: "state_dir", value: `"/srv/culvert"`},
		{option: "state_dir", value: `"srv"`, code: badValue},
		{option: "log_level", value: `"debug"`},
		{option: "log_level", value: `"error"`},
		{option: "log_level", value: `"DEBUG"`, code: badValue},
		{option: "log_level", value: `4`, code: wrongType},
		{option: "log_format", value: `"journal"`},
		{option: "log_format", value: `"xml"`, code: badValue},
		{option: "key_log", value: `"/tmp/keys"`},
		{option: "key_log", value: `true`, code: wrongType},
		{option: "workers", value: `0`},
		{option: "workers", value: `1024`},
		{option: "workers", value: `1025`, code: badValue},
	}
}

func halfOpenSamples() []sample {
	return []sample{
		{option: "limit", value: `64`},
		{option: "limit", value: `0`, code: badValue},
		{option: "per_prefix", value: `1`},
		{option: "per_prefix", value: `0`, code: badValue},
		{option: "per_prefix", value: `10001`, code: clash},
		{option: "cookie_threshold", value: `0`},
		{option: "cookie_threshold", value: `-1`, code: badValue},
		{option: "timeout", value: `"1s"`},
		{option: "timeout", value: `"10m"`},
		{option: "timeout", value: `"11m"`, code: badValue},
		{option: "timeout", value: `"0s"`, code: badValue},
	}
}

func retransmitSamples() []sample {
	return []sample{
		{option: "tries", value: `0`},
		{option: "tries", value: `30`},
		{option: "tries", value: `31`, code: badValue},
		{option: "timeout", value: `"100ms"`},
		{option: "timeout", value: `"1m"`},
		{option: "timeout", value: `"99ms"`, code: badValue},
		{option: "timeout", value: `"4"`, code: badValue},
		{option: "base", value: `1`},
		{option: "base", value: `2.5`},
		{option: "base", value: `0.9`, code: badValue},
		{option: "base", value: `"2"`, code: wrongType},
		{option: "max", value: `"4s"`},
		{option: "max", value: `"3s"`, code: clash},
		{option: "max", value: `"2h"`, code: badValue},
		{option: "jitter", value: `0`},
		{option: "jitter", value: `90`},
		{option: "jitter", value: `91`, code: badValue},
	}
}

func dataplaneSamples() []sample {
	return []sample{
		{option: "backend", value: `"fake"`},
		{option: "backend", value: `"auto"`},
		{option: "backend", value: `"user"`},
		{option: "backend", value: `"kernel"`},
		{option: "backend", value: `"xfrm"`, code: badValue},
		{option: "device", value: `"tun7"`},
		{option: "device", value: `"a/b"`, code: badValue},
		{option: "device", value: `"longer-than-a-device-may-be"`, code: badValue},
		{option: "mtu", value: `1280`},
		{option: "mtu", value: `65535`},
		{option: "mtu", value: `1279`, code: badValue},
		{option: "queues", value: `4`},
		{option: "queues", value: `"auto"`, text: `"auto"`},
		{option: "queues", value: `0`, code: badValue},
		{option: "queues", value: `65`, code: badValue},
	}
}

func metricsSamples() []sample {
	return []sample{
		{option: "listen", value: `["127.0.0.1:9500", "[::1]:9500"]`},
		{option: "listen", value: `"192.0.2.1:9500"`, text: `["192.0.2.1:9500"]`},
		{option: "listen", value: `[]`},
		{option: "listen", value: `"127.0.0.1"`, code: badValue},
		{option: "listen", value: `"127.0.0.1:0"`, code: badValue},
		{option: "listen", value: `"localhost:9500"`, code: badValue},
		{option: "listen", value: `9500`, code: wrongType},
		{option: "peers", value: `0`},
		{option: "peers", value: `100000`},
		{option: "peers", value: `-1`, code: badValue},
		{option: "peers", value: `"all"`, code: wrongType},
	}
}

func poolSamples() []sample {
	return []sample{
		{option: "addresses", value: `["10.0.0.0/24"]`, text: `["10.0.0.1-10.0.0.254"]`},
		{option: "addresses", value: `"10.0.0.8/31"`, text: `["10.0.0.8/31"]`},
		{option: "addresses", value: `"10.0.0.8/30"`, text: `["10.0.0.9-10.0.0.10"]`},
		{option: "addresses", value: `"10.0.0.8/32"`, text: `["10.0.0.8"]`},
		{option: "addresses", value: `"10.0.0.8-10.0.0.9"`, text: `["10.0.0.8/31"]`},
		{option: "addresses", value: `"2001:db8::/127"`, text: `["2001:db8::/127"]`},
		{option: "addresses", value: `"2001:db8::/126"`, text: `["2001:db8::1-2001:db8::3"]`},
		{option: "addresses", value: `["10.0.0.1", "2001:db8::1"]`},
		{option: "addresses", value: `"10.0.0.1/24"`, code: badValue},
		{option: "addresses", value: `"10.0.0.9-10.0.0.1"`, code: badValue},
		{option: "addresses", value: `"10.0.0.1-2001:db8::1"`, code: badValue},
		{option: "addresses", value: `"10.0.0.0/24[tcp]"`, code: badValue},
		{option: "addresses", value: `[]`, code: explain.ConfigPoolSize},
		{option: "exclude", value: `["10.7.0.1-10.7.0.9"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "exclude", value: `"10.7.0.1-10.7.0.254"`, with: `addresses = "10.7.0.0/24"`, code: explain.ConfigPoolSize},
		{option: "exclude", value: `{}`, with: `addresses = "10.7.0.0/24"`, code: wrongType},
		{option: "static", value: `{ "carol" = "10.7.0.7" }`, text: `{}`, with: `addresses = "10.7.0.0/24"`},
		{option: "static", value: `{ carol = "10.7.0.7" }`, text: `{}`, with: `addresses = "10.7.0.0/24"`},
		{option: "static", value: `{ carol = "10.8.0.7" }`, with: `addresses = "10.7.0.0/24"`, code: explain.ConfigPoolSize},
		{option: "static", value: `{ carol = "here" }`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "static", value: `{ carol = "10.7.0.7", carol = "10.7.0.8" }`, with: `addresses = "10.7.0.0/24"`, code: explain.ConfigDuplicate},
		{option: "static", value: `["10.7.0.7"]`, with: `addresses = "10.7.0.0/24"`, code: wrongType},
		{option: "dns", value: `["192.0.2.53", "2001:db8::53"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "dns", value: `"dns.example.org"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "dns", value: `"10.7.0.53"`, with: `addresses = "10.7.0.0/24"`, code: explain.ConfigOverlap},
		{option: "subnets", value: `["10.8.0.0/16", "2001:db8::/32"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "subnets", value: `"%any"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "subnets", value: `"10.8.0.1/16"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "nbns", value: `["10.8.0.5"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "nbns", value: `["2001:db8::5"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "nbns", value: `"wins"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "dhcp", value: `["10.8.0.5", "2001:db8::5"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "dhcp", value: `"here"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "netmask", value: `["255.255.255.0"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "netmask", value: `["ffff:ffff::", "255.0.0.0"]`, with: `addresses = ["10.7.0.0/24", "2001:db8::/120"]`},
		{option: "netmask", value: `"ffff:fffd::"`, with: `addresses = ["10.7.0.0/24", "2001:db8::/120"]`, code: badValue},
		{option: "netmask", value: `"255.0.255.0"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "netmask", value: `"255.255.255.0"`, with: `addresses = "2001:db8::/120"`, code: clash},
		{option: "p_cscf", value: `["10.8.0.5", "2001:db8::5"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "servers", value: `["10.8.0.5", "2001:db8::5"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "split_include", value: `["10.8.0.0/16"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "split_include", value: `["2001:db8::/32"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "split_include", value: `"2001:db8::1/32"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "p_cscf", value: `"10.8.0.0/16"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "servers", value: `"10.8.0.0/16"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "split_exclude", value: `"here"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "split_exclude", value: `["192.168.0.0/16"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "attributes", value: `["25:corp.example.org", "20:10.8.0.5", "28672:0x00ff", "13:0x0a08000000ff0000"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "attributes", value: `"13:10.8.0.0/16"`, text: `["13:0x0a080000ffff0000"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "attributes", value: `["1:10.8.0.9"]`, with: `addresses = "10.7.0.0/24"`},
		{option: "attributes", value: `"0:x"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "attributes", value: `"32768:x"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "attributes", value: `"25"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
		{option: "attributes", value: `"25:0x1"`, with: `addresses = "10.7.0.0/24"`, code: badValue},
	}
}

func secretSamples() []sample {
	return []sample{
		{option: "psk", value: `"swordfish"`, text: "-"},
		{option: "psk", value: `"0x0102"`, text: "-"},
		{option: "psk", value: `"0sAQI="`, text: "-"},
		{option: "psk", value: `file("office.psk")`, text: "-"},
		{option: "psk", value: `credential("partner")`, text: "-"},
		{option: "psk", value: "<<END\nswordfish\nEND", text: "-"},
		{option: "psk", value: `"0x010"`, code: badValue},
		{option: "psk", value: `"0s###"`, code: badValue},
		{option: "psk", value: `""`, code: badValue},
		{option: "psk", value: `file("absent.psk")`, code: noFile},
		{option: "psk", value: `credential("absent")`, code: noFile},
		{option: "psk", value: `credential("../office.psk")`, code: noFile},
		{option: "psk", value: `env("PSK")`, code: wrongType},
		{option: "psk", value: `file()`, code: wrongType},
		{option: "psk", value: `file("a", "b")`, code: wrongType},
		{option: "psk", value: `42`, code: wrongType},
		{option: "ids", value: `["gw.example.org", "carol@example.org", "192.0.2.1"]`, with: `psk = "swordfish"`},
		{option: "ids", value: `"%any"`, text: `["%any"]`, with: `psk = "swordfish"`},
		{option: "ids", value: `[true]`, with: `psk = "swordfish"`, code: wrongType},
		{option: "ids", value: `"C=CH, X"`, with: `psk = "swordfish"`, code: badValue},
	}
}

func policySamples() []sample {
	const sides = "local = \"10.0.0.0/8\"\nremote = \"10.0.0.0/8\""
	return []sample{
		{option: "action", value: `"bypass"`, with: sides},
		{option: "action", value: `"discard"`, with: sides},
		{option: "action", value: `"protect"`, with: sides, code: badValue},
		{option: "local", value: `["10.0.0.0/8[udp/53]"]`, with: "action = \"bypass\"\nremote = \"0.0.0.0/0\""},
		{option: "local", value: `"dynamic"`, with: "action = \"bypass\"\nremote = \"0.0.0.0/0\"", code: clash},
		{option: "remote", value: `["::/0"]`, with: "action = \"bypass\"\nlocal = \"::/0\""},
		{option: "remote", value: `"::/0"`, with: "action = \"bypass\"\nlocal = \"10.0.0.0/8\"", code: clash},
		{option: "priority", value: `-1000000`, with: "action = \"bypass\"\n" + sides},
		{option: "priority", value: `1000001`, with: "action = \"bypass\"\n" + sides, code: badValue},
	}
}
