package cli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"culvert/selftest"
)

func TestSelftestPasses(t *testing.T) {
	s := newShell(t)
	s.run(exitOK, "selftest", "--verbose")
	for _, want := range []string{"ok    known answers: ESP AES_GCM_16_256", "ok    handshake        4 of   4", "processor: "} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("no %q in\n%s", want, s.out.String())
		}
	}
}

func TestFailedSelftestIsTold(t *testing.T) {
	tests := []selftest.Test{{Kind: "known answers", Name: "SHA-0", Try: func() error { return errors.New("it is something else") }}}
	s := newShell(t)
	a := &app{Env: s.env}
	err := a.selftest(t.Context(), tests, false)
	if got := s.out.String(); err == nil || !strings.Contains(got, "FAIL  known answers: SHA-0\n      it is something else\n") || !strings.Contains(got, "0 of   1") {
		t.Errorf("%v\n%s", err, got)
	}
	s.out.Reset()
	a.json = true
	err = a.selftest(t.Context(), tests, false)
	var got tested
	if json.Unmarshal(s.out.Bytes(), &got) != nil || got.Failed != 1 || got.Results[0].Reason == "" || err == nil {
		t.Errorf("%v in %s", err, s.out.String())
	}
}
