package config

import "culvert/explain"

func hooksSamples() []sample {
	return []sample{
		{option: "timeout", value: `"5s"`},
		{option: "timeout", value: `"0s"`, code: badValue},
		{option: "timeout", value: `5`, code: wrongType},
		{option: "at_once", value: `1`},
		{option: "at_once", value: `257`, code: badValue},
		{option: "queue", value: `16`},
		{option: "queue", value: `0`, code: badValue},
	}
}

func childHookSamples() []sample {
	return []sample{
		{option: "updown", value: `"/usr/libexec/ipsec/_updown iptables"`},
		{option: "updown", value: `" "`, code: badValue},
		{option: "updown", value: "<<END\na\nb\nEND", code: badValue},
		{option: "updown", value: `true`, code: wrongType},
		{option: "host_access", value: `true`, with: `updown = "true"`},
		{option: "host_access", value: `true`, code: clash},
		{option: "inactivity", value: `"30m"`},
		{option: "inactivity", value: `"-1s"`, code: badValue},
		{option: "copy_ecn", value: `false`},
		{option: "copy_ecn", value: `"no"`, code: wrongType},
		{option: "copy_ecn", value: `false`, with: `mode = "transport"`, code: clash},
		{option: "sha256_96", value: `true`},
		{option: "sha256_96", value: `96`, code: wrongType},
		{option: "reqid", value: `42`},
		{option: "reqid", value: `-1`, code: badValue},
		{option: "reqid", value: `42`, with: `per_cpu_sas = true`, code: clash},
		{option: "install_policies", value: `false`},
		{option: "install_policies", value: `true`},
		{option: "install_policies", value: `"no"`, code: wrongType},
		{option: "install_policies", value: `false`, with: `start = "trap|start"`, code: clash},
		{option: "forward_policies", value: `true`},
		{option: "forward_policies", value: `1`, code: wrongType},
		{option: "icmp", value: `true`},
		{option: "icmp", value: `"yes"`, code: wrongType},
		{option: "start", value: `"trap|start"`},
		{option: "on_close", value: `"trap|start"`},
		{option: "dpd_action", value: `"trap|restart"`},
	}
}

func webhookSamples() []sample {
	const at = `url = "https://hooks.example.org/"`
	return []sample{
		{option: "url", value: `"https://hooks.example.org/culvert?x=y"`},
		{option: "url", value: `"http://127.0.0.1:8080/"`},
		{option: "url", value: `"ftp://example.org/"`, code: badValue},
		{option: "url", value: `"https://carol:secret@example.org/"`, code: badValue},
		{option: "url", value: `"https://"`, code: badValue},
		{option: "url", value: `1`, code: wrongType},
		{option: "events", value: `["up", "warning"]`, with: at},
		{option: "events", value: `["sent"]`, with: at, code: badValue},
		{option: "connections", value: `["b"]`, with: at},
		{option: "connections", value: `["c"]`, with: at, code: explain.ConfigReference},
		{option: "secret", value: `"0123456789abcdef"`, with: at, text: "-"},
		{option: "secret", value: `"too short"`, with: at, code: clash},
		{option: "timeout", value: `"2s"`, with: at},
		{option: "timeout", value: `"2m"`, with: at, code: badValue},
		{option: "tries", value: `1`, with: at},
		{option: "tries", value: `0`, with: at, code: badValue},
		{option: "ca", value: `["ca.pem"]`, with: at, text: "-"},
		{option: "ca", value: `["absent.pem"]`, with: at, code: noFile},
		{option: "ca", value: `["ca.pem"]`, with: `url = "http://hooks.example.org/"`, code: clash},
	}
}

func moduleSamples() []sample {
	const path = `path = "/usr/lib/x.so"`
	return []sample{
		{option: "path", value: `"/usr/lib/x.so"`},
		{option: "path", value: `"x.so"`, code: badValue},
		{option: "path", value: `7`, code: wrongType},
		{option: "load_certs", value: `false`, with: path},
		{option: "load_certs", value: `"no"`, with: path, code: wrongType},
	}
}

func authoritySamples() []sample {
	const ca = `ca = "ca.pem"`
	return []sample{
		{option: "ca", value: `"ca.pem"`, text: "-"},
		{option: "ca", value: `"leaf.pem"`, code: clash},
		{option: "ca", value: `"absent.pem"`, code: noFile},
		{option: "crl_uris", value: `["http://crl.example.org/ca.crl"]`, with: ca},
		{option: "crl_uris", value: `"ldap://crl.example.org/"`, with: ca, code: badValue},
		{option: "ocsp_uris", value: `["http://ocsp.example.org/"]`, with: ca},
		{option: "ocsp_uris", value: `8080`, with: ca, code: wrongType},
		{option: "cert_uri_base", value: `"http://certs.example.org/"`, with: ca},
		{option: "cert_uri_base", value: `"certs"`, with: ca, code: badValue},
	}
}
