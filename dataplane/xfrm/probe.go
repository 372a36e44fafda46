package xfrm

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/suite"
	"culvert/wire"
)

// Features are what newer kernels have. Older ones pass over the attributes, so that they are asked for by reading back.
type Features struct {
	Direction bool // states know theirs (Linux 6.10)
	PerCPU    bool // states of single CPUs (Linux 6.13)
	IPTFS     bool // AGGFRAG mode (Linux 6.14, CONFIG_XFRM_IPTFS)
}

// A MissingError says that the kernel's data plane cannot do what is asked of it, and why. It is a fact about the host that can
// be done without where there is another data plane.
type MissingError struct {
	Reason string
	Err    error
}

// Error says what is wrong.
func (e *MissingError) Error() string { return e.Reason }

// Unwrap returns the kernel's error, if there was one.
func (e *MissingError) Unwrap() error { return e.Err }

// Probe tries whether the kernel can carry SAs with each of the transforms, in the network namespace of the calling thread:
// it adds a state for each between addresses of documentation, and removes it again. A MissingError says what it lacks.
func Probe(wanted []suite.ESP) error {
	conn, err := nl.Dial()
	if err != nil {
		return &MissingError{"the kernel has no XFRM (CONFIG_XFRM_USER): " + err.Error(), err}
	}
	defer conn.Close()
	for _, e := range wanted {
		if err := try(conn, e, documentation4); err != nil {
			return err
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return try(conn, wanted[0], documentation6)
}

// Addresses of documentation (RFC 5737, RFC 3849), which nobody has.
var (
	documentation4 = [2]string{"192.0.2.1", "192.0.2.2"}
	documentation6 = [2]string{"2001:db8::1", "2001:db8::2"}
)

// A prober adds and removes states; nl.Conn is one.
type prober interface {
	AddState(*nl.State) error
	DeleteState(*nl.StateID) error
	State(*nl.StateID) (*nl.State, error)
}

// probeState is a state that carries nothing.
func probeState(e suite.ESP, between [2]string) (*nl.State, error) {
	s := &nl.State{Mode: nl.ModeTunnel, Limits: nl.NoLimits(), ReqID: reqIDRange}
	s.Limits.HardAge = 10 // in case that we end before we remove it
	s.Source, s.Destination = netip.MustParseAddr(between[0]), netip.MustParseAddr(between[1])
	encr, integ := e.KeyLengths()
	keys := make([]byte, 4+encr+integ)
	if _, err := rand.Read(keys); err != nil {
		return nil, err
	}
	s.SPI = binary.BigEndian.Uint32(keys) | 1<<31 // not a reserved one
	if e.ESN {
		s.Flags |= nl.ESN
		s.Replay = nl.NewReplay(smallWindow)
	}
	return s, setAlgorithms(s, e, keys[4:4+encr], keys[4+encr:])
}

func try(k prober, e suite.ESP, between [2]string) error {
	s, err := probeState(e, between)
	if err != nil {
		return &MissingError{err.Error(), err}
	}
	if err := k.AddState(s); err != nil {
		return missing(err, s)
	}
	return k.DeleteState(&s.StateID)
}

// features asks what a kernel has. One that cannot say has nothing.
func features(k prober) (f Features) {
	e := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128}}
	s, err := probeState(e, documentation4)
	if err != nil {
		return f
	}
	cpu := uint32(0)
	s.Direction, s.CPU = nl.DirectionOut, &cpu
	if k.AddState(s) != nil {
		return f
	}
	if got, err := k.State(&s.StateID); err == nil {
		f = Features{Direction: got.Direction == nl.DirectionOut, PerCPU: got.CPU != nil}
	}
	_ = k.DeleteState(&s.StateID) // it goes by its age otherwise
	s.Mode, s.CPU, s.IPTFS = nl.ModeIPTFS, nil, &nl.IPTFS{MaxQueue: maxQueue}
	if f.IPTFS = f.Direction && k.AddState(s) == nil; f.IPTFS {
		_ = k.DeleteState(&s.StateID)
	}
	return f
}

// missing says why the kernel refused a state.
func missing(err error, s *nl.State) error {
	return &MissingError{reason(err, s), err}
}

// explained keeps a refusal that says nothing about the kernel's abilities.
func explained(err error, s *nl.State) error {
	switch {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EPERM):
		return missing(err, s)
	case errors.Is(err, unix.EEXIST):
		return fmt.Errorf("another program has a state with this SPI: %w", err)
	}
	return err
}

func reason(err error, s *nl.State) string {
	module := "esp4"
	if s.Destination.Is6() {
		module = "esp6"
	}
	switch {
	case errors.Is(err, unix.EPERM):
		return "no permission: the daemon lacks CAP_NET_ADMIN in this network namespace"
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return "the kernel has no ESP: module " + module + " is missing" + blacklisted(module, modprobeFolders())
	case errors.Is(err, unix.ENOSYS):
		return "the kernel does not know " + names(s) + ", or has no ESP at all"
	}
	return fmt.Sprintf("the kernel refuses a state with %s: %v", names(s), err)
}

// names are those of a state's algorithms.
func names(s *nl.State) string {
	if s.AEAD.Present() {
		return s.AEAD.Name
	}
	return s.Crypt.Name + " with " + s.Auth.Name
}

// modprobeFolders are where modules are configured (modprobe.d(5)).
func modprobeFolders() []string {
	return []string{"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"}
}

// blacklisted says in which file a module is kept from being loaded, if there is one.
func blacklisted(module string, folders []string) string {
	for _, folder := range folders {
		files, _ := filepath.Glob(filepath.Join(folder, "*.conf"))
		for _, name := range files {
			if keepsOut(name, module) {
				return ", kept from being loaded by " + name
			}
		}
	}
	return ""
}

// keepsOut tells whether a file has "blacklist esp4", or has something else run in place of loading it.
func keepsOut(file, module string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) >= 2 && (words[0] == "blacklist" || words[0] == "install") && words[1] == module {
			return true
		}
	}
	return false
}

// UnsupportedPolicy tells what the kernel cannot do for a policy, whatever its version; nil is nothing.
func UnsupportedPolicy(p *dataplane.Policy) error {
	_, err := (&Backend{}).plan(&policy{spec: *p})
	return err
}

// Unsupported tells what the kernel cannot do for an SA, whatever its version; nil is nothing.
func Unsupported(sa *dataplane.SA) error {
	b := Backend{features: Features{Direction: true, PerCPU: true, IPTFS: true}}
	encr, integ := sa.Transforms.KeyLengths()
	probe := *sa
	probe.EncrKey, probe.IntegKey = make([]byte, encr), make([]byte, integ)
	_, err := b.newState(&probe, 0)
	return err
}
