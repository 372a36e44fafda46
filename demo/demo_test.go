package demo

import (
	"bytes"
	"testing"
)

// The demonstration runs whole without root, and tells what happened.
func TestDemoWithoutRoot(t *testing.T) {
	var out bytes.Buffer
	if err := Run(t.Context(), Options{Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"IKE_SA_INIT request 0", "IKE SA established", "answered request 3", "child net rekeyed", "IKE SA rekeyed", "packets arrived", "aes256gcm16", "IKE SA closed", "With root"} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("nothing about %q in\n%s", want, out.String())
		}
	}
}
