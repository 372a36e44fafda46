package config

import (
	"strings"
	"testing"

	"culvert/explain"
)

func TestValuesHaveToBePlain(t *testing.T) {
	tests := []struct {
		name, value string
		code        explain.Code // "": accepted
		says        string
	}{
		{"number", `7`, "", ""},
		{"in parentheses", `(7)`, "", ""},
		{"negative", `-7`, "", ""},
		{"twice negative", `-(-7)`, "", ""},
		{"not", `!true`, wrongType, "plain value"},
		{"sum", `3 + 4`, wrongType, "plain value"},
		{"comparison", `3 == 4`, wrongType, "plain value"},
		{"condition", `true ? 7 : 8`, wrongType, "plain value"},
		{"for", `[for x in [7]: x]`, wrongType, "plain value"},
		{"index", `[7][0]`, wrongType, "plain value"},
		{"splat", `[7].*`, wrongType, "plain value"},
		{"null", `null`, wrongType, "plain value"},
		{"variable", `seven`, wrongType, `write it in quotes: "seven"`},
		{"attribute of a variable", `daemon.port`, wrongType, "write it in quotes"},
		{"function", `max(1, 7)`, wrongType, "there is no such function"},
		{"function in a string", `"${max(1, 7)}"`, wrongType, "there is no such function"},
		{"variable in a string", `"a${b}c"`, wrongType, "plain value"},
		{"directive in a string", `"%{ if true }7%{ endif }"`, wrongType, "plain value"},
		{"negative string", `-"7"`, wrongType, "plain value"},
		{"file where none is taken", `file("x")`, wrongType, "priority cannot be the result of file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := load("policy \"p\" {\n action = \"bypass\"\n local = \"10.0.0.1\"\n remote = \"10.0.0.2\"\n priority = " + tt.value + "\n}\n")
			if tt.code == "" && len(found) > 0 || tt.code != "" && (!has(found, tt.code, 5) || !strings.Contains(found.String(), tt.says)) {
				t.Error(found)
			}
		})
	}
}

func TestStringsMayBeWrittenInEveryWay(t *testing.T) {
	for name, value := range map[string]string{
		"quoted":     `"gw.example.org"`,
		"escaped":    `"gw\u002eexample.org"`,
		"wrapped":    `"${"gw.example.org"}"`,
		"parens":     `("gw.example.org")`,
		"no space":   `"gw.example.org"# comment`,
		"a comment":  `/* here */ "gw.example.org"`,
		"a list":     `["gw.example.org"]`,
		"with comma": `["gw.example.org",]`,
		"lines":      "[\n\"gw.example.org\",\n]",
	} {
		option := "id"
		if strings.HasPrefix(value, "[") {
			option = "address"
		}
		c, found := load("connection \"a\" {\n remote {\n " + option + " = " + value + "\n }\n child \"c\" {}\n}\n" + anySecret)
		if c == nil {
			t.Errorf("%s: %s", name, found)
			continue
		}
		r := c.Connection("a").Remote
		if got := r.ID.String() + strings.Join(r.Names(), " "); strings.TrimPrefix(got, "%any") != "gw.example.org" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestMistakesInsideOfStringsAreMarkedWhereTheyAre(t *testing.T) {
	tests := []struct {
		name, line     string
		column, length int
	}{
		{"word of a proposal", `  proposals = ["default", "aes256-sha256-x25518"]`, 42, 6},
		{"first word", `  proposals = "aes257-sha256-x25519"`, 16, 6},
		{"capitals", `  proposals = "AES256-SHA256-X25518"`, 30, 6},
		{"unit of a duration", `  rekey_time = "4h30x"`, 19, 3},
		{"order of units", `  rekey_time = "30m4h"`, 20, 2},
		{"behind an escape the whole", `  rekey_time = "4h\u0033x"`, 16, 11},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := load("connection \"a\" {\n" + tt.line + "\n}\n")
			if len(found) == 0 || found[0].Line != 2 || found[0].Column != tt.column || found[0].Length != tt.length {
				t.Errorf("want column %d and length %d, got\n%s", tt.column, tt.length, found)
			}
		})
	}
}

