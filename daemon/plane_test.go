package daemon

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/config"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/ike"
	"culvert/spd"
	"culvert/suite"
	"culvert/swanctl"
	"culvert/wire"
)

// planeConfig is a configuration with one child.
func planeConfig(t *testing.T, b config.Backend, change func(*config.Connection, *config.Child)) *config.Config {
	t.Helper()
	child := &config.Child{Name: "net", Mode: esp.Tunnel, Proposals: suite.DefaultESP(), ReplayWindow: 1024}
	c := &config.Connection{Name: "site", Children: []*config.Child{child}}
	if change != nil {
		change(c, child)
	}
	return &config.Config{Daemon: &config.Daemon{Dataplane: config.Dataplane{Backend: b}}, Connections: []*config.Connection{c}}
}

func TestConfiguredPlanesAreTaken(t *testing.T) {
	for _, b := range []config.Backend{config.BackendUser, config.BackendFake} {
		if c, err := choosePlane(planeConfig(t, b, nil)); err != nil || c != (choice{backend: b}) {
			t.Errorf("%s: %+v, %v", b, c, err)
		}
	}
}

func TestWhatOnlyUserSpaceDoesIsDoneThere(t *testing.T) {
	tests := []struct {
		name   string
		change func(*config.Connection, *config.Child)
		reason string
	}{
		{"streams", func(c *config.Connection, _ *config.Child) { c.Transport = ike.TransportTCP }, "streams of TCP"},
		{"DF that is set", func(_ *config.Connection, c *config.Child) { c.DF = dataplane.DFSet }, `site/net: the kernel's data plane has no df = "set"`},
		{"IP-TFS at a rate", func(_ *config.Connection, c *config.Child) { c.IPTFS.Mode = config.IPTFSConstant }, "AGGFRAG mode at a rate"},
		{"dummy packets", func(_ *config.Connection, c *config.Child) { c.Cover = 10 }, "dummy packets"},
		{"ESN without a window", func(_ *config.Connection, c *config.Child) { c.ReplayWindow = 0; c.Proposals = withESN(t) }, "without a replay window"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := choosePlane(planeConfig(t, config.BackendAuto, tt.change))
			if err != nil || c.backend != config.BackendUser || !strings.Contains(c.reason, tt.reason) {
				t.Errorf("got %+v, %v", c, err)
			}
			if _, err := choosePlane(planeConfig(t, config.BackendKernel, tt.change)); err == nil || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("backend = kernel: %v", err)
			}
		})
	}
}

