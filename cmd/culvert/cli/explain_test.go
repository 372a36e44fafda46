package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"culvert/api/apitest"
	"culvert/explain"
	"culvert/wire"
)

func TestCodesAreFoundInAnySpelling(t *testing.T) {
	s := newShell(t)
	for _, word := range []string{"IKE-TIMEOUT", "ike-timeout", "IKE_TIMEOUT", "ike_timeout", "Ike Timeout"} {
		s.run(exitOK, "explain", word)
		if !strings.HasPrefix(s.out.String(), "IKE-TIMEOUT\n") {
			t.Errorf("%s: got %q", word, s.out.String())
		}
	}
}

func TestErrorsOfIKEAreExplainedByNameAndNumber(t *testing.T) {
	s := newShell(t) // no daemon
	for _, word := range []string{"NO_PROPOSAL_CHOSEN", "no_proposal_chosen", "no-proposal-chosen", "NOTIFY(14)", "notify-14", "14"} {
		s.run(exitOK, "explain", word)
		for _, want := range []string{"NO_PROPOSAL_CHOSEN  notify 14", "IKE-NO-PROPOSAL", "IKE-NO-CONNECTION"} {
			if !strings.Contains(s.out.String(), want) {
				t.Errorf("%s: no %q in %q", word, want, s.out.String())
			}
		}
	}
	s.run(exitOK, "explain", "ts_unacceptable", "--json")
	var e explainedNotify
	if err := json.Unmarshal(s.out.Bytes(), &e); err != nil || e.Number != 38 || len(e.Codes) != 1 || e.Codes[0].Code != explain.IKETSUnacceptable {
		t.Errorf("got %s, %v", s.out.String(), err)
	}
}

func TestEveryErrorOfIKEIsExplained(t *testing.T) {
	for n := wire.NotifyType(1); n.IsError(); n++ {
		if strings.HasPrefix(n.String(), "NOTIFY(") {
			continue
		}
		known, ok := findNotification(n.String())
		if !ok || known.number != n || len(known.codes) == 0 {
			t.Errorf("%v: got %+v", n, known)
		}
	}
}

func TestMisspeltCodesAreAnsweredWithWhatWasMeant(t *testing.T) {
	s := serving(t, apitest.New(8))
	for word, want := range map[string]string{
		"IKE_TIMOUT": "did you mean IKE-TIMEOUT?", "auth-psk-worng": "did you mean AUTH-PSK-WRONG?", "no_propsal_chosen": "did you mean NO-PROPOSAL-CHOSEN?",
		"NO-SUCH-THING": "lists those that there are", "elsewhere": "culvert trace --list",
	} {
		s.run(exitNotFound, "explain", word)
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("%s: got %q", word, s.err.String())
		}
	}
}
