package cli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/api/apitest"
	"culvert/config"
	"culvert/doctor"
	"culvert/doctor/doctortest"
	"culvert/internal/golden"
)

// examining returns a shell on a healthy host, with a daemon.
func examining(t *testing.T) (*shell, *doctortest.Host) {
	fake := apitest.New(8)
	fake.Now = sampleStatus()
	fake.Now.Connections, fake.Now.Warnings = nil, nil
	s, h := serving(t, fake), doctortest.New()
	h.Tree["etc/culvert/culvert.hcl"] = &fstest.MapFile{Data: []byte(""), Mode: 0o600}
	s.env.Host, s.env.Source = h, config.Source{Files: h.Tree}
	return s, h
}

func TestDoctorShowsWhatIsRight(t *testing.T) {
	s, _ := examining(t)
	s.run(exitOK, "doctor")
	golden.File(t, "testdata/doctor.txt", strings.ReplaceAll(s.out.String(), s.vars["CULVERT_SOCKET"], "/run/s"))
	s.run(exitOK, "doctor", "--quiet")
	if got := s.out.String(); strings.Contains(got, "Right") || !strings.Contains(got, "0 faults") {
		t.Errorf("got\n%s", got)
	}
}

func TestDoctorEndsByWhatItFinds(t *testing.T) {
	s, h := examining(t)
	h.NTP = false
	s.run(exitOK, "doctor")
	s.run(exitFailure, "doctor", "--strict")
	delete(h.Tree, "dev/net/tun")
	s.run(exitFailure, "doctor")
	if got := s.out.String(); !strings.Contains(got, "Faults\n  tun: there is no /dev/net/tun") || !strings.Contains(got, "    -> load the module") {
		t.Errorf("got\n%s", got)
	}
	if got := s.err.String(); !strings.Contains(got, "1 fault and 1 warning") || !strings.Contains(got, "HOST-UNFIT") {
		t.Errorf("got %s", got)
	}
	s.run(exitFailure, "doctor", "--json")
	var got examined
	if err := json.Unmarshal(s.out.Bytes(), &got); err != nil || got.Counts[doctor.Fail] != 1 || len(got.Findings) < len(doctor.Checks()) {
		t.Errorf("%v in %s", err, s.out.String())
	}
}

func TestDoctorWorksWithoutDaemon(t *testing.T) {
	s, h := examining(t)
	s.vars["CULVERT_SOCKET"] = "/nonexistent/s"
	h.CensusErr = errors.New("no XFRM")
	s.run(exitOK, "doctor")
	if got := s.out.String(); !strings.Contains(got, "the daemon does not run: there is no socket /nonexistent/s") {
		t.Errorf("got\n%s", got)
	}
}

// What the daemon has from elsewhere than the file is examined as well, and what is in both once.
func TestDoctorAsksTheDaemonForWhatWasLoaded(t *testing.T) {
	fake := apitest.New(8)
	fake.Now = sampleStatus()
	for _, name := range []string{"office", "branch"} {
		fake.Configured.Effective = append(fake.Configured.Effective, config.Effective{Kind: "connection", Name: name,
			Blocks: []config.Effective{{Kind: "remote", Options: []config.Setting{{Name: "address", Value: `["2001:db8::7"]`}}}}})
	}
	s, h := serving(t, fake), doctortest.New()
	h.Tree["etc/culvert/culvert.hcl"] = &fstest.MapFile{Data: []byte("connection \"office\" {\n  local { id = \"gw.example.org\" }\n}\nsecret \"office\" { psk = \"correct horse battery staple\" }\n"), Mode: 0o600}
	s.env.Host, s.env.Source = h, config.Source{Files: h.Tree}
	s.run(exitFailure, "doctor")
	if got := s.out.String(); !strings.Contains(got, "there is no route to 2001:db8::7, the peer of branch") || strings.Contains(got, "the peer of office") {
		t.Errorf("got\n%s", got)
	}
}