func withESN(t *testing.T) []wire.Proposal {
	t.Helper()
	p, err := suite.ParseProposals(wire.ProtocolESP, []string{"aes128gcm16-esn"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOptionsOfTheKernelAreNotPassedOver(t *testing.T) {
	_, err := choosePlane(planeConfig(t, config.BackendAuto, func(c *config.Connection, child *config.Child) {
		child.Kernel.IfIDOut.Number, c.Transport = 7, ike.TransportTCP
	}))
	if err == nil || !strings.Contains(err.Error(), "site/net has options of the kernel's data plane") {
		t.Errorf("got %v", err)
	}
}

func TestEveryTransformThatMayBeNegotiatedIsAskedFor(t *testing.T) {
	p, err := suite.ParseProposals(wire.ProtocolESP, []string{"aes128-aes256-sha256-sha512-esn-noesn", "aes128gcm16"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range childTransforms(&config.Child{Proposals: p, DraftSHA256: true}) {
		names = append(names, e.String())
	}
	if len(names) != 8+1 || !strings.Contains(strings.Join(names, " "), "AES_CBC_256/HMAC_SHA2_512_256/ESN AES_CBC_256/HMAC_SHA2_512_256 ") ||
		!strings.Contains(strings.Join(names, " "), "AES_CBC_256/HMAC_SHA2_256_96/ESN") {
		t.Errorf("got %q", names)
	}
}

func TestFewKernelsHaveIPTFS(t *testing.T) {
	with := planeConfig(t, config.BackendAuto, func(_ *config.Connection, c *config.Child) { c.IPTFS.Mode = config.IPTFSAsNeeded })
	if err := fewKernels(with); err == nil || !strings.Contains(err.Error(), "site/net has IP-TFS") {
		t.Errorf("%v", err)
	}
	if err := fewKernels(planeConfig(t, config.BackendAuto, nil)); err != nil {
		t.Errorf("without: %v", err)
	}
}

// A policy that the kernel cannot express would not be there, and what it discards would leave.
func TestPoliciesThatTheKernelCannotExpressAreLeftToUserSpace(t *testing.T) {
	cfg := planeConfig(t, config.BackendAuto, nil)
	s, err := spd.ParseSelector("10.0.0.0/8[tcp]")
	if err != nil {
		t.Fatal(err)
	}
	opaque := s
	opaque.StartPort, opaque.EndPort = 65535, 0
	cfg.Policies = []*config.Policy{{Name: "secret", Action: spd.Discard, Local: []spd.Selector{s}, Remote: []spd.Selector{opaque}}}
	if c, err := choosePlane(cfg); err != nil || c.backend != config.BackendUser || !strings.Contains(c.reason, "policy secret: the kernel's data plane has no") {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestDataPlaneThatRunsIsHeldAgainstAReload(t *testing.T) {
	marks := planeConfig(t, config.BackendAuto, func(_ *config.Connection, c *config.Child) { c.Kernel.IfIDOut.Number = 7 })
	streams := planeConfig(t, config.BackendAuto, func(c *config.Connection, _ *config.Child) { c.Transport = ike.TransportTCP })
	for _, tt := range []struct {
		running config.Backend
		cfg     *config.Config
		refusal string
	}{
		{config.BackendUser, marks, "site/net has options of the kernel's data plane"},
		{config.BackendUser, streams, ""},
		{config.BackendKernel, streams, "connection site may use streams of TCP"},
		{config.BackendFake, marks, ""},
	} {
		err := choice{backend: tt.running}.fits(tt.cfg)
		if (err == nil) != (tt.refusal == "") || err != nil && !strings.Contains(err.Error(), tt.refusal) {
			t.Errorf("%s is running: %v", tt.running, err)
		}
	}
}

// What swanctl has loaded is a text that nobody has seen: the connection's name has to do.
func TestErrorsAboutTheKernelNameNoTextInMemory(t *testing.T) {
	text := []byte("connection \"site\" {\n  remote { address = \"192.0.2.9\" }\n  child \"net\" { mark_in = \"1\" }\n}\nsecret \"site\" { psk = \"0x00112233445566778899aabbccddeeff\" }\n")
	name := swanctl.Folder + "vici.hcl"
	cfg, found := config.Source{Files: config.Overlay{Files: map[string][]byte{name: text}}}.Load(name)
	if found.Errors() {
		t.Fatal(found)
	}
	if err := (choice{backend: config.BackendUser}).fits(cfg); err == nil || !strings.HasPrefix(err.Error(), "site/net has options") {
		t.Errorf("got %v", err)
	}
}

// An error about the kernel says where the configuration asks for it, why it cannot be, and what to do.
func TestErrorsAboutTheKernelHaveAPlace(t *testing.T) {
	for _, tt := range []struct{ backend, option, place, action string }{
		{"kernel", "", `site.hcl:2:25: backend = "kernel", but site/net`, `set it to "auto"`},
		{"auto", "mark_in = \"1\"", "site.hcl:6:3: site/net has options of the kernel's data plane, but site/net", "leave them out"},
	} {
		text := fmt.Sprintf("daemon {\n  dataplane { backend = %q }\n}\nconnection \"site\" {\n  remote { address = \"192.0.2.9\" }\n  child \"net\" {\n    replay_window = 0\n    %s\n  }\n}\n"+
			"secret \"site\" { psk = \"0x00112233445566778899aabbccddeeff\" }\n", tt.backend, tt.option)
		cfg, found := config.Source{Files: fstest.MapFS{"site.hcl": {Data: []byte(text), Mode: 0o600}}}.Load("/site.hcl")
		if found.Errors() {
			t.Fatal(found)
		}
		_, err := choosePlane(cfg) // ESN without a replay window is beyond every kernel
		if err == nil || !strings.Contains(err.Error(), tt.place) || !strings.Contains(err.Error(), tt.action) {
			t.Errorf("%s: %v", tt.backend, err)
		}
	}
}
