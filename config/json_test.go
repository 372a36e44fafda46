package config

import (
	"strings"
	"testing"

	"culvert/explain"
)

func loadJSON(text string) (*Config, Diagnostics) {
	return source(map[string]string{"culvert.json": text, "office.psk": "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029\n"}).Load(dir + "culvert.json")
}

func TestJSONMeansTheSame(t *testing.T) {
	native := mustLoad(t, `
daemon {
  port = 501
  retransmit { tries = 7 }
}
connection "office" {
  local { address = ["192.0.2.1"] }
  remote { address = "vpn.example.net" }
  pools = ["clients"]
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
  }
  child "voice" { start = "trap" }
}
pool "clients" {
  addresses = ["10.9.0.0/24"]
  static    = { "carol@example.org" = "10.9.0.7" }
}
`+officeSecret)
	twin, found := loadJSON(`{
  "//": "a comment",
  "daemon": {"port": 501, "retransmit": {"tries": 7}},
  "connection": {"office": {
    "local": {"address": ["192.0.2.1"]},
    "remote": {"address": "vpn.example.net"},
    "pools": ["clients"],
    "child": {
      "net": {"local": ["10.1.0.0/16"], "remote": ["10.2.0.0/16"]},
      "voice": {"start": "trap"}
    }
  }},
  "pool": {"clients": {"addresses": ["10.9.0.0/24"], "static": {"carol@example.org": "10.9.0.7"}}},
  "secret": {"office": {"psk": "${file(\"office.psk\")}"}}
}`)
	if found.Errors() {
		t.Fatal(found)
	}
	if d := Diff(native, twin); !alike(d) {
		t.Errorf("the twins differ: %+v", d)
	}
}

func TestMistakesInJSONHaveTheirPlace(t *testing.T) {
	tests := []struct {
		name, text string
		code       explain.Code
		line       int
		says       string
	}{
		{"syntax", "{\n\"daemon\": {,}\n}", explain.ConfigSyntax, 2, ""},
		{"not an object", "[]", explain.ConfigWrongType, 1, "the configuration takes an object"},
		{"unknown option", "{\"daemon\": {\n\"prot\": 500}}", explain.ConfigUnknownKey, 2, `did you mean "port"?`},
		{"unknown block", "{\n\"demon\": {}}", explain.ConfigUnknownKey, 2, `did you mean "daemon"?`},
		{"option twice", "{\"daemon\": {\n\"port\": 500,\n\"port\": 501}}", explain.ConfigDuplicate, 3, "twice"},
		{"block is null", "{\"connection\": {\n\"a\": null}}", explain.ConfigWrongType, 2, `connection "a" takes an object`},
		{"blocks without names", "{\"connection\":\n[{}]}", explain.ConfigWrongType, 2, "connection takes an object"},
		{"value is null", "{\"daemon\": {\n\"port\": null}}", explain.ConfigWrongType, 2, "plain value"},
		{"string for a number", "{\"daemon\": {\n\"port\": \"500\"}}", explain.ConfigWrongType, 2, "port cannot be a string"},
		{"call without a string", "{\"secret\": {\"a\": {\n\"psk\": \"${file(x)}\"}}}", explain.ConfigWrongType, 2, "file takes one name in quotes"},
		{"unknown function", "{\"secret\": {\"a\": {\n\"psk\": \"${env(\\\"x\\\")}\"}}}", explain.ConfigWrongType, 2, "there is no such function"},
		{"second block", "{\"connection\": {\"a\": {\"local\": [{},\n{}]}}}", explain.ConfigDuplicate, 1, "second block local"},
		{"bad name", "{\"pool\": {\n\"a b\": {\"addresses\": []}}}", explain.ConfigBadName, 2, "' '"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := loadJSON(tt.text)
			if !has(found, tt.code, tt.line) || !strings.Contains(found.String(), tt.says) {
				t.Error(found)
			}
		})
	}
}
