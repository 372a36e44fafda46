package config

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const precious = "topsecret"

func checkSecrecy(t interface{ Errorf(string, ...any) }, found Diagnostics) {
	document, err := json.Marshal(found)
	if err != nil {
		t.Errorf("%v", err)
	}
	if strings.Contains(found.String()+string(document)+fmt.Sprint(found.Err()), precious) {
		t.Errorf("the secret is in\n%s", found)
	}
}

func TestSecretsAreNotInMessages(t *testing.T) {
	text, err := os.ReadFile("testdata/secrets/culvert.hcl")
	if err != nil {
		t.Fatal(err)
	}
	_, found := load(string(text))
	checkSecrecy(t, found)
	_, found = loadJSON(`{"secret":{"a":{"psk":["topsecret"]},"b":{"pks":"topsecret"},"c":{"psk":{"topsecret-no":1}}},"connection":{"a":{"psk":"topsecret"}}}`)
	checkSecrecy(t, found)
}

// However a configuration with a secret is damaged, what is said of it does not show the secret.
func TestDamageDoesNotRevealSecrets(t *testing.T) {
	whole := office + "secret \"office\" {\n  ids = [\"gw.example.org\"]\n  psk = \"" + precious + "\"\n}\n"
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(whole)
		for range rapid.IntRange(1, 3).Draw(t, "damages") {
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			if rapid.Bool().Draw(t, "remove") {
				b = append(b[:at], b[at+1:]...)
			} else {
				b[at] = rapid.SampledFrom([]byte("\"{}[]=\n#$x, ")).Draw(t, "by")
			}
		}
		_, found := load(string(b))
		if strings.Contains(string(b), precious) {
			checkSecrecy(t, found)
		}
	})
}

// Nor do two damages at once, of which one looks as if the secret were a name.
func TestSecretsThatLookLikeNamesAreNotInMessages(t *testing.T) {
	for _, damaged := range []string{
		`psk  "topsecret=`, `psk  "topsecret"=`, `psk " "topsecret"=`, `psk { "topsecret=`, `psk } "topsecret"=`, `psk [ "topsecret=`,
		"psk \n \"topsecret=", "psk =\n\"topsecret=", "psk = \"\ntopsecret\"",
	} {
		_, found := load(office + "secret \"office\" {\n  ids = [\"gw.example.org\"]\n  " + damaged + "\n}\n")
		checkSecrecy(t, found)
	}
}

func TestConfigPrintsWithoutItsSecrets(t *testing.T) {
	c := mustLoad(t, office+"secret \"office\" { psk = \""+precious+"\" }\n")
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if strings.Contains(fmt.Sprintf(verb, c.Secrets[0]), precious) {
			t.Errorf("%s shows the secret", verb)
		}
	}
	document, err := json.Marshal(c.Secrets)
	if err != nil || strings.Contains(string(document), precious) {
		t.Errorf("error %v, JSON %s", err, document)
	}
}
