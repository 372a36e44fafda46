package config

import "slices"

// secondSamples are those samples of a side that a second round has.
func secondSamples(first []sample) []sample {
	return slices.DeleteFunc(first, func(s sample) bool {
		return s.option == "address" || s.option == "port" || s.option == "tcp_port" || s.option == "auth" && s.value == `"null"`
	})
}

func localSecondSamples() []sample { return secondSamples(localSamples()) }

func remoteSecondSamples() []sample { return secondSamples(remoteSamples()) }

// remoteMethodSamples are about other ways to authenticate than secrets and signatures.
func remoteMethodSamples() []sample {
	return []sample{
		{option: "auth", value: `"null"`},
		{option: "auth", value: `"null"`, with: `groups = "staff"`, code: clash},
		{option: "auth", value: `"null"`, with: `id = "gw.example.org"`, code: clash},
		{option: "auth", value: `"null"`, with: `ca = "ca.pem"`, code: clash},
		{option: "eap_only", value: `false`},
		{option: "eap_only", value: `true`, code: clash},
		{option: "eap_only", value: `1`, code: wrongType},
		{option: "groups", value: `["staff", "Domain Users"]`},
		{option: "groups", value: `""`, code: badValue},
	}
}

func localEAPSamples() []sample {
	const password = `password = "a password"`
	const sim = `sim = file("carol.sim")`
	return []sample{
		{option: "identity", value: `"carol"`, with: password},
		{option: "identity", value: `"CORP\\carol"`, text: `"CORP\carol"`, with: password},
		{option: "identity", value: `""`, with: password, code: badValue},
		{option: "identity", value: `"carol\n"`, with: password, code: badValue},
		{option: "identity", value: `1`, with: password, code: wrongType},
		{option: "methods", value: `["mschapv2", "gtc"]`, with: password},
		{option: "methods", value: `"md5"`, text: `["md5"]`, with: password},
		{option: "methods", value: `"md4"`, with: password, code: badValue},
		{option: "methods", value: `"mschapv2"`, code: missing},
		{option: "password", value: `"a password"`, text: "-"},
		{option: "password", value: `file("office.psk")`, text: "-"},
		{option: "password", value: `credential("absent")`, code: noFile},
		{option: "password", value: `""`, code: badValue},
		{option: "password", value: `7`, code: wrongType},
		{option: "methods", value: `["aka_prime", "aka"]`, with: sim},
		{option: "methods", value: `["mschapv2", "aka"]`, with: sim, code: missing},
		{option: "methods", value: `"aka"`, code: missing},
		{option: "sim", value: `"k=465b5ce8b199b49faa5f0a2ee238a6bc op=cdc202d5123e20f62b6d676ac72cb318"`, text: "-", with: `methods = "aka"`},
		{option: "sim", value: `file("carol.sim")`, text: "-", with: `methods = "aka_prime"`},
		{option: "sim", value: `file("office.psk")`, with: `methods = "aka"`, code: badValue},
		{option: "sim", value: `file("absent.sim")`, with: `methods = "aka"`, code: noFile},
		{option: "sim", value: `"k=465b5ce8b199b49faa5f0a2ee238a6bc"`, with: `methods = "aka"`, code: badValue},
		{option: "sim", value: `file("carol.sim")`, with: password, code: clash},
		{option: "network", value: `"WLAN"`, with: `methods = "aka_prime"` + "\n" + sim},
		{option: "network", value: `""`, with: `methods = "aka_prime"` + "\n" + sim, code: badValue},
		{option: "network", value: `"WLAN"`, with: `methods = "aka"` + "\n" + sim, code: clash},
		{option: "keyless", value: `true`, with: password},
		{option: "keyless", value: `1`, with: password, code: wrongType},
	}
}

func remoteEAPSamples() []sample {
	const users = `users = "staff"`
	return []sample{
		{option: "identity", value: `"*@example.org"`, with: users},
		{option: "identity", value: `"C=CH, CN"`, with: users, code: badValue},
		{option: "users", value: `"staff"`},
		{option: "users", value: `"a b"`, code: badValue},
		{option: "users", value: `"absent"`, code: "CONFIG-REFERENCE"},
		{option: "radius", value: `"corp"`},
		{option: "radius", value: `"corp"`, with: users, code: clash},
		{option: "radius", value: `"absent"`, code: "CONFIG-REFERENCE"},
		{option: "radius", value: `["corp"]`, code: wrongType},
		{option: "methods", value: `"mschapv2"`, with: `radius = "corp"`, code: clash},
		{option: "methods", value: `["mschapv2", "md5"]`, with: users},
		{option: "methods", value: `"otp"`, with: users, code: badValue},
		{option: "methods", value: `"gtc"`, code: missing},
		{option: "methods", value: `["aka_prime", "aka"]`, with: users},
		{option: "methods", value: `["aka", "aka_prime"]`, with: users, code: clash},
		{option: "network", value: `"example"`, with: users + "\nmethods = \"aka_prime\""},
		{option: "network", value: `7`, with: users + "\nmethods = \"aka_prime\"", code: wrongType},
		{option: "network", value: `"WLAN"`, with: users, code: clash},
		{option: "ask_identity", value: `false`, with: users},
		{option: "ask_identity", value: `"no"`, with: users, code: wrongType},
		{option: "keyless", value: `false`, with: users + "\nmethods = \"md5\""},
		{option: "keyless", value: `"no"`, with: users, code: wrongType},
	}
}
