package config

const testHash = "$argon2id$v=19$m=4096,t=2,p=1$c29tZXNhbHQ$X4SvT2Yi2PkJOn6vctKFvnKw3aX35qLCxwvil+LUCsw"

func radiusSamples() []sample {
	return []sample{
		{option: "nas_identifier", value: `"gw1"`},
		{option: "nas_identifier", value: `""`, code: badValue},
		{option: "nas_address", value: `"192.0.2.1"`},
		{option: "nas_address", value: `"192.0.2.0/24"`, code: badValue},
		{option: "framed_mtu", value: `1000`},
		{option: "framed_mtu", value: `4000`, code: badValue},
		{option: "groups_from", value: `["class", "filter-id"]`},
		{option: "groups_from", value: `"reply-message"`, code: badValue},
		{option: "groups", value: `{ "OU=Sales;" = "sales" }`, text: "{}"},
		{option: "groups", value: `{ "x" = 5 }`, code: wrongType},
		{option: "groups_only", value: `true`, with: `groups = { "x" = "y" }`},
		{option: "groups_only", value: `true`, code: clash},
		{option: "timeout", value: `"500ms"`},
		{option: "timeout", value: `"2m"`, code: badValue},
		{option: "tries", value: `1`},
		{option: "tries", value: `0`, code: badValue},
		{option: "dead_time", value: `"5m"`},
		{option: "dead_time", value: `"0s"`, code: badValue},
		{option: "accounting", value: `true`},
		{option: "accounting", value: `"yes"`, code: wrongType},
		{option: "interim", value: `"5m"`, with: `accounting = true`},
		{option: "interim", value: `"0s"`, with: `accounting = true`},
		{option: "interim", value: `"30s"`, with: `accounting = true`, code: clash},
		{option: "interim", value: `"5m"`, code: clash},
	}
}

func serverSamples() []sample {
	const udp = "address = \"192.0.2.9\"\nsecret = \"swordfish\""
	const tls = "address = \"radius.example.org\"\ntransport = \"tls\"\nca = \"ca.pem\"\nkey = \"gw.key\"\ncertificate = \"gw.pem\""
	return []sample{
		{option: "address", value: `"192.0.2.9"`, with: `secret = "swordfish"`},
		{option: "address", value: `"radius.example.org"`, with: `secret = "swordfish"`},
		{option: "address", value: `"192.0.2.0/24"`, with: `secret = "swordfish"`, code: clash},
		{option: "address", value: `"%any"`, with: `secret = "swordfish"`, code: clash},
		{option: "transport", value: `"udp"`, with: udp},
		{option: "transport", value: `"tcp"`, with: udp, code: badValue},
		{option: "transport", value: `"tls"`, with: `address = "192.0.2.9"`, code: missing},
		{option: "port", value: `1645`, with: udp},
		{option: "port", value: `0`, with: udp, code: badValue},
		{option: "accounting_port", value: `1646`, with: udp},
		{option: "accounting_port", value: `1646`, with: tls, code: clash},
		{option: "secret", value: `"swordfish"`, with: `address = "192.0.2.9"`, text: "-"},
		{option: "secret", value: `file("office.psk")`, with: `address = "192.0.2.9"`, text: "-"},
		{option: "secret", value: `""`, with: `address = "192.0.2.9"`, code: badValue},
		{option: "secret", value: `"swordfish"`, with: tls, code: clash},
		{option: "ca", value: `"ca.pem"`, text: "-", with: "address = \"a.example.org\"\ntransport = \"tls\"\nkey = \"gw.key\"\ncertificate = \"gw.pem\""},
		{option: "ca", value: `"ca.pem"`, with: udp, code: clash},
		{option: "certificate", value: `"gw.pem"`, text: "-", with: "address = \"a.example.org\"\ntransport = \"tls\"\nkey = \"gw.key\"\nca = \"ca.pem\""},
		{option: "certificate", value: `"absent.pem"`, with: udp, code: noFile},
		{option: "key", value: `"gw.key"`, text: "-", with: "address = \"a.example.org\"\ntransport = \"tls\"\ncertificate = \"gw.pem\"\nca = \"ca.pem\""},
		{option: "key", value: `"gw.key"`, with: udp, code: clash},
		{option: "server_name", value: `"radius.example.net"`, with: tls},
		{option: "server_name", value: `"radius.example.net"`, with: udp, code: clash},
	}
}