func TestBlocksHaveTheNamesThatTheyNeed(t *testing.T) {
	tests := []struct {
		name, text, says string
		code             explain.Code
	}{
		{"none where one is needed", "pool {\n}\n", "a block pool has one name", explain.ConfigBadName},
		{"two", "pool \"a\" \"b\" {\n}\n", "a block pool has one name", explain.ConfigBadName},
		{"one where none is taken", "daemon \"a\" {\n}\n", "a block daemon has no name", explain.ConfigBadName},
		{"empty", "pool \"\" {\n}\n", "it is empty", explain.ConfigBadName},
		{"long", "pool \"" + strings.Repeat("a", 65) + "\" {\n}\n", "it is too long", explain.ConfigBadName},
		{"slash", "pool \"a/b\" {\n}\n", "'/'", explain.ConfigBadName},
		{"control character", "pool \"a\\u001bb\" {\n}\n", `'\x1b'`, explain.ConfigBadName},
		{"dash in front", "pool \"-a\" {\n}\n", "it begins with '-'", explain.ConfigBadName},
		{"without quotes", "pool clients { addresses = \"10.0.0.1\" }\n", "", ""},
		{"letters of any script", "pool \"zürich-1.a_b\" { addresses = \"10.0.0.1\" }\n", "", ""},
		{"twice", "pool \"a\" { addresses = \"10.0.0.1\" }\npool \"a\" { addresses = \"10.0.0.2\" }\n", "has a second block pool \"a\"", explain.ConfigDuplicate},
		{"daemon twice", "daemon {\n}\ndaemon {\n}\n", "has a second block daemon", explain.ConfigDuplicate},
		{"child twice", "connection \"a\" {\n child \"c\" {}\n child \"c\" {}\n}\n", `connection "a" has a second block child "c"`, explain.ConfigDuplicate},
		{"the same child elsewhere", peerTo("a", "192.0.2.1", `child "c" {}`) + peerTo("b", "192.0.2.2", `child "c" {}`) + anySecret, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := load(tt.text)
			if tt.code == "" && found.Errors() || tt.code != "" && (!has(found, tt.code, 0) || !strings.Contains(found.String(), tt.says)) {
				t.Error(found)
			}
		})
	}
}

func TestTwinsAcrossFilesAreSeen(t *testing.T) {
	_, found := source(map[string]string{
		"culvert.hcl": "include = \"more.*\"\npool \"a\" { addresses = \"10.0.0.1\" }\ndaemon {\n}\n",
		"more.hcl":    "pool \"a\" { addresses = \"10.0.0.2\" }\n",
		"more.json":   `{"daemon": {}}`,
	}).Load(dir + "culvert.hcl")
	for _, want := range []string{
		"/etc/culvert/more.hcl:1:1: error: the configuration has a second block pool \"a\"",
		"/etc/culvert/more.json:1:2: error: the configuration has a second block daemon",
		"the first one is at /etc/culvert/culvert.hcl:2:1",
		"the first one is at /etc/culvert/culvert.hcl:3:1",
	} {
		if !strings.Contains(found.String(), want) {
			t.Errorf("no %q in\n%s", want, found)
		}
	}
}

func TestOneMistakeInSyntaxDoesNotHideOthers(t *testing.T) {
	_, found := load("connection \"a\" {\n remote { address = \"x\" port = 1 }\n}\npool \"p\" {\n adresses = \"10.0.0.1\"\n}\npool \"q\" {\n addresses = [\"10.0.0.2\"\n}\npolicy \"x\" {\n action = \"drop\"\n}\n")
	for code, line := range map[explain.Code]int{explain.ConfigSyntax: 2, explain.ConfigUnknownKey: 5, explain.ConfigBadValue: 11} {
		if !has(found, code, line) {
			t.Errorf("no %s in line %d", code, line)
		}
	}
	if !has(found, explain.ConfigSyntax, 8) && !has(found, explain.ConfigSyntax, 9) {
		t.Error("the list that is not closed is not seen")
	}
	if has(found, explain.ConfigMissingKey, 0) {
		t.Errorf("what may stand in the broken part is said to be missing:\n%s", found)
	}
}
