package config

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
	}
}
