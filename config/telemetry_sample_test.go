package config

func telemetrySamples() []sample {
	const at = `endpoint = "https://otlp.example.org"`
	return []sample{
		{option: "endpoint", value: `"http://127.0.0.1:4318"`},
		{option: "endpoint", value: `"https://otlp.example.org/otlp"`},
		{option: "endpoint", value: `"grpc://127.0.0.1:4317"`, code: badValue},
		{option: "endpoint", value: `"https://carol:secret@example.org/"`, code: badValue},
		{option: "endpoint", value: `4318`, code: wrongType},
		{option: "headers", value: `"Authorization: Bearer x"`, with: at, text: "-"},
		{option: "headers", value: "<<END\nX-Token: a\nX-Tenant: b\nEND", with: at, text: "-"},
		{option: "headers", value: `"Authorization"`, with: at, code: badValue},
		{option: "headers", value: `"a b: c"`, with: at, code: badValue},
		{option: "headers", value: `"Content-Type: text/plain"`, with: at, code: badValue},
		{option: "headers", value: `file("absent.headers")`, with: at, code: noFile},
		{option: "headers", value: `["a: b"]`, with: at, code: wrongType},
		{option: "service_name", value: `"edge"`, with: at},
		{option: "service_name", value: `""`, with: at, code: badValue},
		{option: "sample", value: `0.25`, with: at},
		{option: "sample", value: `1.5`, with: at, code: badValue},
		{option: "sample", value: `"all"`, with: at, code: wrongType},
		{option: "timeout", value: `"3s"`, with: at},
		{option: "timeout", value: `"1h"`, with: at, code: badValue},
		{option: "ca", value: `["ca.pem"]`, with: at, text: "-"},
		{option: "ca", value: `["absent.pem"]`, with: at, code: noFile},
		{option: "ca", value: `["ca.pem"]`, with: `endpoint = "http://otlp.example.org"`, code: clash},
	}
}
