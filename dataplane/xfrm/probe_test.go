package xfrm

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/suite"
	"culvert/wire"
)

func TestProbeLeavesNothing(t *testing.T) {
	k := newFakeKernel()
	for _, e := range []suite.ESP{gcm(), {ENCR: gcm().ENCR, ESN: true}} {
		for _, between := range [][2]string{documentation4, documentation6} {
			if err := try(k, e, between); err != nil || len(k.states) != 0 {
				t.Errorf("%v: %v, left %v", e, err, k.states)
			}
		}
	}
}

func TestProbeSaysWhatIsMissing(t *testing.T) {
	tests := []struct {
		refusal error
		between [2]string
		reason  string
	}{
		{unix.EPROTONOSUPPORT, documentation4, "module esp4 is missing"},
		{unix.EPROTONOSUPPORT, documentation6, "module esp6 is missing"},
		{unix.ENOSYS, documentation4, "does not know rfc4106(gcm(aes))"},
		{unix.EPERM, documentation4, "CAP_NET_ADMIN"},
		{unix.EINVAL, documentation4, "refuses a state with rfc4106(gcm(aes)): invalid argument"},
	}
	for _, tt := range tests {
		k := newFakeKernel()
		k.refuse = func(string) error { return tt.refusal }
		err := try(k, gcm(), tt.between)
		var missing *MissingError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), tt.reason) || !errors.Is(err, tt.refusal) {
			t.Errorf("%v: %v", tt.refusal, err)
		}
	}
	iiv := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16IIV, KeyLength: 128}}
	if err := try(newFakeKernel(), iiv, documentation4); err == nil || !strings.Contains(err.Error(), "IIV") {
		t.Errorf("implicit IV: %v", err)
	}
}

func TestModulesThatAreKeptOutAreFound(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "hardening.conf")
	if err := os.WriteFile(file, []byte("# blacklist esp6\nblacklist esp4\ninstall ah4 /bin/false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for module, want := range map[string]string{"esp4": file, "ah4": file, "esp6": ""} {
		if got := blacklisted(module, []string{"/nonexistent", folder}); !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q", module, got)
		}
	}
}

func TestFeaturesAreReadBack(t *testing.T) {
	k := newFakeKernel() // which keeps everything, as the newest kernel
	if f := features(k); f != (Features{true, true, true}) || len(k.states) != 0 {
		t.Errorf("newest: %+v, left %v", f, k.states)
	}
	if f := features(forgetful{newFakeKernel()}); f != (Features{}) {
		t.Errorf("old: %+v", f)
	}
}

// forgetful passes over the attributes of newer kernels, as an older one.
type forgetful struct{ *fakeKernel }

func (k forgetful) AddState(s *nl.State) error {
	old := *s
	old.Direction, old.CPU, old.IPTFS = 0, nil, nil
	return k.fakeKernel.AddState(&old)
}

func TestUnsupportedIsKnownBeforeAnyKernelIsAsked(t *testing.T) {
	sa := testSA(t, dataplane.Inbound, 0, 0)
	if err := Unsupported(&sa); err != nil {
		t.Errorf("plain: %v", err)
	}
	sa.DF = dataplane.DFSet
	if err := Unsupported(&sa); err == nil {
		t.Error("df = set is taken")
	}
	p := protect(t, 1, "10.1.0.0/16[tcp/opaque]", "10.2.0.0/16")
	if err := UnsupportedPolicy(&p); err == nil {
		t.Error("OPAQUE is taken")
	}
}

func TestPortsComeApart(t *testing.T) {
	for _, tt := range []struct {
		first, last uint16
		want        int
	}{{0, 65535, 1}, {80, 80, 1}, {1024, 65535, 6}, {1, 65534, 30}, {1000, 1999, 7}} {
		list := portsOf(tt.first, tt.last)
		if len(list) != tt.want {
			t.Errorf("%d-%d: %d parts %v, want %d", tt.first, tt.last, len(list), list, tt.want)
		}
		for port := range 1 << 16 {
			n := 0
			for _, p := range list {
				if uint16(port)&p.Mask == p.Value {
					n++
				}
			}
			if inside := port >= int(tt.first) && port <= int(tt.last); inside && n != 1 || !inside && n != 0 {
				t.Fatalf("%d-%d: port %d is in %d parts", tt.first, tt.last, port, n)
			}
		}
	}
}