func daeSamples() []sample {
	const both = "clients = \"192.0.2.9\"\nsecret = \"swordfish\""
	return []sample{
		{option: "listen", value: `["192.0.2.1"]`, with: both},
		{option: "listen", value: `"localhost"`, with: both, code: badValue},
		{option: "port", value: `3800`, with: both},
		{option: "port", value: `3800`, code: missing},
		{option: "clients", value: `["192.0.2.9", "192.0.2.16/28"]`, with: `secret = "swordfish"`},
		{option: "clients", value: `"0.0.0.0/0"`, with: `secret = "swordfish"`, code: clash},
		{option: "clients", value: `"%any"`, with: `secret = "swordfish"`, code: clash},
		{option: "secret", value: `"swordfish"`, with: `clients = "192.0.2.9"`, text: "-"},
		{option: "secret", value: `"swordfish"`, code: missing},
		{option: "window", value: `"1m"`, with: both},
		{option: "window", value: `"2h"`, with: both, code: badValue},
	}
}

func usersSamples() []sample {
	return []sample{
		{option: "file", value: `"staff.users"`, text: "-"},
		{option: "file", value: `"absent.users"`, code: noFile},
		{option: "file", value: `"empty.hcl"`, code: missing},
		{option: "file", value: `5`, code: wrongType},
	}
}

func userSamples() []sample {
	const nt = `nt_hash = "8846f7eaee8fb117ad06bdd830b7586c"`
	return []sample{
		{option: "password", value: `"` + testHash + `"`, text: "-"},
		{option: "password", value: `"swordfish"`, code: badValue},
		{option: "nt_hash", value: `"8846F7EAEE8FB117AD06BDD830B7586C"`, text: "-"},
		{option: "nt_hash", value: `"8846"`, code: badValue},
		{option: "cleartext", value: `"0x is no hexadecimal here"`, text: "-"},
		{option: "cleartext", value: `""`, code: badValue},
		{option: "sim", value: `file("carol.sim")`, text: "-"},
		{option: "sim", value: `"k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63"`, code: badValue},
		{option: "groups", value: `["staff", "Domain Users"]`, with: nt},
		{option: "groups", value: `[""]`, with: nt, code: badValue},
		{option: "address", value: `["10.9.0.7", "2001:db8::7"]`, with: nt},
		{option: "address", value: `["10.9.0.7", "10.9.0.8"]`, with: nt, code: clash},
		{option: "dns", value: `["10.9.0.1"]`, with: nt},
		{option: "dns", value: `"ns.example.org"`, with: nt, code: badValue},
		{option: "sessions", value: `1`, with: nt},
		{option: "sessions", value: `0`, with: nt, code: badValue},
		{option: "valid_until", value: `"2027-01-31"`, with: nt},
		{option: "valid_until", value: `"2027-01-31T18:00:00Z"`, with: nt},
		{option: "valid_until", value: `"31.1.2027"`, with: nt, code: badValue},
		{option: "disabled", value: `true`, with: nt},
		{option: "disabled", value: `"no"`, with: nt, code: wrongType},
		{option: "session_timeout", value: `"8h"`, with: nt},
		{option: "session_timeout", value: `8`, with: nt, code: wrongType},
		{option: "idle_timeout", value: `"30m"`, with: nt},
		{option: "idle_timeout", value: `"soon"`, with: nt, code: badValue},
	}
}
