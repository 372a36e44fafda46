package doctor_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/doctor"
	"culvert/doctor/doctortest"
)

// loaded is what a daemon tells of a configuration that is in no file here.
func loaded(t *testing.T, text string) []*config.Connection {
	t.Helper()
	c, found := config.Source{Files: fstest.MapFS{"c.hcl": {Data: []byte(text), Mode: 0o600}}, Now: now()}.Load("/c.hcl")
	if c == nil {
		t.Fatal(found)
	}
	return config.Outline(c.Effective())
}

// Connections that came to the daemon over VICI are examined like those of a file, beside them or alone.
func TestLoadedConnectionsAreExamined(t *testing.T) {
	unreachable := strings.NewReplacer("198.51.100.7", "2001:db8::7", `"office"`, `"branch"`).Replace(office)
	for name, file := range map[string]string{"beside a file": office, "alone": ""} {
		t.Run(name, func(t *testing.T) {
			p := patient(doctortest.New(), file)
			p.Loaded.Connections = loaded(t, unreachable)
			for _, uses := range []struct{ role, connection string }{{"own", "branch"}, {"own", "office"}, {"peer", "branch"}} {
				p.Loaded.Certificates = append(p.Loaded.Certificates, api.Certificate{Subject: "CN=" + uses.role + " of " + uses.connection, Fingerprint: uses.role + uses.connection,
					NotAfter: now().Add(-time.Hour), Uses: []api.CertificateUse{{Role: uses.role, Connection: uses.connection}}})
			}
			if got := findings(t, p, "routes"); got.Count(doctor.Fail) != 1 || !strings.Contains(got.Of(doctor.Fail)[0].Text, "2001:db8::7, the peer of branch") {
				t.Errorf("routes: %v", got)
			}
			got := findings(t, p, "certificates").Of(doctor.Fail)
			if len(got) != 1 || !strings.Contains(got[0].Text, "our certificate of branch, CN=own of branch in the daemon, expired on 2026-05-01") {
				t.Errorf("certificates: %v", got)
			}
			if got := findings(t, p, "configuration").Of(doctor.OK); len(got) == 0 || !strings.Contains(got[len(got)-1].Text, "1 connection beside the file") {
				t.Errorf("configuration: %v", got)
			}
		})
	}
}

func TestWhatIsLoadedIsNotKnown(t *testing.T) {
	p := patient(doctortest.New(), office)
	p.Loaded.Err = errors.New("you may not see it")
	if got := findings(t, p, "configuration").Of(doctor.Unknown); len(got) != 1 || !strings.Contains(got[0].Text, "is not known: you may not see it") {
		t.Errorf("got %v", got)
	}
}
