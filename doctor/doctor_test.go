package doctor_test

import (
	"context"
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

// office is a connection to doctortest.Peer for the network behind the host.
const office = `
connection "office" {
  local  { id = "gw.example.org" }
  remote { address = ["198.51.100.7"] }
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
  }
}
secret "office" { psk = "correct horse battery staple, and a little more" }
`

func now() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

// patient is a host with a configuration.
func patient(h *doctortest.Host, text string) *doctor.Patient {
	const path = "etc/culvert.hcl"
	h.Tree[path] = &fstest.MapFile{Data: []byte(text), Mode: 0o600, ModTime: now().Add(-time.Hour)}
	p := &doctor.Patient{Host: h, Now: now(), Path: "/" + path, Socket: "/run/s", Status: &api.Status{Version: "1", Dataplane: "user space"}}
	p.Config, p.Diagnostics = config.Source{Files: h.Tree, Now: now()}.Load("/" + path)
	return p
}

// findings examines, and returns what one check has found.
func findings(t *testing.T, p *doctor.Patient, check string) doctor.Report {
	t.Helper()
	var list doctor.Report
	for _, f := range doctor.Examine(t.Context(), p) {
		if f.Check == check {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		t.Errorf("%s has found nothing", check)
	}
	return list
}

func TestHealthyHostHasNoFaults(t *testing.T) {
	r := doctor.Examine(t.Context(), patient(doctortest.New(), office))
	for _, f := range r {
		if f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
	for _, c := range doctor.Checks() {
		if c.About == "" || len(findings(t, patient(doctortest.New(), office), c.Name)) == 0 {
			t.Errorf("%s says nothing", c.Name)
		}
	}
}

// socket is a line of /proc/net/udp or tcp.
func socket(port, state, inode string) string {
	return "  0: 00000000:" + port + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 00000000     0        0 " + inode + " 2 0000 0\n"
}

func TestFaultsAreFound(t *testing.T) {
	for name, tt := range faults() {
		t.Run(name, func(t *testing.T) {
			h := doctortest.New()
			p := patient(h, office)
			tt.plant(h, p)
			for _, f := range findings(t, p, tt.check) {
				if f.Level == tt.level && strings.Contains(f.Text, tt.text) && strings.Contains(f.Action, tt.do) {
					return
				}
			}
			t.Errorf("%+v", findings(t, p, tt.check))
		})
	}
}

func TestPortsOfTheDaemonAreItsOwn(t *testing.T) {
	h := doctortest.New()
	h.Process("7", "culvert", "/usr/bin/culvert\x00daemon\x00--config\x00x", "11")
	h.Write("proc/thread-self/net/udp", socket("01F4", "07", "11")+"  sl  local_address\n"+socket("XYZ", "07", "12"))
	h.Write("proc/thread-self/net/tcp", socket("1194", "01", "13"))
	for _, f := range findings(t, patient(h, office+"daemon { tcp_ports = [4500] }"), "ports") {
		if f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
}

// The binary may have any name, and the daemon may have been told much before the word.
func TestPortsOfADaemonWithAnotherNameAreItsOwn(t *testing.T) {
	for name, plant := range map[string]func(*doctortest.Host, *doctor.Patient){
		"the file that we are": func(h *doctortest.Host, _ *doctor.Patient) {
			h.Link("proc/7/exe", "/opt/vpn/gateway (deleted)")
			h.Link("proc/thread-self/exe", "/opt/vpn/gateway")
		},
		"the process that answers": func(_ *doctortest.Host, p *doctor.Patient) { p.Status.Process.PID = 7 },
	} {
		h := doctortest.New()
		h.Process("7", "gateway", "/opt/vpn/gateway\x00--socket\x00/run/x\x00daemon", "11")
		h.Write("proc/thread-self/net/udp", socket("01F4", "07", "11"))
		p := patient(h, office)
		if got := findings(t, p, "ports"); got[0].Level != doctor.Fail || !strings.Contains(got[0].Text, "held by gateway") {
			t.Errorf("before: %+v", got)
		}
		plant(h, p)
		if got := findings(t, p, "ports"); got[0].Level != doctor.OK || !strings.Contains(got[0].Text, "held by the daemon") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A daemon in another network namespace says nothing about this one.
func TestDaemonElsewhereIsNotOurs(t *testing.T) {
	h := doctortest.New()
	h.Process("7", "culvert", "culvert\x00daemon")
	h.Link("proc/7/ns/net", "net:[1]")
	h.Link("proc/thread-self/ns/net", "net:[2]")
	p := patient(h, office)
	p.Status, p.Unreachable = nil, errors.New("nobody listens")
	if got := findings(t, p, "daemon"); got[0].Level != doctor.Warn || !strings.Contains(got[0].Text, "does not run") {
		t.Errorf("%+v", got)
	}
}

func TestExaminationEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := doctor.Examine(ctx, patient(doctortest.New(), office)); len(r) != 0 {
		t.Errorf("%d findings", len(r))
	}
}

func TestReportIsCounted(t *testing.T) {
	r := doctor.Report{{Level: doctor.OK}, {Level: doctor.Fail, Text: "a"}, {Level: doctor.OK}}
	if r.Count(doctor.OK) != 2 || len(r.Of(doctor.Fail)) != 1 || r.Of(doctor.Fail)[0].Text != "a" {
		t.Errorf("%+v", r)
	}
}
