package doctor

import (
	"context"
	"fmt"
	"time"
)

// A Check looks at one concern.
type Check struct {
	Name  string
	About string // what it looks at, for the documentation
	run   func(context.Context, *examination)
	of    subject
}

// A subject is what a check cannot do without.
type subject uint8

const (
	host        subject = iota
	connections         // of a configuration that can be used
)

// Checks are all there are, in the order in which they are reported.
func Checks() []Check {
	return []Check{
		{"daemon", "whether the daemon runs and answers on its socket", checkDaemon, host},
		{"configuration", "whether the configuration can be used", checkConfiguration, host},
		{"ports", "who holds the UDP and TCP ports of IKE", checkPorts, host},
		{"rivals", "other IKE daemons on this host", checkRivals, host},
		{"privileges", "the capabilities that the daemon needs", checkPrivileges, host},
		{"kernel-esp", "whether the kernel has ESP, or is kept from it", checkKernelESP, host},
		{"tun", "the TUN device, which ESP in user space needs", checkTUN, host},
		{"forwarding", "whether packets of networks behind this host are forwarded", checkForwarding, host},
		{"rp-filter", "the reverse path filter of the kernel", checkReversePath, host},
		{"packet-filter", "rules of nftables that drop IKE or ESP", checkFilter, host},
		{"nat", "translation of tunnel traffic, and NAT on the way", checkNAT, host},
		{"overlaps", "selectors that overlap local networks or each other", checkOverlaps, connections},
		{"routes", "routes to the configured peers", checkRoutes, connections},
		{"mtu", "whether the configured peers answer, and the MTU of the way to them", checkMTU, connections},
		{"names", "whether the names of peers resolve", checkNames, connections},
		{"clock", "whether the clock is right", checkClock, host},
		{"certificates", "validity of our certificates and of the authorities", checkCertificates, connections},
		{"kernel-counters", "what the kernel has counted of ESP, in words", checkCounters, host},
		{"leftovers", "states and policies of the kernel, ours and those of others", checkLeftovers, host},
		{"limits", "limits of the process and of socket buffers", checkLimits, host},
	}
}

// Examine runs all checks. It ends early with ctx, and each check after a few seconds.
func Examine(ctx context.Context, p *Patient) Report {
	e := &examination{Patient: p}
	for _, c := range Checks() {
		if ctx.Err() != nil {
			break
		}
		e.examine(ctx, c)
	}
	return e.report
}

// patience is how long a check may take.
const patience = 30 * time.Second

// An examination is one run of the checks.
type examination struct {
	*Patient
	report Report
	check  string
}

func (e *examination) examine(ctx context.Context, c Check) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	e.check = c.Name
	if c.of == host || e.Config != nil || len(e.Loaded.Connections) > 0 { // checkConfiguration tells what is left out
		c.run(ctx, e)
	}
}

func (e *examination) add(l Level, action, format string, args ...any) {
	e.report = append(e.report, Finding{e.check, l, fmt.Sprintf(format, args...), action})
}

func (e *examination) ok(format string, args ...any) { e.add(OK, "", format, args...) }

func (e *examination) unknown(action, format string, args ...any) {
	e.add(Unknown, action, format, args...)
}

func (e *examination) warn(action, format string, args ...any) { e.add(Warn, action, format, args...) }

func (e *examination) fail(action, format string, args ...any) { e.add(Fail, action, format, args...) }

// asRoot is the next action where rights are missing.
const asRoot = "run `culvert doctor` as root"
